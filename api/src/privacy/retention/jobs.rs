//! Erasing what may be kept no longer.

use crate::jobs::task::{self, Ready, Step, Task};
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::event::Event as Said;
use crate::kernel::op::{Actor, Op};
use crate::kernel::tx::Tx;
use crate::people::person;
use crate::policy::Action;
use crate::privacy::file;
use crate::privacy::request::service::take_away;
use entity::jobs::job::{self, JobKind};
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Erases what may be kept no longer.
pub struct Retention;

async fn due(op: &Op) -> Result<i64, Error> {
    Ok(person::store::count_overdue(op).await? + file::store::count_over(op).await?)
}

/// Asks for the work if there is some.
pub async fn queue_due(app: &Arc<App>) -> Result<(), Error> {
    let op = Op::new(app, Actor::System);
    if due(&op).await? > 0 {
        task::queue_own(&op, JobKind::Retention).await?;
    }
    Ok(())
}

async fn step(tx: &Tx) -> Result<Step, Error> {
    let one = |sentence| Step::Did {
        sentence,
        rows: 1,
        cursor: String::new(),
    };
    if let Some(overdue) = person::store::find_overdue(tx).await? {
        let erased = take_away(tx, overdue, ("RETENTION", None)).await?;
        return Ok(one(erased.sentence()));
    }
    if let Some(gone) = file::service::expire_one(tx).await? {
        return Ok(one(gone.sentence()));
    }
    Ok(Step::Over)
}

impl Task for Retention {
    fn kind(&self) -> JobKind {
        JobKind::Retention
    }

    fn action(&self) -> Action {
        Action::RegisterPeople
    }

    fn count<'a>(&'a self, op: &'a Op, _: &'a job::Model) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(due(op))
    }

    fn step<'a>(
        &'a self,
        tx: &'a mut Tx,
        _: &'a job::Model,
        _: &'a Ready,
    ) -> BoxFuture<'a, Result<Step, Error>> {
        Box::pin(step(tx))
    }
}
