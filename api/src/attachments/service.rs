//! Attaching files to records, and removing them.

use super::types::{AttachFile, RemoveAttachment};
use super::{Event, rules, store};
use crate::assessments::assessment::service::is_open;
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::files::Stored;
use crate::kernel::gid::{self, Gid};
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::uploads::service as uploads;
use entity::assessments::assessment;
use entity::attachments::attachment::{Holder, Model};
use entity::id::{AssessmentId, AttachmentId, StatisticalReturnId, UploadId};
use entity::placed::Place;
use entity::returns::statistical_return;
use uuid::Uuid;

/// The kind of record that a global id is of, and its id.
fn holder((tag, id): (u8, Uuid)) -> Option<(Holder, Uuid)> {
    match tag {
        AssessmentId::TAG => Some((Holder::Assessment, id)),
        StatisticalReturnId::TAG => Some((Holder::StatisticalReturn, id)),
        _ => None,
    }
}

/// Where a record is that the caller may write, and what it allows. A self-assessment takes and gives up files until it is
/// handed in, or over: nobody decides by what was exchanged meanwhile. A return takes more until it is locked, and gives up
/// none that it was submitted with.
async fn open(
    tx: &Tx,
    (holder, id): (Holder, Uuid),
    field: &'static str,
) -> Result<(Place, rules::Openness), Error> {
    let action = rules::writes(holder);
    Ok(match holder {
        Holder::Assessment => {
            let row = tx.authorize_row::<assessment::Entity>(action, id, field).await?;
            let is_open = is_open(tx, &row).await?;
            (row.place(), rules::Openness::of_assessment(is_open))
        }
        Holder::StatisticalReturn => {
            let row = tx
                .authorize_row::<statistical_return::Entity>(action, id, field)
                .await?;
            (row.place(), rules::Openness::of_return(row.state))
        }
    })
}

/// Attaches an upload of the caller to a record, CONFLICT once it is closed; again gives the same attachment.
pub(super) async fn attach(op: &Op, input: &AttachFile) -> Result<AttachmentId, Error> {
    op.write(|tx| async move {
        let held = gid::split(&input.record_id).and_then(holder);
        let (holder, holder_id) = held.ok_or(Error::NotFound("recordId".into()))?;
        let (place, openness) = open(&tx, (holder, holder_id), "recordId").await?;
        let account_id = op.account_id().ok_or(Error::Unauthenticated)?;
        let upload_id = UploadId(input.upload_id.0);
        let upload = uploads::use_upload(&tx, account_id, upload_id, "uploadId").await?;
        if let Some(there) = store::of_upload(&tx, upload_id).await? {
            if there.holder_id == holder_id {
                return Ok(tx.unchanged(there.id));
            }
            let elsewhere = text(
                "The file belongs to another record.",
                "该文件已作为其他记录的附件。",
            );
            return Err(conflict("uploadId", elsewhere));
        }
        if !openness.takes {
            let closed = text(
                "The record is handed in, over or locked: it takes no more files.",
                "记录已提交、截止或锁定，不能再添加附件。",
            );
            return Err(conflict("recordId", closed));
        }
        let mut faults = Faults::default();
        let name = faults.take("name", rules::name(&input.name));
        faults.refuse()?;
        if store::of_holder(&tx, holder_id).await?.len() >= rules::FILES_MAX {
            let many = text("A record has at most 50 files.", "每条记录最多 50 个附件。");
            return Err(conflict("recordId", many));
        }
        let attachment = Model {
            id: AttachmentId(op.id()),
            holder,
            holder_id,
            upload_id,
            name: name.unwrap_or_default(),
            content_type: upload.content_type,
            size_bytes: upload.size_bytes,
            sha256: upload.sha256,
            attached_by: account_id,
            attached_at: op.now(),
            federation_id: place.federation_id,
            path: place.path,
            county_id: place.county_id,
        };
        tx.insert(attachment.clone()).await?;
        let id = attachment.id;
        tx.commit(Event::Attached(attachment), id).await
    })
    .await
}

/// Removes an attachment with its bytes; CONFLICT once its record is closed. Gives the id that it had.
pub(super) async fn remove(op: &Op, input: &RemoveAttachment) -> Result<AttachmentId, Error> {
    let digest = op.app().digest("removeAttachment", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = AttachmentId::parse(&input.id, "id")?;
        let found = store::find(&tx, id).await?;
        // Where there is none, a record that nobody has is asked for: the time it takes tells nothing.
        let held = found
            .as_ref()
            .map_or((Holder::Assessment, Uuid::nil()), |attachment| {
                (attachment.holder, attachment.holder_id)
            });
        let (_, openness) = open(&tx, held, "id").await?;
        let attachment = found.ok_or_else(missing)?;
        if !openness.gives_up {
            let closed = text(
                "The record is handed in or over: it keeps its files.",
                "记录已提交或截止，附件不能移除。",
            );
            return Err(conflict("id", closed));
        }
        store::delete(&tx, id).await?;
        uploads::let_go(&tx, attachment.upload_id).await?;
        tx.commit(Event::Removed(attachment), id).await
    })
    .await
}

/// An attachment that the caller may see; NotFound otherwise.
pub async fn get(op: &Op, id: AttachmentId) -> Result<Model, Error> {
    op.load::<store::Attachments>(id).await?.ok_or_else(missing)
}

/// The same for whoever asks outside of an operation, where nothing gathers what loaders are asked.
pub async fn fetch(op: &Op, id: AttachmentId) -> Result<(Model, Stored), Error> {
    let found = store::Attachments::load(op.clone(), vec![id]).await?;
    let attachment = found.into_iter().flatten().next().ok_or_else(missing)?;
    let stored = uploads::stored(op.app(), attachment.upload_id).await?;
    Ok((attachment, stored))
}

fn missing() -> Error {
    Error::NotFound("id".into())
}
