//! A file that goes out, for one account and a few days.

use crate::id::{AccountId, FederationId, SealedFileId};
use sea_orm::entity::prelude::*;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Holding {
    /// 个人信息.
    People,
    /// 审计日志.
    AuditTrail,
    /// 统计数字.
    Figures,
}

/// A row of `sealed_file`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sealed_file")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SealedFileId,
    /// For whom.
    pub account_id: AccountId,
    /// What it holds.
    pub holds: Holding,
    /// What it is called; nothing personal.
    pub name: String,
    /// How often it was fetched.
    pub downloads: i32,
    /// Instant at which it was begun.
    pub created_at: DateTimeUtc,
    /// Instant at which it is gone.
    pub expires_at: DateTimeUtc,
    /// Where what it holds is from.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
