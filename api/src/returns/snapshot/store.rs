//! Snapshots in the database.

use crate::kernel::error::Error;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::page::{Bounds, PARTS_MAX, Total};
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::id::FigureSnapshotId;
use entity::returns::figure_snapshot::Entity;
use entity::returns::snapshot_line::{self, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryTrait, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadFigures;
}

/// The snapshots that a scope reaches, for a list.
pub(super) fn rows(scope: &Scope) -> Select<Entity> {
    Entity::within(scope)
}

/// Writes the figures of a snapshot.
pub(super) async fn insert_lines(tx: &Tx, lines: Vec<snapshot_line::Model>) -> Result<(), Error> {
    const COLUMNS: usize = 8;
    for lines in lines.chunks(PARAMETERS_MAX / COLUMNS) {
        let rows = lines.iter().cloned().map(IntoActiveModel::into_active_model);
        snapshot_line::Entity::insert_many(rows)
            .exec_without_returning(tx.db())
            .await?;
    }
    Ok(())
}

/// Which figures of which snapshot.
type Part = (FigureSnapshotId, Bounds<i32>);

/// A part as a statement; each row says in which slot it belongs.
fn part(slot: usize, (id, bounds): &Part) -> Sql {
    let mut sql = Sql::new(&format!(
        "SELECT {slot} AS slot, part.* FROM (SELECT * FROM snapshot_line WHERE snapshot_id = "
    ));
    sql.bind(*id);
    for (bound, is) in [(bounds.after, ">"), (bounds.before, "<")] {
        if let Some(position) = bound {
            sql.push(&format!(" AND position {is} ")).bind(position);
        }
    }
    let order = if bounds.from_end { "DESC" } else { "ASC" };
    sql.push(&format!(
        " ORDER BY position {order} LIMIT {}) AS part",
        bounds.fetched
    ));
    sql
}

/// The loader of figures of snapshots that the caller sees, in the order of fetching: of each only those asked for, all in one
/// statement.
pub(super) struct LinesOf;

impl Batch for LinesOf {
    type Key = Part;
    type Value = Vec<Model>;

    async fn load(op: Op, keys: Vec<Part>) -> Result<Vec<Self::Value>, Error> {
        let db = &op.app().db;
        let mut answers: Vec<Vec<Model>> = keys.iter().map(|_| Vec::new()).collect();
        let parts: Vec<Sql> = keys
            .iter()
            .enumerate()
            .map(|(slot, key)| part(slot, key))
            .collect();
        for parts in parts.chunks(PARTS_MAX) {
            let mut sql = Sql::default();
            for (index, part) in parts.iter().enumerate() {
                sql.push(if index > 0 { " UNION ALL " } else { "" })
                    .append(part.clone());
            }
            for row in db.reader().query_all_raw(sql.on(db.backend())).await? {
                let slot = usize::try_from(row.try_get::<i32>("", "slot")?).unwrap_or(usize::MAX);
                if let Some(answer) = answers.get_mut(slot) {
                    answer.push(Model::from_query_result(&row, "")?);
                }
            }
        }
        for ((_, bounds), answer) in keys.iter().zip(&mut answers) {
            answer.sort_by_key(|line| line.position);
            if bounds.from_end {
                answer.reverse();
            }
        }
        Ok(answers)
    }
}

/// How many figures a snapshot has that the caller sees; counted only when asked.
pub(super) fn total(id: FigureSnapshotId) -> Total {
    let mut count =
        parts_of::<snapshot_line::Entity>(snapshot_line::Column::SnapshotId, vec![id]).into_query();
    count
        .clear_selects()
        .expr(Expr::col((snapshot_line::Entity, snapshot_line::Column::Id)));
    Total::Asked(Box::new(count))
}
