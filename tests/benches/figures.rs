//! What figures cost, on both databases in one run: a dashboard over a thousand records and over ten million, and the part
//! of statistics in a write. `cargo bench -p tests --bench figures`. Times are printed, never asserted: compare the ratios
//! of one run.
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
#[path = "bare/mod.rs"]
mod bare;

use api::kernel::ledger::recount;
use api::metrics::CATALOGUE;
use bare::{line, micros, quarter, write, writer};
use chrono::TimeDelta;
use sea_orm::DbBackend;
use serde_json::{Value, json};
use std::time::Instant;
use support::db::Stage;
use support::register::{REGISTER, YUESHAN};
use support::tree::{HUNAN, XIANGXIANG};
use support::{App, Clock, Database};

/// Entries of the ledger, one after the other.
const RECORDS: [u32; 3] = [1_000, 100_000, 10_000_000];
/// Questions of each measurement; what a quarter of them took at most counts.
const QUESTIONS: u32 = 200;
/// Metrics of a question.
const METRICS: usize = 50;
/// Rounds and writes of a round.
const ROUNDS: u32 = 21;
const WRITES: u32 = 100;

const WHOLE: &str = "query($code: DivisionCode, $metrics: [MetricCode!]!) { federation(code: $code) { figures(metrics: $metrics) { value } } }";
const CHILDREN: &str = "query($code: DivisionCode, $metrics: [MetricCode!]!) { federation(code: $code) { children(first: 100) { nodes { figures(metrics: $metrics) { value } } } } }";
const SPLIT: &str = "query($code: DivisionCode, $metrics: [MetricCode!]!) { federation(code: $code) { figureSeries(metrics: $metrics, from: \"2025-01-01\", to: \"2026-06-20\", step: MONTH) { points { value } } } }";

fn codes(count: usize) -> Vec<&'static str> {
    CATALOGUE.iter().take(count).map(|entry| entry.code).collect()
}

/// Records of every metric, all over the province, on each day of two and a half years: entries as events leave them, already
/// folded.
async fn populate(app: &App, count: u32) {
    let codes: Vec<String> = codes(METRICS).iter().map(|code| format!("('{code}')")).collect();
    let codes = codes.join(", ");
    let (id, day, numbers) = match app.process.db.backend() {
        DbBackend::Sqlite => (
            "randomblob(16)",
            "date('2024-01-01', '+' || (n / 50 * 37 % 900) || ' days')",
            format!(
                "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})"
            ),
        ),
        _ => (
            "gen_random_uuid()",
            "DATE '2024-01-01' + CAST(n / 50 * 37 % 900 AS INT)",
            format!("WITH numbers(n) AS (SELECT generate_series(1, {count}))"),
        ),
    };
    app.write(&format!(
        "{numbers}, metric AS MATERIALIZED (SELECT column1 AS code, ROW_NUMBER() OVER (ORDER BY column1) - 1 AS place FROM (VALUES {codes}) AS codes), \
         township AS MATERIALIZED (SELECT county_id, path, ROW_NUMBER() OVER (ORDER BY path) - 1 AS place, COUNT(*) OVER () AS places FROM federation \
         WHERE level = 'TOWNSHIP' AND path LIKE (SELECT path FROM federation WHERE code = '{HUNAN}') || '%') \
         INSERT INTO figure_entry (county_id, event_id, ordinal, metric, dimension, qualifier, day, amount, path, source_id, seq) \
         SELECT county_id, {id}, 0, code, '', '=', {day}, 1, path, {id}, 1 FROM numbers \
         JOIN metric ON metric.place = n % {METRICS} JOIN township ON township.place = n * 31 % township.places"
    ))
    .await;
    recount::rebuild(&app.process.db)
        .await
        .map_err(|error| error.report())
        .unwrap();
    app.write(match app.process.db.backend() {
        DbBackend::Sqlite => "PRAGMA optimize",
        _ => "VACUUM ANALYZE figure_rollup",
    })
    .await;
}

async fn dashboards(app: &App) {
    println!("a dashboard over more and more records");
    let mut first: Vec<f64> = Vec::new();
    let mut there = 0;
    for count in RECORDS {
        let from = Instant::now();
        populate(app, count - there).await;
        there = count;
        println!(
            "  {count} records were made and folded in {:.0} s",
            from.elapsed().as_secs_f64()
        );
        let leader = app.person("LEADER", HUNAN).await;
        let asked: [(&str, &str, Value); 3] = [
            (
                "50 metrics of a province",
                WHOLE,
                json!({"code": HUNAN, "metrics": codes(METRICS)}),
            ),
            (
                "20 metrics of each of its cities",
                CHILDREN,
                json!({"code": HUNAN, "metrics": codes(20)}),
            ),
            (
                "18 months of 5 metrics",
                SPLIT,
                json!({"code": HUNAN, "metrics": codes(5)}),
            ),
        ];
        for (place, (what, query, variables)) in asked.into_iter().enumerate() {
            let mut times = Vec::new();
            for _ in 0..QUESTIONS {
                let from = Instant::now();
                leader.data(query, variables.clone()).await;
                times.push(micros(from.elapsed(), 1));
                app.advance(TimeDelta::milliseconds(500));
            }
            let time = quarter(times);
            if first.len() <= place {
                first.push(time);
            }
            line(what, time, Some(time / first[place]));
        }
    }
}

async fn writes(app: &App) {
    println!("a write, without and with statistics");
    let cadre = app.person("CADRE", XIANGXIANG).await;
    let db = writer(app).await;
    let (mut number, mut bare, mut http) = (10, [Vec::new(), Vec::new()], Vec::new());
    let mut folds = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for has_entries in [round % 2 == 0, round % 2 == 1] {
            let from = Instant::now();
            for _ in 0..WRITES {
                number += 1;
                write(app, &db, number, (true, has_entries)).await;
            }
            bare[usize::from(has_entries)].push(micros(from.elapsed(), WRITES));
            let from = Instant::now();
            app.settle().await;
            folds[usize::from(has_entries)].push(micros(from.elapsed(), WRITES));
        }
        let from = Instant::now();
        for _ in 0..WRITES {
            number += 1;
            let input = support::register::enterprise(&cadre, YUESHAN, number);
            cadre.done(REGISTER, input).await;
        }
        http.push(micros(from.elapsed(), WRITES));
        app.settle().await;
        app.advance(TimeDelta::seconds(30));
    }
    let ([without, with], [numbered, folded], whole) = (bare.map(quarter), folds.map(quarter), quarter(http));
    let entries = with - without;
    line("the transaction alone, without entries", without, None);
    line("  with the four of an enterprise", with, Some(with / without));
    line("numbering, without entries", numbered, None);
    line("  with folding them", folded, Some(folded / numbered));
    line(
        "registerEnterprise over HTTP, less the entries",
        whole - entries,
        None,
    );
    line("  as it is", whole, Some(whole / (whole - entries)));
    let all = whole + folded;
    line("  and folded", all, Some(all / (whole - entries + numbered)));
}

async fn measure(database: Database) {
    println!("{database:?}");
    let Some(stage) = Stage::new(database) else { return };
    let app = App::open(&stage, Clock::new()).await;
    writes(&app).await;
    let Some(stage) = Stage::new(database) else { return };
    let app = App::open(&stage, Clock::new()).await;
    dashboards(&app).await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    for database in [Database::Sqlite, Database::Postgres] {
        runtime.block_on(measure(database));
    }
}
