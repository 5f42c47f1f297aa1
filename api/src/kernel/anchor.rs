//! Anchors: what the audit chain was at a number, signed by the server's key, every hour and every thousand events.
//!
//! Whoever can write the database could cut the tail of the chain off and let it end earlier. They cannot sign an anchor:
//! one that says more than the chain holds shows the cut. Each anchor is also a line of the log, so that it stands
//! where the database's administrator does not reach.

use super::app::App;
use super::error::Error;
use super::keys::Keys;
use super::sql::Sql;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};

/// Events after which a new anchor is due.
const EVENTS: i64 = 1_000;
/// Time after which a new anchor is due, if anything happened.
const TIME: TimeDelta = TimeDelta::hours(1);

/// A signed statement of what the chain was.
#[derive(Clone, Debug, FromQueryResult, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Anchor {
    /// Number of the event that the chain ended with.
    pub seq: i64,
    /// Hash of that event.
    pub hash: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The key that signed it.
    #[serde(alias = "key_id")]
    pub key_id: String,
    /// Ed25519 over number, hash and time; base64.
    pub signature: String,
}

fn signed(seq: i64, hash: &str, at: DateTime<Utc>) -> Vec<u8> {
    format!("gonghui audit anchor\n{seq}\n{hash}\n{}", at.timestamp_micros()).into_bytes()
}

impl Anchor {
    /// Whether it was signed by one of our keys.
    pub fn is_ours(&self, keys: &Keys) -> bool {
        let signature = BASE64_URL_SAFE_NO_PAD.decode(&self.signature).unwrap_or_default();
        keys.with(|ring| {
            let key = ring.verifier(&self.key_id);
            key.is_some_and(|key| key.has_signed(&signed(self.seq, &self.hash, self.at), &signature))
        })
    }
}

const COLUMNS: &str = "seq, hash, at, key_id, signature";

/// The anchors from a number on, oldest first.
pub async fn after(db: &impl ConnectionTrait, seq: i64, limit: u64) -> Result<Vec<Anchor>, Error> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS)
        .push(" FROM audit_anchor WHERE seq > ")
        .bind(seq);
    sql.push(" ORDER BY seq LIMIT ").bind(limit);
    Ok(Anchor::find_by_statement(sql.on(db.get_database_backend()))
        .all(db)
        .await?)
}

/// The newest anchor.
pub async fn newest(db: &impl ConnectionTrait) -> Result<Option<Anchor>, Error> {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS)
        .push(" FROM audit_anchor ORDER BY seq DESC LIMIT 1");
    Ok(Anchor::find_by_statement(sql.on(db.get_database_backend()))
        .one(db)
        .await?)
}

/// Anchors the end of the chain, if that is due.
pub(super) async fn anchor(app: &App, seq: i64, hash: &str) -> Result<(), Error> {
    let at = app.clock.now();
    let last = newest(app.db.unhurried()).await?;
    let is_due = last.is_none_or(|last| seq >= last.seq + EVENTS || seq > last.seq && at >= last.at + TIME);
    if !is_due {
        return Ok(());
    }
    let (key_id, signature) = app.keys.sign(&signed(seq, hash, at), at)?;
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
    let mut sql = Sql::new("INSERT INTO audit_anchor (");
    sql.push(COLUMNS).push(") VALUES ");
    sql.rows([[
        seq.into(),
        hash.into(),
        at.into(),
        key_id.as_str().into(),
        signature.as_str().into(),
    ]]);
    sql.push(" ON CONFLICT (seq) DO NOTHING");
    let written = app.db.writer().execute_raw(sql.on(app.db.backend())).await?;
    if written.rows_affected() == 0 {
        return Ok(());
    }
    let at = at.to_rfc3339();
    tracing::info!(seq, hash, at, key_id, signature, "audit anchor");
    Ok(())
}
