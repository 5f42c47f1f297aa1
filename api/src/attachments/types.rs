//! Attachments as clients see them.

use super::rules::FILES_MAX;
use super::store::AttachmentsOf;
use crate::accounts::account::store::DisplayNames;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::{DateTime, Upload};
use async_graphql::{Context, ID, InputObject, Object};
use entity::attachments::attachment::Model;
use serde::Serialize;
use uuid::Uuid;

/// The files of a record that the caller sees, in the order of attaching.
pub async fn attachments_of(context: &Context<'_>, holder_id: Uuid) -> Result<Vec<Attachment>, Error> {
    let files = Op::of(context).load::<AttachmentsOf>(holder_id).await?;
    Ok(files.into_iter().take(FILES_MAX).map(Attachment).collect())
}

/// A row of `attachment`, as clients see it.
pub struct Attachment(pub Model);

/// A file that belongs to a record (附件).
#[Object]
impl Attachment {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// What whoever attached it calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What its bytes are, for example `image/png`; told by the bytes, not by the name.
    async fn content_type(&self) -> &str {
        &self.0.content_type
    }

    /// Length in bytes, at most 200 MiB.
    async fn size_bytes(&self) -> i32 {
        i32::try_from(self.0.size_bytes).unwrap_or(i32::MAX)
    }

    /// SHA-256 of the bytes, hex.
    async fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// Where to fetch it: a path of this service, for whoever may see the record.
    async fn path(&self) -> String {
        format!("/files/{}", *self.0.id.gid())
    }

    /// What others see of the account that attached it.
    async fn attached_by(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.0.attached_by).await
    }

    /// When.
    async fn attached_at(&self) -> DateTime {
        DateTime(self.0.attached_at)
    }
}

/// Attaches a file to a record. Again with the same upload changes nothing.
#[derive(Debug, InputObject)]
pub struct AttachFile {
    /// Global id of an assessment (考评) or a return (统计报表); at most 50 files each.
    pub record_id: ID,
    /// An upload of one's own, whole; it belongs to one record.
    pub upload_id: Upload,
    /// What to call it, 1 to 120 characters; nothing personal.
    pub name: String,
}

/// Removes an attachment with its bytes.
#[derive(Debug, InputObject, Serialize)]
pub struct RemoveAttachment {
    /// Which.
    pub id: ID,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What `attachFile` did.
    AttachFilePayload { attachment: Attachment }
}

crate::payload! {
    /// What `removeAttachment` did: the global id that the attachment had.
    RemoveAttachmentPayload { removed_id: ID }
}
