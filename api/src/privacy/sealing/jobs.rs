//! Sealing every value by the newest data key.

use super::{SEALED, SealedColumn, store};
use crate::jobs::task::{self, Look, Ready, Step, Task, about};
use crate::jobs::types::JobFailure;
use crate::kernel::error::{Error, conflict, text};
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::kernel::vault::Cell;
use crate::policy::Action;
use entity::id::JobId;
use entity::jobs::job::{self, JobKind, JobState};
use entity::sealed::Sealed;
use futures_util::future::BoxFuture;
use serde_json::json;
use uuid::Uuid;

/// Values looked at in one step.
const CHUNK: i64 = 200;

/// Seals what is sealed by the newest key.
pub struct Reencryption;

/// Makes a new data key and asks for everything to be sealed by it; the key and the job.
pub async fn begin(op: &Op) -> Result<(i32, JobId), Error> {
    let key = op.app().vault.renew(&op.app().db).await?;
    Ok((key, task::queue_own(op, JobKind::Reencryption).await?))
}

/// How far it is.
pub struct Progress {
    /// The data key that seals now.
    pub key: i32,
    /// Sealed values.
    pub values: i64,
    /// Of these, sealed by another key.
    pub older: i64,
    /// State of the newest job, values looked at, values that there are; none if there was no job.
    pub job: Option<(JobState, i64, Option<i64>)>,
    /// Why that job stopped; none unless it did.
    pub failure: Option<JobFailure>,
}

/// Says how far it is.
pub async fn progress(op: &Op) -> Result<Progress, Error> {
    let db = op.app().db.unhurried();
    let key = op.app().vault.newest_key();
    let (mut values, mut older) = (0, 0);
    for at in &SEALED {
        values += store::count(db, at, None).await?;
        older += store::count(db, at, Some(key)).await?;
    }
    let newest = crate::jobs::store::newest_own(op, JobKind::Reencryption).await?;
    let failure = newest.as_ref().and_then(|job| job.failure.as_deref());
    let failure = failure.map(JobFailure::read).transpose()?;
    let job = newest.map(|job| (job.state, job.rows_done, job.rows_total));
    Ok(Progress {
        key,
        values,
        older,
        job,
        failure,
    })
}

/// What a column is called in a cursor.
fn name(at: &SealedColumn) -> String {
    format!("{}.{}", at.table, at.column)
}

/// How far a pass over all columns is.
struct Position {
    /// Place of the column in [`SEALED`].
    column: usize,
    /// The last row.
    after: Uuid,
    /// Values so far that do not open.
    damaged: i64,
}

/// Where a cursor goes on: `table.column row damaged`, from the beginning if there is none.
fn position(cursor: &str) -> Position {
    let mut parts = cursor.split(' ');
    let mut parsed = || {
        let column = parts.next()?;
        Some(Position {
            column: SEALED.iter().position(|at| name(at) == column)?,
            after: Uuid::parse_str(parts.next()?).ok()?,
            damaged: parts.next()?.parse().ok()?,
        })
    };
    parsed().unwrap_or(Position {
        column: 0,
        after: Uuid::nil(),
        damaged: 0,
    })
}

impl Position {
    /// The columns that are left, each with the row to go on behind.
    fn left(&self) -> impl Iterator<Item = (&'static SealedColumn, Uuid)> + Send {
        let (column, after) = (self.column, self.after);
        let columns = SEALED.iter().enumerate().skip(column);
        columns.map(move |(index, at)| (at, if index == column { after } else { Uuid::nil() }))
    }
}

/// What came of some values.
struct Looked {
    rows: i64,
    damaged: i64,
    last: Uuid,
}

/// The values of a column that come next, sealed anew where another key sealed them. What does not open stays as it is.
async fn seal(tx: &Tx, at: &'static SealedColumn, after: Uuid, key: i32) -> Result<Option<Looked>, Error> {
    let values = store::after(tx.db(), at, after, CHUNK).await?;
    let Some(last) = values.last().map(|value| value.id) else {
        return Ok(None);
    };
    let (rows, vault) = (values.len(), &tx.op().app().vault);
    let (mut changed, mut damaged): (Vec<[_; 3]>, _) = (Vec::new(), 0);
    for store::Value { id, sealed } in values {
        if sealed
            .split_once('.')
            .is_some_and(|(by, _)| by == key.to_string())
        {
            continue;
        }
        let (cell, old) = (
            Cell {
                column: at.cell,
                row: id,
            },
            Sealed(sealed),
        );
        let Ok(plain) = vault.open(cell, &old) else {
            damaged += 1;
            continue;
        };
        let new = vault.seal(cell, &plain)?;
        changed.push([id.into(), old.0.into(), new.0.into()]);
    }
    if !changed.is_empty() {
        store::replace(tx, at, changed).await?;
    }
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    Ok(Some(Looked { rows, damaged, last }))
}

async fn step(tx: &Tx, job: &job::Model) -> Result<Step, Error> {
    let (key, position) = (tx.op().app().vault.newest_key(), position(&job.cursor));
    for (at, after) in position.left() {
        let Some(looked) = seal(tx, at, after, key).await? else {
            continue;
        };
        let Looked { rows, damaged, last } = looked;
        let body = json!({"column": name(at), "rows": rows, "damaged": damaged, "key": key});
        return Ok(Step::Did {
            sentence: about(job, "VALUES_SEALED", body),
            rows,
            cursor: format!("{} {last} {}", name(at), position.damaged + damaged),
        });
    }
    // Something was sealed by an older key meanwhile: once more from the beginning.
    Ok(Step::Did {
        sentence: about(job, "VALUES_SEALED", json!({"rows": 0, "key": key})),
        rows: 0,
        cursor: String::new(),
    })
}

async fn look(op: &Op, job: &job::Model) -> Result<Look, Error> {
    let (app, position) = (op.app(), position(&job.cursor));
    // The newest data key may be wrapped by a master that was added a moment ago.
    app.keys.refresh()?;
    app.vault.refresh(&app.db).await?;
    let (db, key) = (app.db.unhurried(), app.vault.newest_key());
    if key != app.vault.coming_key() {
        return Ok(Look::Later);
    }
    for (at, after) in position.left() {
        if !store::after(db, at, after, 1).await?.is_empty() {
            return Ok(Look::Go);
        }
    }
    // A process whose clock is late may have sealed by an older key meanwhile.
    let (mut older, mut first) = (0, None);
    for at in &SEALED {
        older += store::count(db, at, Some(key)).await?;
        if first.is_none() {
            first = store::first_older(db, at, key).await?.map(|row| (at, row));
        }
    }
    match first {
        None => Ok(Look::Over),
        Some(_) if older > position.damaged => Ok(Look::Go),
        Some((at, row)) => Err(damaged(older, &name(at), row)),
    }
}

fn damaged(values: i64, column: &str, row: Uuid) -> Error {
    let en = format!(
        "{values} sealed values do not open, the first of them {column} of {row}; all others are sealed anew."
    );
    let zh = format!("有 {values} 个密文无法解密，第一个为 {column}（{row}）；其余均已重新加密。");
    conflict("", text(en, zh))
}

impl Task for Reencryption {
    fn kind(&self) -> JobKind {
        JobKind::Reencryption
    }

    fn action(&self) -> Action {
        Action::ReadJobs
    }

    fn count<'a>(&'a self, op: &'a Op, _: &'a job::Model) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move {
            let mut values = 0;
            for at in &SEALED {
                values += store::count(op.app().db.unhurried(), at, None).await?;
            }
            Ok(values)
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

    fn look<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<Look, Error>> {
        Box::pin(look(op, job))
    }
}
