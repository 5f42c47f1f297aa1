//! Snapshots in the database.

use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::PARAMETERS_MAX;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::id::FigureSnapshotId;
use entity::returns::figure_snapshot::Entity;
use entity::returns::snapshot_line;
use sea_orm::{EntityTrait, IntoActiveModel, QueryOrder, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadFigures;
}

/// The snapshots that a scope reaches, for a list.
pub(super) fn rows(scope: &Scope) -> Select<Entity> {
    Entity::within(scope)
}

/// Writes the figures of a snapshot.
pub(super) async fn insert_lines(tx: &Tx, lines: Vec<snapshot_line::Model>) -> Result<(), Error> {
    const COLUMNS: usize = 7;
    for lines in lines.chunks(PARAMETERS_MAX / COLUMNS) {
        let rows = lines.iter().cloned().map(IntoActiveModel::into_active_model);
        snapshot_line::Entity::insert_many(rows)
            .exec_without_returning(tx.db())
            .await?;
    }
    Ok(())
}

/// The loader of the figures of snapshots that the caller sees, in their order.
pub(super) struct LinesOf;

impl Batch for LinesOf {
    type Key = FigureSnapshotId;
    type Value = Vec<snapshot_line::Model>;

    async fn load(op: Op, keys: Vec<FigureSnapshotId>) -> Result<Vec<Self::Value>, Error> {
        let rows = parts_of::<snapshot_line::Entity>(snapshot_line::Column::SnapshotId, keys.clone());
        let rows = rows.order_by_asc(snapshot_line::Column::Position);
        let rows = rows.all(op.app().db.reader()).await?;
        Ok(grouped(&keys, rows, |row| row.snapshot_id))
    }
}
