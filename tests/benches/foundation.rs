//! What the ground costs, on both databases in one run: `cargo bench -p tests`. Figures are printed, never asserted:
//! compare the ratios of one run, not the times of two.
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

use flate2::read::GzDecoder;
use serde_json::json;
use std::fmt::Write;
use std::time::Instant;
use support::db::{Stage, done};
use support::register::{YUESHAN, uscc};
use support::tree::{HUNAN, XIANGXIANG};
use support::{App, Clock, Database};
use uuid::Uuid;

const DIVISIONS: &[u8] = include_bytes!("../../api/data/divisions.csv.gz");
const PAYERS: u32 = 5_000;
const LINES: u32 = 100_000;

fn resident_mib() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or_default();
    pages * 4 / 1024
}

fn tell(what: &str, from: Instant) {
    println!(
        "  {what:58} {:>9.1} ms   {:>4} MiB resident",
        from.elapsed().as_secs_f64() * 1e3,
        resident_mib()
    );
}

/// A file of a kind, imported as a job.
async fn import(app: &App, caller: &support::Caller, mutation: &str, number: u128, file: String) {
    let id = Uuid::from_u128(0x0190_0000_0000_7000_a000_0000_0000_0000 + number);
    assert!(
        caller
            .send("PUT", &format!("/uploads/{id}"), &[], file)
            .await
            .status
            .is_success()
    );
    let (name, kind) = (
        mutation,
        format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]),
    );
    let query = format!(
        "mutation($input: {kind}!) {{ {name}(input: $input) {{ job {{ id }} userErrors {{ code field message }} }} }}"
    );
    caller
        .done(
            &query,
            json!({"uploadId": id, "federationId": app.gid(XIANGXIANG)}),
        )
        .await;
    app.work().await;
}

fn register() -> String {
    let mut file = String::from("uscc,name,township_code,ownership,industry,employees\n");
    for number in 0..PAYERS {
        writeln!(
            file,
            "{},湘中第{number}机械厂,{YUESHAN},private,C34,100",
            uscc(number)
        )
        .unwrap();
    }
    file
}

fn delivery() -> String {
    let mut file = String::from(
        "voucherId,lineNo,taxRegistrationNo,uscc,payerName,itemCode,periodFrom,periodTo,wages,rate,payable,relief,paid,due,enteredOn,treasuryCode,taxOffice,township\n",
    );
    for number in 0..LINES {
        let day = number % 28 + 1;
        writeln!(
            file,
            "voucher-{number},1,00300635204661663058,{},湘中机械厂,399001010,2026-01-01,2026-03-31,100000.00,0.02,2000.00,0.00,0.00,2000.00,2026-04-{day:02},1803810000,14303810000,{YUESHAN}",
            uscc(number % PAYERS)
        )
        .unwrap();
    }
    file
}

async fn dashboard(app: &App, what: &str) {
    let client = app.person("REPORTING", HUNAN).await;
    let query = "query($code: DivisionCode) { federation(code: $code) { descendants(level: COUNTY, first: 100) { nodes { code figures(metrics: [\"enterprises\", \"employees\", \"fees_collected\"]) { value } } } } }";
    client.data(query, json!({"code": HUNAN})).await;
    let (statements, from) = (app.statements(), Instant::now());
    for _ in 0..50 {
        client.data(query, json!({"code": HUNAN})).await;
    }
    let statements = (app.statements() - statements) / 50;
    tell(
        &format!("{what}: 50 times all counties of a province, {statements} statements"),
        from,
    );
}

async fn measure(database: Database) {
    println!("{database:?}");
    let Some(stage) = Stage::new(database) else { return };
    let app = App::open(&stage, Clock::new()).await;
    for what in ["import 44,703 divisions", "import them again"] {
        let from = Instant::now();
        done(api::org::federation::import::import(&app.operator(), GzDecoder::new(DIVISIONS)).await);
        tell(what, from);
    }
    let from = Instant::now();
    let tree = done(api::kernel::tree::Tree::load(app.process.db.unhurried()).await);
    tell(&format!("read a tree of {} federations", tree.len()), from);
    let cadre = app.person("CADRE", XIANGXIANG).await;
    dashboard(&app, "figures of 0 records").await;
    let from = Instant::now();
    import(&app, &cadre, "importEnterprises", 1, register()).await;
    tell(&format!("import {PAYERS} enterprises"), from);
    dashboard(&app, "figures of 5,000 records").await;
    let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;
    let file = delivery();
    let from = Instant::now();
    import(&app, &bureau, "importCollections", 2, file.clone()).await;
    tell(
        &format!(
            "take in {LINES} lines ({:.0} a second)",
            f64::from(LINES) / from.elapsed().as_secs_f64()
        ),
        from,
    );
    let from = Instant::now();
    import(&app, &bureau, "importCollections", 3, file).await;
    tell("the same lines again, all DUPLICATE", from);
    app.settle().await;
    dashboard(&app, "figures of 105,000 records").await;
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
