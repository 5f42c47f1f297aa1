//! Files that jobs write: what stands in them, and how their writers die.

use super::App;
use api::jobs::runner::{self, Work};
use api::jobs::task::{Step, Task};
use api::kernel::error::Error;
use api::kernel::op::Op;
use api::kernel::tx::Tx;
use api::policy::Action;
use entity::jobs::job::{self, JobKind};
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;

/// The cells of CSV (RFC 4180).
pub fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' if is_quoted && rest.peek() == Some(&'"') => cell.extend(rest.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted && rest.next_if_eq(&'\n').is_some() => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    rows
}

/// Ends the grant of somebody now.
pub async fn end_grant(app: &App, role: &str, code: &str) {
    let username = format!("{}.{}", role.to_lowercase(), app.federation(code));
    let account = format!("(SELECT id FROM account WHERE username = '{username}')");
    app.write(&format!(
        "UPDATE role_grant SET valid_to = valid_from WHERE account_id = {account}"
    ))
    .await;
}

/// Does so many steps as they should be, and then never comes to an end, like a process that dies.
struct Dying<'a> {
    task: &'a dyn Task,
    after: usize,
    steps: AtomicUsize,
}

impl Task for Dying<'_> {
    fn kind(&self) -> JobKind {
        self.task.kind()
    }

    fn action(&self) -> Action {
        self.task.action()
    }

    fn count<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<i64, Error>> {
        self.task.count(op, job)
    }

    fn step<'a>(&'a self, tx: &'a mut Tx, job: &'a job::Model) -> BoxFuture<'a, Result<Step, Error>> {
        Box::pin(async move {
            let step = self.task.step(tx, job).await;
            if self.steps.fetch_add(1, Ordering::Relaxed) >= self.after {
                std::future::pending::<()>().await;
            }
            step
        })
    }
}

/// Works on the open jobs of a task, and dies in a step after so many.
pub async fn die_at_work(app: &App, task: &dyn Task, after: usize) {
    let dying = Dying {
        task,
        after,
        steps: AtomicUsize::new(0),
    };
    let (_never, stop) = watch::channel(false);
    let mut dies = Box::pin(runner::run_open(&app.process, Work::Steps(&dying), &stop));
    while dying.steps.load(Ordering::Relaxed) <= after {
        assert!(futures_util::poll!(&mut dies).is_pending());
        tokio::task::yield_now().await;
    }
}
