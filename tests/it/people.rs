//! People: masked in every list, registered once in the country, looked at with a reason.

use crate::support::people::*;
use crate::support::register::YUESHAN;
use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

const PEOPLE: &str = "query($code: DivisionCode, $number: IdNumber, $phone: PhoneNumber) { federation(code: $code) { \
    people(idNumber: $number, phone: $phone) { totalCount nodes { name idNumber phone } } } }";

async fn found(caller: &Caller, variables: Value) -> Value {
    caller.data(PEOPLE, variables).await["federation"]["people"].take()
}

/// The bodies of the events of a kind, in order.
pub async fn bodies(app: &App, kind: &str) -> Vec<Value> {
    let db = &app.process.db;
    let sql = format!("SELECT body FROM event WHERE kind = '{kind}' ORDER BY id");
    let rows = db
        .reader()
        .query_all_raw(Statement::from_string(db.backend(), sql))
        .await
        .unwrap();
    let body = |row: &sea_orm::QueryResult| {
        serde_json::from_str(&row.try_get::<String>("", "body").unwrap()).unwrap()
    };
    rows.iter().map(body).collect()
}

both! {
    async fn a_person_is_shown_masked_and_to_no_neighbour(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let number = resident_id(2);
        let masked = format!("4303**********{}", &number[14..]);

        let done = cadre.done(REGISTER_PERSON, person(&cadre, YUESHAN, 2)).await;
        register_person(&app.person("CADRE", SHAOSHAN).await, QINGXI, 3).await;

        let id = done["person"]["id"].clone();
        assert_eq!(done["warnings"], json!([]));
        assert_eq!(done["person"], json!({
            "id": id, "name": "王*明", "idType": "RESIDENT_ID", "idNumber": masked, "phone": "138****0002", "version": 1,
            "federation": {"code": YUESHAN}, "bases": [{"purpose": "MEMBERSHIP", "basis": "CONSENT",
                "noticeVersion": "2026-01", "from": "2026-06-20", "to": null, "isInForce": true}],
        }));
        let shown = json!({"name": "王*明", "idNumber": masked, "phone": "138****0002"});
        for (role, place) in [("CADRE", YUESHAN), ("LEADER", XIANGXIANG), ("LEADER", XIANGTAN)] {
            let list = found(&app.person(role, place).await, json!({"code": XIANGXIANG})).await;
            assert_eq!(list, json!({"totalCount": 1, "nodes": [shown]}), "{role} {place}");
        }
        let node = "query($id: ID!) { node(id: $id) { id } }";
        for (role, place) in [("CADRE", WANGCHUNMEN), ("CADRE", SHAOSHAN), ("REPORTING", HUNAN), ("TAX_BUREAU", XIANGXIANG), ("FINANCE", XIANGXIANG), ("AUDITOR", XIANGXIANG), ("SECURITY_ADMINISTRATOR", HUNAN)] {
            let stranger = app.person(role, place).await;
            assert_eq!(stranger.data(node, json!({"id": id})).await["node"], json!(null), "{role} {place}");
        }
        assert_eq!(app.person("REPORTING", HUNAN).await.codes(PEOPLE, json!({"code": XIANGXIANG})).await, ["FORBIDDEN"]);
    }

    async fn a_person_is_found_by_what_they_say_however_it_is_written(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in [2, 3] {
            register_person(&cadre, YUESHAN, number).await;
        }
        let mut passport = person(&cadre, YUESHAN, 4);
        passport["idType"] = json!("PASSPORT");
        passport["idNumber"] = json!("e12345678");
        passport["phone"] = json!("+86 138-0000-0002");
        cadre.done(REGISTER_PERSON, passport).await;

        let count = async |variables: Value| found(&cadre, variables).await["totalCount"].clone();
        let spaced = resident_id(2).to_lowercase().replace("4303", "４３０３ ");
        assert_eq!(count(json!({"code": XIANGXIANG, "number": spaced})).await, json!(1));
        assert_eq!(count(json!({"code": XIANGXIANG, "number": " E12345678"})).await, json!(1));
        assert_eq!(count(json!({"code": XIANGXIANG, "phone": "13800000002"})).await, json!(2));
        assert_eq!(count(json!({"code": XIANGXIANG, "phone": "13800000002", "number": resident_id(2)})).await, json!(1));
        assert_eq!(count(json!({"code": XIANGXIANG, "number": resident_id(5)})).await, json!(0));
        assert_eq!(cadre.codes(PEOPLE, json!({"code": XIANGXIANG, "number": "1"})).await, ["INVALID"]);
        assert_eq!(cadre.codes(PEOPLE, json!({"code": XIANGXIANG, "phone": "1"})).await, ["INVALID"]);
        // Each search is told, without what was searched for.
        let told = bodies(&app, "PERSON_LOOKED_FOR").await;
        let by = |names: &[&str]| json!({"by": names});
        assert_eq!(told, [by(&["ID_NUMBER"]), by(&["ID_NUMBER"]), by(&["PHONE"]), by(&["ID_NUMBER", "PHONE"]), by(&["ID_NUMBER"])]);
        // Whose place it is not finds nobody.
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        assert_eq!(found(&neighbour, json!({"code": SHAOSHAN, "number": resident_id(2)})).await["totalCount"], json!(0));
    }

    async fn what_a_mask_hides_cannot_be_found_by_trying(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register_person(&cadre, YUESHAN, 2).await;
        let field = |phone: usize| format!("p{phone}: people(phone: \"1380000{phone:04}\") {{ totalCount }} ");
        let all = |from: usize| -> String { (from..from + 50).map(field).collect() };
        let ask = async |from| {
            let query = format!("query($code: DivisionCode) {{ federation(code: $code) {{ {} }} }}", all(from));
            cadre.gql(&query, json!({"code": YUESHAN})).await
        };

        for from in [0, 50, 100, 150] {
            assert_eq!(ask(from).await["errors"], json!(null));
        }
        let late = ask(200).await;
        assert_eq!(late["errors"][0]["extensions"]["code"], json!("RATE_LIMITED"));
        // Whoever is not looking for anybody still sees the list.
        assert_eq!(found(&cadre, json!({"code": YUESHAN})).await["totalCount"], json!(1));
    }

    async fn a_document_is_registered_once_in_the_country(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        register_person(&cadre, YUESHAN, 2).await;
        let id = register_person(&neighbour, QINGXI, 3).await;

        let mut again = person(&neighbour, QINGXI, 2);
        again["name"] = json!("李四");
        let payload = neighbour.data(REGISTER_PERSON, json!({"input": again})).await["registerPerson"].take();
        let error = &payload["userErrors"][0];
        assert_eq!((&payload["person"], &error["code"], &error["field"]), (&json!(null), &json!("CONFLICT"), &json!(["idNumber"])));
        let message = error["message"].as_str().unwrap();
        assert!(!message.contains("湘乡") && !message.contains(&resident_id(2)), "{message}");
        let taken = json!({"id": id, "expectedVersion": 1, "idNumber": resident_id(2)});
        assert_eq!(neighbour.refused(CORRECT_PERSON, taken).await, ["CONFLICT idNumber"]);

        let both = [person(&cadre, YUESHAN, 7), person(&neighbour, QINGXI, 7)];
        let (one, other) = tokio::join!(cadre.data(REGISTER_PERSON, json!({"input": both[0]})), neighbour.data(REGISTER_PERSON, json!({"input": both[1]})));
        let done = [one, other].iter().filter(|answer| answer["registerPerson"]["person"]["id"].is_string()).count();
        assert_eq!(done, 1, "of two at once one is registered");
    }

    async fn whoever_tries_numbers_of_others_is_stopped(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let prober = app.person("CADRE", SHAOSHAN).await;
        register_person(&cadre, YUESHAN, 2).await;

        for _ in 0..20 {
            assert_eq!(prober.refused(REGISTER_PERSON, person(&prober, QINGXI, 2)).await, ["CONFLICT idNumber"]);
        }

        // Then every number gives the same answer, taken or not.
        for number in [2, 3] {
            let answer = prober.gql(REGISTER_PERSON, json!({"input": person(&prober, QINGXI, number)})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], json!("RATE_LIMITED"));
        }
        app.advance(TimeDelta::hours(1));
        let prober = app.sign_in(&format!("cadre.{}", app.federation(SHAOSHAN))).await;
        register_person(&prober, QINGXI, 3).await;
    }

    async fn what_is_wrong_with_a_person_is_named_and_not_repeated(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let bad = json!({
            "federationId": app.gid(YUESHAN), "name": "王5明", "idType": "RESIDENT_ID", "idNumber": "43038118860301002Y",
            "phone": "1380000000", "basis": {"purpose": "AID", "basis": "CONSENT", "noticeVersion": "", "from": "2026-06-21"},
        });

        let answer = cadre.gql(REGISTER_PERSON, json!({"input": bad})).await;

        let errors = answer["data"]["registerPerson"]["userErrors"].as_array().unwrap();
        let fields: Vec<_> = errors.iter().map(|error| error["field"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(".")).collect();
        assert_eq!(fields, ["name", "idNumber", "phone", "basis.basis", "basis.noticeVersion", "basis.from"]);
        for plain in ["王5明", "43038118860301002Y", "1380000000"] {
            assert!(!answer.to_string().contains(plain), "{answer}");
        }
        // A county that the list does not have is odd, and no reason to refuse.
        let mut odd = person(&cadre, YUESHAN, 4);
        let first = "43990118860301002";
        odd["idNumber"] = json!(format!("{first}{}", api::people::id_number::check_character(first).unwrap()));
        assert_eq!(cadre.done(REGISTER_PERSON, odd).await["warnings"], json!(["UNKNOWN_REGION"]));
    }

    async fn a_correction_says_what_it_changed_and_not_to_what(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = register_person(&cadre, YUESHAN, 2).await;

        let input = json!({"id": id, "expectedVersion": 1, "name": "李四", "phone": ""});
        let done = cadre.done(CORRECT_PERSON, input.clone()).await;

        assert_eq!((&done["person"]["name"], &done["person"]["phone"], &done["person"]["version"]), (&json!("李*"), &json!(null), &json!(2)));
        assert_eq!(cadre.refused(CORRECT_PERSON, input).await, ["CONFLICT expectedVersion"]);
        let same = json!({"id": id, "expectedVersion": 2, "name": " 李四 "});
        assert_eq!(cadre.done(CORRECT_PERSON, same).await["person"]["version"], json!(2));
        let other = json!({"id": id, "expectedVersion": 2, "idType": "PASSPORT", "idNumber": "E12345678"});
        assert_eq!(cadre.done(CORRECT_PERSON, other).await["person"]["idNumber"], json!("E1*****78"));
        let bodies = bodies(&app, "PERSON_CORRECTED").await;
        assert_eq!(bodies, [json!({"changed": ["NAME", "PHONE"]}), json!({"changed": ["ID_TYPE", "ID_NUMBER"]})]);
        let neighbour = app.person("CADRE", WANGCHUNMEN).await;
        assert_eq!(neighbour.refused(CORRECT_PERSON, json!({"id": id, "expectedVersion": 3})).await, ["NOT_FOUND id"]);
        let leader = app.person("LEADER", XIANGXIANG).await;
        assert_eq!(leader.refused(CORRECT_PERSON, json!({"id": id, "expectedVersion": 3})).await, ["FORBIDDEN"]);
    }

    async fn plain_values_are_given_with_a_reason_that_is_written_down(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let id = register_person(&cadre, YUESHAN, 2).await;

        let all = cadre.done(REVEAL, reveal(&id)).await;
        let phone = cadre.done(REVEAL, json!({"id": id, "fields": ["PHONE"], "purpose": "MEMBERSHIP", "reason": REASON})).await;

        assert_eq!(all["revealed"], json!({"name": "王晓明", "idNumber": resident_id(2), "phone": "13800000002"}));
        assert_eq!(phone["revealed"], json!({"name": null, "idNumber": null, "phone": "13800000002"}));
        let told = bodies(&app, "PERSON_REVEALED").await;
        assert_eq!(told[0], json!({"fields": ["ID_NUMBER", "NAME", "PHONE"], "purpose": "MEMBERSHIP", "reason": REASON}));
        assert_eq!(told.len(), 2);
        for (change, expected) in [
            (json!({"reason": "看看"}), "INVALID reason"),
            (json!({"reason": "请核对电话 13800000002 是否本人"}), "INVALID reason"),
            (json!({"purpose": "AID"}), "INVALID purpose"),
            (json!({"fields": []}), "INVALID fields"),
            (json!({"fields": ["NAME", "NAME"]}), "INVALID fields"),
        ] {
            let mut input = reveal(&id);
            input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            assert_eq!(cadre.refused(REVEAL, input).await, [expected], "{change}");
        }
        for (role, place, expected) in [("CADRE", WANGCHUNMEN, "NOT_FOUND id"), ("CADRE", SHAOSHAN, "NOT_FOUND id"), ("REPORTING", HUNAN, "NOT_FOUND id"), ("LEADER", XIANGXIANG, "FORBIDDEN")] {
            assert_eq!(app.person(role, place).await.refused(REVEAL, reveal(&id)).await, [expected], "{role} {place}");
        }
        assert_eq!(bodies_count(&app).await, 2, "what was refused was not looked at");
    }

    async fn a_reason_tells_nobody_which_name_is_right(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let id = register_person(&cadre, YUESHAN, 2).await;
        let with = |name: &str, fields: Value| json!({"id": id, "fields": fields, "purpose": "MEMBERSHIP", "reason": format!("{name}本人到窗口办理")});

        let mut answers = Vec::new();
        for name in ["王晓明", "王小明"] {
            answers.push([
                cadre.data(REVEAL, json!({"input": with(name, json!([]))})).await,
                cadre.data(REVEAL, json!({"input": with(name, json!(["PHONE"]))})).await,
            ]);
        }

        assert_eq!(answers[0], answers[1]);
        let told: Vec<Value> = bodies(&app, "PERSON_REVEALED").await.iter().map(|body| body["reason"].clone()).collect();
        assert_eq!(told, ["王*明本人到窗口办理", "王小明本人到窗口办理"]);
    }

    async fn an_account_looks_so_often_a_day_in_all_processes_together(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let other = cadre.at(&app.another().await);
        let id = register_person(&cadre, YUESHAN, 2).await;

        for number in 0..20 {
            let caller = if number % 2 == 0 { &cadre } else { &other };
            caller.done(REVEAL, reveal(&id)).await;
        }

        for caller in [&cadre, &other] {
            let answer = caller.gql(REVEAL, json!({"input": reveal(&id)})).await;
            let extensions = &answer["errors"][0]["extensions"];
            assert_eq!(extensions["code"], json!("RATE_LIMITED"));
            // The story's clock stands at 10:00 in China.
            assert_eq!(extensions["retryAfter"], json!(14 * 3_600));
        }
        let colleague = app.person("CADRE", XIANGXIANG).await;
        colleague.done(REVEAL, reveal(&id)).await;
        app.advance(TimeDelta::hours(14));
        let cadre = app.sign_in(&format!("cadre.{}", app.federation(YUESHAN))).await;
        cadre.done(REVEAL, reveal(&id)).await;
    }

    async fn consent_is_withdrawn_as_easily_as_it_is_given(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let id = register_person(&cadre, YUESHAN, 2).await;
        let aid = |basis: &str| json!({"personId": id, "basis": {"purpose": "AID", "basis": basis, "noticeVersion": "2026-02"}});

        assert_eq!(cadre.refused(RECORD_CONSENT, aid("CONSENT")).await, ["INVALID basis.basis"]);
        let done = cadre.done(RECORD_CONSENT, aid("SEPARATE_CONSENT")).await;
        assert_eq!(done["person"]["bases"].as_array().unwrap().len(), 2);
        let again = cadre.done(RECORD_CONSENT, aid("SEPARATE_CONSENT")).await;
        assert_eq!(again["person"]["bases"].as_array().unwrap().len(), 2);
        let mut input = reveal(&id);
        input["purpose"] = json!("AID");
        cadre.done(REVEAL, input.clone()).await;
        let done = cadre.done(WITHDRAW_CONSENT, json!({"personId": id, "purpose": "AID"})).await;

        assert_eq!(done["person"]["bases"][1], json!({"purpose": "AID", "basis": "SEPARATE_CONSENT", "from": "2026-06-20", "to": "2026-06-20", "isInForce": false}));
        assert_eq!(cadre.refused(REVEAL, input).await, ["INVALID purpose"]);
        assert_eq!(cadre.refused(WITHDRAW_CONSENT, json!({"personId": id, "purpose": "AID"})).await, ["INVALID purpose"]);
        let duty = json!({"personId": id, "purpose": "MEMBERSHIP", "basis": "STATUTORY_DUTY"});
        assert_eq!(cadre.refused(WITHDRAW_CONSENT, duty).await, ["INVALID purpose"]);
        let ended = bodies(&app, "BASIS_ENDED").await;
        assert_eq!(ended[0]["bases"][0]["purpose"], json!("AID"));
        let neighbour = app.person("CADRE", WANGCHUNMEN).await;
        assert_eq!(neighbour.refused(RECORD_CONSENT, aid("SEPARATE_CONSENT")).await, ["NOT_FOUND personId"]);
        assert_eq!(neighbour.refused(WITHDRAW_CONSENT, json!({"personId": id, "purpose": "MEMBERSHIP"})).await, ["NOT_FOUND personId"]);
    }

    async fn the_same_registration_again_is_the_same_person(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let mut input = person(&cadre, YUESHAN, 2);
        input["idempotencyKey"] = json!("one");

        let (first, again) = (cadre.done(REGISTER_PERSON, input.clone()).await, cadre.done(REGISTER_PERSON, input.clone()).await);
        input["name"] = json!("李四");

        assert_eq!(first["person"]["id"], again["person"]["id"]);
        assert_eq!(cadre.refused(REGISTER_PERSON, input).await, ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
    }

    async fn a_list_of_people_costs_as_many_statements_for_a_hundred_as_for_one(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let list = "query($code: DivisionCode) { federation(code: $code) { people(first: 100) { totalCount nodes { name idNumber phone federation { name } bases { purpose } } } } }";
        let mut costs = Vec::new();
        for numbers in [1..2, 2..40] {
            for number in numbers {
                register_person(&cadre, YUESHAN, number).await;
            }
            let before = app.statements();
            cadre.data(list, json!({"code": XIANGXIANG})).await;
            costs.push(app.statements() - before);
        }
        // Who asks, the page, the total, the bases.
        assert_eq!(costs, [4, 4]);
    }
}

async fn bodies_count(app: &App) -> usize {
    bodies(app, "PERSON_REVEALED").await.len()
}
