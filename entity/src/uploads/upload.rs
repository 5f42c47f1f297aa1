//! A file somebody sent, whole: its bytes are the objects of its chain, see the table `upload_piece`.

use crate::id::{AccountId, UploadId};
use sea_orm::entity::prelude::*;

/// A row of `upload`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upload")]
pub struct Model {
    /// Made by the sender.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UploadId,
    /// Who sent it.
    pub account_id: AccountId,
    /// Length.
    pub size_bytes: i64,
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
    /// What its bytes are, for example `image/png`.
    pub content_type: String,
    /// The pieces that it is made of.
    pub chain_id: Uuid,
    /// Instant of the last byte.
    pub received_at: DateTimeUtc,
    /// As `received_at`; none once something uses it.
    pub unused_since: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
