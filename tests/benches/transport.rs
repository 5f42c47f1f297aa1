//! What it costs to be asked, and to be watched: `cargo bench -p tests --bench transport`. Figures are printed, never asserted: compare
//! the ratios of one run, not the times of two.
// The futures of the merged schema nest deeper than the compiler's default allows for.
#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::too_many_arguments,
    dead_code,
    unused_macros,
    unreachable_pub,
    reason = "a benchmark may fail by panicking, and uses a part of what tests are supported by"
)]

#[macro_use]
#[path = "../it/support/mod.rs"]
mod support;

use api::documents;
use api::http::document::Documents;
use api::kernel::db::Db;
use api::kernel::error::Error;
use api::kernel::keys::sha256;
use api::kernel::loader::{Batch, drive};
use api::kernel::op::Op;
use api::kernel::telemetry::{Ended, METER, Meter};
use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Request, Schema, SimpleObject};
use http_body_util::BodyExt;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use sea_orm::{ConnectOptions, ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use std::time::{Duration, Instant};
use support::db::{Stage, done};
use support::{App, Clock, Database, lab};
use tower::ServiceExt;

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
    meter.tell(&ended);
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

/// A small operation as the stock server of the engine takes it, and as ours does: as text, and by its id.
async fn small() {
    const REQUESTS: usize = 20_000;
    const TEXT: &str = "query Item($number: Int!) { item(number: $number) { number inner { number innerOrNull { number } } again: inner { number shaky } } page(first: 2) { nodes { number } } fast }";
    println!(
        "a small operation of {} bytes, {REQUESTS} times, by what is computed",
        TEXT.len()
    );
    let stage = Stage::new(Database::Sqlite).unwrap();
    let ours = App::open(&stage, Clock::new()).await.lab();
    let id = sha256(TEXT.as_bytes());
    let listed = documents::rules::read(&json!({(id.as_str()): TEXT}).to_string()).unwrap();
    done(documents::service::register(&ours.operator(), "bench", &listed).await);
    let stock = Schema::build(lab::Query, lab::Mutation, lab::Live).finish();
    let stock = axum::Router::new().route_service("/graphql", async_graphql_axum::GraphQL::new(stock));
    let text = json!({"query": TEXT, "variables": {"number": 2}}).to_string();
    let by_id = json!({"documentId": id, "variables": {"number": 2}}).to_string();
    let mut costs = [Duration::ZERO; 3];
    for round in 0..10 {
        let mut order = [0, 1, 2];
        order.rotate_left(round % 3);
        for which in order {
            let from = computed();
            for _ in 0..REQUESTS / 10 {
                let (router, body) = match which {
                    0 => (&stock, &text),
                    1 => (ours.router(), &text),
                    _ => (ours.router(), &by_id),
                };
                let request =
                    axum::http::Request::post("/graphql").header("content-type", "application/json");
                let request = request.body(axum::body::Body::from(body.clone())).unwrap();
                let answer = router.clone().oneshot(request).await.unwrap();
                assert_eq!(answer.status(), 200);
                assert!(answer.into_body().collect().await.unwrap().to_bytes().len() > 150);
                // A minute, so that no budget ends.
                ours.advance(chrono::TimeDelta::seconds(60));
            }
            costs[which] += computed() - from;
        }
    }
    let [stock, text, by_id] = costs.map(|cost| cost.as_secs_f64() * 1e6 / REQUESTS as f64);
    println!("  stock async-graphql-axum  {stock:>8.2} us");
    println!("  ours, the text            {text:>8.2} us   {:.3}", text / stock);
    println!(
        "  ours, a registered id     {by_id:>8.2} us   {:.3}",
        by_id / stock
    );
}

/// Documents that are dear to read, and what it takes to refuse or to read each once.
fn worst() {
    let documents = done(Documents::new(&api::schema::sdl()));
    let fragments = |count: usize, body: &dyn Fn(usize) -> String| (0..count).map(body).collect::<String>();
    let bad = [
        ("64 KB of brackets", "[".repeat(65_000)),
        (
            "32 KB of blanks",
            format!("{{ __typename {} }}", " ".repeat(32_000)),
        ),
        (
            "8 KB of commas",
            format!("{{ __typename {} }}", ",".repeat(8_000)),
        ),
        (
            "64 KB in a string",
            format!("{{ node(id: \"{}\") {{ id }} }}", "a".repeat(64_000)),
        ),
        (
            "8 KB in a string",
            format!("{{ node(id: \"{}\") {{ id }} }}", "a".repeat(8_000)),
        ),
        (
            "all of it at once, and wrong",
            format!(
                "{{ a(b: \"{}\") {} }} {}",
                "x".repeat(8_000),
                "a ".repeat(1_480),
                " ".repeat(21_000)
            ),
        ),
        ("64 KB of names", "a ".repeat(32_000)),
        ("1,500 names", format!("{{ {} }}", "a ".repeat(1_497))),
        (
            "1,500 fields that are right",
            format!("{{ {} }}", "__typename ".repeat(1_490)),
        ),
        (
            "1,500 fields that merge",
            format!("{{ viewer {{ {} }} }}", "name ".repeat(1_490)),
        ),
        (
            "1,480 tokens that merge",
            format!("{{ {} }}", "viewer { name } ".repeat(370)),
        ),
        (
            "1,490 numbers",
            format!("{{ nodes(ids: [{}]) {{ id }} }}", "1 ".repeat(1_480)),
        ),
        (
            "objects",
            format!("{{ nodes(ids: [{}]) {{ id }} }}", "{a:1}".repeat(290)),
        ),
        (
            "variables",
            format!(
                "query({}) {{ __typename }}",
                fragments(360, &|n| format!("$a{n}: ID "))
            ),
        ),
        ("directives", format!("{{ __typename {} }}", "@a ".repeat(100))),
        (
            "fragments in a chain",
            fragments(250, &|n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1)) + "{ ...f0 }",
        ),
        (
            "fragments that double",
            fragments(24, &|n| {
                format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1)
            }) + "fragment f24 on Query { __typename } { ...f0 }",
        ),
        (
            "fragments that double, as often as may be",
            fragments(10, &|n| {
                format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1)
            }) + "fragment f10 on Query { viewer { name } } { ...f0 }",
        ),
        (
            "operations that share what doubles",
            fragments(9, &|n| {
                format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1)
            }) + "fragment f9 on Query { __typename } "
                + &fragments(150, &|n| format!("query q{n} {{ ...f0 }} ")),
        ),
        (
            "fields in conflict",
            format!(
                "{{ {} }}",
                fragments(99, &|n| format!("a: federation(code: \"{n}\") {{ name }} "))
            ),
        ),
    ];
    println!("documents that are dear to read");
    for (name, document) in bad {
        let mut times = Vec::new();
        let mut outcome = "read";
        for _ in 0..9 {
            // Another text each time: none is kept.
            let document = format!("{document}{}", " ".repeat(times.len()));
            let from = Instant::now();
            if documents.read(&document).is_err() {
                outcome = "refused";
            }
            times.push(from.elapsed());
        }
        println!(
            "  {name:<44} {:>6} B {:>8.3} ms   {outcome}",
            document.len(),
            median(times)
        );
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    worst();
    runtime.block_on(async {
        small().await;
        tracing().await;
        statements("small statements", SMALL, 100).await;
        statements("large statements", LARGE, 2).await;
    });
}
