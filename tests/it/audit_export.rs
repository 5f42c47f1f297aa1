//! The audit trail as a file: what stands in it, who gets it, and that it is whole whatever happens meanwhile.

use crate::support::app::Answer;
use crate::support::files::{cells, count, die_at_work, end_grant};
use crate::support::people::{REASON, REVEAL, register_person, reveal};
use crate::support::register::{REGISTER, UPDATE, YUESHAN, enterprise, register};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::audit::jobs::Trail;
use api::kernel::keys::sha256;
use api::kernel::sheet::harmless;
use chrono::TimeDelta;
use entity::audit::event;
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

const EXPORT: &str = "mutation($input: ExportAuditTrail!) { exportAuditTrail(input: $input) { \
    job { id kind state federation { code } file { path } } userErrors { code field message } } }";
const JOB: &str = "query($id: ID!) { job(id: $id) { state failure { code } progress { rowsTotal rowsDone } \
    file { name path downloads expiresAt } } }";
const COLUMNS: [&str; 19] = [
    "number",
    "at",
    "actor",
    "operation",
    "kind",
    "result",
    "code",
    "reason",
    "federation",
    "origin",
    "body",
    "actor_id",
    "subject_id",
    "id",
    "path",
    "county_id",
    "federation_id",
    "hash",
    "watermark",
];

fn asked(caller: &Caller, code: &str, filter: Value) -> Value {
    json!({"federationId": caller.app.gid(code), "filter": filter, "reason": REASON})
}

/// Asks for a file; the job's id.
async fn export(caller: &Caller, code: &str, filter: Value) -> Value {
    caller.app.settle().await;
    caller.done(EXPORT, asked(caller, code, filter)).await["job"]["id"].take()
}

async fn see(caller: &Caller, job: &Value) -> Value {
    caller.data(JOB, json!({"id": job})).await["job"].take()
}

async fn fetch(caller: &Caller, path: &Value) -> Answer {
    caller.send("GET", path.as_str().unwrap(), &[], "").await
}

/// Asks for a file and fetches it.
async fn file(caller: &Caller, code: &str, filter: Value) -> String {
    let job = export(caller, code, filter).await;
    caller.app.work().await;
    let done = see(caller, &job).await;
    assert_eq!(done["state"], "DONE", "{done:#}");
    let answer = fetch(caller, &done["file"]["path"]).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["cache-control"]),
        (200, &"no-store".parse().unwrap())
    );
    answer.text()
}

/// A column of a file, without its head.
fn column(text: &str, name: &str) -> Vec<String> {
    let at = COLUMNS.iter().position(|column| *column == name).unwrap();
    cells(text)[2..].iter().map(|row| row[at].clone()).collect()
}

/// Repeats the entry of an enterprise so many times.
async fn repeat(app: &App, times: u32) {
    let id = match app.process.db.backend() {
        DbBackend::Sqlite => "randomblob(16)",
        _ => "gen_random_uuid()",
    };
    app.write(&format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {times}) \
         INSERT INTO event (county_id, id, at, actor_id, kind, subject_id, path, body, operation, origin, federation_id) \
         SELECT county_id, {id}, at, actor_id, kind, subject_id, path, body, operation, origin, federation_id \
         FROM event CROSS JOIN n WHERE kind = 'ENTERPRISE_REGISTERED'"
    ))
    .await;
}

both! {
    async fn a_file_says_what_happened_line_by_line(app: App) {
        let office = app.from("192.0.2.10");
        let cadre = app.person("CADRE", XIANGXIANG).await.at(&office);
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let finance = app.person("FINANCE", XIANGXIANG).await.at(&office);
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let firm = register(&cadre, YUESHAN, 1).await;
        register(&neighbour, QINGXI, 2).await;
        cadre.done(UPDATE, json!({"id": firm, "expectedVersion": 1, "employees": 7})).await;
        finance.refused(REGISTER, enterprise(&finance, YUESHAN, 3)).await;
        let person = register_person(&cadre, YUESHAN, 1).await;
        cadre.done(REVEAL, reveal(&person)).await;

        let text = file(&auditor, XIANGXIANG, json!({"operations": ["updateEnterprise", "registerEnterprise", "revealPerson"]})).await;

        let county = app.federation(XIANGXIANG);
        let path = app.process.tree().get(county).unwrap().path.to_string();
        let of = event::Column::Operation.is_in(["registerEnterprise", "updateEnterprise", "revealPerson"]);
        let events = event::Entity::find().filter(of).filter(event::Column::Path.starts_with(path)).order_by_asc(event::Column::Seq);
        let events = events.all(app.process.db.reader()).await.unwrap();
        let mark = format!("{} auditor.{county} 2026-06-20", &text[3..24]);
        assert!(mark.starts_with("AUD-20260620-"), "{mark}");
        let mut expected = format!("\u{feff}{mark}\r\n{}\r\n", COLUMNS.join(","));
        let revealed = format!("revealPerson,PERSON_REVEALED,DONE,,{REASON},月山镇");
        let stories = [
            ("cadre", "registerEnterprise,ENTERPRISE_REGISTERED,DONE,,,月山镇", None),
            ("cadre", "updateEnterprise,ENTERPRISE_UPDATED,DONE,,,月山镇", Some(r#""{""after"":{""employees"":7},""before"":{""employees"":101}}""#)),
            ("finance", "registerEnterprise,REFUSED,REFUSED,FORBIDDEN,,湘乡市", Some(r#""{""code"":""FORBIDDEN"",""field"":null}""#)),
            ("cadre", &revealed, None),
        ];
        assert_eq!(events.len(), stories.len());
        for (event, (role, told, body)) in events.iter().zip(stories) {
            let quoted = format!("\"{}\"", event.body.replace('"', "\"\""));
            expected += &format!(
                "{},2026-06-20T02:00:00.000000Z,{role}.{county},{told},192.0.2.10,{},{},{},{},{},{},{},{},{mark}\r\n",
                event.seq.unwrap(), body.unwrap_or(&quoted), event.actor_id.unwrap(), event.subject_id, event.id, harmless(&event.path), event.county_id, event.federation_id.unwrap(), event.hash.as_deref().unwrap()
            );
        }
        assert_eq!(text, expected);
        assert!(!text.contains("王"), "nothing personal stands in it");
    }

    async fn whoever_has_a_file_can_follow_the_chain(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let auditor = app.person("AUDIT_ADMINISTRATOR", HUNAN).await;
        for number in 1..=3 {
            register(&cadre, YUESHAN, number).await;
        }

        let text = file(&auditor, HUNAN, json!({})).await;

        let rows = &cells(&text)[2..];
        let at = |row: &[String], name: &str| row[COLUMNS.iter().position(|column| *column == name).unwrap()].clone();
        let mut followed = 0;
        for pair in rows.windows(2) {
            let number = |row: &[String]| at(row, "number").parse::<i64>().unwrap();
            assert!(number(&pair[0]) < number(&pair[1]), "in the order of their numbers");
            if number(&pair[0]) + 1 == number(&pair[1]) {
                let cell = |name: &str| match (name, at(&pair[1], name)) {
                    ("actor_id" | "federation_id" | "operation" | "origin", none) if none.is_empty() => Value::Null,
                    ("number", number) => json!(number.parse::<i64>().unwrap()),
                    // A path of digits alone is kept from spreadsheets.
                    ("path", text) => json!(text.trim_start_matches('\'')),
                    (_, text) => json!(text),
                };
                let said = ["number", "county_id", "id", "at", "actor_id", "kind", "subject_id", "federation_id", "path", "body", "operation", "origin"];
                let mut hashed = vec![json!("gonghui event 1"), json!(at(&pair[0], "hash"))];
                hashed.extend(said.map(cell));
                assert_eq!(sha256(json!(hashed).to_string().as_bytes()), at(&pair[1], "hash"));
                followed += 1;
            }
        }
        assert!(followed >= 5, "{text}");
    }

    async fn taking_the_trail_away_is_an_entry_too(app: App) {
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;

        let first = file(&auditor, XIANGXIANG, json!({"kinds": ["ENTERPRISE_REGISTERED"]})).await;
        let second = file(&auditor, XIANGXIANG, json!({"from": "2026-06-20T02:00:00Z", "operations": ["exportAuditTrail", "GET /files/{id}"]})).await;

        assert_eq!(column(&second, "kind"), ["AUDIT_EXPORT_REQUESTED", "FILE_DOWNLOADED"]);
        assert_eq!(column(&second, "reason"), [REASON, ""]);
        let body: Value = serde_json::from_str(&column(&second, "body")[0]).unwrap();
        assert_eq!((&body["filter"], &body["rows"]), (&json!({"kinds": ["ENTERPRISE_REGISTERED"]}), &json!(1)));
        let downloaded: Value = serde_json::from_str(&column(&second, "body")[1]).unwrap();
        let name = format!("{}.csv", body["number"].as_str().unwrap());
        assert_eq!(downloaded, json!({"holds": "AUDIT_TRAIL", "name": name, "downloads": 1}));
        assert!(first.starts_with(&format!("\u{feff}{} auditor.", body["number"].as_str().unwrap())));
    }

    async fn no_cell_is_a_formula(app: App) {
        let characters = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"];
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let below = app.process.tree().nodes().iter().filter(|node| node.parent_id == Some(app.federation(XIANGXIANG))).map(|node| node.code.as_deref().unwrap().to_owned()).collect::<Vec<_>>();
        for (number, township) in (1..).zip(&below[..characters.len()]) {
            let cadre = app.person("CADRE", township).await;
            let firm = register(&cadre, township, number).await;
            cadre.done(UPDATE, json!({"id": firm, "expectedVersion": 1, "employees": 7})).await;
        }
        app.settle().await;
        for (character, township) in characters.iter().zip(&below) {
            let at = format!("path = (SELECT path FROM federation WHERE code = '{township}')");
            let told = json!({"reason": format!("{character}why"), "code": format!("{character}code")});
            for change in [
                format!("UPDATE account SET display_name = '{character}who' WHERE {at}"),
                format!("UPDATE event SET body = '{told}' WHERE kind = 'ENTERPRISE_UPDATED' AND {at}"),
                format!("UPDATE event SET operation = '{character}how', origin = '{character}whence', kind = '{character}what', \
                    body = '{character}body', hash = '{character}hash' WHERE kind = 'ENTERPRISE_REGISTERED' AND {at}"),
                format!("UPDATE federation SET name = '{character}where' WHERE code = '{township}'"),
            ] {
                app.write(&change).await;
            }
        }

        // It reads the tree anew.
        let auditor = auditor.at(&app.another().await);
        let rows = cells(&file(&auditor, XIANGXIANG, json!({})).await);

        let formula = |cell: &&String| characters.iter().any(|character| cell.starts_with(character));
        assert_eq!(rows.iter().flatten().find(formula), None);
        for character in characters {
            for word in ["who", "where", "how", "whence", "what", "hash", "body", "why", "code"] {
                let harmless = format!("'{character}{word}");
                assert!(rows.iter().flatten().any(|cell| *cell == harmless), "{harmless:?} is not there");
            }
        }
    }

    async fn only_whoever_reads_the_trail_there_takes_it_away(app: App) {
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        app.settle().await;
        for (role, place, expected) in [
            ("CADRE", XIANGXIANG, "FORBIDDEN"),
            ("LEADER", HUNAN, "FORBIDDEN"),
            ("SYSTEM_ADMINISTRATOR", HUNAN, "FORBIDDEN"),
            ("SECURITY_ADMINISTRATOR", HUNAN, "FORBIDDEN"),
            ("REPORTING", HUNAN, "FORBIDDEN"),
            ("AUDITOR", YUESHAN, "FORBIDDEN"),
            ("AUDITOR", SHAOSHAN, "NOT_FOUND federationId"),
            ("AUDIT_ADMINISTRATOR", GUANGDONG, "NOT_FOUND federationId"),
        ] {
            let caller = app.person(role, place).await;
            assert_eq!(caller.refused(EXPORT, asked(&caller, XIANGXIANG, json!({}))).await, [expected], "{role} {place}");
        }
        let anonymous = app.anonymous();
        assert_eq!(anonymous.codes(EXPORT, json!({"input": asked(&anonymous, XIANGXIANG, json!({}))})).await, ["UNAUTHENTICATED"]);

        let job = export(&auditor, XIANGXIANG, json!({})).await;
        app.work().await;
        let done = see(&auditor, &job).await;
        let path = &done["file"]["path"];
        assert_eq!(fetch(&auditor, path).await.status, 200);
        // Who reads the trail there sees the work, and the file is for who asked.
        for (role, place, is_seen) in [("AUDIT_ADMINISTRATOR", HUNAN, true), ("AUDITOR", XIANGTAN, true), ("AUDITOR", SHAOSHAN, false), ("LEADER", XIANGXIANG, false), ("CADRE", XIANGXIANG, false)] {
            let caller = app.person(role, place).await;
            let seen = see(&caller, &job).await;
            assert_eq!(seen["file"]["downloads"], if is_seen { json!(1) } else { Value::Null }, "{role} {place}");
            assert_eq!(fetch(&caller, path).await.status, 404, "{role} {place}");
        }
        assert_eq!(fetch(&anonymous, path).await.status, 401);

        // It does not outlast the right to read it, nor seven days.
        end_grant(&app, "AUDITOR", XIANGXIANG).await;
        assert_eq!(fetch(&auditor, path).await.status, 404);
        app.write("UPDATE role_grant SET valid_to = NULL").await;
        app.advance(TimeDelta::days(7));
        let auditor = app.sign_in(&format!("auditor.{}", app.federation(XIANGXIANG))).await;
        assert_eq!(fetch(&auditor, path).await.status, 404);
        assert_eq!(see(&auditor, &job).await["file"], Value::Null);
    }

    async fn a_file_is_bounded_reasoned_and_asked_for_once(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        for number in 1..=3 {
            register(&cadre, YUESHAN, number).await;
        }
        app.settle().await;
        let firms = json!({"kinds": ["ENTERPRISE_REGISTERED"]});
        let input = |filter: &Value, change: fn(&mut Value)| {
            let mut input = asked(&auditor, XIANGXIANG, filter.clone());
            change(&mut input);
            input
        };
        for (what, change) in [
            ("INVALID reason", (|input| input["reason"] = json!("短")) as fn(&mut Value)),
            ("INVALID reason", |input| input["reason"] = json!("核对号码 13800000002 是否本人")),
            ("INVALID filter", |input| input["filter"] = json!({"kinds": ["NOTHING_OF_THE_KIND"]})),
            ("INVALID filter", |input| input["filter"] = json!({"to": "2026-01-01T00:00:00Z"})),
            ("INVALID filter.kinds", |input| input["filter"] = json!({"kinds": ["=1+1"]})),
            ("INVALID filter.operations", |input| input["filter"] = json!({"operations": ["a".repeat(65)]})),
            ("INVALID filter.actorId", |input| input["filter"] = json!({"actorId": "x"})),
        ] {
            assert_eq!(auditor.refused(EXPORT, input(&firms, change)).await, [what]);
        }
        let narrow = app.another_with(|rules| rules.privacy.audit_rows_max = 2).await;
        assert_eq!(auditor.at(&narrow).refused(EXPORT, input(&firms, |_| {})).await, ["INVALID filter"]);
        let app = app.another_with(|rules| rules.privacy.audit_rows_max = 3).await;
        let auditor = auditor.at(&app);
        let keyed = |input: &mut Value| input["idempotencyKey"] = json!("monthly");
        let job = auditor.done(EXPORT, input(&firms, keyed)).await["job"].take();
        assert_eq!((&job["kind"], &job["state"], &job["federation"]["code"], &job["file"]), (&json!("AUDIT_EXPORT"), &json!("QUEUED"), &json!(XIANGXIANG), &Value::Null));

        // What happens after it was asked for is not in it, and asking again is the same.
        register(&cadre, YUESHAN, 4).await;
        app.settle().await;
        assert_eq!(auditor.done(EXPORT, input(&firms, keyed)).await["job"]["id"], job["id"]);
        app.work().await;
        assert_eq!(see(&auditor, &job["id"]).await["progress"], json!({"rowsTotal": 3, "rowsDone": 3}));
        assert_eq!(count(&app, "SELECT COUNT(*) FROM job").await, 1);
        let auditor = auditor.at(&app.another_with(|rules| rules.privacy.audit_rows_max = 100).await);
        // With the one under a key that makes twenty today, in whichever process they were asked for.
        for _ in 1..20 {
            auditor.done(EXPORT, input(&firms, |_| {})).await;
        }
        let auditor = auditor.at(&auditor.app.another().await);
        assert_eq!(auditor.codes(EXPORT, json!({"input": input(&firms, |_| {})})).await, ["RATE_LIMITED"]);
    }

    async fn nobody_gets_a_file_whose_right_ended_before_it_was_written(app: App) {
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let above = app.person("AUDITOR", HUNAN).await;
        let job = export(&auditor, XIANGXIANG, json!({})).await;
        end_grant(&app, "AUDITOR", XIANGXIANG).await;

        app.work().await;

        let seen = see(&above, &job).await;
        assert_eq!((&seen["state"], &seen["failure"]["code"], &seen["file"]), (&json!("FAILED"), &json!("GONE"), &Value::Null));
        assert_eq!(count(&app, "SELECT COUNT(*) FROM sealed_file").await, 0);
    }

    async fn a_file_is_whole_though_its_writer_dies(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        repeat(&app, 1_200).await;
        app.settle().await;
        let job = export(&auditor, XIANGXIANG, json!({"kinds": ["ENTERPRISE_REGISTERED"]})).await;
        die_at_work(&app, &Trail, 1).await;
        let half = see(&auditor, &job).await;
        let other = app.another().await;
        app.advance(TimeDelta::minutes(1));
        other.work().await;

        assert_eq!((&half["state"], &half["progress"], &half["file"]), (&json!("RUNNING"), &json!({"rowsTotal": 1_201, "rowsDone": 500}), &Value::Null));
        let done = see(&auditor, &job).await;
        assert_eq!((&done["state"], &done["progress"]), (&json!("DONE"), &json!({"rowsTotal": 1_201, "rowsDone": 1_201})));
        let text = fetch(&auditor, &done["file"]["path"]).await.text();
        let numbers: Vec<i64> = column(&text, "number").iter().map(|number| number.parse().unwrap()).collect();
        assert_eq!(numbers.len(), 1_201);
        assert!(numbers.is_sorted_by(|a, b| a < b));
        assert_eq!((text.matches("watermark").count(), count(&app, "SELECT COUNT(*) FROM sealed_file_piece").await), (1, 3));
    }
}
