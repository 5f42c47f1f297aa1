//! Relay's `node` and `nodes`: any object by its global id.
#![expect(missing_docs, reason = "the Interface macro writes a method without docs")]

use crate::accounts::account::types::{Account, seen as seen_account};
use crate::assessments::assessment::types::{Assessment, assessment};
use crate::assessments::goal::types::{StaffGoal, staff_goal};
use crate::assessments::patch::types::Patch;
use crate::assessments::scheme::types::{AssessmentScheme, scheme};
use crate::attachments::service as attachments;
use crate::attachments::types::Attachment;
use crate::fees::collection::types::{Collection, WaitingCollection};
use crate::jobs::{self, types::Job};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::gid::{self, Gid};
use crate::kernel::op::Op;
use crate::kernel::scope::Readable;
use crate::members::membership::types::Membership;
use crate::members::transfer::types::MemberTransfer;
use crate::org::enterprise::types::Enterprise;
use crate::org::federation::types::Federation;
use crate::org::trade_union::types::{Coverage, TradeUnion};
use crate::people::person::types::Person;
use crate::privacy::export::types::Export;
use crate::privacy::request::types::SubjectRequest;
use crate::returns::report::types::StatisticalReturn;
use crate::returns::snapshot::types::FigureSnapshot;
use crate::targets::target::types::Target;
use crate::visits::types::Visit;
use async_graphql::{Context, ID, Interface, Object};
use entity::assessments::patch;
use entity::fees::{collection, waiting};
use entity::id::{
    AccountId, AssessmentId, AssessmentSchemeId, AttachmentId, CollectionId, CoverageId, EnterpriseId,
    ExportId, FederationId, FigureSnapshotId, JobId, MemberTransferId, MembershipId, PatchId, PersonId,
    StaffGoalId, StatisticalReturnId, SubjectRequestId, TargetId, TradeUnionId, VisitId, WaitingCollectionId,
};
use entity::members::{member_transfer, membership};
use entity::org::{coverage, enterprise, trade_union};
use entity::people::person;
use entity::privacy::{export, subject_request};
use entity::returns::{figure_snapshot, statistical_return};
use entity::targets::target;
use entity::visits::visit;
use uuid::Uuid;

/// Anything with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Global id: opaque, unique across types."))]
pub enum Node {
    /// 总工会.
    Federation(Federation),
    /// 企业.
    Enterprise(Enterprise),
    /// 基层工会.
    TradeUnion(TradeUnion),
    /// 覆盖.
    Coverage(Coverage),
    /// 走访.
    Visit(Visit),
    /// 税务代征明细.
    Collection(Collection),
    /// 待处理代征明细.
    WaitingCollection(WaitingCollection),
    /// 作业.
    Job(Job),
    /// 账号.
    Account(Account),
    /// 人员.
    Person(Person),
    /// 会籍.
    Membership(Membership),
    /// 会籍转移.
    MemberTransfer(MemberTransfer),
    /// 导出申请.
    Export(Export),
    /// 个人信息权利请求.
    SubjectRequest(SubjectRequest),
    /// 统计报表.
    StatisticalReturn(StatisticalReturn),
    /// 数字快照.
    FigureSnapshot(FigureSnapshot),
    /// 考评办法.
    AssessmentScheme(AssessmentScheme),
    /// 考评.
    Assessment(Assessment),
    /// 挂点包干.
    Patch(Patch),
    /// 年度工作目标.
    StaffGoal(StaffGoal),
    /// 目标任务.
    Target(Target),
    /// 附件.
    Attachment(Attachment),
}

/// Anything by its global id.
#[derive(Default)]
pub struct NodeQuery;

async fn find(op: &Op, id: &ID) -> Result<Node, Error> {
    let (tag, uuid) = gid::split(id).ok_or(Error::NotFound("id".into()))?;
    load(op, tag, uuid).await
}

/// A row that the caller sees, as a node.
async fn row<E>(op: &Op, id: Uuid, node: fn(E::Model) -> Node) -> Result<Node, Error>
where
    E: Readable,
    E::Model: Send + Sync,
{
    op.get::<E>(id, "id").await.map(node)
}

async fn load(op: &Op, tag: u8, uuid: Uuid) -> Result<Node, Error> {
    match tag {
        FederationId::TAG => op
            .known(uuid.into(), "id")
            .map(|node| Node::Federation(Federation(node))),
        EnterpriseId::TAG => row::<enterprise::Entity>(op, uuid, |row| Enterprise(row).into()).await,
        TradeUnionId::TAG => row::<trade_union::Entity>(op, uuid, |row| TradeUnion(row).into()).await,
        CoverageId::TAG => row::<coverage::Entity>(op, uuid, |row| Coverage(row).into()).await,
        VisitId::TAG => row::<visit::Entity>(op, uuid, |row| Visit(row).into()).await,
        CollectionId::TAG => row::<collection::Entity>(op, uuid, |row| Collection(row).into()).await,
        WaitingCollectionId::TAG => {
            row::<waiting::Entity>(op, uuid, |row| WaitingCollection(row).into()).await
        }
        JobId::TAG => jobs::store::load(op, uuid.into())
            .await
            .map(|row| Job(row).into()),
        AccountId::TAG => seen_account(op, uuid.into()).await.map(Node::Account),
        PersonId::TAG => row::<person::Entity>(op, uuid, |row| Person(row).into()).await,
        MembershipId::TAG => row::<membership::Entity>(op, uuid, |row| Membership(row).into()).await,
        MemberTransferId::TAG => {
            row::<member_transfer::Entity>(op, uuid, |row| MemberTransfer(row).into()).await
        }
        ExportId::TAG => row::<export::Entity>(op, uuid, |row| Export(row).into()).await,
        SubjectRequestId::TAG => {
            row::<subject_request::Entity>(op, uuid, |row| SubjectRequest(row).into()).await
        }
        StatisticalReturnId::TAG => {
            row::<statistical_return::Entity>(op, uuid, |row| StatisticalReturn(row).into()).await
        }
        FigureSnapshotId::TAG => {
            row::<figure_snapshot::Entity>(op, uuid, |row| FigureSnapshot(row).into()).await
        }
        AssessmentSchemeId::TAG => scheme(op, uuid.into()).await.map(Node::AssessmentScheme),
        AssessmentId::TAG => assessment(op, uuid.into()).await.map(Node::Assessment),
        PatchId::TAG => row::<patch::Entity>(op, uuid, |row| Patch(row).into()).await,
        StaffGoalId::TAG => staff_goal(op, uuid.into()).await.map(Node::StaffGoal),
        AttachmentId::TAG => attachments::get(op, uuid.into())
            .await
            .map(|row| Attachment(row).into()),
        TargetId::TAG => row::<target::Entity>(op, uuid, |row| Target(row).into()).await,
        _ => Err(Error::NotFound("id".into())),
    }
}

/// The path of the federation where an object is.
fn path(node: &Node) -> &str {
    match node {
        Node::Federation(Federation(row)) => &row.path,
        Node::Enterprise(Enterprise(row)) => &row.path,
        Node::TradeUnion(TradeUnion(row)) => &row.path,
        Node::Coverage(Coverage(row)) => &row.path,
        Node::Visit(Visit(row)) => &row.path,
        Node::Collection(Collection(row)) => &row.path,
        Node::WaitingCollection(WaitingCollection(row)) => &row.path,
        Node::Job(Job(row)) => &row.path,
        Node::Account(Account(row)) => &row.path,
        Node::Person(Person(row)) => &row.path,
        Node::Membership(Membership(row)) => &row.path,
        Node::MemberTransfer(MemberTransfer(row)) => &row.path,
        Node::Export(Export(row)) => &row.path,
        Node::SubjectRequest(SubjectRequest(row)) => &row.path,
        Node::StatisticalReturn(StatisticalReturn(row)) => &row.path,
        Node::FigureSnapshot(FigureSnapshot(row)) => &row.path,
        Node::AssessmentScheme(AssessmentScheme(row)) => &row.path,
        Node::Assessment(Assessment { row, .. }) => &row.path,
        Node::Patch(Patch(row)) => &row.path,
        Node::StaffGoal(StaffGoal(row)) => &row.path,
        Node::Target(Target(row)) => &row.path,
        Node::Attachment(Attachment(row)) => &row.path,
    }
}

/// Where an object is that the caller may see.
///
/// # Errors
/// NotFound if there is none.
pub async fn place(op: &Op, id: &ID) -> Result<String, Error> {
    let node = seen(op, id).await.ok_or(Error::NotFound("id".into()))??;
    Ok(path(&node).to_owned())
}

/// An object by its id; none unless the caller may see it.
pub async fn seen(op: &Op, id: &ID) -> Option<Result<Node, Error>> {
    known(find(op, id).await)
}

/// An object of a kind; none unless the caller may see it.
pub async fn visible(op: &Op, tag: u8, uuid: Uuid) -> Option<Result<Node, Error>> {
    known(load(op, tag, uuid).await)
}

fn known(found: Result<Node, Error>) -> Option<Result<Node, Error>> {
    match found {
        Err(Error::NotFound(_) | Error::Forbidden) => None,
        other => Some(other),
    }
}

/// Anything by its global id.
#[Object]
impl NodeQuery {
    /// The object with a global id; null unless the caller may see it.
    async fn node(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global id.")] id: ID,
    ) -> Option<Result<Node, Error>> {
        seen(Op::of(context), &id).await
    }

    /// The objects with these global ids, in their order; null where the caller may not see one.
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, Error> {
        if ids.len() > 100 {
            return Err(invalid("ids", text("At most 100 ids.", "最多 100 个 id。")));
        }
        let op = Op::of(context);
        let found = async_graphql::futures_util::future::join_all(ids.iter().map(|id| seen(op, id))).await;
        found.into_iter().map(Option::transpose).collect()
    }
}
