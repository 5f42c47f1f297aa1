//! Files that jobs write: what stands in them, and how their writers die.

use super::App;
use api::jobs::runner::{self, Work};
use api::jobs::task::{Look, Ready, Step, Task};
use api::kernel::error::Error;
use api::kernel::op::Op;
use api::kernel::tx::Tx;
use api::policy::Action;
use entity::jobs::job::{self, JobKind};
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, Statement};
use std::sync::Mutex;
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

/// What a statement counts.
pub async fn count(app: &App, sql: &str) -> i64 {
    let db = &app.process.db;
    let row = db
        .reader()
        .query_one_raw(Statement::from_string(db.backend(), sql))
        .await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
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

type Prepared<'a> = BoxFuture<'a, Result<Box<Ready>, Error>>;
type Stepped<'a> = BoxFuture<'a, Result<Step, Error>>;

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

    fn look<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<Look, Error>> {
        self.task.look(op, job)
    }

    fn prepare<'a>(&'a self, op: &'a Op, job: &'a mut job::Model) -> Prepared<'a> {
        self.task.prepare(op, job)
    }

    fn step<'a>(&'a self, tx: &'a mut Tx, job: &'a job::Model, ready: &'a Ready) -> Stepped<'a> {
        Box::pin(async move {
            let step = self.task.step(tx, job, ready).await;
            if self.steps.fetch_add(1, Ordering::Relaxed) >= self.after {
                std::future::pending::<()>().await;
            }
            step
        })
    }
}

/// Works on the open jobs of a task, and dies as soon as something is so.
pub async fn die_once(app: &App, task: &dyn Task, is_so: impl AsyncFn() -> bool) {
    let (_never, stop) = watch::channel(false);
    let mut dies = Box::pin(runner::run_open(&app.process, Work::Steps(task), &stop));
    while !is_so().await {
        assert!(futures_util::poll!(&mut dies).is_pending());
        tokio::task::yield_now().await;
    }
}

/// Works on the open jobs of a task, and dies in a step after so many.
pub async fn die_at_work(app: &App, task: &dyn Task, after: usize) {
    let dying = Dying {
        task,
        after,
        steps: AtomicUsize::new(0),
    };
    die_once(app, &dying, async || dying.steps.load(Ordering::Relaxed) > after).await;
}

/// Does what it should, while others write: as often as something is made ready, and at the same time.
struct Beside<'a> {
    task: &'a dyn Task,
    write: &'a (dyn Fn() -> BoxFuture<'a, ()> + Send + Sync),
    statements: Mutex<Vec<u64>>,
}

impl Task for Beside<'_> {
    fn kind(&self) -> JobKind {
        self.task.kind()
    }

    fn action(&self) -> Action {
        self.task.action()
    }

    fn count<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<i64, Error>> {
        self.task.count(op, job)
    }

    fn look<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<Look, Error>> {
        self.task.look(op, job)
    }

    fn prepare<'a>(&'a self, op: &'a Op, job: &'a mut job::Model) -> Prepared<'a> {
        Box::pin(async move { futures_util::join!(self.task.prepare(op, job), (self.write)()).0 })
    }

    fn step<'a>(&'a self, tx: &'a mut Tx, job: &'a job::Model, ready: &'a Ready) -> Stepped<'a> {
        Box::pin(async move {
            let app = std::sync::Arc::clone(tx.op().app());
            let before = app.db.statements();
            let step = self.task.step(tx, job, ready).await;
            self.statements.lock().unwrap().push(app.db.statements() - before);
            step
        })
    }
}

/// Works on the open jobs of a task, while others write through another process; how many statements the task needs in the
/// transaction of each step.
pub async fn work_beside<'a>(
    app: &App,
    task: &'a dyn Task,
    write: &'a (dyn Fn() -> BoxFuture<'a, ()> + Send + Sync),
) -> Vec<u64> {
    let beside = Beside {
        task,
        write,
        statements: Mutex::default(),
    };
    let (_never, stop) = watch::channel(false);
    let worked = runner::run_open(&app.process, Work::Steps(&beside), &stop).await;
    worked.unwrap_or_else(|error| panic!("{}", error.report()));
    beside.statements.into_inner().unwrap()
}
