//! `gonghui verify`: proves that the books are whole, or names the first break.
//!
//! The chain of events hashes on; every entry of the ledger is what its record says; roll-ups are the sums of the
//! entries; the tree is one; every placed row has its federation's path; what deliveries said they brought is there;
//! every upload has its pieces; no administrator ever was anything else at the same time; every sealed value opens.

mod chain;
mod people;

use crate::kernel::anchor::Anchor;
use crate::kernel::db::Db;
use crate::kernel::error::Error;
use crate::kernel::keys::Keys;
use crate::kernel::ledger::Recorded;
use crate::kernel::ledger::recount::{self, Difference};
use crate::kernel::sql::Sql;
use crate::kernel::tree::{KEY, Node, Tree};
use crate::kernel::vault::{Cell, Opener};
use crate::metrics::Nature;
use crate::org::federation::rules::superiors;
use crate::privacy::sealing::{self, SEALED};
use crate::tables::PLACED;
use crate::{accounts, fees, registers, uploads};
use chrono::{DateTime, Utc};
use entity::org::federation::Level;
use entity::sealed::Sealed;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

/// The database as of one moment.
type Snapshot = DatabaseTransaction;

/// What one check found.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// What there is, or where it breaks.
    pub outcome: Result<String, String>,
}

/// Runs all checks; each names its first break.
///
/// `held` are anchors that were kept elsewhere: lines of the log, or what `gonghui anchors` printed. `now` tells for how
/// long an event has waited for its number.
pub async fn run(db: &Db, keys: &Keys, held: &[Anchor], now: DateTime<Utc>) -> Result<Vec<Check>, Error> {
    // One moment for all checks: the service may be at work meanwhile.
    let db = db.begin_snapshot().await?;
    let tree = Tree::load(&db).await?;
    let mut checks = Vec::new();
    for (name, outcome) in [
        ("audit chain", chain::check(&db, keys, held).await?),
        ("events are numbered", chain::numbered(&db, now).await?),
        ("tree", whole(&db, &tree).await?),
        ("places", places(&db).await?),
        ("ledger entries equal their records", records(&db).await?),
        ("roll-ups equal the entries", rollups(&db).await?),
        (
            "deliveries equal their lines",
            fees::collection::store::check_deliveries(&db).await?,
        ),
        ("uploads equal their pieces", uploads::store::check(&db).await?),
        (
            "administrators hold nothing else",
            accounts::grant::store::check(&db).await?,
        ),
        ("sealed values open", sealed(&db, keys).await?),
        (
            "people are found and kept as they say",
            people::check(&db, keys).await?,
        ),
    ] {
        checks.push(Check { name, outcome });
    }
    Ok(checks)
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

async fn count(db: &Snapshot, sql: Sql) -> Result<i64, Error> {
    let found = Count::find_by_statement(sql.on(db.get_database_backend()))
        .one(db)
        .await?;
    Ok(found.map(|found| found.count).unwrap_or_default())
}

fn misplaced(tree: &Tree, node: &Node) -> Option<&'static str> {
    let parent = node.parent_id.and_then(|id| tree.get(id));
    if node.parent_id.is_some() && parent.is_none() {
        return Some("has a superior that does not exist");
    }
    let above = parent.map_or("", |parent| &parent.path);
    if !node.path.starts_with(above) || node.path.len() != above.len() + KEY {
        return Some("has a path that is not below its superior's");
    }
    let parent_is = |level, code: &str| {
        parent.is_some_and(|parent| parent.level == level && parent.code.as_deref() == Some(code))
    };
    let superiors = node
        .code
        .as_deref()
        .map(|code| superiors(code, node.level))
        .unwrap_or_default();
    // Whoever was moved by hand stands where the law put it, not its code.
    let is_moved = !tree.former(node.id).is_empty();
    if !is_moved && !superiors.is_empty() && !superiors.iter().any(|(level, code)| parent_is(*level, code)) {
        return Some("has a code that does not belong under its superior");
    }
    if parent.is_some_and(|parent| node.level <= parent.level) {
        return Some("does not stand below its superior's level");
    }
    let county = match parent {
        Some(parent) if parent.level >= Level::County => parent.county_id,
        _ => node.id,
    };
    (node.county_id != county).then_some("has another county than its superior")
}

async fn whole(db: &Snapshot, tree: &Tree) -> Result<Result<String, String>, Error> {
    let rows = count(db, Sql::new("SELECT COUNT(*) AS count FROM federation")).await?;
    if usize::try_from(rows).ok() != Some(tree.len()) {
        return Ok(Err(format!(
            "{rows} federations, of which {} hang from the top",
            tree.len()
        )));
    }
    let broken = tree
        .nodes()
        .iter()
        .find_map(|node| Some((node, misplaced(tree, node)?)));
    Ok(match broken {
        Some((node, what)) => Err(format!("federation {} ({}) {what}", node.id, node.name)),
        None => Ok(format!("{rows} federations")),
    })
}

#[derive(FromQueryResult)]
struct Named {
    id: Uuid,
}

async fn places(db: &Snapshot) -> Result<Result<String, String>, Error> {
    for table in PLACED {
        let mut sql = Sql::new("SELECT placed.id FROM ");
        sql.push(table)
            .push(" AS placed LEFT JOIN federation ON federation.id = placed.federation_id WHERE ");
        // The service's own work has no place: none, or nil.
        sql.push("federation.id IS NULL AND (placed.federation_id <> ")
            .bind(Uuid::nil());
        sql.push(" OR placed.path <> '') OR ");
        sql.push(match table {
            // What happened stays where it happened: at the same federation, wherever that stands now.
            "event" => "substr(placed.path, length(placed.path) - 3) <> substr(federation.path, length(federation.path) - 3)",
            _ => "placed.path <> federation.path OR placed.county_id <> federation.county_id",
        });
        sql.push(" LIMIT 1");
        let found = Named::find_by_statement(sql.on(db.get_database_backend()))
            .one(db)
            .await?;
        if let Some(Named { id }) = found {
            return Ok(Err(format!("{table} {id} has not the path of its federation")));
        }
    }
    Ok(Ok(format!("{} tables", PLACED.len())))
}

/// Opens every sealed value.
async fn sealed(db: &Snapshot, keys: &Keys) -> Result<Result<String, String>, Error> {
    let opener = Opener::read(db, keys).await?;
    let mut count = 0;
    for at in &SEALED {
        let mut last = Uuid::nil();
        loop {
            let values = sealing::store::after(db, at, last, 1_000).await?;
            let Some(newest) = values.last() else { break };
            (last, count) = (newest.id, count + values.len());
            for value in values {
                let cell = Cell {
                    column: at.cell,
                    row: value.id,
                };
                if opener.open(cell, &Sealed(value.sealed)).is_err() {
                    return Ok(Err(format!(
                        "{}.{} of {} does not open",
                        at.table, at.column, value.id
                    )));
                }
            }
        }
    }
    Ok(Ok(format!("{count} values in {} columns", SEALED.len())))
}

#[derive(FromQueryResult)]
struct Unlike {
    source_id: Uuid,
    metric: String,
    dimension: String,
    amount: i64,
}

/// Compares the ledger with what each register says it must hold, in the database. A stock that moved counts elsewhere
/// from a day on: place and day are right each by itself. A flow counts where it happened, on its day.
async fn records(db: &Snapshot) -> Result<Result<String, String>, Error> {
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
    let mut sql = Sql::new(
        "SELECT source_id, metric, dimension, CAST(SUM(amount) AS BIGINT) AS amount FROM (SELECT source_id, ",
    );
    sql.push(&place).push(" AS place, ").push(&day);
    sql.push(
        " AS day, metric, dimension, amount FROM (SELECT source_id, substr(path, length(path) - 3) AS place, CAST(day AS \
         TEXT) AS day, metric, dimension, amount FROM figure_entry WHERE metric IN ",
    );
    sql.list(metrics);
    sql.push(
        " UNION ALL SELECT told.source_id, substr(federation.path, length(federation.path) - 3), CAST(told.day AS TEXT), \
         told.metric, told.dimension, -told.amount FROM (",
    );
    sql.push(&register.sql);
    sql.push(
        ") AS told JOIN federation ON federation.id = told.federation_id) AS both_sides) AS compared GROUP BY source_id, \
         place, day, metric, dimension HAVING SUM(amount) <> 0 ORDER BY source_id LIMIT 1",
    );
    Ok(Unlike::find_by_statement(sql.on(db.get_database_backend()))
        .one(db)
        .await?)
}

/// Folds the entries anew, metric by metric, in the database: there are too many for the memory of a process.
async fn rollups(db: &Snapshot) -> Result<Result<String, String>, Error> {
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
