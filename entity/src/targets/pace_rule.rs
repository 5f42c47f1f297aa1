//! How much of the targets of a year shall be reached by which day.

use crate::id::{AccountId, FederationId, PaceRuleId};
use sea_orm::entity::prelude::*;

/// A row of `pace_rule`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pace_rule")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaceRuleId,
    /// Calendar year.
    pub year: i32,
    /// Code of the metric; empty for all.
    pub metric: String,
    /// Days of the year with the share due by then, as JSON.
    pub points: String,
    /// Counts changes, from 1.
    pub version: i32,
    /// Who set it last.
    pub set_by: AccountId,
    /// When.
    pub set_at: DateTimeUtc,
    /// Who set it, for all below.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
