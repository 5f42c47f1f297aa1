//! The ledger of figures beside the records that it was made from, and the sums that were made from it.

use super::{Snapshot, count};
use crate::kernel::error::Error;
use crate::kernel::ledger::Recorded;
use crate::kernel::ledger::recount::{self, Difference};
use crate::kernel::sql::Sql;
use crate::metrics::Nature;
use crate::registers;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Unlike {
    source_id: Uuid,
    metric: String,
    dimension: String,
    amount: i64,
}

/// Compares the ledger with what each register says it must hold, in the database. A stock that moved counts elsewhere
/// from a day on: place and day are right each by itself. A flow counts where it happened, on its day. Each number is as exact
/// as its record says.
pub(super) async fn records(db: &Snapshot) -> Result<Result<String, String>, Error> {
    let backend = db.get_database_backend();
    let mut total = 0;
    for register in registers::all(backend) {
        for by_place in [true, false] {
            if let Some(found) = unlike(db, &register, by_place).await? {
                let Unlike {
                    source_id,
                    metric,
                    dimension,
                    amount,
                } = found;
                let part = if dimension.is_empty() {
                    dimension
                } else {
                    format!(" ({dimension})")
                };
                return Ok(Err(format!(
                    "{metric}{part} differs by {amount} from record {source_id}"
                )));
            }
        }
        total += register.metrics.len();
    }
    let entries = count(db, Sql::new("SELECT COUNT(*) AS count FROM figure_entry")).await?;
    Ok(Ok(format!("{entries} entries of {total} metrics")))
}

async fn unlike(db: &Snapshot, register: &Recorded, by_place: bool) -> Result<Option<Unlike>, Error> {
    let stocks = register
        .metrics
        .iter()
        .filter(|metric| metric.entry().nature == Nature::Stock);
    let stocks: Vec<&str> = stocks.map(|metric| metric.code()).collect();
    let metrics = register.metrics.iter().map(|metric| metric.code());
    let (place, day) = match (by_place, register.has_days) {
        (true, true) => ("place", "CASE WHEN metric IN {stocks} THEN NULL ELSE day END"),
        (true, false) => ("place", "NULL"),
        (false, true) => ("CASE WHEN metric IN {stocks} THEN NULL ELSE place END", "day"),
        (false, false) => ("NULL", "NULL"),
    };
    // A code is a word of ours.
    let stocks = format!("('{}')", stocks.join("', '"));
    let (place, day) = (
        place.replace("{stocks}", &stocks),
        day.replace("{stocks}", &stocks),
    );
    let qualifier = if register.has_qualifiers {
        "told.qualifier"
    } else {
        "'='"
    };
    let mut sql = Sql::new(
        "SELECT source_id, metric, dimension, CAST(SUM(amount) AS BIGINT) AS amount FROM (SELECT source_id, ",
    );
    sql.push(&place).push(" AS place, ").push(&day);
    sql.push(
        " AS day, metric, dimension, qualifier, amount FROM (SELECT source_id, CASE WHEN metric IN {stocks} THEN path ELSE \
         substr(path, length(path) - 3) END AS place, CAST(day AS TEXT) AS day, metric, dimension, qualifier, amount FROM \
         figure_entry WHERE metric IN "
            .replace("{stocks}", &stocks)
            .as_str(),
    );
    sql.list(metrics);
    sql.push(
        " UNION ALL SELECT told.source_id, CASE WHEN told.metric IN {stocks} THEN federation.path ELSE \
         substr(federation.path, length(federation.path) - 3) END, CAST(told.day AS TEXT), told.metric, told.dimension, \
         {qualifier}, -told.amount FROM ("
            .replace("{stocks}", &stocks)
            .replace("{qualifier}", qualifier)
            .as_str(),
    );
    sql.push(&register.sql);
    sql.push(
        ") AS told JOIN federation ON federation.id = told.federation_id) AS both_sides) AS compared GROUP BY source_id, \
         place, day, metric, dimension, qualifier HAVING SUM(amount) <> 0 ORDER BY source_id LIMIT 1",
    );
    Ok(Unlike::find_by_statement(sql.on(db.get_database_backend()))
        .one(db)
        .await?)
}

#[derive(FromQueryResult)]
struct Misplaced {
    path: String,
    day: String,
}

/// Each path of an entry is the one that its federation had on the entry's day, or the one that it left on it: what moves is
/// carried from there.
const MISPLACED: &str = "\
WITH node AS MATERIALIZED (SELECT id, path, substr(path, length(path) - 3) AS own_key FROM federation)
SELECT entry.path, CAST(entry.day AS TEXT) AS day FROM (SELECT DISTINCT path, day FROM figure_entry) AS entry
LEFT JOIN node ON node.own_key = substr(entry.path, length(entry.path) - 3)
WHERE NOT EXISTS (SELECT 1 FROM former_place WHERE subject_id = node.id AND until = entry.day AND former_place.path = entry.path)
AND (node.id IS NULL OR entry.path <> COALESCE((SELECT former_place.path FROM former_place WHERE subject_id = node.id
    AND until > entry.day ORDER BY until LIMIT 1), node.path))
ORDER BY 1, 2 LIMIT 1";

/// Whether entries stand where their federations stood.
pub(super) async fn places(db: &Snapshot) -> Result<Result<String, String>, Error> {
    let found = Misplaced::find_by_statement(Sql::new(MISPLACED).on(db.get_database_backend()));
    Ok(match found.one(db).await? {
        Some(Misplaced { path, day }) => Err(format!(
            "an entry of {day} stands at {path}, where nothing was that day"
        )),
        None => {
            let moves = count(db, Sql::new("SELECT COUNT(*) AS count FROM former_place")).await?;
            Ok(format!("{moves} former places"))
        }
    })
}

/// Folds the entries anew, metric by metric, in the database: there are too many for the memory of a process.
pub(super) async fn rollups(db: &Snapshot) -> Result<Result<String, String>, Error> {
    for entry in crate::metrics::CATALOGUE {
        let code = entry.code;
        if let Some(found) = recount::difference(db, code).await? {
            let Difference {
                federation_id,
                dimension,
                grain,
                day,
                amount,
            } = found;
            return Ok(Err(format!(
                "{code} {dimension} of federation {federation_id}, {grain} {day}, differs by {amount}"
            )));
        }
    }
    let total = count(db, Sql::new("SELECT COUNT(*) AS count FROM figure_rollup")).await?;
    Ok(Ok(format!("{total} sums")))
}
