//! Work without a file, done in steps.

use super::rules::Failure;
use super::service::{self, authorize, new};
use super::{Event, store};
use crate::kernel::error::Error;
use crate::kernel::event::{Event as Said, Place, Sentence};
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::{DateTime, Utc};
use entity::id::{AccountId, JobId, SealedFileId};
use entity::jobs::job::{self, JobKind};
use futures_util::future::BoxFuture;
use uuid::Uuid;

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
    fn step<'a>(&'a self, tx: &'a mut Tx, job: &'a job::Model) -> BoxFuture<'a, Result<Step, Error>>;
    /// Looks whether a step is to be done, before its transaction: no other writer waits for it.
    fn look<'a>(&'a self, _op: &'a Op, _job: &'a job::Model) -> BoxFuture<'a, Result<Look, Error>> {
        Box::pin(async { Ok(Look::Go) })
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
    /// The next step, from this cursor and so many rows further.
    On(String, i64),
    /// Look again later.
    Later,
    /// Nothing: all is done.
    Finish,
    /// Nothing: another process has it.
    Leave,
}

/// Does a step of a job, all or nothing.
pub(super) async fn step(op: &Op, task: &dyn Task, job: &job::Model) -> Result<Next, Error> {
    match task.look(op, job).await? {
        Look::Go => {}
        Look::Later => return Ok(Next::Later),
        Look::Over => return Ok(Next::Finish),
    }
    op.write(|mut tx| async move {
        if !store::stands(&tx, job).await? {
            return Ok(tx.unchanged(Next::Leave));
        }
        if job.account_id.is_some() {
            authorize(&tx, task.action(), job)?;
        }
        match task.step(&mut tx, job).await? {
            Step::Over => Ok(tx.unchanged(Next::Finish)),
            Step::Did {
                sentence,
                rows,
                cursor,
            } => {
                store::step(&tx, job.id, (rows, &cursor)).await?;
                tx.commit(As(sentence), Next::On(cursor, rows)).await
            }
        }
    })
    .await
}

/// Begins a queued job; false if it is not queued any more.
pub(super) async fn start(op: &Op, task: &dyn Task, job: &job::Model) -> Result<bool, Error> {
    let rows = task.count(op, job).await?;
    service::start(op, job, job.rows_done.saturating_add(rows)).await
}
