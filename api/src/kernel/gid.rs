//! Global ids: opaque to clients, unique across types.

use super::error::{Error, text};
use async_graphql::ID;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entity::id::{
    AccountId, AssessmentId, AssessmentSchemeId, AttachmentId, CollectionId, CoverageId, CredentialId,
    EnterpriseId, ExportId, FederationId, FederationLinkId, FigureSnapshotId, FindingId, GrantId, JobId,
    MemberTransferId, MembershipId, PatchId, PersonId, SealedFileId, SessionId, StaffGoalId,
    StatisticalReturnId, SubjectRequestId, TargetId, TradeUnionId, VisitId, WaitingCollectionId,
};
use uuid::Uuid;

/// A table id that goes out as a global id.
pub trait Gid: Sized + From<Uuid> {
    /// One letter a type; never reused.
    const TAG: u8;

    /// The id inside.
    fn uuid(&self) -> Uuid;

    /// The id outside.
    fn gid(&self) -> ID {
        let mut bytes = vec![Self::TAG];
        bytes.extend_from_slice(self.uuid().as_bytes());
        ID(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a global id; NotFound if it is none of this type, as if the object did not exist.
    fn parse(id: &ID, field: &'static str) -> Result<Self, Error> {
        match split(id) {
            Some((tag, uuid)) if tag == Self::TAG => Ok(Self::from(uuid)),
            _ => Err(Error::NotFound(field.into())),
        }
    }
}

/// Type letter and id of a global id.
pub fn split(id: &ID) -> Option<(u8, Uuid)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id.as_str()).ok()?;
    let (tag, uuid) = bytes.split_first()?;
    Some((*tag, Uuid::from_slice(uuid).ok()?))
}

macro_rules! gids {
    ($($letter:literal $name:ty)*) => {$(
        impl Gid for $name {
            const TAG: u8 = $letter;

            fn uuid(&self) -> Uuid {
                self.0
            }
        }
    )*};
}

gids! {
    b'F' FederationId
    b'L' FederationLinkId
    b'E' EnterpriseId
    b'T' TradeUnionId
    b'C' CoverageId
    b'A' AccountId
    b'P' CollectionId
    b'W' WaitingCollectionId
    b'V' VisitId
    b'N' FindingId
    b'J' JobId
    b'G' GrantId
    b'S' SessionId
    b'H' PersonId
    b'X' ExportId
    b'Q' SubjectRequestId
    b'B' SealedFileId
    b'K' CredentialId
    b'R' StatisticalReturnId
    b'Z' FigureSnapshotId
    b'm' AssessmentSchemeId
    b'a' AssessmentId
    b'p' PatchId
    b'g' StaffGoalId
    b'Y' TargetId
    b'f' AttachmentId
    b'M' MembershipId
    b'x' MemberTransferId
}

/// The message for an id that is not a UUID.
pub fn not_a_uuid() -> super::error::Text {
    text("Not a UUID.", "不是有效的 UUID。")
}
