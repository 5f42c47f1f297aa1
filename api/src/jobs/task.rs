//! Work without a file, done in steps.

use super::rules::{self, Failure};
use super::service::{self, authorize, new};
use super::{Event, store};
use crate::kernel::error::Error;
use crate::kernel::event::{Event as Said, Place, Sentence};
use crate::kernel::lease;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{AccountId, JobId, SealedFileId};
use entity::jobs::job::{self, JobKind};
use futures_util::future::BoxFuture;
use std::any::Any;
use uuid::Uuid;

/// Within which what an account asks for counts together.
const DAY: TimeDelta = TimeDelta::days(1);

/// What a task has made ready for a step, in a form of its own.
pub type Ready = dyn Any + Send + Sync;

/// A domain's way to do work in steps.
pub trait Task: Send + Sync {
    /// What its jobs are.
    fn kind(&self) -> JobKind;
    /// What the account that asked must be allowed to do at the job's federation: checked with every step. The service's
    /// own work needs no permission.
    fn action(&self) -> Action;
    /// How much there is to do, for telling progress.
    fn count<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<i64, Error>>;
    /// Does what comes next, in the transaction that also moves the job on. It may run again after a conflict with
    /// another writer.
    fn step<'a>(
        &'a self,
        tx: &'a mut Tx,
        job: &'a job::Model,
        ready: &'a Ready,
    ) -> BoxFuture<'a, Result<Step, Error>>;
    /// Looks whether a step is to be done, before its transaction: no other writer waits for it.
    fn look<'a>(&'a self, _op: &'a Op, _job: &'a job::Model) -> BoxFuture<'a, Result<Look, Error>> {
        Box::pin(async { Ok(Look::Go) })
    }
    /// Reads and makes what the next step writes, before its transaction: no other writer waits for it. What takes long may
    /// be written bit by bit ([`advance`]).
    fn prepare<'a>(
        &'a self,
        _op: &'a Op,
        _job: &'a mut job::Model,
    ) -> BoxFuture<'a, Result<Box<Ready>, Error>> {
        Box::pin(async {
            let nothing: Box<Ready> = Box::new(());
            Ok(nothing)
        })
    }
    /// Does what follows from the failure of a job, in the transaction that ends the job.
    fn failed<'a>(
        &'a self,
        _tx: &'a Tx,
        _job: &'a job::Model,
        _failure: &'a Failure,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

/// Whether a step is to be done.
pub enum Look {
    /// It is.
    Go,
    /// It is not time yet: the job stays open and is looked at again.
    Later,
    /// Nothing is left.
    Over,
}

/// What a step came to.
pub enum Step {
    /// Something was done.
    Did {
        /// What, in the domain's words; the job's own step if the sentence is about the job.
        sentence: Sentence,
        /// How much of what was counted.
        rows: i64,
        /// Where the next step goes on.
        cursor: String,
    },
    /// Nothing is left.
    Over,
}

/// A sentence that is an event as it is.
struct As(Sentence);

impl Said for As {
    fn sentence(self) -> Sentence {
        self.0
    }
}

/// The sentence of a step about its job.
pub fn about(job: &job::Model, kind: &'static str, body: serde_json::Value) -> Sentence {
    Sentence::new(kind, job.id.0, job.place(), body)
}

/// How much work of a kind was done for an account since an instant.
pub async fn done_for(
    tx: &Tx,
    kind: JobKind,
    account_id: AccountId,
    since: DateTime<Utc>,
) -> Result<u64, Error> {
    let rows = store::rows_done_for(tx, kind, account_id, since).await?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

/// What a task has made ready, in its own form.
pub fn made<T: 'static>(ready: &Ready) -> Result<&T, Error> {
    let made = ready.downcast_ref();
    made.ok_or_else(|| anyhow::anyhow!("a step was given what another task made ready").into())
}

/// Refuses more work of a kind than an account may ask for in a day. Jobs are counted, so all processes count together, and
/// what is asked for twice under one key counts once.
pub async fn check_day(tx: &Tx, kind: JobKind, account_id: AccountId, most: u64) -> Result<(), Error> {
    let now = tx.op().now();
    let asked = store::asked_at(tx, kind, (account_id, now - DAY), most).await?;
    let Some(first) = asked else { return Ok(()) };
    let left = (first + DAY - now).num_seconds().max(1);
    Err(Error::TooOften(left.unsigned_abs()))
}

/// What work without a file is to do.
pub enum About {
    /// Something about one thing: once for each.
    One(Uuid),
    /// What this JSON says.
    Input(String),
}

/// Asks for work on behalf of an account, in the transaction that decides it.
pub async fn queue(
    tx: &Tx,
    kind: JobKind,
    (account_id, about): (AccountId, About),
    place: &Place,
) -> Result<JobId, Error> {
    let (subject_id, input) = match about {
        About::One(id) => (Some(id), None),
        About::Input(input) => (None, Some(input)),
    };
    let job = job::Model {
        account_id: Some(account_id),
        subject_id,
        input,
        ..new(tx.op(), kind, Some(place))
    };
    let id = job.id;
    tx.insert(job).await?;
    Ok(id)
}

/// Says which file the work of a job has written, in the step that makes it whole.
pub async fn hand_out(tx: &Tx, id: JobId, file_id: SealedFileId) -> Result<(), Error> {
    store::set_file(tx, id, file_id).await
}

/// Asks for the service's own work of a kind; what is asked for already is not asked for again.
pub async fn queue_own(op: &Op, kind: JobKind) -> Result<JobId, Error> {
    op.write(|tx| async move {
        if let Some(id) = store::find_own(&tx, kind).await? {
            return Ok(tx.unchanged(id));
        }
        let job = new(op, kind, None);
        let id = job.id;
        tx.insert(job).await?;
        tx.commit(Event::Queued(id, Place::everywhere()), id).await
    })
    .await
}

/// What the runner does next.
pub(super) enum Next {
    /// The next step.
    On,
    /// Look again later.
    Later,
    /// Nothing: all is done.
    Finish,
    /// Nothing: another process has it.
    Leave,
}

/// Does a step of a job, all or nothing.
pub(super) async fn step(op: &Op, task: &dyn Task, job: &mut job::Model) -> Result<Next, Error> {
    match task.look(op, job).await? {
        Look::Go => {}
        Look::Later => return Ok(Next::Later),
        Look::Over => return Ok(Next::Finish),
    }
    if let (Some(_), Some(place)) = (job.account_id, job.federation_id) {
        let at = op.authorize(task.action(), place, "federationId");
        at.map_err(service::or_rights_ended)?;
    }
    let ready = task.prepare(op, job).await?;
    write(op, task, job, &*ready).await
}

/// Moves a job on while its next step is prepared, in a transaction of its own, and keeps its lease.
///
/// # Errors
/// Unavailable if another process has the job: what was prepared so far is for nothing.
pub async fn advance(op: &Op, task: &dyn Task, job: &mut job::Model, ready: &Ready) -> Result<(), Error> {
    if !lease::take(op.app(), &rules::lease(job.id)).await? {
        return Err(Error::Unavailable);
    }
    match write(op, task, job, ready).await? {
        Next::On => Ok(()),
        Next::Later | Next::Finish | Next::Leave => Err(Error::Unavailable),
    }
}

/// Writes what was made ready and moves the job on, unless it stands elsewhere by now.
async fn write(op: &Op, task: &dyn Task, job: &mut job::Model, ready: &Ready) -> Result<Next, Error> {
    let at = &*job;
    let done = op.write(|mut tx| async move {
        if !store::stands(&tx, at).await? {
            return Ok(tx.unchanged(Err(Next::Leave)));
        }
        if at.account_id.is_some() {
            authorize(&tx, task.action(), at)?;
        }
        match task.step(&mut tx, at, ready).await? {
            Step::Over => Ok(tx.unchanged(Err(Next::Finish))),
            Step::Did {
                sentence,
                rows,
                cursor,
            } => {
                store::step(&tx, at.id, (rows, &cursor)).await?;
                tx.commit(As(sentence), Ok((rows, cursor))).await
            }
        }
    });
    match done.await? {
        Err(next) => Ok(next),
        Ok((rows, cursor)) => {
            job.rows_done += rows;
            job.cursor = cursor;
            Ok(Next::On)
        }
    }
}

/// Begins a queued job; false if it is not queued any more.
pub(super) async fn start(op: &Op, task: &dyn Task, job: &job::Model) -> Result<bool, Error> {
    let rows = task.count(op, job).await?;
    service::start(op, job, job.rows_done.saturating_add(rows)).await
}
