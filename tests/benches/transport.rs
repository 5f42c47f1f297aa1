//! What it costs to be watched: `cargo bench -p tests --bench transport`. Figures are printed, never asserted: compare
//! the ratios of one run, not the times of two.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::as_conversions,
    clippy::float_arithmetic,
    dead_code,
    unused_macros,
    unreachable_pub,
    reason = "a benchmark may fail by panicking, and uses a part of what tests are supported by"
)]

#[macro_use]
#[path = "../it/support/mod.rs"]
mod support;

use api::kernel::db::Db;
use api::kernel::error::Error;
use api::kernel::loader::{Batch, drive};
use api::kernel::op::Op;
use api::kernel::telemetry::{Ended, METER, Meter};
use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Request, Schema, SimpleObject};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use sea_orm::{ConnectOptions, ConnectionTrait, DbBackend, Statement};
use std::time::{Duration, Instant};
use support::db::{Stage, done};
use support::{App, Clock, Database};

const OBJECTS: i32 = 10_000;
const ROUNDS: usize = 40;
const SMALL: &str = "SELECT version FROM tree_state";
const LARGE: &str =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000) SELECT COUNT(*) FROM c";
const LIST: &str = "{ members { id name union { id name } } }";

/// Takes spans and forgets them.
#[derive(Debug)]
struct Nobody;

impl SpanExporter for Nobody {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

#[derive(SimpleObject)]
struct Union {
    id: i32,
    name: String,
}

/// Answers all members of a level with one statement.
struct UnionOf;

impl Batch for UnionOf {
    type Key = i32;
    type Value = Union;

    async fn load(op: Op, keys: Vec<i32>) -> Result<Vec<Union>, Error> {
        ask(&op).await?;
        let union = |key| Union {
            id: key % 100,
            name: format!("湘中第{}工会委员会", key % 100),
        };
        Ok(keys.into_iter().map(union).collect())
    }
}

async fn ask(op: &Op) -> Result<(), Error> {
    let db = &op.app().db;
    let one = Statement::from_string(db.backend(), "SELECT 1");
    db.reader().query_one_raw(one).await?;
    Ok(())
}

struct Member(i32);

#[Object]
impl Member {
    async fn id(&self) -> i32 {
        self.0
    }

    async fn name(&self) -> String {
        format!("会员{}", self.0)
    }

    async fn union(&self, context: &Context<'_>) -> Result<Union, Error> {
        Op::of(context).load::<UnionOf>(self.0).await
    }
}

struct Query;

#[Object]
impl Query {
    async fn members(&self, context: &Context<'_>) -> Result<Vec<Member>, Error> {
        ask(Op::of(context)).await?;
        Ok((0..OBJECTS).map(Member).collect())
    }
}

type Lab = Schema<Query, EmptyMutation, EmptySubscription>;

async fn run(lab: &Lab, op: &Op) {
    let response = drive(op, lab.execute(Request::new(LIST).data(op.clone()))).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    let body = serde_json::to_string(&response).unwrap();
    assert!(body.len() > 500_000);
}

async fn plain(lab: &Lab, app: &App) {
    run(lab, &app.operator()).await;
}

async fn measured(lab: &Lab, app: &App) {
    let op = app.operator();
    let meter = Meter::begin(&op);
    METER.scope(meter.clone(), run(lab, &op)).await;
    assert_eq!(meter.statements(), 2);
    let ended = Ended {
        kind: "query",
        code: "OK",
        ..Ended::default()
    };
    op.app().telemetry.operation_ended(&meter, &ended);
}

/// The middle of some times.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}

async fn tracing() {
    println!("a list of {OBJECTS} objects, each with one from a loader");
    let stage = Stage::new(Database::Sqlite).unwrap();
    let app = App::open(&stage, Clock::new()).await;
    let traced = app.another().await;
    traced
        .process
        .telemetry
        .trace_to(Nobody, traced.process.process_id);
    let lab = Schema::build(Query, EmptyMutation, EmptySubscription).finish();
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let mut order = [0, 1, 2];
        order.rotate_left(round % 3);
        for which in order {
            let from = Instant::now();
            match which {
                0 => plain(&lab, &app).await,
                1 => measured(&lab, &app).await,
                _ => measured(&lab, &traced).await,
            }
            times[which].push(from.elapsed());
        }
    }
    let [plain, measured, traced] = times.map(median);
    println!("  plain                     {plain:>8.2} ms");
    println!(
        "  measured                  {measured:>8.2} ms   {:.3}",
        measured / plain
    );
    println!(
        "  measured and traced       {traced:>8.2} ms   {:.3}",
        traced / plain
    );
}

/// What the process has computed so far, in all its threads.
fn computed() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let nanos = threads.filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// Compares a connection whose statements are limited with one whose are not, by what they compute: a busy machine
/// makes each of them wait at random.
async fn statements(what: &str, sql: &str, block: u32) {
    println!("{what} of SQLite, one after the other");
    let stage = Stage::new(Database::Sqlite).unwrap();
    let limited = done(Db::connect_within(&stage.url, 1, Duration::from_secs(30)).await);
    let mut options = ConnectOptions::new(&stage.url);
    options
        .max_connections(1)
        .sqlx_logging(false)
        .test_before_acquire(false);
    let mut free = sea_orm::Database::connect(options).await.unwrap();
    free.set_metric_callback(|_| {});
    let statement = || Statement::from_string(DbBackend::Sqlite, sql);
    let mut costs = [Vec::new(), Vec::new()];
    for round in 0..10 * ROUNDS {
        for which in [round % 2, (round + 1) % 2] {
            let from = computed();
            for _ in 0..block {
                match which {
                    0 => drop(free.query_one_raw(statement()).await.unwrap()),
                    _ => drop(limited.reader().query_one_raw(statement()).await.unwrap()),
                }
            }
            costs[which].push(computed() - from);
        }
    }
    let [free, limited] = costs.map(|costs| median(costs) * 1e3 / f64::from(block));
    println!("  without a limit           {free:>8.2} us computed");
    println!(
        "  each with its deadline    {limited:>8.2} us computed   {:.3}",
        limited / free
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tracing().await;
        statements("small statements", SMALL, 100).await;
        statements("large statements", LARGE, 2).await;
    });
}
