//! `gonghui verify`: proves that the books are whole, or names the first break.
//!
//! The chain of events hashes on; every entry of the ledger is what its record says; roll-ups are the sums of the
//! entries; the tree is one; every placed row has its federation's path; what deliveries said they brought is there;
//! every upload has its pieces; no administrator ever was anything else at the same time; every sealed value opens.

mod chain;
mod ledger;
mod people;

use crate::kernel::anchor::Anchor;
use crate::kernel::db::Db;
use crate::kernel::error::Error;
use crate::kernel::keys::Keys;
use crate::kernel::sql::Sql;
use crate::kernel::tree::{KEY, Node, Tree};
use crate::kernel::vault::{Cell, Opener};
use crate::org::federation::rules::superiors;
use crate::privacy::sealing::{self, SEALED};
use crate::tables::PLACED;
use crate::{accounts, fees, members, uploads};
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
        ("members stand where their unions stand", members(&db).await?),
        ("ledger entries equal their records", ledger::records(&db).await?),
        (
            "ledger entries stand where their places stood",
            ledger::places(&db).await?,
        ),
        ("roll-ups equal the entries", ledger::rollups(&db).await?),
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

/// Looks for a member who stands elsewhere than the union.
async fn members(db: &Snapshot) -> Result<Result<String, String>, Error> {
    let found = Sql::new(members::membership::store::MISPLACED).on(db.get_database_backend());
    Ok(match Named::find_by_statement(found).one(db).await? {
        Some(Named { id }) => Err(format!("membership {id} stands elsewhere than its union")),
        None => {
            let members = count(db, Sql::new("SELECT COUNT(*) AS count FROM membership")).await?;
            Ok(format!("{members} memberships"))
        }
    })
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
