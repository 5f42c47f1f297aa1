//! Figures as a file: what stands in it is what `figures` says, who gets it, and that it is whole whatever happens meanwhile.

use crate::support::app::Answer;
use crate::support::book::{Cell, sheet};
use crate::support::delivery::{line, submit};
use crate::support::files::{cells, count, die_at_work, die_once, end_grant, work_beside};
use crate::support::register::{YUESHAN, figures, record, register};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::figure_export::jobs::Table;
use chrono::TimeDelta;
use futures_util::FutureExt;
use sea_orm::DbBackend;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

const EXPORT: &str = "mutation($input: ExportFigures!) { exportFigures(input: $input) { \
    job { id kind state federation { code } file { path } } userErrors { code field message } } }";
const JOB: &str = "query($id: ID!) { job(id: $id) { state failure { code } progress { rowsTotal rowsDone } \
    file { name path downloads } } }";
const METRICS: [&str; 4] = ["enterprises", "employees", "visits", "fees_collected"];

fn asked(caller: &Caller, code: &str, more: Value) -> Value {
    let mut input = json!({"federationId": caller.app.gid(code), "metrics": METRICS, "format": "CSV"});
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

/// Asks for a file; the job's id.
async fn export(caller: &Caller, code: &str, more: Value) -> Value {
    caller.done(EXPORT, asked(caller, code, more)).await["job"]["id"].take()
}

async fn see(caller: &Caller, job: &Value) -> Value {
    caller.data(JOB, json!({"id": job})).await["job"].take()
}

async fn fetch(caller: &Caller, path: &Value) -> Answer {
    caller.send("GET", path.as_str().unwrap(), &[], "").await
}

/// Fetches the file of a job that is done.
async fn fetched(caller: &Caller, job: &Value) -> Answer {
    let done = see(caller, job).await;
    assert_eq!(done["state"], "DONE", "{done:#}");
    let answer = fetch(caller, &done["file"]["path"]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.headers["cache-control"].as_bytes()),
        (200, &b"no-store"[..])
    );
    answer
}

/// Asks for a file and fetches it.
async fn file(caller: &Caller, code: &str, more: Value) -> Answer {
    let job = export(caller, code, more).await;
    caller.app.work().await;
    fetched(caller, &job).await
}

/// The rows of a CSV file. A code of a division stands behind an apostrophe, or a spreadsheet would show 4.30381E+11.
fn table(file: &Answer) -> Vec<Vec<String>> {
    let mut rows = cells(&file.text());
    for row in rows.iter_mut().skip(3).filter(|row| !row[0].is_empty()) {
        let code = row[0].strip_prefix('\'').expect("a code is a text");
        assert!(code.len() == 12 && code.bytes().all(|digit| digit.is_ascii_digit()));
        row[0] = code.to_owned();
    }
    rows
}

/// The rows of a CSV file behind its head.
async fn rows(caller: &Caller, code: &str, more: Value) -> Vec<Vec<String>> {
    table(&file(caller, code, more).await).split_off(3)
}

/// The rows of a book as a CSV file has them; the numbers of some columns must be numbers, all other cells texts.
fn as_text(book: Vec<Vec<Cell>>, numbers: std::ops::Range<usize>) -> Vec<Vec<String>> {
    let cell = |(row, (column, cell)): (usize, (usize, Cell))| match cell {
        Cell::Number(number) if row >= 3 && numbers.contains(&column) => number,
        Cell::Text(text) if row < 3 || !numbers.contains(&column) => text,
        Cell::Empty if !numbers.contains(&column) => String::new(),
        other => panic!("{other:?} in row {row}, column {column}"),
    };
    let rows = book.into_iter().enumerate();
    rows.map(|(row, cells)| cells.into_iter().enumerate().map(|at| cell((row, at))).collect())
        .collect()
}

/// Money without what a spreadsheet leaves out of a number: 10.50 is kept as 10.5.
fn kept(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

/// Things that are counted in two counties of a city, some money among them.
async fn business(app: &App) {
    let cadre = app.person("CADRE", XIANGTAN).await;
    for (number, township) in [(1, YUESHAN), (2, YUESHAN), (3, WANGCHUNMEN), (4, QINGXI)] {
        let firm = register(&cadre, township, number).await;
        if number < 3 {
            record(&cadre, &firm, u128::from(number), "2026-06-19T09:30:00+08:00").await;
        }
    }
    let mut paid = line(1);
    (paid["wages"], paid["payable"], paid["due"]) = (json!("100025.50"), json!("2000.51"), json!("2000.51"));
    let answered = submit(app, &[paid]).await;
    assert_eq!(answered[0]["status"], "ACCEPTED", "{answered:?}");
    app.settle().await;
}

/// The number of the first park of a crowd, which is its key too: four characters that no other federation has.
const FIRST: u32 = 5_000;

/// Founds so many parks below a county, at each of which as many enterprises are counted as its number says.
async fn crowd(app: &App, county: &str, many: u32) -> App {
    let id = match app.process.db.backend() {
        DbBackend::Sqlite => "randomblob(16)",
        _ => "gen_random_uuid()",
    };
    app.write(&format!(
        "WITH RECURSIVE n(n) AS (SELECT {FIRST} UNION ALL SELECT n + 1 FROM n WHERE n < {FIRST} + {many} - 1) \
         INSERT INTO federation (id, parent_id, level, kind, name, is_stand_in, path, county_id) \
         SELECT {id}, id, 'TOWNSHIP', 'PARK', '第' || n || '园区工会', FALSE, path || n, id \
         FROM federation CROSS JOIN n WHERE code = '{county}' AND level = 'COUNTY'"
    ))
    .await;
    app.write(
        "INSERT INTO figure_rollup (federation_id, metric, axis, grain, day, dimension, qualifier, amount) \
         SELECT id, 'enterprises', '', 'Y', '2025-01-01', '', '=', CAST(substr(path, length(path) - 3) AS INT) \
         FROM federation WHERE kind = 'PARK'",
    )
    .await;
    app.another().await
}

/// Counts enterprises of so many kinds of ownership at each park of a crowd: of the n-th one n.
async fn kinds(app: &App, kinds: std::ops::RangeInclusive<u32>) {
    app.write(&format!(
        "WITH RECURSIVE n(n) AS (SELECT {} UNION ALL SELECT n + 1 FROM n WHERE n < {}) \
         INSERT INTO figure_rollup (federation_id, metric, axis, grain, day, dimension, qualifier, amount) \
         SELECT id, 'enterprises', 'OWNERSHIP', 'Y', '2025-01-01', 'OWNERSHIP:K' || (1000 + n), '=', n \
         FROM federation CROSS JOIN n WHERE kind = 'PARK'",
        kinds.start(),
        kinds.end()
    ))
    .await;
}

both! {
    async fn a_file_says_what_the_figures_say_and_a_book_the_same(app: App) {
        business(&app).await;
        let leader = app.person("LEADER", XIANGTAN).await;
        let shaoshan = format!("federation_id = (SELECT id FROM federation WHERE code = '{SHAOSHAN}')");
        app.write(&format!("UPDATE figure_rollup SET qualifier = '>' WHERE metric = 'employees' AND {shaoshan}")).await;
        app.write(&format!("UPDATE figure_rollup SET qualifier = '~', amount = -2 WHERE metric = 'enterprises' AND {shaoshan}")).await;
        let days = json!({"from": "2026-02-01", "to": "2026-06-20"});

        let answer = file(&leader, XIANGTAN, days.clone()).await;
        let mut more = days.clone();
        more["format"] = json!("XLSX");
        let book = file(&leader, XIANGTAN, more).await;

        let found = table(&answer);
        let number = found[0][4].clone();
        assert!(number.starts_with("FIG-20260620-"), "{number}");
        assert_eq!(found[..3], [
            ["统计数字", "湘潭市总工会", "2026-02-01 至 2026-06-20", "制表时间 2026-06-20 10:00", &number].iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>(),
            ["代码", "名称", "层级", "企业数（家）", "职工数（人）", "走访次数（次）", "税务代征经费（元）", "口径"].map(str::to_owned).to_vec(),
            ["code", "name", "level", "enterprises", "employees", "visits", "fees_collected", "qualifier"].map(str::to_owned).to_vec(),
        ]);
        let below = app.process.tree().nodes().iter().filter(|node| node.parent_id == Some(app.federation(XIANGTAN))).count();
        assert_eq!(found.len(), 4 + below, "the city and what is directly below");
        for row in &found[3..] {
            let expected = figures(&leader, &row[0], &METRICS, days.clone()).await;
            for (metric, cell) in METRICS.iter().zip(&row[3..]) {
                assert_eq!(expected[metric], json!(cell), "{metric} of {}", row[1]);
            }
        }
        let row = |code: &str| found[3..].iter().find(|row| row[0] == code).unwrap()[1..].join(" ");
        assert_eq!(row(XIANGTAN), "湘潭市总工会 市级 4 410 2 2000.51 ");
        assert_eq!(row(XIANGXIANG), "湘乡市总工会 县级 3 306 2 2000.51 ");
        assert_eq!(row(SHAOSHAN), "韶山市总工会 县级 -2 104 0 0.00 enterprises 近；employees 余");

        let type_of = |answer: &Answer| answer.headers["content-type"].to_str().unwrap().to_owned();
        assert_eq!(type_of(&answer), "text/csv; charset=utf-8");
        assert_eq!(type_of(&book), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
        assert!(book.headers["content-disposition"].to_str().unwrap().ends_with(".xlsx\""));
        let book = as_text(sheet(&book.body), 3..7);
        assert_eq!(book[1..3], found[1..3]);
        assert_eq!(book.len(), found.len());
        for (row, expected) in book[3..].iter().zip(&found[3..]) {
            let expected: Vec<&str> = expected.iter().enumerate().map(|(column, cell)| if column == 6 { kept(cell) } else { cell }).collect();
            assert_eq!(row.join(" ").trim_end(), expected.join(" ").trim_end());
        }
    }

    async fn a_file_holds_a_level_or_the_parts_of_an_axis_as_of_its_days(app: App) {
        business(&app).await;
        let leader = app.person("LEADER", HUNAN).await;

        let counties = rows(&leader, HUNAN, json!({"level": "COUNTY", "metrics": ["enterprises"]})).await;
        let earlier = rows(&leader, HUNAN, json!({"level": "COUNTY", "metrics": ["enterprises"], "asOf": "2026-01-09"})).await;
        let parts = rows(&leader, HUNAN, json!({"level": "CITY", "metrics": ["enterprises", "employees"], "by": "OWNERSHIP"})).await;
        let half = file(&leader, HUNAN, json!({"metrics": ["visits"], "period": {"kind": "HALF_YEAR", "day": "2026-03-01"}})).await;
        let stocks = file(&leader, HUNAN, json!({"metrics": ["employees"], "asOf": "2026-06-01"})).await;

        let tree = app.process.tree();
        let hunan = tree.get(app.federation(HUNAN)).unwrap();
        let expected: Vec<_> = tree.below(hunan).iter().filter(|node| node.is_in_one_county() && node.county_id == node.id).map(|node| node.code.as_deref().unwrap()).collect();
        assert_eq!(counties.iter().map(|row| &*row[0]).collect::<Vec<_>>(), expected);
        let of = |rows: &[Vec<String>], code: &str| rows.iter().find(|row| row[0] == code).unwrap()[3].clone();
        assert_eq!((of(&counties, XIANGXIANG), of(&counties, SHAOSHAN), of(&counties, FURONG)), ("3".into(), "1".into(), "0".into()));
        assert_eq!((earlier.len(), of(&earlier, XIANGXIANG)), (counties.len(), "0".into()));
        assert_eq!(parts, [[XIANGTAN, "湘潭市总工会", "市级", "PRIVATE", "4", "410", ""]], "who has no part has no row");
        assert_eq!(cells(&half.text())[0][2], "2026-01-01 至 2026-06-20");
        assert_eq!(cells(&stocks.text())[0][2], "截至 2026-06-01");
    }

    async fn no_name_is_a_formula(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let found = "mutation($input: FoundFederation!) { foundFederation(input: $input) { federation { id } userErrors { code field } } }";
        let names = ["=1+1工会", "+1工会", "-1工会", "@SUM(A1)工会", "＝1工会"];
        for name in names {
            cadre.done(found, json!({"parentId": app.gid(XIANGXIANG), "level": "TOWNSHIP", "kind": "PARK", "name": name})).await;
        }

        let text = rows(&cadre, XIANGXIANG, json!({})).await;
        let book = as_text(sheet(&file(&cadre, XIANGXIANG, json!({"format": "XLSX"})).await.body), 3..7);

        for name in names {
            assert!(text.iter().any(|row| row[0].is_empty() && row[1] == format!("'{name}") && row[3] == "0"), "{name}: {text:?}");
            assert!(book.iter().any(|row| row.get(1).is_some_and(|cell| cell == name)), "{name}: {book:?}");
        }
    }

    async fn a_reporting_client_asks_watches_and_fetches_and_nobody_else_does(app: App) {
        business(&app).await;
        let client = app.person("REPORTING", XIANGXIANG).await;
        for (role, place, expected) in [
            ("TAX_BUREAU", XIANGXIANG, "FORBIDDEN"),
            ("SYSTEM_ADMINISTRATOR", HUNAN, "FORBIDDEN"),
            ("AUDIT_ADMINISTRATOR", HUNAN, "FORBIDDEN"),
            ("REPORTING", YUESHAN, "FORBIDDEN"),
            ("REPORTING", SHAOSHAN, "NOT_FOUND federationId"),
            ("LEADER", SHAOSHAN, "NOT_FOUND federationId"),
        ] {
            let caller = app.person(role, place).await;
            assert_eq!(caller.refused(EXPORT, asked(&caller, XIANGXIANG, json!({}))).await, [expected], "{role} {place}");
        }
        let anonymous = app.anonymous();
        assert_eq!(anonymous.codes(EXPORT, json!({"input": asked(&anonymous, XIANGXIANG, json!({}))})).await, ["UNAUTHENTICATED"]);

        let job = export(&client, XIANGXIANG, json!({"format": "XLSX"})).await;
        let watched = "subscription($id: ID!) { jobChanged(id: $id) { job { state } } }";
        let mut stream = client.subscribe(watched, json!({"id": job})).await;
        assert_eq!(stream.next().await["data"]["jobChanged"]["job"]["state"], "QUEUED");
        app.work().await;
        let mut state = Value::Null;
        while state != "DONE" {
            state = stream.next().await["data"]["jobChanged"]["job"]["state"].clone();
        }
        let book = fetched(&client, &job).await;
        assert_eq!(as_text(sheet(&book.body), 3..7)[3][..4], [XIANGXIANG, "湘乡市总工会", "县级", "3"]);

        // Who reads jobs and figures there sees the work, and the file is for who asked.
        let path = &see(&client, &job).await["file"]["path"];
        for (role, place, is_seen) in [
            ("LEADER", XIANGXIANG, true),
            ("CADRE", XIANGTAN, true),
            ("LEADER", SHAOSHAN, false),
            ("REPORTING", HUNAN, false),
            ("REPORTING", SHAOSHAN, false),
            ("TAX_BUREAU", XIANGXIANG, false),
            ("AUDIT_ADMINISTRATOR", HUNAN, false),
        ] {
            let caller = app.person(role, place).await;
            assert_eq!(see(&caller, &job).await.is_object(), is_seen, "{role} {place}");
            assert_eq!(fetch(&caller, path).await.status, 404, "{role} {place}");
        }
        assert_eq!(fetch(&anonymous, path).await.status, 401);

        // It does not outlast the right to read it, nor seven days.
        let late = export(&client, XIANGXIANG, json!({})).await;
        end_grant(&app, "REPORTING", XIANGXIANG).await;
        assert_eq!(fetch(&client, path).await.status, 404);
        app.work().await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let failed = see(&leader, &late).await;
        assert_eq!((&failed["state"], &failed["failure"]["code"], &failed["file"]), (&json!("FAILED"), &json!("GONE"), &Value::Null));
        app.write("UPDATE role_grant SET valid_to = NULL").await;
        app.advance(TimeDelta::days(7));
        let client = app.sign_in_client(&format!("reporting.{}", app.federation(XIANGXIANG))).await;
        assert_eq!(fetch(&client, path).await.status, 404);
    }

    async fn what_is_asked_for_is_bounded_and_written_down(app: App) {
        business(&app).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let client = app.person("REPORTING", XIANGXIANG).await;
        for (what, more) in [
            ("INVALID metrics", json!({"metrics": vec!["visits"; 51]})),
            ("INVALID metrics", json!({"metrics": []})),
            ("INVALID metrics.1", json!({"metrics": ["visits", "smiles"]})),
            ("INVALID by", json!({"metrics": ["visits", "employees"], "by": "PURPOSE"})),
            ("INVALID by", json!({"metrics": ["visits"], "ratios": ["coverage_rate"], "by": "PURPOSE"})),
            ("INVALID ratios", json!({"ratios": vec!["coverage_rate"; 51]})),
            ("INVALID ratios.0", json!({"ratios": ["visits"]})),
            ("INVALID metrics", json!({"metrics": [], "ratios": []})),
            ("INVALID level", json!({"level": "CITY"})),
            ("INVALID level", json!({"level": "COUNTY"})),
            ("INVALID asOf", json!({"asOf": "2026-06-01", "to": "2026-06-01"})),
            ("INVALID from", json!({"from": "2026-06-02", "to": "2026-06-01"})),
        ] {
            assert_eq!(leader.refused(EXPORT, asked(&leader, XIANGXIANG, more.clone())).await, [what], "{more}");
        }
        for _ in 0..20 {
            export(&leader, XIANGXIANG, json!({})).await;
            export(&client, XIANGXIANG, json!({})).await;
        }
        assert_eq!(leader.codes(EXPORT, json!({"input": asked(&leader, XIANGXIANG, json!({}))})).await, ["RATE_LIMITED"]);

        let input = asked(&client, XIANGXIANG, json!({"level": "TOWNSHIP", "metrics": ["visits"], "idempotencyKey": "weekly"}));
        let first = client.done(EXPORT, input.clone()).await;
        assert_eq!(client.done(EXPORT, input).await["job"]["id"], first["job"]["id"]);
        app.settle().await;
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let trail = "query($code: DivisionCode!) { federation(code: $code) { auditTrail(filter: {kinds: [\"FIGURES_EXPORTED\"]}, first: 1) { \
            totalCount nodes { operation actorName details { name after } } } } }";
        let entries = auditor.data(trail, json!({"code": XIANGXIANG})).await["federation"]["auditTrail"].take();
        assert_eq!((&entries["totalCount"], &entries["nodes"][0]["operation"]), (&json!(41), &json!("exportFigures")));
        let details = &entries["nodes"][0]["details"];
        assert_eq!(details[1], json!({"name": "federations", "after": "22"}));
        let told: Value = serde_json::from_str(details[0]["after"].as_str().unwrap()).unwrap();
        assert_eq!((&told["metrics"], &told["from"], &told["to"]), (&json!(["visits"]), &json!("2026-01-01"), &json!("2026-06-20")));
    }

    async fn a_file_is_whole_though_its_writer_dies(app: App) {
        let app = crowd(&app, XIANGXIANG, 1_100).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let text = export(&leader, XIANGXIANG, json!({"level": "TOWNSHIP"})).await;
        die_at_work(&app, &Table, 1).await;
        let half = see(&leader, &text).await;
        let other = app.another().await;
        app.advance(TimeDelta::minutes(1));
        let before = other.statements();
        other.work().await;
        let cost = other.statements() - before;

        let book = export(&leader, XIANGXIANG, json!({"level": "TOWNSHIP", "format": "XLSX"})).await;
        // One dies in the last step, when the book is whole but nobody's; the next one when it has begun a book of its own.
        die_at_work(&app, &Table, 3).await;
        let unbound = see(&leader, &book).await;
        app.advance(TimeDelta::minutes(1));
        let files = async |app: &App| count(app, "SELECT COUNT(*) FROM sealed_file").await;
        let begun = files(&app).await;
        die_once(&other, &Table, async || files(&app).await > begun).await;
        let half_bound = see(&leader, &book).await;
        app.advance(TimeDelta::minutes(1));
        app.another().await.work().await;

        let running = |done: u32| (json!("RUNNING"), json!({"rowsTotal": 1_122, "rowsDone": done}), Value::Null);
        let state = |job: &Value| (job["state"].clone(), job["progress"].clone(), job["file"].clone());
        assert_eq!([state(&half), state(&unbound), state(&half_bound)], [running(500), running(1_122), running(1_122)]);
        // The rows of the text, and the book alone.
        assert_eq!(count(&app, "SELECT COUNT(DISTINCT file_id) FROM sealed_file_piece").await, 2);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM sealed_file_piece").await, 3 + 1);
        assert!(cost < 100, "{cost} statements for 622 federations and 4 metrics");
        for job in [&text, &book] {
            assert_eq!(see(&leader, job).await["progress"], json!({"rowsTotal": 1_122, "rowsDone": 1_122}));
        }
        let text = table(&fetched(&leader, &text).await);
        let book = as_text(sheet(&fetched(&leader, &book).await.body), 3..7);
        for rows in [&text, &book] {
            assert_eq!(rows.len(), 3 + 1_122);
            let mut parks: Vec<u32> = rows[3..].iter().filter_map(|row| row[1].strip_prefix('第')?.strip_suffix("园区工会")?.parse().ok()).collect();
            assert!(rows[3..].iter().all(|row| row[1].strip_prefix('第').is_none_or(|name| name.trim_end_matches("园区工会") == row[3])));
            parks.sort();
            assert_eq!(parks, (FIRST..FIRST + 1_100).collect::<Vec<_>>());
        }
    }

    async fn others_write_while_figures_are_read_and_a_book_is_made(app: App) {
        let app = crowd(&app, XIANGXIANG, 600).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let neighbour = app.person("LEADER", SHAOSHAN).await;
        let cadre = app.person("CADRE", XIANGXIANG).await.at(&app.another().await);
        let job = export(&leader, XIANGXIANG, json!({"level": "TOWNSHIP", "format": "XLSX"})).await;
        let registered = AtomicU32::new(0);
        let register_next = || async {
            let number = registered.fetch_add(1, Ordering::Relaxed) + 1;
            register(&cadre, YUESHAN, number).await;
        }.boxed();

        let statements = work_beside(&app, &Table, &register_next).await;

        // Two steps for the rows and the last one, with a firm that was registered, not refused, beside each.
        assert_eq!(registered.load(Ordering::Relaxed), 3);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM enterprise").await, 3);
        // A file and a piece; a piece; the rows go (two statements) and the book is handed out: nothing is read.
        assert_eq!(statements, [2, 1, 3]);
        // Between them the book was begun and its one piece written, each in a transaction of its own.
        assert_eq!(count(&app, "SELECT COUNT(*) FROM event WHERE kind = 'FIGURE_EXPORT_WRITTEN'").await, 5);
        let book = as_text(sheet(&fetched(&leader, &job).await.body), 3..7);
        assert_eq!(book.len(), 3 + 622);
        assert!(see(&neighbour, &job).await.is_null());
        assert_eq!(count(&app, "SELECT COUNT(DISTINCT file_id) FROM sealed_file_piece").await, 1);
    }

    async fn parts_make_many_small_pieces_and_no_more_rows_than_a_file_holds(app: App) {
        let app = crowd(&app, XIANGXIANG, 250).await;
        kinds(&app, 1..=25).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let asked = || json!({"level": "TOWNSHIP", "metrics": ["enterprises"], "by": "OWNERSHIP"});

        let rows = rows(&leader, XIANGXIANG, asked()).await;

        assert_eq!(rows.len(), 250 * 25);
        for (number, row) in (0_u32..).zip(&rows) {
            let (park, kind) = (FIRST + number / 25, number % 25 + 1);
            assert_eq!(row[1..], [format!("第{park}园区工会"), "乡镇级".to_owned(), format!("K{}", 1_000 + kind), kind.to_string(), String::new()]);
        }
        // 22 townships without parts and 78 parks are a step; then 80 parks fill a piece, and 80, and 12 are left.
        assert_eq!(count(&app, "SELECT COUNT(*) FROM sealed_file_piece").await, 4);

        kinds(&app, 26..=201).await;
        let job = export(&leader, XIANGXIANG, asked()).await;
        app.work().await;
        let failed = see(&leader, &job).await;
        assert_eq!((&failed["state"], &failed["failure"]["code"], &failed["file"]), (&json!("FAILED"), &json!("INVALID"), &Value::Null));
        assert!(failed["progress"]["rowsDone"].as_i64().unwrap() < 272, "{failed}");
        assert_eq!(count(&app, "SELECT COUNT(*) FROM sealed_file_piece").await, 4, "what was written of it is gone");
    }

    async fn a_share_stands_beside_both_its_numbers(app: App) {
        business(&app).await;
        for (code, covered) in [(XIANGTAN, 3), (XIANGXIANG, 2)] {
            app.write(&format!(
                "INSERT INTO figure_rollup (federation_id, metric, axis, grain, day, dimension, qualifier, amount) \
                 SELECT id, 'covered_enterprises', '', 'Y', '2025-01-01', '', '>', {covered} FROM federation WHERE code = '{code}'"
            )).await;
        }
        let leader = app.person("LEADER", XIANGTAN).await;
        let neighbour = app.person("LEADER", CHANGSHA).await;
        let asked = json!({"metrics": ["employees"], "ratios": ["coverage_rate"]});

        let found = table(&file(&leader, XIANGTAN, asked.clone()).await);
        let beside = rows(&neighbour, CHANGSHA, asked).await;
        let book = file(&leader, XIANGTAN, json!({"metrics": [], "ratios": ["coverage_rate"], "format": "XLSX"})).await;

        assert_eq!(found[1][3..].join(" "), "职工数（人） 工会覆盖率：工会覆盖企业数（家） 工会覆盖率：企业数（家） 工会覆盖率（%） 口径");
        assert_eq!(found[2][3..].join(" "), "employees coverage_rate.numerator coverage_rate.denominator coverage_rate.percent qualifier");
        let row = |code: &str| found[3..].iter().find(|row| row[0] == code).unwrap()[3..].join(" ");
        assert_eq!(row(XIANGTAN), "410 3 4 75.00 covered_enterprises 余");
        assert_eq!(row(XIANGXIANG), "306 2 3 66.67 covered_enterprises 余");
        assert_eq!(row(SHAOSHAN), "104 0 1 0.00 ");
        assert!(beside.len() > 1 && beside.iter().all(|row| row[3..] == ["0", "0", "0", "", ""]), "{beside:?}");
        assert_eq!(sheet(&book.body)[3][3..6], ["3", "4", "75"].map(|number| Cell::Number(number.to_owned())));
    }

    async fn a_day_has_so_many_files_in_all_processes_together(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let neighbour = app.person("LEADER", SHAOSHAN).await;
        let other = leader.at(&app.another().await);
        let keyed = json!({"idempotencyKey": "weekly"});
        let first = export(&leader, XIANGXIANG, keyed.clone()).await;
        for number in 1..19 {
            export(if number % 2 == 0 { &leader } else { &other }, XIANGXIANG, json!({})).await;
        }
        assert_eq!(export(&other, XIANGXIANG, keyed.clone()).await, first, "asked for once");

        let input = json!({"input": asked(&leader, XIANGXIANG, json!({}))});
        let (one, two) = futures_util::join!(leader.gql(EXPORT, input.clone()), other.gql(EXPORT, input.clone()));

        let refused: Vec<&Value> = [&one, &two].into_iter().filter(|answer| answer["errors"].is_array()).collect();
        assert_eq!(refused.len(), 1, "{one} {two}");
        let extensions = &refused[0]["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["retryAfter"]), (&json!("RATE_LIMITED"), &json!(86_400)));
        assert_eq!(leader.codes(EXPORT, input.clone()).await, ["RATE_LIMITED"]);
        assert_eq!(export(&leader, XIANGXIANG, keyed).await, first, "what was asked for already is still there");
        export(&neighbour, SHAOSHAN, json!({})).await;
        assert_eq!(count(&app, "SELECT COUNT(*) FROM job").await, 21);

        app.advance(TimeDelta::days(1));
        let leader = app.sign_in(&format!("leader.{}", app.federation(XIANGXIANG))).await;
        export(&leader, XIANGXIANG, json!({})).await;
    }
}
