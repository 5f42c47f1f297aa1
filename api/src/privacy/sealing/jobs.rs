//! Sealing every value by the newest data key.

use super::{SEALED, SealedColumn, store};
use crate::jobs::task::{self, Step, Task, about};
use crate::kernel::error::Error;
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
    let job = newest.map(|job| (job.state, job.rows_done, job.rows_total));
    Ok(Progress {
        key,
        values,
        older,
        job,
    })
}

/// What a column is called in a cursor.
fn name(at: &SealedColumn) -> String {
    format!("{}.{}", at.table, at.column)
}

/// Where a cursor goes on: `table.column row`, from the beginning if there is none.
fn position(cursor: &str) -> (usize, Uuid) {
    let parsed = cursor.split_once(' ').and_then(|(column, row)| {
        let at = SEALED.iter().position(|at| name(at) == column)?;
        Some((at, Uuid::parse_str(row).ok()?))
    });
    parsed.unwrap_or((0, Uuid::nil()))
}

/// The values of a column that come next, sealed anew where another key sealed them; how many, and the last row.
async fn seal(
    tx: &Tx,
    at: &'static SealedColumn,
    after: Uuid,
    key: i32,
) -> Result<Option<(i64, Uuid)>, Error> {
    let values = store::after(tx.db(), at, after, CHUNK).await?;
    let Some(last) = values.last().map(|value| value.id) else {
        return Ok(None);
    };
    let (rows, vault) = (values.len(), &tx.op().app().vault);
    let mut changed: Vec<[_; 3]> = Vec::new();
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
        let new = vault.seal(cell, &vault.open(cell, &old)?)?;
        changed.push([id.into(), old.0.into(), new.0.into()]);
    }
    if !changed.is_empty() {
        store::replace(tx, at, changed).await?;
    }
    Ok(Some((i64::try_from(rows).unwrap_or(i64::MAX), last)))
}

async fn step(tx: &Tx, job: &job::Model) -> Result<Step, Error> {
    let app = tx.op().app();
    // The key that was made for this job seals once every process knows it.
    app.vault.refresh(&app.db).await?;
    let key = app.vault.newest_key();
    if key != app.vault.coming_key() {
        return Ok(Step::Later);
    }
    let (from, after) = position(&job.cursor);
    for (index, at) in SEALED.iter().enumerate().skip(from) {
        let after = if index == from { after } else { Uuid::nil() };
        if let Some((rows, last)) = seal(tx, at, after, key).await? {
            let sentence = about(
                job,
                "VALUES_SEALED",
                json!({"column": name(at), "rows": rows, "key": key}),
            );
            return Ok(Step::Did {
                sentence,
                rows,
                cursor: format!("{} {last}", name(at)),
            });
        }
    }
    // A process whose clock is late may have sealed by the old key meanwhile.
    for at in &SEALED {
        if store::count(tx.db(), at, Some(key)).await? > 0 {
            let sentence = about(
                job,
                "VALUES_SEALED",
                json!({"column": name(at), "rows": 0, "key": key}),
            );
            return Ok(Step::Did {
                sentence,
                rows: 0,
                cursor: String::new(),
            });
        }
    }
    Ok(Step::Over)
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

    fn step<'a>(&'a self, tx: &'a mut Tx, job: &'a job::Model) -> BoxFuture<'a, Result<Step, Error>> {
        Box::pin(step(tx, job))
    }
}
