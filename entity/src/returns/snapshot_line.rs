//! A figure of a federation as it stood.

use crate::id::{FederationId, FigureSnapshotId, SnapshotLineId};
use sea_orm::entity::prelude::*;

/// A row of `snapshot_line`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "snapshot_line")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SnapshotLineId,
    /// Of which snapshot.
    pub snapshot_id: FigureSnapshotId,
    /// Order within the snapshot, from 1.
    pub position: i32,
    /// Whose figure: the federation of the snapshot, or one directly below it.
    pub of_id: FederationId,
    /// Its full name as it was then.
    pub of_name: String,
    /// Code of the metric.
    pub metric: String,
    /// In the unit of the metric, money in fen.
    pub value: i64,
    /// How exact: the ledger's mark.
    pub qualifier: String,
}

impl ActiveModelBehavior for ActiveModel {}
