//! From settings to a running process: database, migrations, keys, tree.

use crate::config::{Profile, Rules, Settings, Store};
use crate::http::engine::Engine;
use crate::http::router::router;
use crate::http::serve;
use crate::kernel::app::App;
use crate::kernel::clock::SystemClock;
use crate::kernel::db::Db;
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::files::Files;
use crate::kernel::keys::Keys;
use crate::kernel::sql::Sql;
use crate::kernel::suite::International;
use crate::kernel::telemetry;
use crate::kernel::vault;
use crate::{schema, worker};
use anyhow::Context;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait, DbBackend};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

/// Names the lock under which one process at a time migrates a PostgreSQL database.
const MIGRATION_LOCK: i64 = 0x676f_6e67_6875_6900;
/// What a collector gets to take the last spans.
const FLUSH: Duration = Duration::from_secs(2);

/// Opens the database of the settings.
pub async fn open(store: &Store) -> Result<Db, Error> {
    Db::connect(&store.database_url, store.connections).await
}

/// Opens a database that is there; a look at the wrong address makes none.
pub async fn open_existing(store: &Store) -> Result<Db, Error> {
    if let Some(file) = store.sqlite_file().filter(|file| !file.exists()) {
        return Err(anyhow::anyhow!("DATABASE_URL: there is no database {}", file.display()).into());
    }
    open(store).await
}

/// Brings the database to the newest shape; processes that start together wait for one another.
pub async fn migrate(db: &Db) -> Result<(), Error> {
    if db.backend() == DbBackend::Postgres {
        let lock = db.begin_locking().await?;
        let mut sql = Sql::new("SELECT pg_advisory_xact_lock(");
        sql.bind(MIGRATION_LOCK).push(")");
        lock.execute_raw(sql.on(DbBackend::Postgres)).await?;
        Migrator::up(db.writer(), None).await?;
        lock.commit().await?;
    } else {
        Migrator::up(db.writer(), None).await?;
    }
    Ok(())
}

/// Where the key file of the settings is.
pub fn key_file(store: &Store) -> Result<PathBuf, Error> {
    let missing = || {
        let en = "PostgreSQL needs GONGHUI_KEYS=FILE, made once with `gonghui keys new FILE`.";
        invalid(
            "keys",
            text(en, "使用 PostgreSQL 时须以 GONGHUI_KEYS 指定密钥文件。"),
        )
    };
    store.keys_file().ok_or_else(missing)
}

/// Reads the key file of the settings.
pub fn keys(store: &Store) -> Result<Keys, Error> {
    let file = key_file(store)?;
    let named = |error: Error| anyhow::anyhow!("GONGHUI_KEYS: {}: {}", file.display(), error.report());
    Ok(Keys::read(&file).map_err(named)?)
}

/// Opens the database of the settings, migrated, with its keys. On SQLite a new database gets a key file; one that had
/// keys gets no others, which would open nothing.
async fn prepare(store: &Store) -> Result<(Db, Keys), Error> {
    let file = key_file(store)?;
    let db = open(store).await?;
    migrate(&db).await?;
    if store.sqlite_file().is_some() && !file.exists() && vault::is_new(&db).await? {
        Keys::write_new(&file, &SystemClock, &International)?;
    }
    Ok((db, keys(store)?))
}

/// Builds a process on the settings' database, migrated.
pub async fn app(store: &Store) -> Result<Arc<App>, Error> {
    let files = Files::at(&store.files_place())?;
    let (db, keys) = prepare(store).await?;
    App::build(db, Arc::new(SystemClock), keys, files, Rules::default()).await
}

/// Builds a process on a database that is there and stays in the shape that it has; none if that is not the newest.
pub async fn app_as_it_is(store: &Store) -> Result<Option<Arc<App>>, Error> {
    let db = open_existing(store).await?;
    if !Migrator::get_pending_migrations(db.unhurried()).await?.is_empty() {
        return Ok(None);
    }
    let files = Files::at(&store.files_place())?;
    let app = App::build(db, Arc::new(SystemClock), keys(store)?, files, Rules::default());
    Ok(Some(app.await?))
}

/// Builds the process that serves: each operation, and so each statement, has its deadline.
pub async fn serving_app(settings: &Settings) -> Result<Arc<App>, Error> {
    let store = &settings.store;
    let files = Files::at(&store.files_place())?;
    // Migrations take as long as they take.
    let (db, keys) = prepare(store).await?;
    db.close().await?;
    let deadline = settings.transport.deadline;
    let db = Db::connect_within(&store.database_url, store.connections, deadline).await?;
    let rules = settings.rules.clone();
    let app = App::build(db, Arc::new(SystemClock), keys, files, rules).await?;
    if let Some(endpoint) = &settings.transport.otlp_endpoint {
        let exporter = telemetry::otlp(endpoint).context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        app.telemetry.trace_to(exporter, app.process_id);
    }
    Ok(app)
}

/// Lets a panic be a line of the log, with its request, like everything else.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, message, "panic");
    }));
}

/// The signals that end a process: each time it is waited for, the next one.
#[cfg(unix)]
async fn told_to_stop() -> std::io::Result<impl AsyncFnMut()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
async fn told_to_stop() -> std::io::Result<impl AsyncFnMut()> {
    Ok(async || drop(tokio::signal::ctrl_c().await))
}

/// Takes the address of the settings.
pub async fn listen(settings: &Settings) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind(&settings.bind).await;
    Ok(listener.with_context(|| format!("GONGHUI_BIND: cannot listen on {}", settings.bind))?)
}

/// Serves until told to stop; told twice, it ends as it is.
pub async fn serve(app: Arc<App>, listener: TcpListener, settings: &Settings) -> Result<(), Error> {
    let mut told = told_to_stop().await?;
    let (stop, stopped) = oneshot::channel();
    let address = listener.local_addr()?;
    println!("Gonghui listens on http://{address}");
    if settings.transport.profile == Profile::Development && !address.ip().is_loopback() {
        tracing::warn!("the schema is open to all who reach this address: set GONGHUI_PROFILE=production");
    }
    let ending = Ending {
        drain: Duration::from_secs(settings.drain_seconds),
        grace: Duration::from_secs(settings.grace_seconds),
    };
    let transport = Arc::new(settings.transport.clone());
    let engine = Engine::new(app, transport, schema::build())?;
    for unfit in engine.check_registered().await?.unfit {
        tracing::error!(unfit, "a registered document does not fit the schema");
    }
    let serving = serve_until(engine, listener, ending, async {
        let _ = stopped.await;
    });
    let told_twice = async {
        told().await;
        let _ = stop.send(());
        told().await;
    };
    tokio::select! {
        ended = serving => ended,
        () = told_twice => Err(anyhow::anyhow!("told to stop twice: what was running is cut off").into()),
    }
}

/// How a process ends.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// How long it still takes connections in after `/readyz` has said that it is about to end.
    pub drain: Duration,
    /// What requests, sockets and jobs then get to finish.
    pub grace: Duration,
}

/// Serves until `stop`. Then: `/readyz` says so, jobs are handed over, sockets are closed; after the drain time nobody
/// is taken in any more, and what runs is finished within the grace time.
pub async fn serve_until(
    engine: Engine,
    listener: TcpListener,
    ending: Ending,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let app = Arc::clone(&engine.app);
    let mut work = tokio::spawn(worker::run(Arc::clone(&app), app.drain.watch()));
    let limits = serve::Limits {
        connections: engine.transport.clients_max,
        ..serve::Limits::default()
    };
    let (close, closed) = oneshot::channel::<()>();
    let closed = async { drop(closed.await) };
    let mut serving = tokio::spawn(serve::run(listener, router(engine), limits, closed));
    tokio::select! {
        () = stop => {}
        // Without it nothing is numbered and no job is done: better to be started anew.
        ended = &mut work => {
            ended.map_err(anyhow::Error::from)?;
            return Err(anyhow::anyhow!("the background work ended").into());
        }
    }
    tracing::info!("draining: nothing new is begun");
    app.drain.begin();
    tokio::time::sleep(ending.drain).await;
    tracing::info!("stopping: what runs is finished first");
    drop(close);
    let until = Instant::now() + ending.grace;
    if timeout_at(until, &mut serving).await.is_err() {
        tracing::warn!("some connections were still open after the grace time");
    }
    match timeout_at(until, &mut work).await {
        Ok(worked) => worked.map_err(anyhow::Error::from)?,
        Err(_) => tracing::warn!("background work was still going on after the grace time"),
    }
    // The last requests ended after the work.
    if let Err(error) = worker::number_rest(&app).await {
        error.log();
    }
    if timeout(FLUSH, app.telemetry.flush()).await.is_err() {
        tracing::warn!("some spans were not exported");
    }
    Ok(())
}
