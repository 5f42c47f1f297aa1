//! Personal data that was asked for in bulk.

use crate::id::{AccountId, ExportId, FederationId, SealedFileId};
use crate::people::basis::Purpose;
use sea_orm::entity::prelude::*;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExportKind {
    /// 人员.
    People,
}

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExportState {
    /// waits for a second person.
    Requested,
    /// not allowed.
    Refused,
    /// allowed: the file is being written.
    Approved,
    /// the file is there, until it expires.
    Ready,
    /// the file could not be written: see `failure`.
    Failed,
}

/// A row of `export`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "export")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExportId,
    /// What.
    pub kind: ExportKind,
    /// Where it is.
    pub state: ExportState,
    /// What for.
    pub purpose: Purpose,
    /// Why; nothing personal.
    pub reason: String,
    /// Who asked.
    pub requested_by: AccountId,
    /// When.
    pub requested_at: DateTimeUtc,
    /// Who allowed or refused it.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<DateTimeUtc>,
    /// Why it was refused.
    pub refusal: Option<String>,
    /// Why the file could not be written, as its job keeps it.
    pub failure: Option<String>,
    /// What comes of it.
    pub file_id: Option<SealedFileId>,
    /// Whose data.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
