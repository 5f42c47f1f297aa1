//! Counting all entries anew: what `verify` proves and `figures rebuild` mends.

use super::fold::ADD;
use crate::kernel::db::Db;
use crate::kernel::error::Error;
use crate::kernel::sql::Sql;
use crate::kernel::tree::KEY;
use crate::metrics::CATALOGUE;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use uuid::Uuid;

/// More levels than the tree has.
const LEVELS_MAX: usize = 10;

/// The entries of a metric at each federation on their path, by day, ten days, month and year, without the sums that are kept:
/// nothing should be left.
const BALANCE: &str = "\
WITH node AS MATERIALIZED (SELECT id, substr(path, length(path) - 3) AS own_key FROM federation)
SELECT federation_id, dimension, grain, day, qualifier, CAST(SUM(amount) AS BIGINT) AS amount FROM (
    SELECT node.id AS federation_id, entry.dimension, grains.column1 AS grain, CASE grains.column1 WHEN 'D' THEN entry.day
        WHEN 'T' THEN substr(entry.day, 1, 8) || CASE WHEN substr(entry.day, 9) < '11' THEN '01' WHEN substr(entry.day, 9) < '21'
        THEN '11' ELSE '21' END WHEN 'M' THEN substr(entry.day, 1, 7) || '-01' ELSE substr(entry.day, 1, 4) || '-01-01' END AS day,
        entry.qualifier, entry.amount
    FROM (
        SELECT path, dimension, qualifier, CAST(day AS TEXT) AS day, SUM(amount) AS amount FROM figure_entry
        WHERE seq IS NOT NULL AND metric = {metric} GROUP BY path, dimension, qualifier, day
    ) AS entry
    JOIN (VALUES {lengths}) AS lengths ON lengths.column1 <= length(entry.path)
    JOIN node ON node.own_key = substr(entry.path, lengths.column1 - 3, 4)
    CROSS JOIN (VALUES ('D'), ('T'), ('M'), ('Y')) AS grains
    UNION ALL
    SELECT federation_id, dimension, grain, CAST(day AS TEXT), qualifier, -amount FROM figure_rollup
    WHERE metric = {metric}
) AS both_sides GROUP BY federation_id, dimension, grain, day, qualifier HAVING SUM(amount) <> 0";

/// The entries of a metric without the sums that are kept.
fn balance(code: &str) -> String {
    let lengths = (1..=LEVELS_MAX).map(|level| format!("({})", level * KEY));
    let lengths: Vec<String> = lengths.collect();
    // A code is a word of ours.
    BALANCE
        .replace("{metric}", &format!("'{code}'"))
        .replace("{lengths}", &lengths.join(", "))
}

/// A sum that is not what the entries say.
#[derive(Debug, FromQueryResult)]
pub struct Difference {
    /// Whose.
    pub federation_id: Uuid,
    /// Of which part.
    pub dimension: String,
    /// D, T (ten days), M or Y.
    pub grain: String,
    /// First day.
    pub day: String,
    /// How much the entries have more.
    pub amount: i64,
}

/// The first sum of a metric that is not what the entries say.
pub async fn difference(db: &impl ConnectionTrait, code: &str) -> Result<Option<Difference>, Error> {
    let mut sql = Sql::new(&balance(code));
    sql.push(" ORDER BY 1, 2, 3, 4, 5 LIMIT 1");
    let found = Difference::find_by_statement(sql.on(db.get_database_backend()));
    Ok(found.one(db).await?)
}

/// Makes the sums of all metrics what the entries say, while the service runs; gives the metrics that were mended, with
/// how many sums. Readers see the old sums or the new ones. Only numbering waits, and only for a metric that is wrong.
pub async fn rebuild(db: &Db) -> Result<Vec<(&'static str, u64)>, Error> {
    let mut mended = Vec::new();
    for entry in CATALOGUE {
        if difference(db.unhurried(), entry.code).await?.is_some() {
            mended.push((entry.code, mend(db, entry.code).await?));
        }
    }
    Ok(mended)
}

async fn mend(db: &Db, code: &str) -> Result<u64, Error> {
    let transaction = db.begin_locking().await?;
    let backend = db.backend();
    // The sequencer's row: nothing is folded meanwhile.
    let lock = Sql::new("UPDATE sequencer_state SET seq = seq");
    transaction.execute_raw(lock.on(backend)).await?;
    let (axis, day) = match backend {
        DbBackend::Postgres => ("split_part(dimension, ':', 1)", "CAST(day AS DATE)"),
        _ => ("substr(dimension, 1, MAX(instr(dimension, ':') - 1, 0))", "day"),
    };
    let mut sql = Sql::new(
        "INSERT INTO figure_rollup (federation_id, metric, axis, grain, day, dimension, qualifier, amount) SELECT \
         federation_id, ",
    );
    sql.bind(code).push(", ").push(axis);
    sql.push(", grain, ").push(day);
    // WHERE TRUE: without it SQLite takes ON CONFLICT for a part of a join.
    sql.push(", dimension, qualifier, amount FROM (")
        .push(&balance(code));
    sql.push(") AS difference WHERE TRUE").push(ADD);
    let done = transaction.execute_raw(sql.on(backend)).await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}
