//! Exports, requests of people about their own data, retention, and sealing anew.

use crate::people::bodies;
use crate::support::app::Answer;
use crate::support::people::*;
use crate::support::register::YUESHAN;
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::privacy::sealing::{SEALED, jobs as sealing};
use api::{verify, worker};
use axum::http::StatusCode;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

const REQUEST: &str = "mutation($input: RequestExport!) { requestExport(input: $input) { \
    export { id state number reason requestedBy file { path } } userErrors { code field message } } }";
const APPROVE: &str = "mutation($input: ApproveExport!) { approveExport(input: $input) { \
    export { state decidedBy } userErrors { code field message } } }";
const REFUSE: &str = "mutation($input: RefuseExport!) { refuseExport(input: $input) { \
    export { state refusal decidedBy } userErrors { code field message } } }";
const EXPORT: &str = "query($id: ID!) { node(id: $id) { ... on Export { state number decidedBy \
    file { name path downloads expiresAt } } } }";
const FILE: &str = "mutation($input: FileSubjectRequest!) { fileSubjectRequest(input: $input) { \
    subjectRequest { id kind state receivedOn dueOn isOverdue } userErrors { code field message } } }";
const FULFIL: &str = "mutation($input: FulfilSubjectRequest!) { fulfilSubjectRequest(input: $input) { \
    subjectRequest { state answeredBy file { path name } person { name idNumber phone erasedAt } } userErrors { code field message } } }";
const DENY: &str = "mutation($input: RefuseSubjectRequest!) { refuseSubjectRequest(input: $input) { \
    subjectRequest { state refusal } userErrors { code field message } } }";
const REQUESTS: &str = "query($code: DivisionCode, $state: SubjectRequestState, $isOverdue: Boolean) { federation(code: $code) { \
    subjectRequests(state: $state, isOverdue: $isOverdue) { nodes { kind state isOverdue } } } }";

fn report<T>(done: Result<T, api::kernel::error::Error>) -> T {
    done.unwrap_or_else(|error| panic!("{}", error.report()))
}

fn asked(caller: &Caller, code: &str) -> Value {
    json!({"federationId": caller.app.gid(code), "kind": "PEOPLE", "reason": "向上级工会报送会员名册，年度核对"})
}

/// Asks for an export; its id.
async fn request(caller: &Caller, code: &str) -> String {
    let done = caller.done(REQUEST, asked(caller, code)).await;
    done["export"]["id"].as_str().unwrap().to_owned()
}

async fn export(caller: &Caller, id: &str) -> Value {
    caller.data(EXPORT, json!({"id": id})).await["node"].take()
}

async fn fetch(caller: &Caller, path: &Value) -> Answer {
    caller.send("GET", path.as_str().unwrap(), &[], "").await
}

/// The person signs in again: tokens do not last as long as the story.
async fn again(app: &App, role: &str, code: &str) -> Caller {
    app.sign_in(&format!("{}.{}", role.to_lowercase(), app.federation(code)))
        .await
}

async fn clean(app: &App) {
    report(worker::clean(&app.process).await);
    app.work().await;
}

async fn count(app: &App, sql: &str) -> i64 {
    let db = &app.process.db;
    let row = db
        .reader()
        .query_one_raw(Statement::from_string(db.backend(), sql))
        .await
        .unwrap();
    row.unwrap().try_get("", "count").unwrap()
}

async fn first_break(app: &App) -> Option<String> {
    let checks = report(verify::run(&app.process.db, &app.process.keys, &[], app.process.clock.now()).await);
    checks
        .into_iter()
        .find_map(|check| check.outcome.err().map(|what| format!("{}: {what}", check.name)))
}

#[test]
fn every_sealed_column_is_sealed_anew_and_proved() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../entity/src");
    let mut found = Vec::new();
    for domain in std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        for file in std::fs::read_dir(domain).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let table = text
                .split("table_name = \"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let is_sealed = |line: &&str| line.ends_with(": Sealed,") || line.ends_with(": Option<Sealed>,");
            for line in text.lines().filter(is_sealed) {
                let column = line.trim().trim_start_matches("pub ").split(':').next().unwrap();
                found.push(format!("{}.{column}", table.unwrap()));
            }
        }
    }
    let mut listed: Vec<String> = SEALED
        .iter()
        .map(|at| format!("{}.{}", at.table, at.column))
        .collect();
    found.sort();
    listed.sort();
    assert_eq!(
        found, listed,
        "give each sealed column a line in api/src/privacy/sealing/mod.rs"
    );
}

both! {
    async fn personal_data_leaves_in_bulk_only_if_somebody_else_allows_it(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGTAN).await;
        for number in 1..=101 {
            register_person(&cadre, YUESHAN, number).await;
        }
        register_person(&app.person("CADRE", SHAOSHAN).await, QINGXI, 200).await;

        let id = request(&cadre, XIANGXIANG).await;
        app.work().await;
        assert_eq!(export(&cadre, &id).await["state"], json!("REQUESTED"));
        assert_eq!(cadre.refused(APPROVE, json!({"id": id})).await, ["FORBIDDEN"]);
        let done = leader.done(APPROVE, json!({"id": id})).await;
        assert_eq!(done["export"]["state"], json!("APPROVED"));
        app.work().await;

        let ready = export(&cadre, &id).await;
        assert_eq!(ready["state"], json!("READY"));
        let answer = fetch(&cadre, &ready["file"]["path"]).await;
        assert_eq!((answer.status, answer.headers["cache-control"].to_str().unwrap()), (StatusCode::OK, "no-store"));
        let text = answer.text();
        let number = ready["number"].as_str().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 103, "{text}");
        assert!(lines[0].starts_with("\u{feff}EXP-20260620-") && lines[0].contains(number));
        assert_eq!(lines[1], "id_type,name,id_number,phone,federation,registered_on,watermark");
        let watermark = format!("{number} cadre.{} 2026-06-20", app.federation(XIANGXIANG));
        assert!(lines[2].starts_with(&format!("RESIDENT_ID,王大明,'{},13800000001,月山镇,2026-06-20,", resident_id(1))), "{}", lines[2]);
        assert!(lines[2..].iter().all(|line| line.ends_with(&watermark)));
        for number in [1, 100, 101] {
            assert_eq!(text.matches(&resident_id(number)).count(), 1);
        }
        assert!(!text.contains(&resident_id(200)), "the neighbour's people are not in it");

        // Nobody but who asked, and each time is told.
        for caller in [&leader, &app.person("CADRE", YUESHAN).await, &app.person("CADRE", SHAOSHAN).await, &app.anonymous()] {
            assert_ne!(fetch(caller, &ready["file"]["path"]).await.status, StatusCode::OK);
        }
        fetch(&cadre, &ready["file"]["path"]).await;
        assert_eq!(export(&leader, &id).await["file"]["downloads"], json!(2));
        let told = bodies(&app, "PERSONAL_FILE_DOWNLOADED").await;
        assert_eq!(told.iter().map(|body| body["downloads"].clone()).collect::<Vec<_>>(), [json!(1), json!(2)]);
        let written: i64 = bodies(&app, "EXPORT_WRITTEN").await.iter().map(|body| body["rows"].as_i64().unwrap()).sum();
        assert_eq!(written, 101);
        assert_eq!(leader.refused(APPROVE, json!({"id": id})).await, ["CONFLICT id"]);

        // After seven days it is gone, for good.
        app.advance(TimeDelta::days(7));
        let cadre = again(&app, "CADRE", XIANGXIANG).await;
        assert_eq!(fetch(&cadre, &ready["file"]["path"]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(export(&cadre, &id).await["file"], json!(null));
        assert!(count(&app, "SELECT COUNT(*) AS count FROM personal_file_piece").await > 0);
        clean(&app).await;
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM personal_file_piece").await, 0);
        assert_eq!(bodies(&app, "PERSONAL_FILE_GONE").await.len(), 1);
        assert_eq!(first_break(&app).await, None);
    }

    async fn an_export_is_refused_where_it_may_not_be(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        assert_eq!(cadre.refused(REQUEST, asked(&cadre, YUESHAN)).await, ["INVALID federationId"]);
        for number in 1..=3 {
            register_person(&cadre, YUESHAN, number).await;
        }
        let narrow = app.another_with(|rules| rules.privacy.export_rows_max = 2).await;
        assert_eq!(cadre.at(&narrow).refused(REQUEST, asked(&cadre, YUESHAN)).await, ["INVALID federationId"]);
        let mut numbered = asked(&cadre, YUESHAN);
        numbered["reason"] = json!("核对号码 13800000002 是否本人");
        assert_eq!(cadre.refused(REQUEST, numbered).await, ["INVALID reason"]);
        for (role, place, expected) in [("LEADER", XIANGXIANG, "FORBIDDEN"), ("CADRE", SHAOSHAN, "NOT_FOUND federationId"), ("FINANCE", XIANGXIANG, "FORBIDDEN"), ("REPORTING", HUNAN, "FORBIDDEN")] {
            let caller = app.person(role, place).await;
            assert_eq!(caller.refused(REQUEST, asked(&cadre, YUESHAN)).await, [expected], "{role} {place}");
        }

        let monthly = app.another_with(|rules| rules.privacy.export_rows_per_month = 2).await;
        assert_eq!(cadre.at(&monthly).refused(REQUEST, asked(&cadre, YUESHAN)).await, ["INVALID federationId"]);

        let id = request(&cadre, YUESHAN).await;
        let why = "名册已由上级工会直接调取，无需导出";
        for stranger in [app.person("LEADER", SHAOSHAN).await, app.person("LEADER", GUANGDONG).await] {
            assert_eq!(stranger.refused(APPROVE, json!({"id": id})).await, ["NOT_FOUND id"]);
            assert_eq!(stranger.refused(REFUSE, json!({"id": id, "reason": why})).await, ["NOT_FOUND id"]);
        }
        assert_eq!(leader.refused(REFUSE, json!({"id": id, "reason": "不行"})).await, ["INVALID reason"]);
        let done = leader.done(REFUSE, json!({"id": id, "reason": why})).await;
        assert_eq!((&done["export"]["state"], &done["export"]["refusal"]), (&json!("REFUSED"), &json!(why)));
        assert_eq!(leader.refused(APPROVE, json!({"id": id})).await, ["CONFLICT id"]);

        // Somebody came in between: the file that would hold too many is not finished.
        let id = request(&cadre, YUESHAN).await;
        register_person(&cadre, YUESHAN, 4).await;
        leader.done(APPROVE, json!({"id": id})).await;
        app.another_with(|rules| rules.privacy.export_rows_max = 3).await.work().await;
        assert_eq!(export(&cadre, &id).await["state"], json!("APPROVED"));
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM job WHERE state = 'FAILED'").await, 1);
    }

    async fn all_that_an_account_exports_within_thirty_days_counts_together(app: App) {
        let app = app.another_with(|rules| rules.privacy.export_rows_per_month = 5).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let colleague = app.person("CADRE", YUESHAN).await;
        for number in 1..=3 {
            register_person(&cadre, YUESHAN, number).await;
        }

        // Two that were allowed before either was written: the second one stops.
        let (first, second) = (request(&cadre, YUESHAN).await, request(&cadre, YUESHAN).await);
        for id in [&first, &second] {
            leader.done(APPROVE, json!({"id": id})).await;
        }
        app.work().await;
        assert_eq!(export(&cadre, &first).await["state"], json!("READY"));
        assert_eq!(export(&cadre, &second).await["state"], json!("APPROVED"));
        assert_eq!(cadre.refused(REQUEST, asked(&cadre, YUESHAN)).await, ["INVALID federationId"]);
        request(&colleague, YUESHAN).await;

        app.advance(TimeDelta::days(30));
        request(&again(&app, "CADRE", XIANGXIANG).await, YUESHAN).await;
    }

    async fn nobody_allows_what_they_asked_for_whatever_they_are(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register_person(&cadre, YUESHAN, 1).await;
        let id = request(&cadre, YUESHAN).await;
        app.write(&format!("UPDATE role_grant SET role = 'LEADER' WHERE account_id = (SELECT id FROM account WHERE username = 'cadre.{}')", app.federation(XIANGXIANG))).await;

        assert_eq!(cadre.refused(APPROVE, json!({"id": id})).await, ["FORBIDDEN"]);
        assert_eq!(cadre.refused(REFUSE, json!({"id": id, "reason": "名册已由上级工会直接调取，无需导出"})).await, ["FORBIDDEN"]);
    }

    async fn an_export_ends_with_the_rights_of_who_asked(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        register_person(&cadre, YUESHAN, 1).await;
        let id = request(&cadre, YUESHAN).await;
        leader.done(APPROVE, json!({"id": id})).await;
        app.write(&format!("UPDATE role_grant SET role = 'FINANCE' WHERE account_id = (SELECT id FROM account WHERE username = 'cadre.{}')", app.federation(XIANGXIANG))).await;

        app.work().await;

        assert_eq!(export(&leader, &id).await["state"], json!("APPROVED"));
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM personal_file_piece").await, 0);
    }

    async fn a_person_gets_a_copy_of_all_that_is_held(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let person = register_person(&cadre, YUESHAN, 2).await;
        cadre.done(REVEAL, reveal(&person)).await;

        let filed = cadre.done(FILE, json!({"personId": person, "kind": "COPY", "receivedOn": "2026-06-10"})).await;
        let id = filed["subjectRequest"]["id"].clone();
        assert_eq!(filed["subjectRequest"], json!({"id": id, "kind": "COPY", "state": "RECEIVED", "receivedOn": "2026-06-10", "dueOn": "2026-06-25", "isOverdue": false}));
        let wrong = json!({"id": id, "correction": {"name": "李四"}});
        assert_eq!(cadre.refused(FULFIL, wrong).await, ["INVALID correction"]);
        let done = cadre.done(FULFIL, json!({"id": id})).await;

        assert_eq!(done["subjectRequest"]["state"], json!("FULFILLED"));
        let path = &done["subjectRequest"]["file"]["path"];
        let copy = fetch(&cadre, path).await.json();
        assert_eq!((&copy["name"], &copy["idNumber"], &copy["phone"]), (&json!("王晓明"), &json!(resident_id(2)), &json!("13800000002")));
        assert_eq!(copy["bases"][0]["purpose"], json!("MEMBERSHIP"));
        let history: Vec<_> = copy["history"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!(history, ["SUBJECT_REQUEST_FILED", "PERSON_REVEALED", "PERSON_REGISTERED"]);
        assert_eq!(fetch(&app.person("LEADER", XIANGXIANG).await, path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(cadre.refused(FULFIL, json!({"id": id})).await, ["CONFLICT id"]);
        assert_eq!(cadre.refused(DENY, json!({"id": id, "reason": "NOTHING_HELD"})).await, ["CONFLICT id"]);
    }

    async fn a_person_has_an_error_put_right(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let person = register_person(&cadre, YUESHAN, 2).await;
        register_person(&cadre, YUESHAN, 3).await;
        let filed = cadre.done(FILE, json!({"personId": person, "kind": "CORRECT"})).await;
        let id = filed["subjectRequest"]["id"].clone();
        let with = |correction: Value| json!({"id": id, "correction": correction});

        assert_eq!(cadre.refused(FULFIL, json!({"id": id})).await, ["INVALID correction"]);
        assert_eq!(cadre.refused(FULFIL, with(json!({"name": "王晓明"}))).await, ["INVALID correction"]);
        assert_eq!(cadre.refused(FULFIL, with(json!({"phone": "1"}))).await, ["INVALID correction.phone"]);
        assert_eq!(cadre.refused(FULFIL, with(json!({"idNumber": resident_id(3)}))).await, ["CONFLICT correction.idNumber"]);
        let done = cadre.done(FULFIL, with(json!({"name": "李四", "phone": "13900000009"}))).await;

        assert_eq!(done["subjectRequest"]["person"]["name"], json!("李*"));
        assert_eq!(bodies(&app, "SUBJECT_REQUEST_FULFILLED").await[0]["changed"], json!(["NAME", "PHONE"]));
    }

    async fn a_person_is_erased_at_request_unless_a_duty_forbids_it(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let person = register_person(&cadre, YUESHAN, 2).await;
        let duty = json!({"personId": person, "basis": {"purpose": "MEMBERSHIP", "basis": "STATUTORY_DUTY", "noticeVersion": "1"}});
        cadre.done(RECORD_CONSENT, duty).await;
        let filed = cadre.done(FILE, json!({"personId": person, "kind": "DELETE"})).await;
        let id = filed["subjectRequest"]["id"].clone();

        assert_eq!(cadre.refused(FULFIL, json!({"id": id})).await, ["CONFLICT id"]);
        assert_eq!(cadre.refused(DENY, json!({"id": id, "reason": "IDENTITY_UNPROVEN"})).await, ["INVALID reason"]);
        let done = cadre.done(DENY, json!({"id": id, "reason": "STATUTORY_DUTY"})).await;
        assert_eq!(done["subjectRequest"], json!({"state": "REFUSED", "refusal": "STATUTORY_DUTY"}));
        cadre.done(WITHDRAW_CONSENT, json!({"personId": person, "purpose": "MEMBERSHIP", "basis": "STATUTORY_DUTY"})).await;
        let filed = cadre.done(FILE, json!({"personId": person, "kind": "DELETE"})).await;
        let id = filed["subjectRequest"]["id"].clone();
        assert_eq!(cadre.refused(DENY, json!({"id": id, "reason": "STATUTORY_DUTY"})).await, ["INVALID reason"]);
        let done = cadre.done(FULFIL, json!({"id": id})).await;

        assert_eq!(done["subjectRequest"]["person"], json!({"name": null, "idNumber": null, "phone": null, "erasedAt": "2026-06-20T02:00:00Z"}));
        assert_eq!(bodies(&app, "PERSON_ERASED").await, [json!({"cause": "SUBJECT_REQUEST"})]);
        let list = "query($code: DivisionCode) { federation(code: $code) { people { totalCount } } }";
        assert_eq!(cadre.data(list, json!({"code": XIANGXIANG})).await["federation"]["people"]["totalCount"], json!(0));
        assert_eq!(cadre.refused(REVEAL, reveal(&person)).await, ["GONE id"]);
        assert_eq!(cadre.refused(CORRECT_PERSON, json!({"id": person, "expectedVersion": 2, "name": "李四"})).await, ["GONE id"]);
        // The number is free again.
        register_person(&cadre, YUESHAN, 2).await;
        assert_eq!(first_break(&app).await, None);
    }

    async fn requests_without_an_answer_are_seen_to_be_late(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let person = register_person(&cadre, YUESHAN, 2).await;
        for (kind, day) in [("COPY", "2026-06-01"), ("DELETE", "2026-06-05"), ("CORRECT", "2026-06-20")] {
            cadre.done(FILE, json!({"personId": person, "kind": kind, "receivedOn": day})).await;
        }
        assert_eq!(cadre.refused(FILE, json!({"personId": person, "kind": "COPY", "receivedOn": "2026-06-21"})).await, ["INVALID receivedOn"]);

        let list = async |caller: &Caller, overdue: Value| {
            let found = caller.data(REQUESTS, json!({"code": XIANGXIANG, "isOverdue": overdue})).await["federation"]["subjectRequests"]["nodes"].take();
            found.as_array().unwrap().iter().map(|node| node["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };

        assert_eq!(list(&cadre, json!(null)).await, ["COPY", "DELETE", "CORRECT"]);
        assert_eq!(list(&cadre, json!(true)).await, ["COPY"]);
        assert_eq!(list(&cadre, json!(false)).await, ["DELETE", "CORRECT"]);
        assert_eq!(list(&app.person("CADRE", WANGCHUNMEN).await, json!(null)).await, Vec::<String>::new());
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        assert_eq!(neighbour.refused(FILE, json!({"personId": person, "kind": "COPY"})).await, ["NOT_FOUND personId"]);
        let leader = app.person("LEADER", XIANGXIANG).await;
        assert_eq!(leader.refused(FILE, json!({"personId": person, "kind": "COPY"})).await, ["FORBIDDEN"]);
    }

    async fn what_nothing_allows_keeping_is_erased_by_itself(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut ids = Vec::new();
        for number in 1..=3 {
            let mut input = person(&cadre, YUESHAN, number);
            input["basis"]["purpose"] = json!("ACTIVITY");
            ids.push(cadre.done(REGISTER_PERSON, input).await["person"]["id"].clone());
        }
        // One keeps a basis, one gets another with a longer retention.
        for id in &ids[..2] {
            cadre.done(WITHDRAW_CONSENT, json!({"personId": id, "purpose": "ACTIVITY"})).await;
        }
        let ended = json!({"personId": ids[1], "basis": {"purpose": "LEGAL_AID", "basis": "CONSENT", "noticeVersion": "1", "from": "2026-01-01", "to": "2026-06-01"}});
        cadre.done(RECORD_CONSENT, ended).await;
        let left = async || count(&app, "SELECT COUNT(*) AS count FROM person WHERE erased_at IS NULL").await;

        app.advance(TimeDelta::days(179));
        clean(&app).await;
        assert_eq!(left().await, 3);
        app.advance(TimeDelta::days(1));
        clean(&app).await;
        assert_eq!(left().await, 2);
        app.advance(TimeDelta::days(1_000));
        clean(&app).await;
        assert_eq!(left().await, 1);

        assert_eq!(bodies(&app, "PERSON_ERASED").await, [json!({"cause": "RETENTION"}), json!({"cause": "RETENTION"})]);
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM person WHERE erased_at IS NOT NULL AND (name IS NOT NULL OR number_index IS NOT NULL)").await, 0);
        // By now passwords have ended.
        let leader = app.person("LEADER", XIANGXIANG).await;
        let node = "query($id: ID!) { node(id: $id) { ... on Person { name erasedAt bases { purpose } } } }";
        let tombstone = leader.data(node, json!({"id": ids[0]})).await["node"].take();
        assert!(tombstone["name"].is_null() && tombstone["erasedAt"].is_string() && tombstone["bases"][0]["purpose"] == json!("ACTIVITY"));
        assert_eq!(first_break(&app).await, None);
    }

    async fn every_value_is_sealed_anew_by_the_newest_key(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in 1..=5 {
            register_person(&cadre, YUESHAN, number).await;
        }
        let copied = register_person(&cadre, YUESHAN, 6).await;
        let filed = cadre.done(FILE, json!({"personId": copied, "kind": "COPY"})).await;
        let done = cadre.done(FULFIL, json!({"id": filed["subjectRequest"]["id"]})).await;
        let path = done["subjectRequest"]["file"]["path"].clone();
        let progress = async || report(sealing::progress(&app.operator()).await);
        assert_eq!((progress().await.values, progress().await.older), (19, 0));

        let (key, job) = report(sealing::begin(&app.operator()).await);
        let (_, same) = report(sealing::begin(&app.operator()).await);
        assert_eq!(job, same, "asked again, it is the same work");
        app.work().await;
        // Not before every process knows the key.
        assert_eq!(progress().await.job, Some((entity::jobs::job::JobState::Running, 0, Some(19))));
        app.advance(TimeDelta::minutes(3));
        register_person(&again(&app, "CADRE", XIANGXIANG).await, YUESHAN, 7).await;
        assert_eq!(progress().await.older, 19);
        // Another process goes on with it.
        let other = app.another().await;
        other.work().await;

        let after = progress().await;
        assert_eq!((after.key, after.values, after.older), (key + 1, 22, 0));
        assert_eq!(after.job.map(|(state, done, _)| (state, done)), Some((entity::jobs::job::JobState::Done, 22)));
        assert_eq!(first_break(&app).await, None);
        let cadre = again(&app, "CADRE", XIANGXIANG).await;
        assert_eq!(cadre.done(REVEAL, reveal(&copied)).await["revealed"]["idNumber"], json!(resident_id(6)));
        assert_eq!(fetch(&cadre, &path).await.json()["idNumber"], json!(resident_id(6)));
        // Nobody sees the service's own work.
        let node = "query($id: ID!) { job(id: $id) { state } node(id: $id) { id } }";
        let gid = api::kernel::gid::Gid::gid(&job).to_string();
        assert_eq!(cadre.data(node, json!({"id": gid})).await, json!({"job": null, "node": null}));
    }

    async fn a_changed_or_moved_sealed_value_is_found_and_named(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in 1..=2 {
            register_person(&cadre, YUESHAN, number).await;
        }
        assert_eq!(first_break(&app).await, None);

        app.write("UPDATE person SET phone = name").await;

        let found = first_break(&app).await.unwrap_or_default();
        assert!(found.contains("sealed values open: person.phone"), "{found}");
        // For whoever asks it is a fault of ours, and not another person's name.
        let list = "query($code: DivisionCode) { federation(code: $code) { people { nodes { name phone } } } }";
        let answer = cadre.gql(list, json!({"code": YUESHAN})).await;
        assert_eq!(answer["data"]["federation"]["people"]["nodes"][0], json!({"name": "王*明", "phone": null}));
        assert_eq!(answer["errors"][0]["extensions"]["code"], json!("INTERNAL"));
    }
}
