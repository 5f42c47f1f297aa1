//! Writing the file of an export that was allowed, a hundred people at a time.

use super::store::Covered;
use super::{rules, service, store};
use crate::jobs::rules::Failure;
use crate::jobs::task::{Ready, Step, Task, about};
use crate::kernel::clock::day_of;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::people::person::plain::Plain;
use crate::policy::Action;
use crate::privacy::file::rules::{END, Position};
use crate::privacy::file::service::{end, seal, write};
use entity::id::{ExportId, PersonId};
use entity::jobs::job::{self, JobKind};
use entity::people::person;
use entity::privacy::export::{self, ExportState};
use entity::privacy::sealed_file::Holding;
use futures_util::future::BoxFuture;
use sea_orm::ActiveEnum;
use serde_json::json;
use uuid::Uuid;

/// People in one step.
const CHUNK: u64 = 100;

/// Writes people into a file.
pub struct People;

/// The last person that was written, if anybody was.
fn after(position: Option<&Position>) -> Option<PersonId> {
    position.and_then(|position| Uuid::parse_str(&position.after).ok().map(PersonId))
}

fn of(job: &job::Model) -> Result<ExportId, Error> {
    let id = job
        .subject_id
        .ok_or_else(|| anyhow::anyhow!("job {} is about no export", job.id))?;
    Ok(ExportId(id))
}

/// The lines of some people, with the head in front of the first ones.
fn lines(op: &Op, people: &[person::Model], export: &export::Model, has_head: bool) -> Result<String, Error> {
    let (vault, tree) = (&op.app().vault, op.tree());
    let mut rows = Vec::with_capacity(people.len());
    for person in people {
        let Some(plain) = Plain::open(vault, person)? else {
            continue;
        };
        let federation = tree.get(person.federation_id);
        rows.push(rules::Row {
            id_type: person.id_type.to_value(),
            plain,
            federation: federation.map(|node| node.name.to_string()).unwrap_or_default(),
            registered_on: day_of(person.registered_at).to_string(),
        });
    }
    rules::lines(rows, export, op.display_name(), has_head)
}

async fn step(tx: &Tx, job: &job::Model) -> Result<Step, Error> {
    if job.cursor == END {
        return Ok(Step::Over);
    }
    let op = tx.op();
    let mut export = store::get(tx.db(), &tx.everywhere(), of(job)?).await?;
    let node = tx.authorize(Action::RequestExports, export.federation_id, "federationId")?;
    let begun = Position::read(&job.cursor);
    let covered = Covered {
        scope: &op.scope_within(Action::RequestExports, &node)?,
        purpose: export.purpose,
        day: op.today(),
        after: after(begun.as_ref()),
    };
    let people = store::next(tx, &covered, CHUNK).await?;
    let rows = i64::try_from(people.len()).unwrap_or(i64::MAX);
    let written = u64::try_from(job.rows_done).unwrap_or_default();
    let more = u64::try_from(people.len()).unwrap_or(u64::MAX);
    service::check_size(tx, export.requested_by, written.saturating_add(more), more).await?;
    let text = lines(op, &people, &export, begun.is_none())?;
    let last = people
        .last()
        .filter(|_| more == CHUNK)
        .map(|last| last.id.to_string());
    if last.is_none() {
        export.state = ExportState::Ready;
    }
    let name = format!("{}.csv", rules::number(&export));
    let piece = seal(op, &text)?;
    let (file_id, cursor) = write(tx, job, (Holding::People, name), (&piece, last)).await?;
    export.file_id = Some(file_id);
    tx.update(export.clone()).await?;
    let body = json!({"rows": rows, "export": export.id.0});
    Ok(Step::Did {
        sentence: about(job, "EXPORT_WRITTEN", body),
        rows,
        cursor,
    })
}

impl Task for People {
    fn kind(&self) -> JobKind {
        JobKind::PeopleExport
    }

    fn action(&self) -> Action {
        Action::RequestExports
    }

    fn count<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move {
            let tree = op.tree();
            let node = job
                .federation_id
                .and_then(|id| tree.get(id))
                .ok_or(Error::NotFound("federationId".into()))?;
            let scope = &op.scope_within(Action::ReadPeople, node)?;
            let db = op.app().db.reader();
            let people = Covered {
                scope,
                purpose: store::get(db, scope, of(job)?).await?.purpose,
                day: op.today(),
                after: after(Position::read(&job.cursor).as_ref()),
            };
            let count = store::count(db, &people).await?;
            Ok(i64::try_from(count).unwrap_or(i64::MAX))
        })
    }

    fn step<'a>(
        &'a self,
        tx: &'a mut Tx,
        job: &'a job::Model,
        _: &'a Ready,
    ) -> BoxFuture<'a, Result<Step, Error>> {
        Box::pin(step(tx, job))
    }

    fn failed<'a>(
        &'a self,
        tx: &'a Tx,
        job: &'a job::Model,
        failure: &'a Failure,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut export = store::get(tx.db(), &tx.everywhere(), of(job)?).await?;
            if let Some(file_id) = export.file_id {
                end(tx, file_id).await?;
            }
            export.state = ExportState::Failed;
            export.failure = Some(serde_json::to_string(failure)?);
            tx.update(export).await
        })
    }
}
