//! Numbers committed events, chains them and folds their figures: one process at a time, by lease.
//!
//! # Why not number on commit
//! A counter taken inside the writer's transaction either serialises all writers or lets numbers appear out of order,
//! and a phone that reads by number would miss the late one. Here writers share nothing, and a number exists only for
//! what every reader can see.

use super::anchor;
use super::app::App;
use super::error::Error;
use super::keys;
use super::lease;
use super::sql::{PARAMETERS_MAX, Sql};
use super::tree::Tree;
use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use entity::id::FederationId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// Events numbered in one transaction.
const BATCH: u64 = 500;

/// What is hashed begins with this: another form of it would have another name.
const FORM: &str = "gonghui event 1";

/// An event as the chain sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Link {
    /// The county of where it was: part of the key.
    pub county_id: Uuid,
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who; none for the service itself.
    pub actor_id: Option<Uuid>,
    /// What kind of thing happened.
    pub kind: String,
    /// To which record.
    pub subject_id: Uuid,
    /// Where; nil for the tree as a whole.
    pub federation_id: Option<Uuid>,
    /// Its path.
    pub path: String,
    /// The particulars.
    pub body: String,
    /// By which operation; none for the service itself.
    pub operation: Option<String>,
    /// From which address.
    pub origin: Option<String>,
    /// Its number, once it has one.
    pub seq: Option<i64>,
    /// Its hash, once it has one.
    pub hash: Option<String>,
}

/// The columns of a [`Link`].
pub const LINK_COLUMNS: &str =
    "county_id, id, at, actor_id, kind, subject_id, federation_id, path, body, operation, origin, seq, hash";

impl Link {
    /// The hash that the link must have after `previous`: SHA-256 over all its columns as an array of JSON, in which no
    /// value can pass for the end of another.
    pub fn hash_after(&self, previous: &str, seq: i64) -> String {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let columns = json!([
            FORM,
            previous,
            seq,
            self.county_id,
            self.id,
            at,
            self.actor_id,
            self.kind,
            self.subject_id,
            self.federation_id,
            self.path,
            self.body,
            self.operation,
            self.origin,
        ]);
        keys::sha256(columns.to_string().as_bytes())
    }
}

#[derive(FromQueryResult)]
struct State {
    seq: i64,
    hash: String,
}

#[derive(FromQueryResult)]
struct Folded {
    federation_id: Uuid,
    metric: String,
    dimension: String,
    day: NaiveDate,
    amount: i64,
}

/// Numbers what is there. False if something is left: another process has the lease, and may be dead.
pub async fn run(app: &App) -> Result<bool, Error> {
    loop {
        if !has_work(app).await? {
            return Ok(true);
        }
        if !lease::take(app, "sequencer").await? {
            return Ok(false);
        }
        match number_batch(app).await {
            Err(Error::Again(_)) => {}
            Ok(Some((seq, hash))) => anchor::anchor(app, seq, &hash).await?,
            Ok(None) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Anchors the end of the chain, if that is due. Any process may: it was committed, and a number has one anchor.
pub async fn anchor_end(app: &App) -> Result<(), Error> {
    let sql = Sql::new("SELECT seq, hash FROM sequencer_state WHERE seq > 0");
    let state = State::find_by_statement(sql.on(app.db.backend()));
    match state.one(app.db.unhurried()).await? {
        Some(State { seq, hash }) => anchor::anchor(app, seq, &hash).await,
        None => Ok(()),
    }
}

async fn has_work(app: &App) -> Result<bool, Error> {
    let sql = Sql::new("SELECT 1 AS one FROM event WHERE seq IS NULL LIMIT 1");
    Ok(app
        .db
        .reader()
        .query_one_raw(sql.on(app.db.backend()))
        .await?
        .is_some())
}

/// Numbers one batch; the end of the chain after it, if it grew.
async fn number_batch(app: &App) -> Result<Option<(i64, String)>, Error> {
    let tree = app.tree();
    let db = app.db.begin_locking().await?;
    let backend = app.db.backend();
    // Takes the row's lock, should two processes ever believe that they have the lease.
    let sql = Sql::new("UPDATE sequencer_state SET seq = seq RETURNING seq, hash");
    let state = State::find_by_statement(sql.on(backend));
    let state = state
        .one(&db)
        .await?
        .ok_or_else(|| anyhow::anyhow!("the sequencer has no state"))?;
    let mut sql = Sql::new("SELECT ");
    sql.push(LINK_COLUMNS)
        .push(" FROM event WHERE seq IS NULL ORDER BY id LIMIT ")
        .bind(BATCH);
    let links = Link::find_by_statement(sql.on(backend)).all(&db).await?;
    if links.is_empty() {
        return Ok(None);
    }
    // Read after the events: no event of this batch happened in a newer tree than this one.
    if Tree::version(&db).await? != tree.version {
        db.rollback().await?;
        app.refresh_tree().await?;
        return Ok(None);
    }
    let (mut seq, mut hash) = (state.seq, state.hash);
    let mut numbered = Vec::with_capacity(links.len());
    for link in &links {
        seq += 1;
        hash = link.hash_after(&hash, seq);
        numbered.push((link, seq, hash.clone()));
    }
    let mut sql = Sql::new("UPDATE event SET seq = numbered.column3, hash = numbered.column4 FROM (VALUES ");
    sql.rows(numbered.iter().map(|(link, seq, hash)| {
        [
            link.county_id.into(),
            link.id.into(),
            (*seq).into(),
            hash.as_str().into(),
        ]
    }));
    sql.push(") AS numbered WHERE event.county_id = numbered.column1 AND event.id = numbered.column2");
    db.execute_raw(sql.on(backend)).await?;
    fold(
        &db,
        &tree,
        numbered.iter().map(|(link, seq, _)| (link.id, *seq)).collect(),
    )
    .await?;
    let mut sql = Sql::new("UPDATE sequencer_state SET seq = ");
    sql.bind(seq).push(", hash = ").bind(hash.as_str());
    db.execute_raw(sql.on(backend)).await?;
    db.commit().await?;
    Ok(Some((seq, hash)))
}

/// Adds the entries of newly numbered events to the sums of their federation and all above it.
async fn fold(db: &DatabaseTransaction, tree: &Tree, numbered: Vec<(Uuid, i64)>) -> Result<(), Error> {
    let backend = db.get_database_backend();
    let mut sql = Sql::new(
        "SELECT federation_id, metric, dimension, day, CAST(SUM(amount) AS BIGINT) AS amount FROM figure_entry \
         WHERE seq IS NULL AND event_id IN ",
    );
    sql.list(numbered.iter().map(|(id, _)| *id))
        .push(" GROUP BY federation_id, metric, dimension, day");
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

type Sum<'a> = (FederationId, &'a str, &'a str, &'static str, NaiveDate);

/// The first days of the day, month and year that a day lies in.
fn grains(day: NaiveDate) -> [(&'static str, NaiveDate); 3] {
    let month = day.with_day(1).unwrap_or(day);
    [
        ("D", day),
        ("M", month),
        ("Y", month.with_month(1).unwrap_or(month)),
    ]
}

fn spread(tree: &Tree, sums: &[Folded]) -> Result<Vec<([sea_orm::Value; 5], i64)>, Error> {
    let mut spread: HashMap<Sum<'_>, i64> = HashMap::new();
    for sum in sums {
        let id = FederationId(sum.federation_id);
        tree.get(id)
            .ok_or_else(|| anyhow::anyhow!("an entry stands at {id}, which is no federation"))?;
        let node = tree.get(id);
        let above = node
            .into_iter()
            .flat_map(|node| tree.ancestors(node))
            .map(|node| node.id);
        let id = FederationId(sum.federation_id);
        for federation_id in std::iter::once(id).chain(above) {
            for (grain, day) in grains(sum.day) {
                let key = (
                    federation_id,
                    sum.metric.as_str(),
                    sum.dimension.as_str(),
                    grain,
                    day,
                );
                *spread.entry(key).or_default() += sum.amount;
            }
        }
    }
    let mut spread: Vec<_> = spread.into_iter().filter(|(_, amount)| *amount != 0).collect();
    // A fixed order, so that two writers could never lock rows crosswise.
    spread.sort();
    let row = |((id, metric, dimension, grain, day), amount): (Sum<'_>, i64)| {
        (
            [
                id.into(),
                metric.into(),
                dimension.into(),
                grain.into(),
                day.into(),
            ],
            amount,
        )
    };
    Ok(spread.into_iter().map(row).collect())
}

async fn upsert(db: &DatabaseTransaction, sums: Vec<([sea_orm::Value; 5], i64)>) -> Result<(), Error> {
    for chunk in sums.chunks(PARAMETERS_MAX / 6) {
        let mut sql = Sql::new(
            "INSERT INTO figure_rollup (federation_id, metric, dimension, grain, day, amount) VALUES ",
        );
        sql.rows(
            chunk
                .iter()
                .cloned()
                .map(|([a, b, c, d, e], amount)| [a, b, c, d, e, amount.into()]),
        );
        sql.push(
            " ON CONFLICT (federation_id, metric, dimension, grain, day) \
             DO UPDATE SET amount = figure_rollup.amount + excluded.amount",
        );
        db.execute_raw(sql.on(db.get_database_backend())).await?;
    }
    Ok(())
}
