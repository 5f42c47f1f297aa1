//! Asking for work on files that came in, and each step of that work.

use super::rules::{self, Answer, Failure, Refusal};
use super::{Event, Task, store};
use crate::kernel::error::{Error, Fault, text};
use crate::kernel::event::Place;
use crate::kernel::feed::{self, Interest};
use crate::kernel::op::Op;
use crate::kernel::rows::{Broken, Column, Row};
use crate::kernel::scope::Authorized;
use crate::kernel::sequencer::Link;
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use crate::uploads;
use entity::id::{FederationId, JobId, UploadId};
use entity::jobs::job::{self, JobKind, JobState};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;

/// A domain's way to answer rows.
pub trait Importer: Send + Sync {
    /// What its jobs are.
    fn kind(&self) -> JobKind;
    /// What the account that asked must be allowed to do at the job's federation: checked with every chunk.
    fn action(&self) -> Action;
    /// The columns it knows.
    fn columns(&self) -> &'static [Column];
    /// Writes what the rows of a chunk say and answers each. It may run again after a conflict with another writer.
    fn answer<'a>(&'a self, tx: &'a mut Tx, chunk: Chunk<'a>) -> BoxFuture<'a, Result<Answer, Error>>;
}

/// Some rows of a job.
#[derive(Clone, Copy)]
pub struct Chunk<'a> {
    /// The job.
    pub job: &'a job::Model,
    /// Where all rows must lie below: the account that asked may act here.
    pub place: &'a Authorized<Node>,
    /// The rows that could be read.
    pub rows: &'a [Row],
}

/// What work is asked for.
#[derive(serde::Serialize)]
pub struct Asked {
    /// The file, sent by the caller.
    pub upload_id: UploadId,
    /// Where: all rows must lie below it.
    pub federation_id: FederationId,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Asks for an import of an upload; refused unless the caller sent the file and may do there what the importer does.
/// Asking again gives the same job; a failed one goes on from where it stopped.
pub async fn enqueue(op: &Op, importer: &dyn Importer, asked: &Asked) -> Result<JobId, Error> {
    let kind = importer.kind();
    let digest = op.app().digest(&format!("{kind:?}"), asked)?;
    op.write_once(asked.idempotency_key.as_deref(), digest, |tx| async move {
        let node = tx.authorize(importer.action(), asked.federation_id, "federationId")?;
        let account_id = op.account_id().ok_or(Error::Unauthenticated)?;
        uploads::service::use_upload(&tx, account_id, asked.upload_id, "uploadId").await?;
        let id = match store::find_asked(&tx, kind, asked.upload_id, node.id).await? {
            Some((id, JobState::Failed)) => {
                store::queue_again(&tx, id).await?;
                id
            }
            Some((id, _)) => return Ok(tx.unchanged(id)),
            None => {
                let job = job::Model {
                    account_id: Some(account_id),
                    upload_id: Some(asked.upload_id),
                    ..new(op, kind, Some(&Place::from(&*node)))
                };
                let id = job.id;
                tx.insert(job).await?;
                id
            }
        };
        tx.commit(Event::Queued(id, Place::from(&*node)), id).await
    })
    .await
}

/// A job that was just asked for.
pub(super) fn new(op: &Op, kind: JobKind, place: Option<&Place>) -> job::Model {
    let everywhere = Place::everywhere();
    let Place { path, county_id, .. } = place.unwrap_or(&everywhere);
    job::Model {
        id: JobId(op.id()),
        kind,
        state: JobState::Queued,
        account_id: None,
        upload_id: None,
        subject_id: None,
        input: None,
        cursor: String::new(),
        rows_total: None,
        rows_done: 0,
        rows_accepted: 0,
        rows_unchanged: 0,
        rows_refused: 0,
        running_sum: 0,
        failure: None,
        file_id: None,
        created_at: op.now(),
        started_at: None,
        finished_at: None,
        federation_id: place.map(|place| place.federation_id),
        path: path.clone(),
        county_id: *county_id,
    }
}

/// Proves that the account that asked may still do what its job does, where it does it.
pub(super) fn authorize(tx: &Tx, action: Action, job: &job::Model) -> Result<Authorized<Node>, Error> {
    let federation_id = job.federation_id.ok_or_else(rights_ended)?;
    let node = tx.authorize(action, federation_id, "federationId");
    node.map_err(or_rights_ended)
}

/// Why a job is refused a place: its account lost it.
pub(super) fn or_rights_ended(error: Error) -> Error {
    match error {
        Error::Forbidden | Error::NotFound(_) => rights_ended(),
        other => other,
    }
}

/// Begins a queued job whose file has so many rows; false if it is not queued any more.
pub(super) async fn start(op: &Op, job: &job::Model, rows_total: i64) -> Result<bool, Error> {
    op.write(|tx| async move {
        if !store::start(&tx, job.id, rows_total).await? {
            return Ok(tx.unchanged(false));
        }
        tx.commit(Event::Started(job.id, job.place(), rows_total), true)
            .await
    })
    .await
}

/// Answers a chunk, all or nothing; the running sum after it, or none if the job no longer stands where the chunk begins.
pub(super) async fn advance(
    op: &Op,
    importer: &dyn Importer,
    job: &job::Model,
    (rows, broken): (&[Row], &[Broken]),
) -> Result<Option<i64>, Error> {
    op.write(|mut tx| async move {
        if !store::stands(&tx, job).await? {
            return Ok(tx.unchanged(None));
        }
        let place = &authorize(&tx, importer.action(), job)?;
        let mut answer = importer.answer(&mut tx, Chunk { job, place, rows }).await?;
        answer.refusals.extend(broken.iter().cloned().map(Refusal::from));
        let total = i64::try_from(rows.len() + broken.len()).unwrap_or(i64::MAX);
        let counts = rules::counts(total, &answer)
            .ok_or_else(|| anyhow::anyhow!("{} left a row without one answer", answer.event))?;
        let running_sum = answer.running_sum;
        store::progress(&mut tx, job, &counts, (&answer.refusals, running_sum)).await?;
        let event = Event::Answered {
            id: job.id,
            place: job.place(),
            kind: answer.event,
            counts,
            sums: answer.sums,
            deltas: answer.deltas,
        };
        tx.commit(event, Some(running_sum)).await
    })
    .await
}

/// The refusal of a job whose account may no longer do what it asked for.
pub(super) fn rights_ended() -> Error {
    Error::Gone(Fault {
        field: "federationId".into(),
        text: text(
            "The account that asked may no longer do this at the federation.",
            "提交者已无权在该工会执行此操作。",
        ),
    })
}

/// Ends a job whose rows are all answered.
pub(super) async fn finish(op: &Op, job: &job::Model) -> Result<(), Error> {
    op.write(|tx| async move {
        if !store::finish(&tx, job).await? {
            return Ok(tx.unchanged(()));
        }
        tx.commit(Event::Done(job.id, job.place()), ()).await
    })
    .await
}

/// Stops a job for a reason; what was answered stays, unless the task says otherwise.
pub(super) async fn fail(
    op: &Op,
    task: Option<&dyn Task>,
    job: &job::Model,
    error: &Error,
) -> Result<(), Error> {
    error.log();
    let failure = &Failure::from(error);
    op.write(|tx| async move {
        if !store::fail(&tx, job.id, failure).await? {
            return Ok(tx.unchanged(()));
        }
        if let Some(task) = task {
            task.failed(&tx, job, failure).await?;
        }
        let event = Event::Failed(job.id, job.place(), failure.code.clone());
        tx.commit(event, ()).await
    })
    .await
}

/// A job as it is, with the position in the feed up to which that is told.
pub(super) type Change = (job::Model, i64);

/// A job as it is now, then again after each of its events, until it is over. A job may be over at once.
pub(super) async fn watch(
    op: &Op,
    id: JobId,
    after: Option<i64>,
) -> Result<BoxStream<'static, Result<Change, Error>>, Error> {
    // The position is read before the job: what happens in between is told twice, never left out.
    let after = match after {
        Some(after) => after,
        None => feed::position(&op.app().db).await?,
    };
    let job = store::get(op, id).await?;
    let interest = Interest {
        kinds: &[],
        subject_id: Some(id.0),
        scope: op.scope(rules::reads(job.kind))?,
    };
    let watch = Watch {
        op: op.clone(),
        id,
        first: Some((job, after)),
        events: feed::subscribe(op, Some(after), interest).boxed(),
    };
    let changes = stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        match watch.next().await {
            Ok(Some(change)) => {
                let goes_on = !rules::is_over(change.0.state);
                Some((Ok(change), goes_on.then_some(watch)))
            }
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(changes.boxed())
}

struct Watch {
    op: Op,
    id: JobId,
    first: Option<Change>,
    events: BoxStream<'static, Result<Arc<Link>, Error>>,
}

impl Watch {
    async fn next(&mut self) -> Result<Option<Change>, Error> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Some(link) = self.events.next().await.transpose()? else {
            return Ok(None);
        };
        self.op.renew();
        let job = store::get(&self.op, self.id).await?;
        Ok(Some((job, link.seq.unwrap_or_default())))
    }
}
