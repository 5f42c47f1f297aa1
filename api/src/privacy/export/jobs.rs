//! Writing the file of an export that was allowed, a hundred people at a time.

use super::store::Covered;
use super::{rules, service, store};
use crate::jobs::rules::Failure;
use crate::jobs::task::{Step, Task, about};
use crate::kernel::clock::day_of;
use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::op::{Actor, Op};
use crate::kernel::tx::Tx;
use crate::people::person::plain::Plain;
use crate::policy::Action;
use crate::privacy::file::service::{append, begin, end};
use entity::id::{ExportId, PersonId};
use entity::jobs::job::{self, JobKind};
use entity::people::person;
use entity::privacy::export::{self, ExportState};
use futures_util::future::BoxFuture;
use sea_orm::ActiveEnum;
use serde_json::json;
use uuid::Uuid;

/// People in one step.
const CHUNK: u64 = 100;
/// The cursor behind the last one.
const END: &str = "end";

/// Writes people into a file.
pub struct People;

/// How far an export is: the last person, and how many pieces there are.
fn position(cursor: &str) -> Option<(PersonId, i32)> {
    let (after, pieces) = cursor.split_once(' ')?;
    Some((Uuid::parse_str(after).ok()?.into(), pieces.parse().ok()?))
}

fn of(job: &job::Model) -> Result<ExportId, Error> {
    let id = job
        .subject_id
        .ok_or_else(|| anyhow::anyhow!("job {} is about no export", job.id))?;
    Ok(ExportId(id))
}

/// The lines of some people, with the head in front of the first ones.
fn lines(op: &Op, people: &[person::Model], export: &export::Model, has_head: bool) -> Result<String, Error> {
    let who = match op.actor() {
        Actor::Account { display_name, .. } => display_name,
        Actor::Anonymous | Actor::System => "",
    };
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
    rules::lines(&rows, &rules::watermark(export, who), has_head)
}

async fn step(tx: &Tx, job: &job::Model) -> Result<Step, Error> {
    if job.cursor == END {
        return Ok(Step::Over);
    }
    let op = tx.op();
    let mut export = store::get(tx.db(), &tx.everywhere(), of(job)?).await?;
    let node = tx.authorize(Action::RequestExports, export.federation_id, "federationId")?;
    let begun = position(&job.cursor);
    let covered = Covered {
        scope: &op.scope_within(Action::RequestExports, &node)?,
        purpose: export.purpose,
        day: op.today(),
        after: begun.map(|(after, _)| after),
    };
    let people = store::next(tx, &covered, CHUNK).await?;
    let rows = i64::try_from(people.len()).unwrap_or(i64::MAX);
    let written = u64::try_from(job.rows_done).unwrap_or_default();
    let more = u64::try_from(people.len()).unwrap_or(u64::MAX);
    service::check_size(tx, export.requested_by, written.saturating_add(more), more).await?;
    let text = lines(op, &people, &export, begun.is_none())?;
    let file_id = match export.file_id {
        Some(file_id) => file_id,
        None => {
            let name = format!("{}.csv", rules::number(&export));
            let place = Place::from(&*node);
            begin(tx, export.requested_by, name, &place).await?.id
        }
    };
    let pieces = begun.map_or(0, |(_, pieces)| pieces);
    append(tx, file_id, pieces, &text).await?;
    let is_last = more < CHUNK;
    let cursor = match people.last() {
        Some(last) if !is_last => format!("{} {}", last.id.0, pieces + 1),
        _ => {
            export.state = ExportState::Ready;
            END.to_owned()
        }
    };
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
                after: position(&job.cursor).map(|(after, _)| after),
            };
            let count = store::count(db, &people).await?;
            Ok(i64::try_from(count).unwrap_or(i64::MAX))
        })
    }

    fn step<'a>(&'a self, tx: &'a mut Tx, job: &'a job::Model) -> BoxFuture<'a, Result<Step, Error>> {
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
