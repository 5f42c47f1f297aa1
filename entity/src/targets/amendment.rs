//! A change of a target during its year; never changed or taken back itself.

use crate::id::{AccountId, TargetAmendmentId, TargetId};
use sea_orm::entity::prelude::*;

/// A row of `target_amendment`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "target_amendment")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TargetAmendmentId,
    /// Of which target.
    pub target_id: TargetId,
    /// Order within the target, from 1.
    pub position: i32,
    /// What the target is from its day on; fen for yuan.
    pub amount: i64,
    /// First day on which it holds.
    pub effective_on: Date,
    /// Why.
    pub reason: String,
    /// Who amended.
    pub amended_by: AccountId,
    /// When.
    pub amended_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
