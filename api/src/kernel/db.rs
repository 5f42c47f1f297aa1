//! The database behind one type: SQLite (one writer, several readers) or PostgreSQL.
//!
//! # Why two pools
//! SQLite lets one connection write at a time. With a pool of equals 82 % of transactions failed as busy; with one
//! writer that begins IMMEDIATE and readers beside it (WAL) none did, at 3,000 transactions a second.

use super::error::Error;
use super::reader::{ACQUIRE, Hold, Lane, Lanes, Reader, Watch};
use super::telemetry::{self, Statements};
/// Which database it is.
pub use sea_orm::DbBackend as Backend;
use sea_orm::sqlx::Connection;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::sync::Arc;
use std::time::Duration;

/// A statement slower than this is logged, without its values.
const SLOW: Duration = Duration::from_millis(500);
/// What a statement of the service's own work may take in PostgreSQL, whatever operations get.
const WORK: Duration = Duration::from_secs(600);

/// The database.
#[derive(Clone, Debug)]
pub struct Db {
    writer: DatabaseConnection,
    /// Of SQLite's writer.
    watch: Option<Watch>,
    reader: Reader,
    unhurried: DatabaseConnection,
    limit: Option<Duration>,
    statements: Statements,
}

/// Begins a transaction, whatever becomes of who asked. A caller that goes away between BEGIN and its answer would leave
/// PostgreSQL's connection inside a transaction that nobody knows of: the next statement on it would never be committed.
async fn begun(db: &DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction, Error> {
    let db = db.clone();
    let begun = tokio::spawn(async move { db.begin_with_options(options).await });
    Ok(begun.await.map_err(anyhow::Error::from)??)
}

impl Db {
    /// Opens `sqlite:FILE` (made if missing) or `postgres://…` with at most `connections` connections. Statements may
    /// take as long as they like.
    pub async fn connect(url: &str, connections: u32) -> Result<Db, Error> {
        Db::open(url, connections, None).await
    }

    /// Opens it for operations that may take so long, and with them each of their statements.
    pub async fn connect_within(url: &str, connections: u32, limit: Duration) -> Result<Db, Error> {
        Db::open(url, connections, Some(limit)).await
    }

    async fn open(url: &str, connections: u32, limit: Option<Duration>) -> Result<Db, Error> {
        let statements = Statements::default();
        let db = if url.starts_with("sqlite:") {
            Db::open_sqlite(url, connections, (limit, statements)).await
        } else {
            let pool = connect(postgres(url, connections, limit), &statements).await;
            pool.map(|pool| Db {
                writer: pool.clone(),
                watch: None,
                reader: Reader::Postgres(pool.clone()),
                unhurried: pool,
                limit,
                statements,
            })
        };
        let failed =
            |error: DbErr| anyhow::Error::from(error).context("DATABASE_URL: the database cannot be opened");
        Ok(db.map_err(failed)?)
    }

    async fn open_sqlite(
        url: &str,
        connections: u32,
        (limit, statements): (Option<Duration>, Statements),
    ) -> Result<Db, DbErr> {
        let watch = Watch::default();
        let mut options = sqlite(url);
        wear(&mut options, &watch);
        // A statement that was stopped has ended its transaction unknown to the pool: such a connection is no good.
        options.map_sqlx_sqlite_before_acquire(|connection, _| {
            let is_idle = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_idle) })
        });
        let writer = connect(options, &statements).await?;
        let mut lanes = Vec::new();
        for _ in 0..connections {
            let watch = Watch::default();
            let mut options = sqlite(url);
            wear(&mut options, &watch);
            options.connect_lazy(true);
            lanes.push(Lane::new(connect(options, &statements).await?, watch));
        }
        let mut options = sqlite(url);
        options.connect_lazy(true);
        Ok(Db {
            writer,
            watch: Some(watch),
            reader: Reader::Sqlite(Arc::new(Lanes::new(lanes, limit))),
            unhurried: connect(options, &statements).await?,
            limit,
            statements,
        })
    }

    /// Which database it is.
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// For reading.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// For reading what takes longer than an operation may: the whole tree, the proof of the books.
    pub fn unhurried(&self) -> &DatabaseConnection {
        &self.unhurried
    }

    /// For migrations and the kernel's own bookkeeping; domains write through `Op::write`.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction that sees and leaves the database as if it ran alone.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        self.begin_at((self.backend() == DbBackend::Postgres).then_some(IsolationLevel::Serializable))
            .await
    }

    /// Begins a transaction of the service's own work, that takes its own locks and makes nobody else run again.
    pub(crate) async fn begin_locking(&self) -> Result<DatabaseTransaction, Error> {
        let transaction = self.begin_at(None).await?;
        self.limit_work(&transaction, WORK).await?;
        Ok(transaction)
    }

    /// Begins a transaction that only reads, all of it as of one moment, for as long as it takes.
    pub async fn begin_snapshot(&self) -> Result<DatabaseTransaction, Error> {
        let options = TransactionOptions {
            isolation_level: (self.backend() == DbBackend::Postgres)
                .then_some(IsolationLevel::RepeatableRead),
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        let transaction = begun(&self.unhurried, options).await?;
        self.limit_work(&transaction, Duration::ZERO).await?;
        Ok(transaction)
    }

    async fn begin_at(&self, isolation_level: Option<IsolationLevel>) -> Result<DatabaseTransaction, Error> {
        let options = TransactionOptions {
            isolation_level,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let transaction = begun(&self.writer, options).await?;
        self.hold_writer(None).end();
        Ok(transaction)
    }

    /// Gives the statements of a transaction of PostgreSQL more time than the others have; zero is for ever.
    async fn limit_work(&self, transaction: &DatabaseTransaction, limit: Duration) -> Result<(), Error> {
        if self.backend() == DbBackend::Postgres && self.limit.is_some() {
            let sql = format!("SET LOCAL statement_timeout = {}", limit.as_millis());
            transaction.execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    /// What the statements of a transaction that begins now may take: what is left of its operation, or time for the
    /// service's own work.
    pub(super) fn left(&self) -> Option<Duration> {
        let limit = self.limit?;
        Some(telemetry::elapsed().map_or(WORK, |elapsed| {
            limit.saturating_sub(elapsed).max(Duration::from_millis(1))
        }))
    }

    /// Limits what SQLite's writer does from now on. Whoever has its one transaction calls it.
    pub(super) fn hold_writer(&self, limit: Option<Duration>) -> Hold<'_> {
        Hold::on(self.watch.as_ref(), limit)
    }

    /// Lets SQLite learn how its rows are spread, where that has changed much: without it the planner takes the county's
    /// index for a look-up by id. PostgreSQL learns by itself.
    pub async fn tend(&self) -> Result<(), Error> {
        if self.backend() == DbBackend::Sqlite {
            self.writer
                .execute_unprepared("PRAGMA analysis_limit = 400; PRAGMA optimize")
                .await?;
        }
        Ok(())
    }

    /// Statements run so far.
    pub fn statements(&self) -> u64 {
        self.statements.count()
    }

    /// How many connections are open for reading (on PostgreSQL for all), and how many of them are in use.
    pub fn connections(&self) -> (usize, usize) {
        match &self.reader {
            Reader::Postgres(pool) => {
                let pool = pool.get_postgres_connection_pool();
                let open = usize::try_from(pool.size()).unwrap_or(usize::MAX);
                (open, open.saturating_sub(pool.num_idle()))
            }
            Reader::Sqlite(lanes) => lanes.count(),
        }
    }

    pub(super) fn telemetry(&self) -> &Statements {
        &self.statements
    }

    /// Lets go of all connections.
    pub async fn close(self) -> Result<(), Error> {
        self.reader.close().await?;
        self.unhurried.close().await?;
        Ok(self.writer.close().await?)
    }
}

async fn connect(options: ConnectOptions, statements: &Statements) -> Result<DatabaseConnection, DbErr> {
    let mut connection = Database::connect(options).await?;
    let (backend, statements) = (connection.get_database_backend(), statements.clone());
    connection.set_metric_callback(move |info| {
        let sql = &info.statement.sql;
        statements.ended(backend, sql, (info.elapsed, info.failed));
        if info.elapsed > SLOW {
            let millis = u64::try_from(info.elapsed.as_millis()).unwrap_or(u64::MAX);
            let sql: String = sql.chars().take(telemetry::SQL_CHARS_MAX).collect();
            tracing::warn!(sql, millis, "slow statement");
        }
    });
    Ok(connection)
}

fn quiet(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false);
    options
}

/// One connection to SQLite.
fn sqlite(url: &str) -> ConnectOptions {
    use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    let mut options = quiet(url, 1);
    options
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .map_sqlx_sqlite_opts(|options| {
            options
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(Duration::from_secs(10))
                .pragma("temp_store", "memory")
        });
    options
}

fn wear(options: &mut ConnectOptions, watch: &Watch) {
    let watch = watch.clone();
    options.map_sqlx_sqlite_pool_opts(move |pool| watch.worn_by(pool));
}

fn postgres(url: &str, connections: u32, limit: Option<Duration>) -> ConnectOptions {
    let mut options = quiet(url, connections);
    options
        .set_application_name("gonghui")
        .test_before_acquire_if_idle_for(Duration::from_secs(30));
    if let Some(limit) = limit {
        options.statement_timeout(limit);
    }
    options
}
