//! Writing entries: what an event declares, spread over the places where its record stood.
//!
//! A stock is counted where the record is. So a fact of a day before the record, or the federation it hangs from, moved
//! is counted at the former place, and carried over on the day of the move: −n at the old place, +n at the new one.
//! A flow stays where it happened.

use super::tail;
use crate::kernel::error::Error;
use crate::kernel::event::{Carry, Delta, Sentence};
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tree::Tree;
use crate::kernel::tx::Tx;
use crate::metrics::{CATALOGUE, Nature};
use crate::tables::{FOLLOWERS, Follower};
use chrono::NaiveDate;
use entity::id::FederationId;
use entity::placed::Place;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Where a record hung until a day.
#[derive(Clone, Copy, Debug, FromQueryResult)]
struct Stay {
    subject_id: Uuid,
    until: NaiveDate,
    federation_id: FederationId,
}

/// Where a record is counted on each day.
struct Whereabouts<'a> {
    tree: &'a Tree,
    /// Oldest first.
    stays: &'a [Stay],
    now: &'a Place,
}

impl Whereabouts<'_> {
    fn federation_on(&self, day: NaiveDate) -> FederationId {
        let stay = self.stays.iter().find(|stay| stay.until > day);
        stay.map_or(self.now.federation_id, |stay| stay.federation_id)
    }

    fn place_on(&self, day: NaiveDate) -> Place {
        let node = self.tree.get(self.federation_on(day));
        node.map_or_else(|| self.now.clone(), |node| self.tree.place_on(node, day))
    }

    /// The days after one on which the place may change.
    fn moves_after(&self, day: NaiveDate) -> BTreeSet<NaiveDate> {
        let federations = self.stays.iter().map(|stay| stay.federation_id);
        let federations = federations.chain([self.now.federation_id]);
        let theirs = federations.flat_map(|id| self.tree.former(id));
        let theirs = theirs.map(|former| former.until);
        let own = self.stays.iter().map(|stay| stay.until);
        own.chain(theirs).filter(|until| *until > day).collect()
    }

    /// What a delta comes to: at its place on its day, and for a stock with each move after it.
    fn postings(&self, delta: &Delta) -> Vec<(Place, NaiveDate, i64)> {
        let mut place = self.place_on(delta.day);
        let mut postings = vec![(place.clone(), delta.day, delta.amount)];
        if delta.metric.entry().nature == Nature::Flow {
            return postings;
        }
        for day in self.moves_after(delta.day) {
            let next = self.place_on(day);
            if next.path != place.path {
                postings.push((place, day, -delta.amount));
                postings.push((next.clone(), day, delta.amount));
                place = next;
            }
        }
        postings
    }
}

/// Where the records of deltas that are dated before their last move stood.
async fn stays(tx: &Tx, deltas: &[Delta]) -> Result<HashMap<Uuid, Vec<Stay>>, Error> {
    let moves = deltas.iter().filter_map(|delta| Some((delta.day, delta.moved?)));
    let earlier = moves.filter(|(day, (_, moved_on))| day < moved_on);
    let ids: BTreeSet<Uuid> = earlier.map(|(_, (id, _))| id).collect();
    let mut stays: HashMap<Uuid, Vec<Stay>> = HashMap::new();
    if ids.is_empty() {
        return Ok(stays);
    }
    let mut sql = Sql::new("SELECT subject_id, until, federation_id FROM former_place WHERE subject_id IN ");
    sql.list(ids).push(" ORDER BY until");
    for stay in Stay::find_by_statement(sql.on(tx.backend())).all(tx.db()).await? {
        stays.entry(stay.subject_id).or_default().push(stay);
    }
    Ok(stays)
}

/// Writes what an event adds to the figures.
pub(in crate::kernel) async fn insert(tx: &Tx, event_id: Uuid, sentence: &Sentence) -> Result<(), Error> {
    const COLUMNS: usize = 10;
    let stays = stays(tx, &sentence.deltas).await?;
    let mut rows: Vec<[Value; COLUMNS]> = Vec::with_capacity(sentence.deltas.len());
    for delta in &sentence.deltas {
        let whereabouts = Whereabouts {
            tree: tx.tree(),
            stays: delta
                .moved
                .and_then(|(id, _)| stays.get(&id))
                .map_or(&[], Vec::as_slice),
            now: &delta.place,
        };
        for (place, day, amount) in whereabouts.postings(delta) {
            rows.push([
                place.county_id.into(),
                event_id.into(),
                i32::try_from(rows.len()).unwrap_or(i32::MAX).into(),
                delta.metric.code().into(),
                delta.dimension.as_str().into(),
                delta.qualifier.mark().into(),
                day.into(),
                amount.into(),
                place.path.into(),
                delta.source_id.into(),
            ]);
        }
    }
    for rows in rows.chunks(PARAMETERS_MAX / COLUMNS) {
        let mut sql = Sql::new(INSERT);
        sql.push(" VALUES ").rows(rows.iter().cloned());
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    match &sentence.carry {
        Some(carry) => self::carry(tx, event_id, (rows.len(), carry)).await,
        None => Ok(()),
    }
}

const INSERT: &str = "INSERT INTO figure_entry (county_id, event_id, ordinal, metric, dimension, qualifier, day, amount, \
                      path, source_id)";

#[derive(FromQueryResult)]
struct Named {
    dimension: String,
}

/// The dimensions that a federation has entries of: so the entries are found by their index.
async fn dimensions(tx: &Tx, id: FederationId) -> Result<Vec<String>, Error> {
    let mut sql = Sql::new("SELECT dimension FROM figure_rollup WHERE federation_id = ");
    sql.bind(id);
    sql.push(" UNION SELECT dimension").push(tail(tx.backend()));
    let found = Named::find_by_statement(sql.on(tx.backend()))
        .all(tx.db())
        .await?;
    Ok(found.into_iter().map(|named| named.dimension).collect())
}

/// Takes what is counted at one place to another, from a day on: of a stock all that there is on the day, of all metrics
/// what happened from then on.
async fn carry(tx: &Tx, event_id: Uuid, (first, carry): (usize, &Carry)) -> Result<(), Error> {
    let dimensions = dimensions(tx, carry.from.federation_id).await?;
    let mut sql = Sql::new(
        "WITH moved AS (SELECT county_id, metric, dimension, qualifier, day, path, source_id, SUM(amount) AS amount FROM \
         (SELECT county_id, metric, dimension, qualifier, CASE WHEN day < ",
    );
    sql.bind(carry.day).push(" THEN ").bind(carry.day);
    sql.push(" ELSE day END AS day, path, source_id, amount FROM figure_entry WHERE metric IN ");
    sql.list(CATALOGUE.iter().map(|entry| entry.code));
    sql.push(" AND dimension IN ").list(dimensions);
    match &carry.sources {
        Some(sources) => {
            sql.push(" AND path = ").bind(&*carry.from.path);
            sql.push(" AND (source_id IN ").list(sources.iter().copied());
            if let Some(union) = carry.followed {
                for Follower { table, column, .. } in FOLLOWERS.iter().filter(|follower| follower.is_counted)
                {
                    sql.push(&format!(
                        " OR source_id IN (SELECT id FROM {table} WHERE {column} = "
                    ));
                    sql.bind(union).push(")");
                }
            }
            sql.push(")");
        }
        None => {
            sql.push(" AND path >= ").bind(&*carry.from.path);
            sql.push(" AND path < ").bind(format!("{}~", carry.from.path));
        }
    }
    let stocks = CATALOGUE.iter().filter(|entry| entry.nature == Nature::Stock);
    sql.push(" AND (day >= ").bind(carry.day).push(" OR metric IN ");
    sql.list(stocks.map(|entry| entry.code));
    sql.push(")) AS entry GROUP BY county_id, metric, dimension, qualifier, day, path, source_id HAVING SUM(amount) <> 0) ");
    sql.push(INSERT);
    sql.push(" SELECT CASE WHEN sides.column1 < 0 THEN moved.county_id ELSE federation.county_id END, ");
    sql.bind(event_id)
        .push(", CAST(")
        .bind(i64::try_from(first).unwrap_or(i64::MAX));
    sql.push(
        " + ROW_NUMBER() OVER () AS INT), metric, dimension, qualifier, day, CAST(sides.column1 * amount AS BIGINT), \
         CASE WHEN sides.column1 < 0 THEN moved.path ELSE federation.path END, source_id FROM moved \
         JOIN federation ON federation.path = ",
    );
    sql.bind(&*carry.to.path).push(" || substr(moved.path, ");
    sql.bind(i32::try_from(carry.from.path.len() + 1).unwrap_or(i32::MAX));
    sql.push(") CROSS JOIN (VALUES (-1), (1)) AS sides");
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}
