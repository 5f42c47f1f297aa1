//! Folding entries into sums by day, ten days, month and year, for each federation on their path.

use super::{month_of, ten_days_of, year_of};
use crate::kernel::error::Error;
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tree::Tree;
use chrono::NaiveDate;
use entity::id::FederationId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Folded {
    path: String,
    metric: String,
    dimension: String,
    qualifier: String,
    day: NaiveDate,
    amount: i64,
}

/// Adds the entries of newly numbered events to the sums of every federation on their path.
pub(in crate::kernel) async fn fold(
    db: &DatabaseTransaction,
    tree: &Tree,
    numbered: Vec<(Uuid, i64)>,
) -> Result<(), Error> {
    let backend = db.get_database_backend();
    let mut sql = Sql::new(
        "SELECT path, metric, dimension, qualifier, day, CAST(SUM(amount) AS BIGINT) AS amount FROM figure_entry \
         WHERE seq IS NULL AND event_id IN ",
    );
    sql.list(numbered.iter().map(|(id, _)| *id))
        .push(" GROUP BY path, metric, dimension, qualifier, day");
    let sums = Folded::find_by_statement(sql.on(backend)).all(db).await?;
    if sums.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("UPDATE figure_entry SET seq = numbered.column2 FROM (VALUES ");
    sql.rows(numbered.iter().map(|(id, seq)| [(*id).into(), (*seq).into()]));
    sql.push(") AS numbered WHERE figure_entry.seq IS NULL AND figure_entry.event_id = numbered.column1");
    db.execute_raw(sql.on(backend)).await?;
    upsert(db, spread(tree, &sums)?).await
}

/// Federation, metric, axis, grain, first day, dimension, qualifier: the key of a sum.
type Key<'a> = (
    FederationId,
    &'a str,
    &'a str,
    &'static str,
    NaiveDate,
    &'a str,
    &'a str,
);

/// The axis that a dimension is a part of; empty for the whole.
fn axis_of(dimension: &str) -> &str {
    dimension.split_once(':').map_or("", |(axis, _)| axis)
}

/// The first days of the day, ten days, month and year that a day lies in.
fn grains(day: NaiveDate) -> [(&'static str, NaiveDate); 4] {
    [
        ("D", day),
        ("T", ten_days_of(day)),
        ("M", month_of(day)),
        ("Y", year_of(day)),
    ]
}

fn spread<'a>(tree: &Tree, sums: &'a [Folded]) -> Result<Vec<(Key<'a>, i64)>, Error> {
    let mut spread: HashMap<Key<'a>, i64> = HashMap::new();
    for sum in sums {
        let mut last = "";
        for node in tree.on_path(&sum.path) {
            last = &node.path;
            for (grain, day) in grains(sum.day) {
                let key = (
                    node.id,
                    &*sum.metric,
                    axis_of(&sum.dimension),
                    grain,
                    day,
                    &*sum.dimension,
                    &*sum.qualifier,
                );
                *spread.entry(key).or_default() += sum.amount;
            }
        }
        if last.is_empty() {
            return Err(anyhow::anyhow!("an entry stands at {}, which is no federation", sum.path).into());
        }
    }
    let mut spread: Vec<_> = spread.into_iter().filter(|(_, amount)| *amount != 0).collect();
    // A fixed order, so that two writers could never lock rows crosswise.
    spread.sort();
    Ok(spread)
}

async fn upsert(db: &DatabaseTransaction, sums: Vec<(Key<'_>, i64)>) -> Result<(), Error> {
    const COLUMNS: usize = 8;
    for chunk in sums.chunks(PARAMETERS_MAX / COLUMNS) {
        let mut sql = Sql::new(
            "INSERT INTO figure_rollup (federation_id, metric, axis, grain, day, dimension, qualifier, amount) VALUES ",
        );
        let row = |(key, amount): &(Key<'_>, i64)| -> [Value; COLUMNS] {
            let (id, metric, axis, grain, day, dimension, qualifier) = *key;
            [
                id.into(),
                metric.into(),
                axis.into(),
                grain.into(),
                day.into(),
                dimension.into(),
                qualifier.into(),
                (*amount).into(),
            ]
        };
        sql.rows(chunk.iter().map(row)).push(ADD);
        db.execute_raw(sql.on(db.get_database_backend())).await?;
    }
    Ok(())
}

/// How a sum that is there already grows.
pub(super) const ADD: &str = " ON CONFLICT (federation_id, metric, axis, grain, day, dimension, qualifier) \
                              DO UPDATE SET amount = figure_rollup.amount + excluded.amount";
