//! The change feed: numbered events, read once by a process and handed to all its subscribers.

use super::app::App;
use super::db::Db;
use super::error::{Error, invalid, text};
use super::op::Op;
use super::scope::Scope;
use super::sequencer::{LINK_COLUMNS, Link};
use super::sql::Sql;
use async_graphql::futures_util::{Stream, StreamExt};
use chrono::{DateTime, TimeDelta, Utc};
use entity::id::FederationId;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

/// Messages kept for a subscriber that is busy; one that falls further behind reads from the database again.
const BACKLOG: usize = 1_024;
/// Events read at a time.
const BATCH: u64 = 500;
/// How far back a subscriber may go on.
const KEPT: TimeDelta = TimeDelta::days(180);

/// The feed of one process.
pub struct Feed {
    seen: AtomicI64,
    live: broadcast::Sender<Arc<Link>>,
    committed: Notify,
}

/// Which events a subscriber wants.
#[derive(Clone, Debug)]
pub struct Interest {
    /// Kinds; none means all.
    pub kinds: &'static [&'static str],
    /// One record only.
    pub subject_id: Option<Uuid>,
    /// Where.
    pub scope: Scope,
}

impl Interest {
    fn wants(&self, link: &Link) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&link.kind.as_str()))
            && self.subject_id.is_none_or(|id| id == link.subject_id)
            && self.scope.holds(&link.path)
    }
}

async fn read_after(db: &Db, after: i64, interest: Option<&Interest>) -> Result<Vec<Link>, Error> {
    let mut sql = Sql::new("SELECT ");
    sql.push(LINK_COLUMNS)
        .push(" FROM event WHERE seq > ")
        .bind(after);
    if let Some(interest) = interest {
        if let Some(subject_id) = interest.subject_id {
            sql.push(" AND subject_id = ").bind(subject_id);
        }
        if !interest.kinds.is_empty() {
            sql.push(" AND kind IN ").list(interest.kinds.iter().copied());
        }
        sql.push(" AND ");
        interest.scope.push(&mut sql, "path");
    }
    sql.push(" ORDER BY seq LIMIT ").bind(BATCH);
    Ok(Link::find_by_statement(sql.on(db.backend()))
        .all(db.reader())
        .await?)
}

#[derive(FromQueryResult)]
struct Head {
    seq: i64,
}

/// The number of the newest event.
pub async fn position(db: &Db) -> Result<i64, Error> {
    let sql = Sql::new("SELECT seq FROM sequencer_state");
    let head = Head::find_by_statement(sql.on(db.backend()))
        .one(db.reader())
        .await?;
    Ok(head.map(|head| head.seq).unwrap_or_default())
}

/// The number of the newest event, and how many were committed and have none yet, counted up to a thousand.
pub async fn lag(db: &Db) -> Result<(i64, i64), Error> {
    let sql = Sql::new("SELECT 1 AS seq FROM event WHERE seq IS NULL LIMIT 1000");
    let waiting = db.reader().query_all_raw(sql.on(db.backend())).await?.len();
    Ok((position(db).await?, i64::try_from(waiting).unwrap_or(i64::MAX)))
}

impl Feed {
    pub(super) async fn start(db: &Db) -> Result<Feed, Error> {
        Ok(Feed {
            seen: AtomicI64::new(position(db).await?),
            live: broadcast::channel(BACKLOG).0,
            committed: Notify::new(),
        })
    }

    pub(super) fn event_committed(&self) {
        self.committed.notify_one();
    }

    /// Waits until this process has committed something.
    pub async fn wait_for_commit(&self) {
        self.committed.notified().await;
    }
}

/// Hands new numbered events to this process's subscribers.
pub async fn follow(app: &App) -> Result<(), Error> {
    loop {
        let links = read_after(&app.db, app.feed.seen.load(Ordering::Acquire), None).await?;
        if links.is_empty() {
            return Ok(());
        }
        for link in links {
            app.feed
                .seen
                .store(link.seq.unwrap_or_default(), Ordering::Release);
            // No receiver is no error: nobody listens just now.
            let _ = app.feed.live.send(Arc::new(link));
        }
    }
}

/// A number that changes when another connection has written: cheap to ask often. PostgreSQL has none.
pub async fn data_version(db: &Db) -> Result<Option<i64>, Error> {
    if db.backend() != DbBackend::Sqlite {
        return Ok(None);
    }
    let row = db
        .writer()
        .query_one_raw(Sql::new("PRAGMA data_version").on(db.backend()))
        .await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

#[derive(FromQueryResult)]
struct Moment {
    at: DateTime<Utc>,
}

async fn happened_at(db: &Db, seq: i64) -> Result<Option<DateTime<Utc>>, Error> {
    let mut sql = Sql::new("SELECT at FROM event WHERE seq = ");
    sql.bind(seq);
    let moment = Moment::find_by_statement(sql.on(db.backend()))
        .one(db.reader())
        .await?;
    Ok(moment.map(|moment| moment.at))
}

/// Reads a cursor that a subscription gave out: the number of an event that there is. Resync if the feed no longer
/// reaches back to it.
pub async fn read_cursor(op: &Op, after: Option<&str>) -> Result<Option<i64>, Error> {
    let Some(after) = after else {
        return Ok(None);
    };
    let bad = || invalid("after", text("Not a cursor of this subscription.", "游标无效。"));
    let seq = after.parse::<i64>().map_err(|_| bad())?;
    let db = &op.app().db;
    let newest = position(db).await?;
    if !(0..=newest).contains(&seq) {
        return Err(bad());
    }
    // Before the first event there is none: who goes on from there wants that one too.
    let oldest_kept = op.now() - KEPT;
    if newest > 0
        && happened_at(db, seq.max(1))
            .await?
            .is_none_or(|at| at < oldest_kept)
    {
        return Err(Error::Resync);
    }
    Ok(Some(seq))
}

/// Events after a position, then live; without a position only what happens from now on. Nothing is lost in between:
/// the live channel is joined first, and a subscriber that falls behind it reads the gap from the database and is told.
pub fn subscribe(
    op: &Op,
    after: Option<i64>,
    interest: Interest,
) -> impl Stream<Item = Result<Arc<Link>, Error>> + Send + use<> {
    let start = Reader {
        after,
        interest,
        live: op.app().feed.live.subscribe(),
        waiting: Vec::new().into_iter(),
        catches_up: true,
        op: op.clone(),
    };
    async_graphql::futures_util::stream::unfold(Some(start), |reader| async move {
        let mut reader = reader?;
        match reader.next().await {
            Ok(Some(link)) => Some((Ok(link), Some(reader))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// How the kind of an event ends that takes something from one place to another.
pub const MOVED: &str = "_MOVED";

/// A sign for each event from now on that may change a figure of a federation: in it, below it, or above it (a delivery
/// stands at the smallest federation that holds all its payers); and whatever moves from one place to another.
pub async fn changes_around(
    op: &Op,
    federation_id: FederationId,
) -> Result<impl Stream<Item = Result<(), Error>> + Send + use<>, Error> {
    let after = position(&op.app().db).await?;
    let interest = Interest {
        kinds: &[],
        subject_id: None,
        scope: Scope::everything(),
    };
    let events = subscribe(op, Some(after), interest);
    let app = op.app().clone();
    Ok(events.filter_map(move |event| {
        let sign = match event {
            Ok(link) => {
                // It may have moved since the last one.
                let tree = app.tree();
                let path = tree.get(federation_id).map_or("", |node| &*node.path);
                let is_around = link.path.starts_with(path) || path.starts_with(&link.path);
                (is_around || link.kind.ends_with(MOVED)).then_some(Ok(()))
            }
            Err(error) => Some(Err(error)),
        };
        std::future::ready(sign)
    }))
}

struct Reader {
    op: Op,
    after: Option<i64>,
    interest: Interest,
    live: broadcast::Receiver<Arc<Link>>,
    waiting: std::vec::IntoIter<Link>,
    catches_up: bool,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Arc<Link>>, Error> {
        let mut after = match self.after {
            Some(after) => after,
            None => position(&self.op.app().db).await?,
        };
        loop {
            for link in self.waiting.by_ref() {
                after = after.max(link.seq.unwrap_or_default());
                self.after = Some(after);
                if self.interest.wants(&link) {
                    return Ok(Some(Arc::new(link)));
                }
            }
            if self.catches_up {
                let links = read_after(&self.op.app().db, after, Some(&self.interest)).await?;
                self.catches_up = !links.is_empty();
                self.waiting = links.into_iter();
                continue;
            }
            match self.live.recv().await {
                Ok(link) if link.seq.unwrap_or_default() <= after => {}
                Ok(link) => {
                    after = link.seq.unwrap_or_default();
                    self.after = Some(after);
                    if self.interest.wants(&link) {
                        return Ok(Some(link));
                    }
                }
                Err(broadcast::error::RecvError::Lagged(events)) => {
                    self.op.note_missed(events);
                    self.catches_up = true;
                }
                Err(broadcast::error::RecvError::Closed) => return Ok(None),
            }
        }
    }
}
