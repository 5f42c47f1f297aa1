//! Runs jobs inside `serve`: one lane a kind, so that a long delivery of one domain never keeps another waiting. Each
//! job is worked on by one process at a time, by lease.

use super::service::{self, Importer};
use super::task::{self, Next, Task};
use super::{QUEUED, rules, store};
use crate::accounts;
use crate::kernel::app::App;
use crate::kernel::encoding::TextFile;
use crate::kernel::error::{Error, invalid};
use crate::kernel::feed::{self, Interest};
use crate::kernel::lease;
use crate::kernel::op::{Actor, Op};
use crate::kernel::rows::RowFile;
use crate::policy::Action;
use crate::uploads;
use entity::id::JobId;
use entity::jobs::job::{self, JobKind, JobState};
use futures_util::{FutureExt, StreamExt};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Rows answered in one transaction.
const CHUNK: usize = 1_000;
/// How often work that takes too long is tried again where it gets no further.
const TRIES_MAX: u32 = 3;
/// How often jobs are looked for that nobody told of: those that a process left behind.
const LOOK: Duration = Duration::from_secs(1);

/// Becomes true when the process is to stop.
pub type Stop = watch::Receiver<bool>;

/// How the jobs of a kind are worked on.
#[derive(Clone, Copy)]
pub enum Work<'a> {
    /// By answering the rows of a file.
    Rows(&'a dyn Importer),
    /// In steps.
    Steps(&'a dyn Task),
}

impl Work<'_> {
    fn kind(self) -> JobKind {
        match self {
            Work::Rows(importer) => importer.kind(),
            Work::Steps(task) => task.kind(),
        }
    }

    fn task(&self) -> Option<&dyn Task> {
        match self {
            Work::Rows(_) => None,
            Work::Steps(task) => Some(*task),
        }
    }
}

/// Runs the jobs of a kind until told to stop; a chunk that has begun is finished and its lease given back.
pub async fn lane(app: Arc<App>, work: Work<'_>, mut stop: Stop) {
    let system = Op::new(&app, Actor::System);
    let Ok(scope) = system.scope(Action::ReadJobs) else {
        return;
    };
    let interest = Interest {
        kinds: &[QUEUED],
        subject_id: None,
        scope,
    };
    let mut queued = pin!(feed::subscribe(&system, None, interest).fuse());
    while !*stop.borrow() {
        if let Err(error) = run_open(&app, work, &stop).await {
            warn(&error);
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            Some(_) = queued.next() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn warn(error: &Error) {
    error.log();
    let (code, _) = error.outside();
    tracing::warn!(code, "a job could not go on; it will be tried again");
}

/// Runs every job of a kind that is open now, one after the other.
pub async fn run_open(app: &Arc<App>, work: Work<'_>, stop: &Stop) -> Result<(), Error> {
    for id in store::open_jobs(app, work.kind()).await? {
        let name = rules::lease(id);
        if *stop.borrow() || !lease::take(app, &name).await? {
            continue;
        }
        let run = Run {
            app,
            stop,
            lease: &name,
        };
        if let Err(error) = run.work(work, id).await {
            warn(&error);
        }
        lease::give_back(app, &name).await?;
    }
    Ok(())
}

/// One job under its lease.
struct Run<'a> {
    app: &'a Arc<App>,
    stop: &'a Stop,
    lease: &'a str,
}

impl Run<'_> {
    fn system(&self) -> Op {
        Op::new(self.app, Actor::System)
    }

    /// Works on a job; what cannot be put right by trying again ends it as failed. The database may be slow for a moment,
    /// so what took too long is tried again as long as it gets further.
    async fn work(&self, work: Work<'_>, id: JobId) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            let job = store::get(&self.system(), id).await?;
            if rules::is_over(job.state) {
                return Ok(());
            }
            let ended = self.run(work, &job).await;
            if let Err(Error::Timeout { .. }) = ended {
                let reached = store::get(&self.system(), id).await?.rows_done;
                tries = if reached > job.rows_done { 1 } else { tries + 1 };
                if tries < TRIES_MAX {
                    continue;
                }
            }
            return match ended {
                Err(error @ (Error::Unavailable | Error::Again(_))) => Err(error),
                Err(error) => {
                    // It may have got further before it failed.
                    let job = store::get(&self.system(), id).await?;
                    service::fail(&self.system(), work.task(), &job, &error).await
                }
                Ok(()) => Ok(()),
            };
        }
    }

    async fn run(&self, work: Work<'_>, job: &job::Model) -> Result<(), Error> {
        let worked = async {
            match work {
                Work::Rows(importer) => self.answer(importer, job.clone()).await,
                Work::Steps(task) => self.go_on(task, job.clone()).await,
            }
        };
        let worked = AssertUnwindSafe(worked).catch_unwind().await;
        worked.unwrap_or_else(|_| Err(anyhow::anyhow!("the work on a job panicked").into()))
    }

    /// Does the steps of a job that has no file.
    async fn go_on(&self, task: &dyn Task, mut job: job::Model) -> Result<(), Error> {
        if job.state == JobState::Queued && !task::start(&self.system(), task, &job).await? {
            return Ok(());
        }
        while !*self.stop.borrow() && lease::take(self.app, self.lease).await? {
            match task::step(&self.acting(&job).await?, task, &mut job).await? {
                Next::On => {}
                Next::Finish => return service::finish(&self.system(), &job).await,
                Next::Later | Next::Leave => return Ok(()),
            }
        }
        Ok(())
    }

    /// Answers the rows of a job's file.
    async fn answer(&self, importer: &dyn Importer, mut job: job::Model) -> Result<(), Error> {
        let opening = async {
            let asked = job.account_id.zip(job.upload_id);
            let (account_id, upload_id) =
                asked.ok_or_else(|| anyhow::anyhow!("job {} has no file", job.id))?;
            let (upload, file) = uploads::service::open(self.app, account_id, upload_id).await?;
            let encoding = uploads::rules::encoding(&upload.content_type);
            let file = TextFile::new(file, encoding.map_err(|text| invalid("", text))?);
            RowFile::open(file, importer.columns()).await
        };
        let Some(mut file) = self.unless_stopped(opening).await? else {
            return Ok(());
        };
        if job.state == JobState::Queued {
            let rows_total = match job.rows_total {
                Some(rows_total) => rows_total,
                None => match self.unless_stopped(file.count()).await? {
                    Some(rows_total) => rows_total,
                    None => return Ok(()),
                },
            };
            if !service::start(&self.system(), &job, rows_total).await? {
                return Ok(());
            }
        }
        if self.unless_stopped(file.skip(job.rows_done)).await?.is_none() {
            return Ok(());
        }
        while !*self.stop.borrow() && lease::take(self.app, self.lease).await? {
            let (mut rows, mut broken) = (Vec::new(), Vec::new());
            for row in file.next(CHUNK).await? {
                match row {
                    Ok(row) => rows.push(row),
                    Err(row) => broken.push(row),
                }
            }
            let answered = rows.len() + broken.len();
            if answered == 0 {
                return service::finish(&self.system(), &job).await;
            }
            let op = self.acting(&job).await?;
            let advanced = service::advance(&op, importer, &job, (&rows, &broken)).await?;
            let Some(running_sum) = advanced else {
                return Ok(());
            };
            job.running_sum = running_sum;
            job.rows_done += i64::try_from(answered).unwrap_or(i64::MAX);
        }
        Ok(())
    }

    /// What reading a large file gives; none once the process is to stop, so that another one need not wait.
    async fn unless_stopped<T>(
        &self,
        reading: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, Error> {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Ok(None),
            read = reading => read.map(Some),
        }
    }

    /// An operation of the account that asked, with its grants of this moment; of the service itself if nobody asked.
    async fn acting(&self, job: &job::Model) -> Result<Op, Error> {
        let Some(account_id) = job.account_id else {
            return Ok(self.system());
        };
        match accounts::session::store::actor_of(self.app, account_id).await {
            Err(Error::Unauthenticated) => Err(service::rights_ended()),
            actor => Ok(Op::new(self.app, actor?)),
        }
    }
}
