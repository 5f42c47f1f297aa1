//! Figures of a period as they stood at an instant.

use crate::id::{AccountId, FederationId, FigureSnapshotId};
use sea_orm::entity::prelude::*;

/// A row of `figure_snapshot`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "figure_snapshot")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FigureSnapshotId,
    /// What it is called.
    pub title: String,
    /// First day of flows.
    pub opens_on: Date,
    /// Last day of flows and day of stocks.
    pub closes_on: Date,
    /// Who kept them.
    pub frozen_by: AccountId,
    /// When.
    pub frozen_at: DateTimeUtc,
    /// Whose.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
