//! One newtype a table, so that ids cannot be swapped.

use sea_orm::DeriveValueType;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                $name(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A federation of unions (总工会): a node of the tree.
    FederationId
    /// A dated extra edge between federations.
    FederationLinkId
    /// An employer (企业, 用人单位).
    EnterpriseId
    /// A grassroots union (基层工会).
    TradeUnionId
    /// A trade union reaching an enterprise for a time (覆盖).
    CoverageId
    /// Somebody or something that may sign in.
    AccountId
    /// A role on a node of the tree, for a time.
    GrantId
    /// What a machine client signs in with.
    CredentialId
    /// A signed-in session with its refresh token.
    SessionId
    /// A line of a tax-bureau delivery.
    CollectionId
    /// A delivered line that somebody has to look at.
    WaitingCollectionId
    /// A field visit (走访).
    VisitId
    /// What a visit found.
    FindingId
    /// Long work with progress.
    JobId
    /// A file somebody sent.
    UploadId
    /// Somebody whose data the federation holds.
    PersonId
    /// Why something may be done with a person's data, for a time.
    BasisId
    /// A file that goes out, sealed until it is fetched.
    SealedFileId
    /// A piece of such a file.
    SealedFilePieceId
    /// Personal data asked for in bulk.
    ExportId
    /// What a person asked for about their own data.
    SubjectRequestId
    /// What a federation reports for a period (统计报表).
    StatisticalReturnId
    /// A number of such a report.
    ReturnLineId
    /// Figures of a period as they stood on a day (数字快照).
    FigureSnapshotId
    /// A figure that was kept so.
    SnapshotLineId
    /// What federations below are assessed by (考评办法).
    AssessmentSchemeId
    /// A federation assessed by a scheme.
    AssessmentId
    /// What somebody gave for an item of an assessment.
    AssessmentScoreId
    /// Somebody responsible for a federation, for a time (挂点包干).
    PatchId
    /// What somebody of an office is to get done in a year (年度工作目标).
    StaffGoalId
    /// How much a federation shall reach in a year (目标任务).
    TargetId
    /// A change of a target during its year.
    TargetAmendmentId
    /// How much shall be reached by when.
    PaceRuleId
    /// A file that belongs to a record (附件).
    AttachmentId
    /// Somebody in a grassroots union, from joining to leaving (会籍).
    MembershipId
    /// What happened to a membership.
    MembershipChangeId
    /// A member on the way to another union (会籍转移).
    MemberTransferId
    /// A membership card (会员证).
    MemberCardId
    /// How long a transfer may wait.
    TransferDeadlineId
}
