//! A delivered line that somebody has to look at: an unknown payer, or other content under a key already accepted.

use crate::id::{FederationId, WaitingCollectionId};
use sea_orm::entity::prelude::*;

/// Why a line waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WaitingReason {
    /// No enterprise of the district has the code.
    UnknownPayer,
    /// The key was accepted before with other content.
    ChangedAfterImport,
}

/// A row of `waiting_collection`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "waiting_collection")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WaitingCollectionId,
    /// Why.
    pub reason: WaitingReason,
    /// Tax voucher.
    pub voucher_id: String,
    /// Line within the voucher.
    pub line_no: i32,
    /// Code as delivered, normalised.
    pub uscc: String,
    /// Name as delivered.
    pub payer_name: String,
    /// Amount collected, fen.
    pub due_fen: i64,
    /// Day on which the treasury entered it.
    pub entered_on: Date,
    /// The whole line as delivered, as JSON.
    pub line: String,
    /// SHA-256 of the normalised line: the same line waits once.
    pub digest: String,
    /// Instant of delivery.
    pub received_at: DateTimeUtc,
    /// Federation of the line's township.
    pub federation_id: FederationId,
    /// Path of the line's township.
    pub path: String,
    /// County of the line's township.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
