//! Writing entries of the audit trail into a file, five hundred at a time.

use super::rules::{self, Asked};
use super::store;
use crate::accounts::account::store::DisplayNames;
use crate::jobs::task::{Look, Ready, Step, Task, about, made};
use crate::kernel::clock::day_of;
use crate::kernel::error::Error;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::scope::Scope;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use crate::privacy::file::rules::{END, Position, table, watermark};
use crate::privacy::file::service::{Piece, seal, write};
use entity::audit::event::{Entity, Model};
use entity::id::{AccountId, FederationId};
use entity::jobs::job::{self, JobKind};
use entity::privacy::sealed_file::Holding;
use futures_util::future::BoxFuture;
use sea_orm::Select;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// Entries in one step.
const CHUNK: u64 = 500;

/// Writes entries into a file.
pub struct Trail;

fn asked(job: &job::Model) -> Result<Asked, Error> {
    Ok(serde_json::from_str(job.input.as_deref().unwrap_or_default())?)
}

fn place(job: &job::Model) -> Result<FederationId, Error> {
    job.federation_id.ok_or(Error::NotFound("federationId".into()))
}

/// The entries that are not written yet.
fn left(scope: &Scope, job: &job::Model, asked: &Asked) -> Select<Entity> {
    let position = Position::read(&job.cursor);
    let after = position.and_then(|position| position.after.parse().ok());
    let rows = store::rows(scope, asked.wanted.clone());
    store::between(rows, (after.unwrap_or_default(), asked.through))
}

/// What others see of the accounts that acted.
async fn names(op: &Op, events: &[Model]) -> Result<HashMap<AccountId, String>, Error> {
    let ids: BTreeSet<AccountId> = events.iter().filter_map(|event| event.actor_id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<_> = ids.into_iter().collect();
    let names = DisplayNames::load(op.clone(), ids.clone()).await?;
    Ok(ids.into_iter().zip(names).collect())
}

/// The lines of some entries, with the head in front of the first ones.
async fn lines(op: &Op, events: Vec<Model>, job: &job::Model, number: &str) -> Result<String, Error> {
    let watermark = watermark(number, op.display_name(), day_of(job.created_at));
    let (names, tree) = (names(op, &events).await?, op.tree());
    let row = |event: Model| {
        let actor = event.actor_id.and_then(|id| names.get(&id));
        let federation = event.federation_id.and_then(|id| tree.get(id));
        let federation = federation.map(|node| node.name.clone()).unwrap_or_default();
        rules::row(event, actor.map_or("", String::as_str), &federation)
    };
    let has_head = job.cursor.is_empty();
    table(
        events.into_iter().map(row),
        &watermark,
        has_head.then_some(&rules::COLUMNS),
    )
}

/// The next entries as a piece of the file.
struct Entries {
    piece: Piece,
    rows: i64,
    /// The number of the last one; none if no more are left.
    after: Option<String>,
}

/// Reads the next entries: what is numbered does not change.
async fn prepare(op: &Op, job: &job::Model) -> Result<Entries, Error> {
    let asked = asked(job)?;
    let node = op.authorize(Action::ReadAudit, place(job)?, "federationId")?;
    let scope = op.scope_within(Action::ReadAudit, &node)?;
    let events = store::first(op, left(&scope, job, &asked), CHUNK).await?;
    let rows = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let is_last = u64::try_from(rows).unwrap_or_default() < CHUNK;
    let last = events.last().and_then(|event| event.seq).filter(|_| !is_last);
    let text = lines(op, events, job, &asked.number).await?;
    Ok(Entries {
        piece: seal(op, &text)?,
        rows,
        after: last.map(|seq| seq.to_string()),
    })
}

async fn step(tx: &Tx, job: &job::Model, entries: &Entries) -> Result<Step, Error> {
    let file = (Holding::AuditTrail, format!("{}.csv", asked(job)?.number));
    let piece = (&entries.piece, entries.after.clone());
    let (_, cursor) = write(tx, job, file, piece).await?;
    let rows = entries.rows;
    Ok(Step::Did {
        sentence: about(job, "AUDIT_EXPORT_WRITTEN", json!({"rows": rows})),
        rows,
        cursor,
    })
}

impl Task for Trail {
    fn kind(&self) -> JobKind {
        JobKind::AuditExport
    }

    fn action(&self) -> Action {
        Action::ReadAudit
    }

    fn count<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move {
            let (tree, asked) = (op.tree(), asked(job)?);
            let node = tree.get(place(job)?);
            let node = node.ok_or(Error::NotFound("federationId".into()))?;
            let scope = op.scope_within(Action::ReadAudit, node)?;
            let left = left(&scope, job, &asked);
            store::count(op, left, i64::MAX.unsigned_abs()).await
        })
    }

    fn look<'a>(&'a self, _: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<Look, Error>> {
        let is_whole = job.cursor == END;
        Box::pin(async move { Ok(if is_whole { Look::Over } else { Look::Go }) })
    }

    fn prepare<'a>(
        &'a self,
        op: &'a Op,
        job: &'a mut job::Model,
    ) -> BoxFuture<'a, Result<Box<Ready>, Error>> {
        Box::pin(async move {
            let ready: Box<Ready> = Box::new(prepare(op, job).await?);
            Ok(ready)
        })
    }

    fn step<'a>(
        &'a self,
        tx: &'a mut Tx,
        job: &'a job::Model,
        ready: &'a Ready,
    ) -> BoxFuture<'a, Result<Step, Error>> {
        Box::pin(async move { step(tx, job, made(ready)?).await })
    }
}
