//! A trade union reaching an enterprise for a time (覆盖). At any day at most one union covers an enterprise.

use crate::id::{CoverageId, EnterpriseId, FederationId, TradeUnionId};
use sea_orm::entity::prelude::*;

/// A row of `coverage`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "coverage")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CoverageId,
    /// Who covers.
    pub trade_union_id: TradeUnionId,
    /// Who is covered.
    pub enterprise_id: EnterpriseId,
    /// First day.
    pub valid_from: Date,
    /// First day on which it no longer holds.
    pub valid_to: Option<Date>,
    /// Federation of the enterprise.
    pub federation_id: FederationId,
    /// The day on which it came to its federation; none if it never was elsewhere.
    pub moved_on: Option<Date>,
    /// Path of the enterprise.
    pub path: String,
    /// County of the enterprise.
    pub county_id: FederationId,
    /// Who covers.
    #[sea_orm(belongs_to, from = "trade_union_id", to = "id")]
    pub trade_union: BelongsTo<super::trade_union::Entity>,
    /// Who is covered.
    #[sea_orm(belongs_to, from = "enterprise_id", to = "id")]
    pub enterprise: BelongsTo<super::enterprise::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
