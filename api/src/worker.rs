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
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

const LOOK: Duration = Duration::from_millis(250);
const CLEAN: Duration = Duration::from_secs(60);

/// Every domain's long work.
static WORK: [Work<'static>; 7] = [
    Work::Rows(&crate::org::enterprise::import::Register),
    Work::Rows(&crate::fees::collection::import::Delivery),
    Work::Steps(&crate::privacy::export::jobs::People),
    Work::Steps(&crate::audit::jobs::Trail),
    Work::Steps(&crate::figure_export::jobs::Table),
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

/// Numbers what was committed last, by a command or by a service that ends, so that nothing waits until the next start.
pub async fn number_rest(app: &App) -> Result<(), Error> {
    tell(proof::write_refused(app).await);
    sequencer::run(app).await?;
    // Another process need not wait for the lease to run out.
    lease::give_back(app, "sequencer").await
}

/// Looks for new keys, forgets what nobody will ask for any more, and lets the database learn. What cannot be done keeps
/// nothing else from being done: each failure is told, and the last one is the answer.
pub async fn clean(app: &Arc<App>) -> Result<(), Error> {
    let steps: [BoxFuture<'_, Result<(), Error>>; 10] = [
        Box::pin(async { app.keys.refresh() }),
        Box::pin(app.vault.refresh(&app.db)),
        Box::pin(sequencer::anchor_end(app)),
        Box::pin(tx::forget_keys(app)),
        Box::pin(app.db.tend()),
        Box::pin(uploads::clean(app)),
        Box::pin(sessions::forget(app)),
        Box::pin(clients::forget(app)),
        Box::pin(providers::forget(app)),
        Box::pin(retention::queue_due(app)),
    ];
    let mut failed = Ok(());
    for step in steps {
        if let Err(error) = step.await {
            tell(std::mem::replace(&mut failed, Err(error)));
        }
    }
    failed
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
    tokio::join!(
        number(Arc::clone(&app), stop.clone()),
        tend(Arc::clone(&app), stop.clone()),
        lanes
    );
}

/// Cleans every minute, beside the numbering: a slow file store holds up nobody's numbers.
async fn tend(app: Arc<App>, mut stop: Stop) {
    let mut cleans = tokio::time::interval(CLEAN);
    cleans.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            _ = cleans.tick() => {}
        }
        tell(clean(&app).await);
    }
}

async fn number(app: Arc<App>, mut stop: Stop) {
    let mut seen = None;
    loop {
        let is_told = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = app.feed.wait_for_commit() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        let version = feed::data_version(&app.db).await.unwrap_or(None);
        if !is_told && version.is_some() && version == seen {
            continue;
        }
        // Only a look that left nothing behind may spare the next one.
        seen = if tell(settle(&app).await) == Some(true) {
            version
        } else {
            None
        };
    }
    tell(number_rest(&app).await);
}
