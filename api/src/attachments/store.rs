//! Attachments in the database.

use crate::assessments::assessment::store::Assessments;
use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Within, parts_of};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use entity::attachments::attachment::{Column, Entity, Holder, Model};
use entity::id::{AttachmentId, UploadId};
use entity::returns::statistical_return;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder};
use std::collections::HashSet;
use uuid::Uuid;

/// The loader of attachments that the caller sees; none where the caller does not.
pub(super) struct Attachments;

impl Batch for Attachments {
    type Key = AttachmentId;
    type Value = Option<Model>;

    async fn load(op: Op, keys: Vec<AttachmentId>) -> Result<Vec<Option<Model>>, Error> {
        // Which records they belong to is asked first, and shown to nobody; then whether the caller sees those records.
        let rows = parts_of::<Entity>(Column::Id, keys.clone());
        let rows = rows.all(op.app().db.reader()).await?;
        let held = |holder: Holder| {
            rows.iter()
                .filter(move |row| row.holder == holder)
                .map(|row| row.holder_id)
        };
        let assessed = held(Holder::Assessment).map(Into::into).collect();
        let assessed = Assessments::load(op.clone(), assessed)
            .await?
            .into_iter()
            .flatten();
        let mut seen: HashSet<Uuid> = assessed.map(|row| row.id.into()).collect();
        // Also where there is none: the time it takes tells nothing.
        let reports = statistical_return::Entity::within(&op.reach(statistical_return::Entity::READ))
            .filter(statistical_return::Column::Id.is_in(held(Holder::StatisticalReturn)));
        let reports = reports.all(op.app().db.reader()).await?;
        seen.extend(reports.into_iter().map(|row| Uuid::from(row.id)));
        let of = |key: &AttachmentId| {
            rows.iter()
                .find(|row| row.id == *key && seen.contains(&row.holder_id))
                .cloned()
        };
        Ok(keys.iter().map(of).collect())
    }
}

/// The loader of the files of records that the caller sees, in the order of attaching.
pub(super) struct AttachmentsOf;

impl Batch for AttachmentsOf {
    type Key = Uuid;
    type Value = Vec<Model>;

    async fn load(op: Op, keys: Vec<Uuid>) -> Result<Vec<Vec<Model>>, Error> {
        let rows = parts_of::<Entity>(Column::HolderId, keys.clone()).order_by_asc(Column::Id);
        let rows = rows.all(op.app().db.reader()).await?;
        Ok(grouped(&keys, rows, |row| row.holder_id))
    }
}

/// The files of a record.
pub(super) async fn of_holder(tx: &Tx, id: Uuid) -> Result<Vec<Model>, Error> {
    Ok(parts_of::<Entity>(Column::HolderId, vec![id])
        .all(tx.db())
        .await?)
}

/// An attachment, whoever may see it.
pub(super) async fn find(tx: &Tx, id: AttachmentId) -> Result<Option<Model>, Error> {
    Ok(Entity::within(&tx.everywhere())
        .filter(Column::Id.eq(id))
        .one(tx.db())
        .await?)
}

/// The attachment that has the bytes of an upload.
pub(super) async fn of_upload(tx: &Tx, id: UploadId) -> Result<Option<Model>, Error> {
    Ok(Entity::within(&tx.everywhere())
        .filter(Column::UploadId.eq(id))
        .one(tx.db())
        .await?)
}

/// Removes an attachment.
pub(super) async fn delete(tx: &Tx, id: AttachmentId) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM attachment WHERE id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}
