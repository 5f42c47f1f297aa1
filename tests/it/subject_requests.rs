//! What people ask for about their own data: entered by one, answered by another.

use crate::people::bodies;
use crate::privacy_rights::{FILE, FULFIL, count, fetch, first_break};
use crate::support::Caller;
use crate::support::people::*;
use crate::support::register::YUESHAN;
use crate::support::tree::*;
use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

const DENY: &str = "mutation($input: RefuseSubjectRequest!) { refuseSubjectRequest(input: $input) { \
    subjectRequest { state refusal } userErrors { code field message } } }";
const REQUESTS: &str = "query($code: DivisionCode, $state: SubjectRequestState, $isOverdue: Boolean) { federation(code: $code) { \
    subjectRequests(state: $state, isOverdue: $isOverdue) { nodes { kind state isOverdue } } } }";

/// Enters what a person asks for; the id.
async fn file(caller: &Caller, person: &str, kind: &str) -> Value {
    let done = caller.done(FILE, json!({"personId": person, "kind": kind})).await;
    done["subjectRequest"]["id"].clone()
}

both! {
    async fn a_person_gets_a_copy_of_all_that_is_held(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let colleague = app.person("CADRE", YUESHAN).await;
        let person = register_person(&cadre, YUESHAN, 2).await;
        // The history is of what is numbered, and of what is not yet.
        app.settle().await;
        cadre.done(REVEAL, reveal(&person)).await;

        let filed = cadre.done(FILE, json!({"personId": person, "kind": "COPY", "receivedOn": "2026-06-10"})).await;
        let id = filed["subjectRequest"]["id"].clone();
        assert_eq!(filed["subjectRequest"], json!({"id": id, "kind": "COPY", "state": "RECEIVED", "receivedOn": "2026-06-10", "dueOn": "2026-06-25", "isOverdue": false}));
        let wrong = json!({"id": id, "correction": {"name": "李四"}});
        assert_eq!(colleague.refused(FULFIL, wrong).await, ["INVALID correction"]);
        let done = colleague.done(FULFIL, json!({"id": id})).await;

        assert_eq!(done["subjectRequest"]["state"], json!("FULFILLED"));
        let path = &done["subjectRequest"]["file"]["path"];
        let copy = fetch(&colleague, path).await.json();
        assert_eq!((&copy["name"], &copy["idNumber"], &copy["phone"]), (&json!("王晓明"), &json!(resident_id(2)), &json!("13800000002")));
        assert_eq!(copy["bases"][0]["purpose"], json!("MEMBERSHIP"));
        let history: Vec<_> = copy["history"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
        assert_eq!(history, ["SUBJECT_REQUEST_FILED", "PERSON_REVEALED", "PERSON_REGISTERED"]);
        for other in [&cadre, &app.person("LEADER", XIANGXIANG).await] {
            assert_eq!(fetch(other, path).await.status, StatusCode::NOT_FOUND);
        }
        assert_eq!(colleague.refused(FULFIL, json!({"id": id})).await, ["CONFLICT id"]);
        assert_eq!(colleague.refused(DENY, json!({"id": id, "reason": "NOTHING_HELD"})).await, ["CONFLICT id"]);
    }

    async fn a_person_has_an_error_put_right(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let colleague = app.person("CADRE", YUESHAN).await;
        let person = register_person(&cadre, YUESHAN, 2).await;
        register_person(&cadre, YUESHAN, 3).await;
        let id = file(&cadre, &person, "CORRECT").await;
        let with = |correction: Value| json!({"id": id, "correction": correction});

        assert_eq!(colleague.refused(FULFIL, json!({"id": id})).await, ["INVALID correction"]);
        assert_eq!(colleague.refused(FULFIL, with(json!({"name": "王晓明"}))).await, ["INVALID correction"]);
        assert_eq!(colleague.refused(FULFIL, with(json!({"phone": "1"}))).await, ["INVALID correction.phone"]);
        assert_eq!(colleague.refused(FULFIL, with(json!({"idNumber": resident_id(3)}))).await, ["CONFLICT correction.idNumber"]);
        let done = colleague.done(FULFIL, with(json!({"name": "李四", "phone": "13900000009"}))).await;

        assert_eq!(done["subjectRequest"]["person"]["name"], json!("李*"));
        assert_eq!(bodies(&app, "SUBJECT_REQUEST_FULFILLED").await[0]["changed"], json!(["NAME", "PHONE"]));
    }

    async fn a_person_is_erased_at_request_unless_a_duty_forbids_it(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let colleague = app.person("CADRE", YUESHAN).await;
        let person = register_person(&cadre, YUESHAN, 2).await;
        let duty = json!({"personId": person, "basis": {"purpose": "MEMBERSHIP", "basis": "STATUTORY_DUTY", "noticeVersion": "1"}});
        cadre.done(RECORD_CONSENT, duty).await;
        let id = file(&cadre, &person, "DELETE").await;

        assert_eq!(colleague.refused(FULFIL, json!({"id": id})).await, ["CONFLICT id"]);
        assert_eq!(colleague.refused(DENY, json!({"id": id, "reason": "IDENTITY_UNPROVEN"})).await, ["INVALID reason"]);
        let done = colleague.done(DENY, json!({"id": id, "reason": "STATUTORY_DUTY"})).await;
        assert_eq!(done["subjectRequest"], json!({"state": "REFUSED", "refusal": "STATUTORY_DUTY"}));
        cadre.done(WITHDRAW_CONSENT, json!({"personId": person, "purpose": "MEMBERSHIP", "basis": "STATUTORY_DUTY"})).await;
        let id = file(&cadre, &person, "DELETE").await;
        assert_eq!(colleague.refused(DENY, json!({"id": id, "reason": "STATUTORY_DUTY"})).await, ["INVALID reason"]);
        let done = colleague.done(FULFIL, json!({"id": id})).await;

        assert_eq!(done["subjectRequest"]["person"], json!({"name": null, "idNumber": null, "phone": null, "erasedAt": "2026-06-20T02:00:00Z"}));
        let filed = bodies(&app, "SUBJECT_REQUEST_FILED").await;
        let membership = json!({"purpose": "MEMBERSHIP", "basis": "CONSENT", "noticeVersion": "2026-01", "from": "2026-06-20", "to": "2026-06-20"});
        assert_eq!(bodies(&app, "PERSON_ERASED").await, [json!({"cause": "SUBJECT_REQUEST", "request": filed[1]["request"], "bases": [membership]})]);
        let list = "query($code: DivisionCode) { federation(code: $code) { people { totalCount } } }";
        assert_eq!(cadre.data(list, json!({"code": XIANGXIANG})).await["federation"]["people"]["totalCount"], json!(0));
        assert_eq!(cadre.refused(REVEAL, reveal(&person)).await, ["GONE id"]);
        assert_eq!(cadre.refused(CORRECT_PERSON, json!({"id": person, "expectedVersion": 2, "name": "李四"})).await, ["GONE id"]);
        // The number is free again.
        register_person(&cadre, YUESHAN, 2).await;
        assert_eq!(first_break(&app).await, None);
    }

    async fn nobody_answers_alone_what_they_entered(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let person = register_person(&cadre, YUESHAN, 2).await;

        for kind in ["COPY", "CORRECT", "DELETE"] {
            let id = file(&cadre, &person, kind).await;
            let correction = (kind == "CORRECT").then(|| json!({"name": "李四"}));
            assert_eq!(cadre.refused(FULFIL, json!({"id": id, "correction": correction})).await, ["FORBIDDEN"], "{kind}");
            assert_eq!(cadre.refused(DENY, json!({"id": id, "reason": "NOTHING_HELD"})).await, ["FORBIDDEN"], "{kind}");
        }

        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM subject_request WHERE state <> 'RECEIVED'").await, 0);
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM sealed_file").await, 0);
        // The database would not take it either.
        let db = Database::connect(app.url()).await.unwrap();
        let alone = db.execute_unprepared("UPDATE subject_request SET answered_by = filed_by").await;
        assert!(format!("{alone:?}").contains("subject_request_two_people"), "{alone:?}");
    }

    async fn a_copy_is_a_look_at_plain_values(app: App) {
        let app = app.another_with(|rules| rules.privacy.reveals_per_day = 2).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let colleague = app.person("CADRE", YUESHAN).await;
        let person = register_person(&cadre, YUESHAN, 2).await;
        let ids = [file(&cadre, &person, "COPY").await, file(&cadre, &person, "COPY").await];

        colleague.done(FULFIL, json!({"id": ids[0]})).await;
        colleague.done(REVEAL, reveal(&person)).await;

        for (query, input) in [(FULFIL, json!({"id": ids[1]})), (REVEAL, reveal(&person))] {
            assert_eq!(colleague.codes(query, json!({"input": input})).await, ["RATE_LIMITED"]);
        }
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM sealed_file").await, 1);
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM subject_request WHERE state = 'RECEIVED'").await, 1);
    }

    async fn copies_go_with_the_person(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let colleague = app.person("CADRE", YUESHAN).await;
        let (person, other) = (register_person(&cadre, YUESHAN, 2).await, register_person(&cadre, YUESHAN, 3).await);
        let mut paths = Vec::new();
        for whose in [&person, &other] {
            let id = file(&cadre, whose, "COPY").await;
            let done = colleague.done(FULFIL, json!({"id": id})).await;
            paths.push(done["subjectRequest"]["file"]["path"].clone());
        }
        assert_eq!(fetch(&colleague, &paths[0]).await.status, StatusCode::OK);

        let id = file(&colleague, &person, "DELETE").await;
        cadre.done(FULFIL, json!({"id": id})).await;

        assert_eq!(fetch(&colleague, &paths[0]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(fetch(&colleague, &paths[1]).await.status, StatusCode::OK, "the other one's is still there");
        assert_eq!(count(&app, "SELECT COUNT(*) AS count FROM sealed_file_piece").await, 1);
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
}
