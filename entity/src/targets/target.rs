//! A target: how much of a metric a federation shall have, or do, in a year.

use crate::id::{AccountId, FederationId, TargetId};
use sea_orm::entity::prelude::*;

/// A row of `target`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "target")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TargetId,
    /// The superior of that time, which issued it; at the top the federation itself. It says nothing of who is above today.
    pub issuer_id: FederationId,
    /// Code of the metric.
    pub metric: String,
    /// Empty for the whole, `AXIS:VALUE` for a part.
    pub dimension: String,
    /// Calendar year.
    pub year: i32,
    /// As first issued, in the metric's unit; fen for yuan.
    pub amount: i64,
    /// Day of the responsibility letter.
    pub signed_on: Option<Date>,
    /// Who signed it.
    pub signers: Option<String>,
    /// Day on which it was closed.
    pub closed_on: Option<Date>,
    /// Counts changes, from 1.
    pub version: i32,
    /// Who issued it.
    pub issued_by: AccountId,
    /// When.
    pub issued_at: DateTimeUtc,
    /// Whose target it is.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
