//! The chain of events: none changed, none cut off, none planted, none kept out of it.

use super::{Named, Snapshot, count};
use crate::kernel::anchor::{self, Anchor};
use crate::kernel::error::Error;
use crate::kernel::keys::Keys;
use crate::kernel::sequencer::{LINK_COLUMNS, Link};
use crate::kernel::sql::Sql;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

/// How long an event may wait for its number: it takes less than a second where the service is at work.
const UNNUMBERED: TimeDelta = TimeDelta::minutes(10);

#[derive(FromQueryResult)]
struct Head {
    seq: i64,
    hash: String,
}

/// Anchors in the order of their numbers: those of the database, and those that were kept elsewhere.
async fn anchors(db: &Snapshot, held: &[Anchor]) -> Result<Vec<Anchor>, Error> {
    let (mut anchors, mut last) = (held.to_vec(), 0);
    loop {
        let some = anchor::after(db, last, 1_000).await?;
        let Some(newest) = some.last() else { break };
        last = newest.seq;
        anchors.extend(some);
    }
    anchors.sort_by_key(|anchor| anchor.seq);
    Ok(anchors)
}

/// Hashes on from the first event to the last, and compares with every anchor on the way.
pub(super) async fn check(
    db: &Snapshot,
    keys: &Keys,
    held: &[Anchor],
) -> Result<Result<String, String>, Error> {
    let (mut seq, mut hash) = (0, String::new());
    let anchors = anchors(db, held).await?;
    if let Some(forged) = anchors.iter().find(|anchor| !anchor.is_ours(keys)) {
        return Ok(Err(format!(
            "the anchor at event {} was not signed by our keys",
            forged.seq
        )));
    }
    let mut open = anchors.iter().peekable();
    loop {
        let mut sql = Sql::new("SELECT ");
        sql.push(LINK_COLUMNS)
            .push(" FROM event WHERE seq > ")
            .bind(seq)
            .push(" ORDER BY seq LIMIT 1000");
        let links = Link::find_by_statement(sql.on(db.get_database_backend()))
            .all(db)
            .await?;
        if links.is_empty() {
            break;
        }
        for link in links {
            seq += 1;
            hash = link.hash_after(&hash, seq);
            if link.seq != Some(seq) {
                return Ok(Err(format!("event {seq} is missing before event {}", link.id)));
            }
            if link.hash.as_deref() != Some(&*hash) {
                return Ok(Err(format!(
                    "event {seq} ({}, {}) is not what was sealed",
                    link.kind, link.id
                )));
            }
            while let Some(anchor) = open.next_if(|anchor| anchor.seq == seq) {
                if anchor.hash != hash {
                    return Ok(Err(format!("event {seq} is not the one that was anchored")));
                }
            }
        }
    }
    let head = Head::find_by_statement(
        Sql::new("SELECT seq, hash FROM sequencer_state").on(db.get_database_backend()),
    );
    let head = head.one(db).await?;
    if head.is_none_or(|head| head.seq != seq || head.hash != hash) {
        return Ok(Err(format!(
            "the chain ends at event {seq}, which is not where the sequencer left it"
        )));
    }
    if let Some(anchor) = open.next() {
        return Ok(Err(format!(
            "the chain ends at event {seq}, but event {} was anchored: its tail was cut off",
            anchor.seq
        )));
    }
    // Outside the walk: below its beginning, or a second one of a number.
    let all = count(db, Sql::new("SELECT COUNT(seq) AS count FROM event")).await?;
    if all != seq {
        let event = planted(db, seq).await?;
        return Ok(Err(format!(
            "{all} events bear a number, but the chain has {seq}: event {event} was planted"
        )));
    }
    Ok(Ok(format!(
        "{seq} events, {} anchors, head {}",
        anchors.len(),
        hash.get(..12).unwrap_or_default()
    )))
}

/// An event whose number is not its own.
async fn planted(db: &Snapshot, end: i64) -> Result<Uuid, Error> {
    let mut sql = Sql::new("SELECT id FROM event WHERE seq < 1 OR seq > ");
    sql.bind(end).push(
        " OR seq IN (SELECT seq FROM event WHERE seq IS NOT NULL GROUP BY seq HAVING COUNT(*) > 1) LIMIT 1",
    );
    let found = Named::find_by_statement(sql.on(db.get_database_backend()));
    Ok(found.one(db).await?.map(|found| found.id).unwrap_or_default())
}

#[derive(FromQueryResult)]
struct Tail {
    count: i64,
    oldest: Option<DateTime<Utc>>,
}

/// What waits for its number can still be changed unseen, and so it may not wait for long.
pub(super) async fn numbered(db: &Snapshot, now: DateTime<Utc>) -> Result<Result<String, String>, Error> {
    let sql = Sql::new("SELECT COUNT(*) AS count, MIN(at) AS oldest FROM event WHERE seq IS NULL");
    let tail = Tail::find_by_statement(sql.on(db.get_database_backend()));
    let tail = tail.one(db).await?;
    let count = tail.as_ref().map_or(0, |tail| tail.count);
    Ok(match tail.and_then(|tail| tail.oldest) {
        Some(oldest) if oldest + UNNUMBERED < now => Err(format!(
            "{count} events have no number, the oldest since {}: is the service at work?",
            oldest.to_rfc3339_opts(SecondsFormat::Secs, true)
        )),
        _ => Ok(format!("{count} not yet")),
    })
}
