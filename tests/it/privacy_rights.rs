//! Exports, and retention.

use crate::people::bodies;
use crate::support::app::Answer;
use crate::support::people::*;
use crate::support::register::YUESHAN;
use crate::support::tree::*;
use crate::support::{App, Caller};
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
const EXPORT: &str = "query($id: ID!) { node(id: $id) { ... on Export { state number purpose decidedBy \
    failure { code message } file { name path downloads expiresAt } } } }";
pub const FILE: &str = "mutation($input: FileSubjectRequest!) { fileSubjectRequest(input: $input) { \
    subjectRequest { id kind state receivedOn dueOn isOverdue } userErrors { code field message } } }";
pub const FULFIL: &str = "mutation($input: FulfilSubjectRequest!) { fulfilSubjectRequest(input: $input) { \
    subjectRequest { state answeredBy file { path name } person { name idNumber phone erasedAt } } userErrors { code field message } } }";

pub fn report<T>(done: Result<T, api::kernel::error::Error>) -> T {
    done.unwrap_or_else(|error| panic!("{}", error.report()))
}

fn asked(caller: &Caller, code: &str) -> Value {
    json!({"federationId": caller.app.gid(code), "kind": "PEOPLE", "purpose": "MEMBERSHIP", "reason": "向上级工会报送会员名册，年度核对"})
}

/// Asks for an export; its id.
async fn request(caller: &Caller, code: &str) -> String {
    let done = caller.done(REQUEST, asked(caller, code)).await;
    done["export"]["id"].as_str().unwrap().to_owned()
}

async fn export(caller: &Caller, id: &str) -> Value {
    caller.data(EXPORT, json!({"id": id})).await["node"].take()
}

pub async fn fetch(caller: &Caller, path: &Value) -> Answer {
    caller.send("GET", path.as_str().unwrap(), &[], "").await
}

/// The person signs in again: tokens do not last as long as the story.
pub async fn again(app: &App, role: &str, code: &str) -> Caller {
    app.sign_in(&format!("{}.{}", role.to_lowercase(), app.federation(code)))
        .await
}

async fn clean(app: &App) {
    report(worker::clean(&app.process).await);
    app.work().await;
}

pub async fn count(app: &App, sql: &str) -> i64 {
    let db = &app.process.db;
    let row = db
        .reader()
        .query_one_raw(Statement::from_string(db.backend(), sql))
        .await
        .unwrap();
    row.unwrap().try_get("", "count").unwrap()
}

pub async fn first_break(app: &App) -> Option<String> {
    let checks = report(verify::run(&app.process.db, &app.process.keys, &[], app.process.clock.now()).await);
    checks
        .into_iter()
        .find_map(|check| check.outcome.err().map(|what| format!("{}: {what}", check.name)))
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
        let told = bodies(&app, "FILE_DOWNLOADED").await;
        assert_eq!(told.iter().map(|body| body["downloads"].clone()).collect::<Vec<_>>(), [json!(1), json!(2)]);
        let written: i64 = bodies(&app, "EXPORT_WRITTEN").await.iter().map(|body| body["rows"].as_i64().unwrap()).sum();
        assert_eq!(written, 101);
        assert_eq!(leader.refused(APPROVE, json!({"id": id})).await, ["CONFLICT id"]);

        // Another one stops after its first piece: nothing of it stays, and it says why.
        let pieces = async || count(&app, "SELECT COUNT(*) AS count FROM sealed_file_piece").await;
        let (stopped, before) = (request(&cadre, XIANGXIANG).await, pieces().await);
        leader.done(APPROVE, json!({"id": stopped})).await;
        app.another_with(|rules| rules.privacy.export_rows_max = 100).await.work().await;
        let failed = export(&cadre.in_chinese(), &stopped).await;
        assert_eq!((&failed["state"], &failed["file"]), (&json!("FAILED"), &json!(null)));
        assert_eq!(failed["failure"], json!({"code": "INVALID", "message": "单次导出最多 100 人，请缩小范围。"}));
        assert_eq!(bodies(&app, "EXPORT_WRITTEN").await.len(), 3, "it had begun");
        assert_eq!(pieces().await, before);

        // After seven days it is gone, for good.
        app.advance(TimeDelta::days(7));
        let cadre = again(&app, "CADRE", XIANGXIANG).await;
        assert_eq!(fetch(&cadre, &ready["file"]["path"]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(export(&cadre, &id).await["file"], json!(null));
        assert!(count(&app, "SELECT COUNT(*) AS count FROM sealed_file_piece").await > 0);
        clean(&app).await;
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM sealed_file_piece").await, 0);
        assert_eq!(bodies(&app, "FILE_GONE").await.len(), 1);
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
        assert_eq!(export(&cadre, &id).await["state"], json!("FAILED"));
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
        assert_eq!(export(&cadre, &second).await["state"], json!("FAILED"));
        assert_eq!(cadre.refused(REQUEST, asked(&cadre, YUESHAN)).await, ["INVALID federationId"]);
        request(&colleague, YUESHAN).await;

        app.advance(TimeDelta::days(30));
        request(&again(&app, "CADRE", XIANGXIANG).await, YUESHAN).await;
    }

    async fn an_export_holds_only_people_whose_data_may_be_used_for_its_purpose(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let mut ids = Vec::new();
        for number in 1..=4 {
            ids.push(register_person(&cadre, YUESHAN, number).await);
        }
        let withdraw = async |id: &str| cadre.done(WITHDRAW_CONSENT, json!({"personId": id, "purpose": "MEMBERSHIP"})).await;
        withdraw(&ids[0]).await;
        let aid = json!({"purpose": "AID", "basis": "SEPARATE_CONSENT", "noticeVersion": "1"});
        cadre.done(RECORD_CONSENT, json!({"personId": ids[0], "basis": aid})).await;
        let with = |purpose: &str| { let mut asked = asked(&cadre, YUESHAN); asked["purpose"] = json!(purpose); asked };

        assert_eq!(cadre.refused(REQUEST, with("LEGAL_AID")).await, ["INVALID federationId"]);
        for (purpose, numbers) in [("AID", &[1][..]), ("MEMBERSHIP", &[2, 3])] {
            let id = cadre.done(REQUEST, with(purpose)).await["export"]["id"].as_str().unwrap().to_owned();
            leader.done(APPROVE, json!({"id": id})).await;
            if purpose == "MEMBERSHIP" {
                // Consent ends between the approval and the writing.
                withdraw(&ids[3]).await;
            }
            app.work().await;
            let ready = export(&cadre, &id).await;
            let text = fetch(&cadre, &ready["file"]["path"]).await.text();
            let held: Vec<u32> = (1..=4).filter(|number| text.contains(&resident_id(*number))).collect();
            assert_eq!((&ready["purpose"], &held[..]), (&json!(purpose), numbers));
        }
        let told = bodies(&app, "EXPORT_REQUESTED").await;
        assert_eq!((&told[1]["purpose"], &told[1]["rows"]), (&json!("MEMBERSHIP"), &json!(3)));
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

        let ended = export(&leader, &id).await;
        assert_eq!((&ended["state"], &ended["failure"]["code"]), (&json!("FAILED"), &json!("GONE")));
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM sealed_file_piece").await, 0);
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

        assert_eq!(bodies(&app, "PERSON_ERASED").await, [1, 2].map(|_| json!({"cause": "RETENTION", "request": null, "bases": []})));
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM person WHERE erased_at IS NOT NULL AND (name IS NOT NULL OR number_index IS NOT NULL)").await, 0);
        // By now passwords have ended.
        let leader = app.person("LEADER", XIANGXIANG).await;
        let node = "query($id: ID!) { node(id: $id) { ... on Person { name erasedAt bases { purpose } } } }";
        let tombstone = leader.data(node, json!({"id": ids[0]})).await["node"].take();
        assert!(tombstone["name"].is_null() && tombstone["erasedAt"].is_string() && tombstone["bases"][0]["purpose"] == json!("ACTIVITY"));
        assert_eq!(first_break(&app).await, None);
    }
}
