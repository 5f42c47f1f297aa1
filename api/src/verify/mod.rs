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
use crate::kernel::sql::Sql;
use crate::kernel::tree::{Node, Tree};
use crate::kernel::vault::{Cell, Opener};
use crate::org::federation::rules::superiors;
use crate::privacy::sealing::{self, SEALED};
use crate::{accounts, fees, org, uploads, visits};
use chrono::{DateTime, Utc};
use entity::org::federation::Level;
use entity::sealed::Sealed;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

/// The database as of one moment.
type Snapshot = DatabaseTransaction;

/// Characters that a path has for each federation on it.
const KEY: usize = 4;
/// More levels than the tree has.
const LEVELS_MAX: usize = 10;

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
    if !superiors.is_empty() && !superiors.iter().any(|(level, code)| parent_is(*level, code)) {
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

/// Every table whose rows have a place in the tree.
const PLACED: [&str; 16] = [
    "event",
    "account",
    "federation_link",
    "enterprise",
    "trade_union",
    "coverage",
    "visit",
    "collection",
    "waiting_collection",
    "job",
    "person",
    "sealed_file",
    "export",
    "subject_request",
    "target",
    "pace_rule",
];

async fn places(db: &Snapshot) -> Result<Result<String, String>, Error> {
    for table in PLACED {
        let mut sql = Sql::new("SELECT placed.id FROM ");
        sql.push(table)
            .push(" AS placed LEFT JOIN federation ON federation.id = placed.federation_id WHERE ");
        // The service's own work has no place: none, or nil.
        sql.push("federation.id IS NULL AND (placed.federation_id <> ")
            .bind(Uuid::nil());
        sql.push(" OR placed.path <> '') OR placed.path <> federation.path OR placed.county_id <> ");
        sql.push("federation.county_id LIMIT 1");
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
struct Difference {
    source_id: Uuid,
    metric: String,
    dimension: String,
    amount: i64,
}

/// Compares the ledger with what each domain's records say it must hold, in the database.
async fn records(db: &Snapshot) -> Result<Result<String, String>, Error> {
    let backend = db.get_database_backend();
    let mut total = 0;
    let told = [
        org::enterprise::store::expected_entries(),
        org::trade_union::store::expected_entries(),
        visits::store::expected_entries(backend),
        fees::collection::store::expected_entries(),
    ];
    for expected in &told {
        let metrics = expected.metrics.iter().map(|metric| metric.code());
        let day = if expected.has_days { "day" } else { "NULL" };
        let mut sql =
            Sql::new("SELECT source_id, metric, dimension, CAST(SUM(amount) AS BIGINT) AS amount FROM (");
        sql.push("SELECT source_id, federation_id, CAST(")
            .push(day)
            .push(" AS TEXT) AS day, metric, dimension, amount");
        sql.push(" FROM figure_entry WHERE metric IN ").list(metrics);
        sql.push(" UNION ALL SELECT source_id, federation_id, CAST(")
            .push(day);
        sql.push(" AS TEXT), metric, dimension, -amount FROM (")
            .push(&expected.sql)
            .push(") AS told");
        sql.push(") AS both_sides GROUP BY source_id, federation_id, day, metric, dimension ");
        sql.push("HAVING SUM(amount) <> 0 ORDER BY source_id LIMIT 1");
        let found = Difference::find_by_statement(sql.on(backend)).one(db).await?;
        if let Some(Difference {
            source_id,
            metric,
            dimension,
            amount,
        }) = found
        {
            let part = if dimension.is_empty() {
                String::new()
            } else {
                format!(" ({dimension})")
            };
            return Ok(Err(format!(
                "{metric}{part} differs by {amount} from record {source_id}"
            )));
        }
        total += expected.metrics.len();
    }
    let entries = count(db, Sql::new("SELECT COUNT(*) AS count FROM figure_entry")).await?;
    Ok(Ok(format!("{entries} entries of {total} metrics")))
}

#[derive(FromQueryResult)]
struct Sum {
    federation_id: Uuid,
    dimension: String,
    grain: String,
    day: String,
    amount: i64,
}

/// The entries of a metric at each federation that they count for, by day, month and year; without the sums that are
/// kept nothing is left of them.
const BALANCE: &str = "\
SELECT federation_id, dimension, grain, day, CAST(SUM(amount) AS BIGINT) AS amount FROM (
    SELECT above.id AS federation_id, entry.dimension, grains.column1 AS grain, CASE grains.column1 WHEN 'D' THEN entry.day
        WHEN 'M' THEN substr(entry.day, 1, 7) || '-01' ELSE substr(entry.day, 1, 4) || '-01-01' END AS day, entry.amount
    FROM (
        SELECT federation_id, dimension, CAST(day AS TEXT) AS day, SUM(amount) AS amount FROM figure_entry
        WHERE seq IS NOT NULL AND metric = {metric} GROUP BY federation_id, dimension, day
    ) AS entry
    JOIN federation AS own ON own.id = entry.federation_id
    JOIN (VALUES {lengths}) AS lengths ON lengths.column1 <= length(own.path)
    JOIN federation AS above ON above.path = substr(own.path, 1, lengths.column1)
    CROSS JOIN (VALUES ('D'), ('M'), ('Y')) AS grains
    UNION ALL
    SELECT federation_id, dimension, grain, CAST(day AS TEXT), -amount FROM figure_rollup WHERE metric = {metric}
) AS both_sides GROUP BY federation_id, dimension, grain, day HAVING SUM(amount) <> 0 ORDER BY 1, 2, 3, 4 LIMIT 1";

/// Folds the entries anew, metric by metric, in the database: there are too many for the memory of a process.
async fn rollups(db: &Snapshot) -> Result<Result<String, String>, Error> {
    let lengths: Vec<String> = (1..=LEVELS_MAX)
        .map(|level| format!("({})", level * KEY))
        .collect();
    for entry in &crate::metrics::CATALOGUE {
        let code = entry.code;
        // A code is a word of ours.
        let sql = BALANCE
            .replace("{metric}", &format!("'{code}'"))
            .replace("{lengths}", &lengths.join(", "));
        let found = Sum::find_by_statement(Sql::new(&sql).on(db.get_database_backend()));
        if let Some(Sum {
            federation_id,
            dimension,
            grain,
            day,
            amount,
        }) = found.one(db).await?
        {
            return Ok(Err(format!(
                "{code} {dimension} of federation {federation_id}, {grain} {day}, differs by {amount}"
            )));
        }
    }
    let total = count(db, Sql::new("SELECT COUNT(*) AS count FROM figure_rollup")).await?;
    Ok(Ok(format!("{total} sums")))
}
