//! A file somebody sent: its bytes lie in the file store under its id.

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
    /// Instant of the last byte.
    pub received_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
