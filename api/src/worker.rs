//! Background work inside `serve`: the sequencer, the feed and every domain's jobs, each by lease.
//!
//! # Why it looks every quarter of a second
//! A commit of this process wakes it at once. Commits of other processes are found by looking: on SQLite one pragma
//! tells whether anything was written, on PostgreSQL a partial index that is empty when all is numbered. A NOTIFY in
//! each writer's transaction would make all writers queue for one lock.

use crate::accounts::client::store as clients;
use crate::accounts::proof::service as proof;
use crate::accounts::provider::store as providers;
use crate::accounts::session::store as sessions;
use crate::jobs::runner::{self, Stop, Work};
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::{feed, lease, sequencer, tx};
use crate::privacy::retention::jobs as retention;
use crate::uploads::store as uploads;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const LOOK: Duration = Duration::from_millis(250);
const CLEAN: Duration = Duration::from_secs(60);

/// Every domain's long work.
static WORK: [Work<'static>; 6] = [
    Work::Rows(&crate::org::enterprise::import::Register),
    Work::Rows(&crate::fees::collection::import::Delivery),
    Work::Steps(&crate::privacy::export::jobs::People),
    Work::Steps(&crate::audit::jobs::Trail),
    Work::Steps(&crate::privacy::retention::jobs::Retention),
    Work::Steps(&crate::privacy::sealing::jobs::Reencryption),
];

/// Numbers what was committed and hands it to this process's subscribers. False if another process is to number it.
pub async fn settle(app: &App) -> Result<bool, Error> {
    tell(proof::write_refused(app).await);
    let is_all = sequencer::run(app).await?;
    app.refresh_tree().await?;
    feed::follow(app).await?;
    Ok(is_all)
}

/// Forgets what nobody will ask for any more, and lets the database learn.
pub async fn clean(app: &Arc<App>) -> Result<(), Error> {
    app.keys.refresh()?;
    app.vault.refresh(&app.db).await?;
    tx::forget_keys(app).await?;
    app.db.tend().await?;
    uploads::clean(app).await?;
    sessions::forget(app).await?;
    clients::forget(app).await?;
    providers::forget(app).await?;
    retention::queue_due(app).await?;
    Ok(())
}

/// Writes down what was refused after the work ended.
pub async fn leave(app: &App) {
    tell(proof::write_refused(app).await);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wake {
    Commit,
    Look,
    Clean,
}

/// What came of work; a failure is said in the log, and the work is tried again at the next look.
fn tell<T>(done: Result<T, Error>) -> Option<T> {
    if let Err(error) = &done {
        error.log();
        let (code, _) = error.outside();
        tracing::warn!(code, "background work failed; it will be tried again");
    }
    done.ok()
}

/// Runs every job that is open now to its end, and settles; for whoever cannot wait for `run`.
pub async fn run_queued(app: &Arc<App>) -> Result<(), Error> {
    let (_never, stop) = watch::channel(false);
    for work in WORK {
        runner::run_open(app, work, &stop).await?;
    }
    settle(app).await.map(drop)
}

/// Works until told to stop; what has begun is finished.
pub async fn run(app: Arc<App>, stop: Stop) {
    let lanes = WORK.map(|work| runner::lane(Arc::clone(&app), work, stop.clone()));
    let lanes = futures_util::future::join_all(lanes);
    tokio::join!(number(Arc::clone(&app), stop.clone()), lanes);
}

async fn number(app: Arc<App>, mut stop: Stop) {
    let mut seen = None;
    let mut cleans = tokio::time::interval(CLEAN);
    loop {
        let woken_by = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = app.feed.wait_for_commit() => Wake::Commit,
            () = tokio::time::sleep(LOOK) => Wake::Look,
            _ = cleans.tick() => Wake::Clean,
        };
        if woken_by == Wake::Clean {
            tell(clean(&app).await);
        }
        let version = feed::data_version(&app.db).await.unwrap_or(None);
        if woken_by != Wake::Commit && version.is_some() && version == seen {
            continue;
        }
        // Only a look that left nothing behind may spare the next one.
        seen = if tell(settle(&app).await) == Some(true) {
            version
        } else {
            None
        };
    }
    // Another process need not wait for the lease to run out.
    let _ = lease::give_back(&app, "sequencer").await;
}
