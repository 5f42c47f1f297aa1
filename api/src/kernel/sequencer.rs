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
use super::ledger::fold::fold;
use super::sql::Sql;
use super::tree::Tree;
use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::json;
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
