//! The database behind one type: SQLite (one writer, several readers) or PostgreSQL.
//!
//! # Why two pools
//! SQLite lets one connection write at a time. With a pool of equals 82 % of transactions failed as busy; with one
//! writer that begins IMMEDIATE and readers beside it (WAL) none did, at 3,000 transactions a second.

use super::error::Error;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A statement slower than this is logged, without its values.
const SLOW: Duration = Duration::from_millis(500);

/// The database.
#[derive(Clone, Debug)]
pub struct Db {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    statements: Arc<AtomicU64>,
}

impl Db {
    /// Opens `sqlite:FILE` (made if missing) or `postgres://…` with at most `connections` connections.
    pub async fn connect(url: &str, connections: u32) -> Result<Db, Error> {
        let failed =
            |error: DbErr| anyhow::Error::from(error).context("DATABASE_URL: the database cannot be opened");
        let statements = Arc::new(AtomicU64::new(0));
        let (mut writer, mut reader) = if url.starts_with("sqlite:") {
            let writer = Database::connect(sqlite(url, 1)).await.map_err(failed)?;
            (
                writer,
                Database::connect(sqlite(url, connections))
                    .await
                    .map_err(failed)?,
            )
        } else {
            let pool = Database::connect(postgres(url, connections))
                .await
                .map_err(failed)?;
            (pool.clone(), pool)
        };
        for connection in [&mut writer, &mut reader] {
            let statements = Arc::clone(&statements);
            connection.set_metric_callback(move |info| {
                statements.fetch_add(1, Ordering::Relaxed);
                if info.elapsed > SLOW {
                    let millis = u64::try_from(info.elapsed.as_millis()).unwrap_or(u64::MAX);
                    let sql: String = info.statement.sql.chars().take(300).collect();
                    tracing::warn!(sql, millis, "slow statement");
                }
            });
        }
        Ok(Db {
            writer,
            reader,
            statements,
        })
    }

    /// Which database it is.
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// For reading.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
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

    /// Begins a transaction that takes its own locks and makes nobody else run again.
    pub(crate) async fn begin_locking(&self) -> Result<DatabaseTransaction, Error> {
        self.begin_at(None).await
    }

    /// Begins a transaction that only reads, all of it as of one moment.
    pub async fn begin_snapshot(&self) -> Result<DatabaseTransaction, Error> {
        let options = TransactionOptions {
            isolation_level: (self.backend() == DbBackend::Postgres)
                .then_some(IsolationLevel::RepeatableRead),
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        Ok(self.reader.begin_with_options(options).await?)
    }

    async fn begin_at(&self, isolation_level: Option<IsolationLevel>) -> Result<DatabaseTransaction, Error> {
        let options = TransactionOptions {
            isolation_level,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        Ok(self.writer.begin_with_options(options).await?)
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
        self.statements.load(Ordering::Relaxed)
    }

    /// Lets go of all connections.
    pub async fn close(self) -> Result<(), Error> {
        self.reader.close().await?;
        Ok(self.writer.close().await?)
    }
}

fn quiet(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .test_before_acquire(false);
    options
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    let mut options = quiet(url, connections);
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

fn postgres(url: &str, connections: u32) -> ConnectOptions {
    let mut options = quiet(url, connections);
    options
        .set_application_name("gonghui")
        .statement_timeout(Duration::from_secs(60))
        .test_before_acquire_if_idle_for(Duration::from_secs(30));
    options
}
