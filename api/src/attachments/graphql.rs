//! Operations on attachments.

use super::service;
use super::types::{AttachFile, AttachFilePayload, Attachment, RemoveAttachment, RemoveAttachmentPayload};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Attaching files to records.
#[derive(Default)]
pub struct AttachmentMutation;

/// Attaching files to records.
#[Object]
impl AttachmentMutation {
    /// Attaches a file to a record (上传附件): evidence of a score, the scan of a signed report. CONFLICT once an assessment is
    /// handed in or over, or a return is locked.
    async fn attach_file(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to which record.")] input: AttachFile,
    ) -> Result<AttachFilePayload, Error> {
        let op = Op::of(context);
        let attached = match service::attach(op, &input).await {
            Ok(id) => service::get(op, id).await.map(Attachment),
            Err(error) => Err(error),
        };
        AttachFilePayload::of(attached)
    }

    /// Removes an attachment with its bytes (移除附件). CONFLICT once an assessment is handed in or over, and unless a return is a
    /// draft or sent back.
    async fn remove_attachment(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: RemoveAttachment,
    ) -> Result<RemoveAttachmentPayload, Error> {
        let removed = service::remove(Op::of(context), &input).await;
        RemoveAttachmentPayload::of(removed.map(|id| id.gid()))
    }
}
