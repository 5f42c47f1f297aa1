//! Reading statements, none of which outlives its operation.
//!
//! # How a statement of SQLite is stopped
//! SQLite runs in a thread of its own, which knows nothing of the future that waits for it. Each connection has a
//! watch that it looks at while it works (a progress handler, set once). The watch is wound before each statement;
//! when it has run out, or the future was dropped, the statement ends as interrupted. One pool of many connections
//! would not tell which of them it hands out, so here each has a pool of its own: one store of a number a statement,
//! where setting the handler anew would be a trip to the thread and back.
//! PostgreSQL does the same by itself: `statement_timeout`, a property of its connections.

use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::{Sqlite, sqlite::SqliteConnection};
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a caller waits for a connection.
pub(super) const ACQUIRE: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at the watch: well under a millisecond of work.
const STEPS: i32 = 5_000;
const NEVER: u64 = u64::MAX;

/// Until when the statement of one SQLite connection may run.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    since: Instant,
    /// Nanoseconds after `since`.
    until: Arc<AtomicU64>,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch {
            since: Instant::now(),
            until: Arc::new(AtomicU64::new(NEVER)),
        }
    }
}

impl Watch {
    /// What runs from now on may take so long; gives the time at which it is over.
    fn wind(&self, limit: Option<Duration>) -> u64 {
        let until = limit.map(|limit| nanos(self.since.elapsed().saturating_add(limit)));
        let until = until.unwrap_or(NEVER);
        self.until.store(until, Ordering::Relaxed);
        until
    }

    /// What runs now ends.
    fn stop(&self) {
        self.until.store(0, Ordering::Relaxed);
    }

    /// Whether the statement may go on. A watch that has run out stops one statement and no other.
    fn goes_on(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        let is_over = until != NEVER && nanos(self.since.elapsed()) >= until;
        if is_over {
            let next = self
                .until
                .compare_exchange(until, NEVER, Ordering::Relaxed, Ordering::Relaxed);
            return next.is_err();
        }
        true
    }

    /// Gives the watch to each connection of a pool when it is opened.
    pub(super) fn worn_by(&self, pool: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
        let watch = self.clone();
        pool.after_connect(move |connection: &mut SqliteConnection, _| {
            let watch = watch.clone();
            Box::pin(async move {
                let mut handle = connection.lock_handle().await?;
                handle.set_progress_handler(STEPS, move || watch.goes_on());
                Ok(())
            })
        })
    }
}

/// The limit of a transaction of SQLite's only writer. Dropped before it is over, it ends the statement that runs.
pub(super) struct Hold<'a> {
    watch: Option<&'a Watch>,
    until: u64,
    is_over: bool,
}

impl Hold<'_> {
    pub(super) fn on(watch: Option<&Watch>, limit: Option<Duration>) -> Hold<'_> {
        Hold {
            until: watch.map_or(NEVER, |watch| watch.wind(limit)),
            watch,
            is_over: false,
        }
    }

    /// The transaction is over.
    pub(super) fn end(mut self) {
        self.is_over = true;
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let Some(watch) = self.watch else { return };
        let next = if self.is_over { NEVER } else { 0 };
        let until = &watch.until;
        // Somebody else's transaction may have begun meanwhile: its limit stays.
        let _ = until.compare_exchange(self.until, next, Ordering::Relaxed, Ordering::Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

/// A SQLite connection: a pool of one, and its watch.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) connection: DatabaseConnection,
    pub(super) watch: Watch,
    /// The last statement was given up; it may still be ending.
    is_ending: AtomicBool,
}

impl Lane {
    pub(super) fn new(connection: DatabaseConnection, watch: Watch) -> Lane {
        Lane {
            connection,
            watch,
            is_ending: AtomicBool::new(false),
        }
    }
}

/// Connections for reading.
#[derive(Clone, Debug)]
pub enum Reader {
    /// PostgreSQL limits its statements by itself.
    Postgres(DatabaseConnection),
    /// One connection a statement.
    Sqlite(Arc<Lanes>),
}

/// The connections of SQLite that read.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<Lane>,
    free: Mutex<VecDeque<usize>>,
    turns: Semaphore,
    limit: Option<Duration>,
}

/// A connection in use. Dropped before its statement ended, it stops the statement.
struct Ride<'a> {
    lanes: &'a Lanes,
    index: usize,
    lane: &'a Lane,
    is_over: bool,
    _turn: SemaphorePermit<'a>,
}

impl Drop for Ride<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.lane.is_ending.store(true, Ordering::Relaxed);
            self.lane.watch.stop();
        }
        self.lanes.free().push_back(self.index);
    }
}

impl Lanes {
    pub(super) fn new(lanes: Vec<Lane>, limit: Option<Duration>) -> Lanes {
        Lanes {
            free: Mutex::new((0..lanes.len()).collect()),
            turns: Semaphore::new(lanes.len()),
            lanes,
            limit,
        }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, VecDeque<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The free connection that was used last but one: its thread and its cache are warm, while the last one is still
    /// being looked after by its pool.
    fn next(&self) -> Option<usize> {
        let mut free = self.free();
        let last_but_one = free.len().saturating_sub(2);
        free.remove(last_but_one)
    }

    /// How many connections there are, and how many of them are in use.
    pub(super) fn count(&self) -> (usize, usize) {
        let all = self.lanes.len();
        (all, all.saturating_sub(self.turns.available_permits()))
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, ConnAcquireErr> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let turn = tokio::time::timeout(ACQUIRE, self.turns.acquire()).await;
        let turn = turn.map_err(|_| ConnAcquireErr::Timeout)?;
        turn.map_err(|_| ConnAcquireErr::ConnectionClosed)
    }

    async fn board(&self) -> Result<Ride<'_>, DbErr> {
        let turn = self.turn().await.map_err(DbErr::ConnectionAcquire)?;
        let closed = || DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
        let index = self.next().ok_or_else(closed)?;
        let lane = self.lanes.get(index).ok_or_else(closed)?;
        let mut ride = Ride {
            lanes: self,
            index,
            lane,
            is_over: true,
            _turn: turn,
        };
        if lane.is_ending.load(Ordering::Relaxed) {
            // Until then its watch must stay as it is.
            lane.connection.ping().await?;
            lane.is_ending.store(false, Ordering::Relaxed);
        }
        lane.watch.wind(self.limit);
        ride.is_over = false;
        Ok(ride)
    }

    async fn run<'a, T, F>(&'a self, statement: impl FnOnce(&'a DatabaseConnection) -> F) -> Result<T, DbErr>
    where
        F: Future<Output = Result<T, DbErr>>,
    {
        let mut ride = self.board().await?;
        let answer = statement(&ride.lane.connection).await;
        ride.is_over = true;
        answer
    }

    async fn close(&self) -> Result<(), DbErr> {
        self.turns.close();
        for lane in &self.lanes {
            lane.connection.close_by_ref().await?;
        }
        Ok(())
    }
}

impl Reader {
    pub(super) async fn close(&self) -> Result<(), DbErr> {
        match self {
            Reader::Postgres(pool) => pool.close_by_ref().await,
            Reader::Sqlite(lanes) => lanes.close().await,
        }
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 'a>>;

// As `async_trait` would write it, without a second box.
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Reader::Postgres(_) => DbBackend::Postgres,
            Reader::Sqlite(_) => DbBackend::Sqlite,
        }
    }

    fn execute_raw<'a, 'b>(&'a self, statement: Statement) -> Answer<'b, ExecResult>
    where
        'a: 'b,
    {
        match self {
            Reader::Postgres(pool) => pool.execute_raw(statement),
            Reader::Sqlite(lanes) => Box::pin(lanes.run(|lane| lane.execute_raw(statement))),
        }
    }

    fn execute_unprepared<'a, 'b, 'c>(&'a self, sql: &'b str) -> Answer<'c, ExecResult>
    where
        'a: 'c,
        'b: 'c,
    {
        match self {
            Reader::Postgres(pool) => pool.execute_unprepared(sql),
            Reader::Sqlite(lanes) => Box::pin(lanes.run(move |lane| lane.execute_unprepared(sql))),
        }
    }

    fn query_one_raw<'a, 'b>(&'a self, statement: Statement) -> Answer<'b, Option<QueryResult>>
    where
        'a: 'b,
    {
        match self {
            Reader::Postgres(pool) => pool.query_one_raw(statement),
            Reader::Sqlite(lanes) => Box::pin(lanes.run(|lane| lane.query_one_raw(statement))),
        }
    }

    fn query_all_raw<'a, 'b>(&'a self, statement: Statement) -> Answer<'b, Vec<QueryResult>>
    where
        'a: 'b,
    {
        match self {
            Reader::Postgres(pool) => pool.query_all_raw(statement),
            Reader::Sqlite(lanes) => Box::pin(lanes.run(|lane| lane.query_all_raw(statement))),
        }
    }
}
