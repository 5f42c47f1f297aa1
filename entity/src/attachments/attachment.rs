//! A file that belongs to a record (附件): its bytes are those of an upload.

use crate::id::{AccountId, AttachmentId, FederationId, UploadId};
use sea_orm::entity::prelude::*;

/// What kind of record it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Holder {
    /// 考评.
    Assessment,
    /// 统计报表.
    StatisticalReturn,
}

/// A row of `attachment`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attachment")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttachmentId,
    /// The kind of the record.
    pub holder: Holder,
    /// The record.
    pub holder_id: Uuid,
    /// The bytes: nothing else has them.
    pub upload_id: UploadId,
    /// What whoever attached it calls it.
    pub name: String,
    /// What its bytes are, for example `image/png`.
    pub content_type: String,
    /// Length.
    pub size_bytes: i64,
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
    /// Who attached it.
    pub attached_by: AccountId,
    /// When.
    pub attached_at: DateTimeUtc,
    /// Federation of the record.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
