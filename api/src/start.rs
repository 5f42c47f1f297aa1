//! From settings to a running process: database, migrations, keys, tree.

use crate::config::{Settings, Store};
use crate::http::engine::Engine;
use crate::http::router::router;
use crate::kernel::app::App;
use crate::kernel::clock::SystemClock;
use crate::kernel::db::Db;
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::files::Files;
use crate::kernel::keys::Keys;
use crate::kernel::sql::Sql;
use crate::{schema, worker};
use anyhow::Context;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait, DbBackend};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Names the lock under which one process at a time migrates a PostgreSQL database.
const MIGRATION_LOCK: i64 = 0x676f_6e67_6875_6900;

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

fn keys(store: &Store) -> Result<Keys, Error> {
    let missing = || {
        let en = "PostgreSQL needs GONGHUI_KEYS=FILE, made once with `gonghui keys new FILE`.";
        invalid(
            "keys",
            text(en, "使用 PostgreSQL 时须以 GONGHUI_KEYS 指定密钥文件。"),
        )
    };
    let file = store.keys_file().ok_or_else(missing)?;
    if store.sqlite_file().is_some() && !file.exists() {
        Keys::write_new(&file, &SystemClock)?;
    }
    Keys::read(&file)
}

/// Builds a process on the settings' database, migrated.
pub async fn app(store: &Store) -> Result<Arc<App>, Error> {
    let keys = keys(store)?;
    let files = Files::at(&store.files_place())?;
    let db = open(store).await?;
    migrate(&db).await?;
    App::build(db, Arc::new(SystemClock), keys, files).await
}

async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match terminate {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}

/// Takes the address of the settings.
pub async fn listen(settings: &Settings) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind(&settings.bind).await;
    Ok(listener.with_context(|| format!("GONGHUI_BIND: cannot listen on {}", settings.bind))?)
}

/// Serves until told to stop; then finishes what is running, within the grace time.
pub async fn serve(app: Arc<App>, listener: TcpListener, settings: &Settings) -> Result<(), Error> {
    let (stop, stopped) = watch::channel(false);
    let work = tokio::spawn(worker::run(Arc::clone(&app), stopped.clone()));
    println!("Gonghui listens on http://{}", listener.local_addr()?);
    let mut stopping = stopped.clone();
    let mut serving = tokio::spawn({
        let transport = Arc::new(settings.transport.clone());
        let engine = Engine::new(Arc::clone(&app), transport, schema::build())?;
        let checked = engine.check_registered().await?;
        for unfit in checked.unfit {
            tracing::error!(unfit, "a registered document does not fit the schema");
        }
        let server = axum::serve(listener, router(engine));
        let server =
            server.with_graceful_shutdown(async move { drop(stopping.wait_for(|stop| *stop).await) });
        async move { server.await }
    });
    tokio::select! {
        ended = &mut serving => return Ok(ended.map_err(anyhow::Error::from)??),
        () = told_to_stop() => {}
    }
    tracing::info!("stopping: running requests are finished first");
    // The receivers live until the end of this function: sending cannot fail.
    let _ = stop.send(true);
    let grace = Duration::from_secs(settings.grace_seconds);
    if tokio::time::timeout(grace, &mut serving).await.is_err() {
        tracing::warn!("some connections were still open after the grace time");
        serving.abort();
    }
    work.await.map_err(anyhow::Error::from)?;
    Ok(())
}
