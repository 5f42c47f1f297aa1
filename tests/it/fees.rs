//! The tax bureau's deliveries.

use crate::support::delivery::{SUBMIT, line, submit};
use crate::support::register::{
    IMPORT_COLLECTIONS as IMPORT, IMPORT_ENTERPRISES, YUESHAN, figures, job, register, uscc,
};
use crate::support::tree::{HUNAN, QINGXI, SHAOSHAN, WANGCHUNMEN, XIANGTAN, XIANGXIANG};
use crate::support::{App, Caller};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

const NDJSON: &str = include_str!("data/xiangxiang/collections.ndjson");
const CSV: &str = include_str!("data/xiangxiang/collections.csv");
const GB18030: &[u8] = include_bytes!("data/xiangxiang/collections_gb18030.csv");
const ENTERPRISES: &str = include_str!("data/xiangxiang/enterprises.csv");

const JOB: &str = "query($id: ID!) { job(id: $id) { state progress { rowsTotal rowsAccepted rowsUnchanged rowsRefused } \
    failure { code } refusals { nodes { row column value code reason } } } }";

/// Sends a file and imports it; the job as it ended.
async fn import(caller: &Caller, mutation: &str, number: u128, bytes: impl Into<axum::body::Body>) -> Value {
    let id = Uuid::from_u128(0x0190_0000_0000_7000_c000_0000_0000_0000 + number);
    let answer = caller.send("PUT", &format!("/uploads/{id}"), &[], bytes).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    let input = json!({"uploadId": id, "federationId": caller.app.gid(XIANGXIANG)});
    let job = caller.done(mutation, input).await["job"]["id"].clone();
    caller.app.work().await;
    caller.data(JOB, json!({"id": job})).await["job"].clone()
}

/// The register of the delivery, loaded as the county's cadre does it.
async fn load_register(app: &App) {
    let cadre = app.person("CADRE", XIANGXIANG).await;
    let job = import(&cadre, IMPORT_ENTERPRISES, 1, ENTERPRISES).await;
    assert_eq!(
        (&job["state"], &job["progress"]["rowsAccepted"]),
        (&json!("DONE"), &json!(180)),
        "{job:#}"
    );
}

/// The delivery as lines of a call.
fn delivery() -> Vec<Value> {
    NDJSON
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The voucher that the manifest names for a trap.
fn trap(name: &str) -> String {
    let manifest: Value = serde_json::from_str(include_str!("data/xiangxiang/manifest.json")).unwrap();
    manifest["traps"][name].as_str().unwrap().to_owned()
}

fn fen(yuan: &Value) -> i64 {
    yuan.as_str().unwrap().replace('.', "").parse().unwrap()
}

/// How many results have which status.
fn tally(results: &[Value]) -> BTreeMap<&str, usize> {
    results.iter().fold(BTreeMap::new(), |mut tally, result| {
        *tally.entry(result["status"].as_str().unwrap()).or_default() += 1;
        tally
    })
}

/// The results of a voucher's lines: status, reasons, warnings.
fn of<'a>(results: &'a [Value], voucher: &str) -> Vec<(&'a str, Vec<&'a str>, Vec<&'a str>)> {
    let texts = |list: &'a Value, name: Option<&str>| -> Vec<&'a str> {
        let items = list.as_array().unwrap().iter();
        items
            .map(|item| name.map_or(item, |name| &item[name]).as_str().unwrap())
            .collect()
    };
    let of_voucher = results.iter().filter(|result| result["voucherId"] == voucher);
    of_voucher
        .map(|result| {
            let reasons = texts(&result["reasons"], Some("code"));
            (
                result["status"].as_str().unwrap(),
                reasons,
                texts(&result["warnings"], None),
            )
        })
        .collect()
}

async fn collected(app: &App) -> Value {
    let leader = app.person("LEADER", XIANGXIANG).await;
    let metrics = ["fees_collected", "preparatory_fund_collected"];
    figures(
        &leader,
        XIANGXIANG,
        &metrics,
        json!({"from": "2025-01-01", "to": "2026-12-31"}),
    )
    .await
}

/// Vouchers of the accepted and the waiting lines that a caller sees at a place, in the order of the lists.
async fn lists(caller: &Caller, code: &str) -> (Vec<String>, Vec<String>) {
    let query = "query($code: DivisionCode) { federation(code: $code) { \
        collections(first: 100) { nodes { voucherId } } \
        waitingCollections(first: 100) { nodes { reason line { voucherId } } } } }";
    let data = caller.data(query, json!({"code": code})).await;
    let nodes = |list: &str| data["federation"][list]["nodes"].as_array().unwrap().clone();
    let accepted = nodes("collections")
        .iter()
        .map(|node| node["voucherId"].as_str().unwrap().to_owned())
        .collect();
    let waiting = nodes("waitingCollections")
        .iter()
        .map(|node| {
            format!(
                "{} {}",
                node["reason"].as_str().unwrap(),
                node["line"]["voucherId"].as_str().unwrap()
            )
        })
        .collect();
    (accepted, waiting)
}

/// What a file of the delivery must come to, whatever its format.
async fn check_file(app: &App, bytes: impl Into<axum::body::Body>, rows: i64) {
    load_register(app).await;
    let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;

    let job = import(&bureau, IMPORT, 2, bytes).await;

    let counts = ["rowsTotal", "rowsAccepted", "rowsUnchanged", "rowsRefused"]
        .map(|name| job["progress"][name].as_i64().unwrap());
    assert_eq!(
        (&job["state"], counts),
        (&json!("DONE"), [rows, 332, 1, 4]),
        "{job:#}"
    );
    let refusals = job["refusals"]["nodes"].as_array().unwrap().iter();
    let refusals: Vec<String> = refusals
        .map(|refusal| {
            format!("{} {} {}", refusal["code"], refusal["column"], refusal["value"]).replace('"', "")
        })
        .collect();
    let expected = [
        "BAD_DATE periodFrom 2025-13-01".to_owned(),
        "BAD_CHECK_DIGIT uscc 91430381UFQWBG2T30".to_owned(),
        format!(
            "CHANGED_AFTER_IMPORT voucherId {}",
            trap("same_key_other_content")
        ),
        "UNKNOWN_PAYER uscc 914303814UF6AM9P8Y".to_owned(),
    ];
    let mut sorted = (refusals.clone(), expected.clone());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
    let expected = json!({"fees_collected": "8682551.01", "preparatory_fund_collected": "17983.19"});
    assert_eq!(collected(app).await, expected);
    let checks = api::verify::run(&app.process.db, &app.process.keys, &[], app.process.clock.now())
        .await
        .unwrap_or_else(|error| panic!("{}", error.report()));
    assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
}

both! {
    async fn a_real_delivery_is_answered_line_by_line_and_again_changes_nothing(app: App) {
        load_register(&app).await;
        let lines = delivery();

        let first = submit(&app, &lines).await;
        app.settle().await;
        let counted = collected(&app).await;
        let again = submit(&app, &lines).await;

        let expected = [("ACCEPTED", 332), ("CHANGED_AFTER_IMPORT", 1), ("DUPLICATE", 1), ("INVALID", 2), ("UNKNOWN_PAYER", 1)];
        assert_eq!(tally(&first), BTreeMap::from(expected));
        let accepted = first.iter().zip(&lines).filter(|(result, _)| result["status"] == "ACCEPTED");
        assert_eq!(accepted.map(|(_, line)| fen(&line["due"])).sum::<i64>(), 868_255_101);
        let accepted = || ("ACCEPTED", vec![], vec![]);
        assert_eq!(of(&first, &trap("exact_duplicate")), [accepted(), ("DUPLICATE", vec![], vec![])]);
        assert_eq!(of(&first, &trap("same_key_other_content")), [accepted(), ("CHANGED_AFTER_IMPORT", vec![], vec![])]);
        assert_eq!(of(&first, &trap("bad_check_digit")), [("INVALID", vec!["BAD_CHECK_DIGIT"], vec![])]);
        assert_eq!(of(&first, &trap("bad_date")), [("INVALID", vec!["BAD_DATE"], vec![])]);
        assert_eq!(of(&first, &trap("unknown_payer")), [("UNKNOWN_PAYER", vec![], vec![])]);
        assert_eq!(of(&first, &trap("rate_anomaly")), [("ACCEPTED", vec![], vec!["RATE_ANOMALY"])]);
        for name in ["refund", "preparatory_fund", "needs_normalising"] {
            assert_eq!(of(&first, &trap(name)), [accepted()], "{name}");
        }
        assert_eq!(counted, json!({"fees_collected": "8682551.01", "preparatory_fund_collected": "17983.19"}));
        for (first, again) in first.iter().zip(&again) {
            let expected = if first["status"] == "ACCEPTED" { &json!("DUPLICATE") } else { &first["status"] };
            assert_eq!(&again["status"], expected, "{again:#}");
        }
        app.settle().await;
        assert_eq!(collected(&app).await, counted);
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let (_, mut waiting) = lists(&finance, XIANGXIANG).await;
        waiting.sort();
        let expected = [
            format!("CHANGED_AFTER_IMPORT {}", trap("same_key_other_content")),
            format!("UNKNOWN_PAYER {}", trap("unknown_payer")),
        ];
        assert_eq!(waiting, expected);
    }

    async fn ndjson_gives_what_the_lines_give(app: App) {
        check_file(&app, NDJSON, 337).await;
    }

    async fn csv_gives_what_the_lines_give(app: App) {
        check_file(&app, CSV, 337).await;
    }

    async fn gb18030_with_its_total_row_gives_what_the_lines_give(app: App) {
        check_file(&app, GB18030, 338).await;
    }

    async fn the_same_delivery_in_another_format_is_the_same_delivery(app: App) {
        load_register(&app).await;
        let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;
        submit(&app, &delivery()).await;
        for (number, file) in [(2, CSV.as_bytes()), (3, GB18030), (4, NDJSON.as_bytes())] {
            let job = import(&bureau, IMPORT, number, file).await;
            let counts = ["rowsAccepted", "rowsUnchanged", "rowsRefused"].map(|name| job["progress"][name].as_i64().unwrap());
            assert_eq!(counts, [0, 333, 4], "{job:#}");
        }
        app.settle().await;
        assert_eq!(collected(&app).await["fees_collected"], "8682551.01");
    }

    async fn a_total_that_does_not_fit_is_refused_and_the_lines_stay(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in [1, 2] {
            register(&cadre, YUESHAN, number).await;
        }
        let header = CSV.lines().next().unwrap();
        let row = |number: u32| {
            let line = line(number);
            let cells = header.split(',').map(|name| line[name].to_string().replace('"', ""));
            cells.collect::<Vec<_>>().join(",")
        };
        let file = format!("{header}\n{}\n{}\n总计,,,,,,,,,,,,,4000.01,,,,\n", row(1), row(2));
        let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;

        let job = import(&bureau, IMPORT, 2, file).await;

        let counts = ["rowsAccepted", "rowsUnchanged", "rowsRefused"].map(|name| job["progress"][name].as_i64().unwrap());
        assert_eq!(counts, [2, 0, 1], "{job:#}");
        let refusal = &job["refusals"]["nodes"][0];
        assert_eq!((&refusal["code"], &refusal["value"]), (&json!("TOTAL_DIFFERS"), &json!("4000.01")));
        assert!(refusal["reason"].as_str().unwrap().contains("4000.00"), "{refusal:#}");
    }

    async fn each_total_is_compared_with_all_rows_above_it_also_after_a_crash(app: App) {
        load_register(&app).await;
        let header = "税票号码,明细序号,登记序号,统一社会信用代码,纳税人名称,征收品目,所属期起,所属期止,工资总额,费率,应纳费额,减免费额,已缴费额,实缴金额,入库日期,国库代码,税务机关,街道乡镇";
        let mut file = format!("{header}\n");
        for number in 1..=2_500_u32 {
            // Neither lines nor payers, and yet sent.
            file += &format!("x{number},1,1,x,x,x,x,x,0,0,0,0,0,1.00,x,1,1,1\n");
            if number % 500 == 0 {
                file += &format!("合计,,,,,,,,,,,,,{number}.00,,,,\n");
            }
            if number == 1_200 {
                file += "合计,,,,,,,,,,,,,200.00,,,,\n";
            }
        }
        file += "合计,,,,,,,,,,,,,9999999999.00,,,,\n";
        let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;
        let id = job(&bureau, IMPORT, XIANGXIANG, &file).await;
        let query = "query($id: ID!) { job(id: $id) { state progress { rowsDone rowsTotal rowsRefused } \
            refusals(last: 100) { nodes { row code value reason } } } }";

        // A process works until its first chunk is in, and dies.
        let other = app.another().await;
        let work = tokio::spawn(async move { other.work().await });
        while bureau.data(query, json!({"id": id})).await["job"]["progress"]["rowsDone"] == json!(0) {
            tokio::task::yield_now().await;
        }
        work.abort();
        let _ = work.await;
        app.advance(chrono::TimeDelta::minutes(1));
        app.work().await;

        let ended = &bureau.data(query, json!({"id": id})).await["job"];
        // All lines and two totals: of the five others each fits.
        let progress = json!({"rowsDone": 2_507, "rowsTotal": 2_507, "rowsRefused": 2_502});
        assert_eq!((&ended["state"], &ended["progress"]), (&json!("DONE"), &progress));
        let file = bureau.send("GET", &format!("/files/{id}"), &[], "").await.text();
        let totals: Vec<&str> = file.lines().filter(|line| line.contains("TOTAL_DIFFERS")).collect();
        assert_eq!(totals.len(), 2, "{totals:?}");
        assert!(totals[0].starts_with("1203,due,200.00,") && totals[0].contains("come to 1200.00"), "{totals:?}");
        assert!(totals[1].starts_with("2507,due,9999999999.00,") && totals[1].contains("come to 2500.00"), "{totals:?}");
    }

    async fn who_may_not_read_what_a_job_writes_reads_none_of_its_refused_rows(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let reporting = app.person("REPORTING", XIANGXIANG).await;
        let register = format!("uscc,name,township,ownership,industry,employees\n{},某厂,{YUESHAN},martian,C34,1\n", uscc(1));
        let enterprises = job(&cadre, IMPORT_ENTERPRISES, XIANGXIANG, &register).await;
        let collections = job(&bureau, IMPORT, XIANGXIANG, &format!("{}\n{}\n", NDJSON.lines().next().unwrap(), r#"{"voucherId":"secret"}"#)).await;
        app.work().await;
        let seen = "query($id: ID!) { job(id: $id) { refusals { nodes { value } } } node(id: $id) { id } nodes(ids: [$id]) { id } }";
        let watched = "subscription($id: ID!) { jobChanged(id: $id) { cursor job { refusals { nodes { value } } } } }";

        for (caller, of_enterprises, of_collections) in [
            (&cadre, true, false),
            (&bureau, false, true),
            (&leader, true, true),
            (&reporting, false, false),
        ] {
            for (id, may) in [(&enterprises, of_enterprises), (&collections, of_collections)] {
                let data = caller.data(seen, json!({"id": id})).await;
                let refused = data["job"]["refusals"]["nodes"].as_array().map_or(0, Vec::len);
                let node = [&data["node"], &data["nodes"][0]].map(|node| !node.is_null());
                let file = caller.send("GET", &format!("/files/{id}"), &[], "").await.status == 200;
                let live = caller.subscribe(watched, json!({"id": id})).await.answer().await;
                assert_eq!((refused > 0, node, file, live.get("errors").is_none()), (may, [may; 2], may, may), "{data:#} {live:#}");
            }
        }
    }

    async fn another_bureaus_district_is_out_of_district(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let neighbour = app.person("TAX_BUREAU", SHAOSHAN).await;

        let done = neighbour.done(SUBMIT, json!({"lines": [line(1)]})).await;

        let result = &done["results"][0];
        assert_eq!(result["status"], "INVALID");
        assert_eq!(result["reasons"], json!([{"code": "OUT_OF_DISTRICT", "field": "township"}]));
        let city = app.person("FINANCE", XIANGTAN).await;
        assert_eq!(lists(&city, XIANGTAN).await, (vec![], vec![]));
    }

    async fn a_payer_of_another_district_is_unknown_and_waits_where_the_line_belongs(app: App) {
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        register(&neighbour, QINGXI, 1).await;

        let results = submit(&app, &[line(1)]).await;

        assert_eq!(results[0]["status"], "UNKNOWN_PAYER");
        let (own, beside) = (app.person("FINANCE", XIANGXIANG).await, app.person("FINANCE", SHAOSHAN).await);
        assert_eq!(lists(&own, XIANGXIANG).await.1, ["UNKNOWN_PAYER voucher-1"]);
        assert_eq!(lists(&beside, SHAOSHAN).await, (vec![], vec![]));
    }

    async fn a_waiting_line_is_accepted_once_its_payer_is_registered(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        assert_eq!(submit(&app, &[line(1)]).await[0]["status"], "UNKNOWN_PAYER");
        assert_eq!(submit(&app, &[line(1)]).await[0]["status"], "UNKNOWN_PAYER");
        assert_eq!(lists(&finance, YUESHAN).await, (vec![], vec!["UNKNOWN_PAYER voucher-1".to_owned()]));

        register(&cadre, WANGCHUNMEN, 1).await;
        let results = submit(&app, &[line(1)]).await;

        assert_eq!((&results[0]["status"], &results[0]["warnings"]), (&json!("ACCEPTED"), &json!(["TOWNSHIP_DIFFERS"])));
        assert_eq!(lists(&finance, WANGCHUNMEN).await, (vec!["voucher-1".to_owned()], vec![]));
        assert_eq!(lists(&finance, YUESHAN).await, (vec![], vec![]));
        app.settle().await;
        let figures = figures(&finance, WANGCHUNMEN, &["fees_collected"], json!({"from": "2026-04-03", "to": "2026-04-03"})).await;
        assert_eq!(figures, json!({"fees_collected": "2000.00"}));
    }

    async fn a_changed_line_waits_and_never_overwrites(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let mut changed = line(1);
        changed["enteredOn"] = json!("2026-04-04");
        submit(&app, &[line(1)]).await;
        let query = SUBMIT.replace("status", "status collection { voucherId enteredOn due }");
        let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;

        for _ in 0..2 {
            let result = &bureau.done(&query, json!({"lines": [changed]})).await["results"][0];
            assert_eq!(result["status"], "CHANGED_AFTER_IMPORT");
            assert_eq!(result["collection"]["enteredOn"], "2026-04-03");
        }

        let waiting = vec!["CHANGED_AFTER_IMPORT voucher-1".to_owned()];
        assert_eq!(lists(&bureau, XIANGXIANG).await, (vec!["voucher-1".to_owned()], waiting));
    }

    async fn a_line_without_anything_does_not_refuse_the_call(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let mut bell = line(2);
        bell["voucherId"] = json!("a\u{7}b");
        bell["lineNo"] = json!(0);

        let results = submit(&app, &[json!({}), bell, line(1)]).await;

        let statuses: Vec<&Value> = results.iter().map(|result| &result["status"]).collect();
        assert_eq!(statuses, ["INVALID", "INVALID", "ACCEPTED"]);
        assert_eq!(results[0]["reasons"].as_array().unwrap().len(), 18);
        let expected = json!([{"code": "BAD_TEXT", "field": "voucherId"}, {"code": "BAD_LINE_NO", "field": "lineNo"}]);
        assert_eq!(results[1]["reasons"], expected);
    }

    async fn a_call_holds_1_to_1000_lines_and_few_statements(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;
        let lines: Vec<Value> = (1..=1_001).map(|number| {
            let mut line = line(1);
            line["lineNo"] = json!(number);
            line
        }).collect();

        assert_eq!(bureau.refused(SUBMIT, json!({"lines": []})).await, ["INVALID lines"]);
        assert_eq!(bureau.refused(SUBMIT, json!({"lines": lines})).await, ["INVALID lines"]);
        let before = app.statements();
        let done = bureau.done(SUBMIT, json!({"lines": lines[..1_000]})).await;

        assert_eq!(tally(done["results"].as_array().unwrap()), BTreeMap::from([("ACCEPTED", 1_000)]));
        let statements = app.statements() - before;
        assert!(statements <= 20, "{statements} statements for 1,000 lines");
    }

    async fn the_same_lines_at_once_are_accepted_once(app: App) {
        load_register(&app).await;
        let lines = delivery();

        let (one, other) = tokio::join!(submit(&app, &lines), submit(&app, &lines));

        let accepted = |results: &[Value]| tally(results).get("ACCEPTED").copied().unwrap_or_default();
        assert_eq!((accepted(&one) + accepted(&other), accepted(&one) % 332), (332, 0));
        app.settle().await;
        assert_eq!(collected(&app).await["fees_collected"], "8682551.01");
    }

    async fn only_those_who_may_deliver_and_read(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        submit(&app, &[line(1)]).await;
        let reporting = app.person("REPORTING", HUNAN).await;
        let read = "query($code: DivisionCode) { federation(code: $code) { collections { nodes { id } } } }";
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let id = finance.data(read, json!({"code": YUESHAN})).await["federation"]["collections"]["nodes"][0]["id"].clone();

        for caller in [&reporting, &cadre] {
            assert_eq!(caller.refused(SUBMIT, json!({"lines": [line(1)]})).await, ["FORBIDDEN"]);
            assert_eq!(caller.codes(read, json!({"code": XIANGXIANG})).await, ["FORBIDDEN"]);
            assert_eq!(caller.data(node, json!({"id": id})).await["node"], json!(null));
        }
        assert_eq!(finance.data(node, json!({"id": id})).await["node"]["id"], id);
        let beside = app.person("FINANCE", SHAOSHAN).await;
        assert_eq!(beside.data(node, json!({"id": id})).await["node"], json!(null));
    }

    async fn lines_are_listed_by_their_day_of_entry(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut lines = Vec::new();
        for (number, day) in [(1, "2026-04-03"), (2, "2026-04-01"), (3, "2026-04-05")] {
            register(&cadre, YUESHAN, number).await;
            lines.push(line(number));
            lines.last_mut().unwrap()["enteredOn"] = json!(day);
        }
        submit(&app, &lines).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let query = "query($code: DivisionCode, $from: Date, $to: Date) { federation(code: $code) { \
            collections(from: $from, to: $to) { nodes { voucherId enterprise { name } } } } }";

        for (from, to, expected) in [
            (None, None, vec![3, 1, 2]),
            (Some("2026-04-02"), None, vec![3, 1]),
            (Some("2026-04-01"), Some("2026-04-03"), vec![1, 2]),
        ] {
            for code in [YUESHAN, XIANGXIANG] {
                let variables = json!({"code": code, "from": from, "to": to});
                let data = finance.data(query, variables).await;
                let expected: Vec<Value> = expected.iter()
                    .map(|number| json!({"voucherId": format!("voucher-{number}"), "enterprise": {"name": format!("湘中第{number}机械厂")}}))
                    .collect();
                assert_eq!(data["federation"]["collections"]["nodes"], json!(expected));
            }
        }
    }
}
