//! Members: who joins, stays, leaves, and with which card.

use crate::support::Caller;
use crate::support::members::{admit, change, join, member, step};
use crate::support::people::{CORRECT_PERSON, REGISTER_PERSON, person, register_person};
use crate::support::register::{YUESHAN, figures, found, register};
use crate::support::tree::*;
use crate::verify::first_break;
use serde_json::{Value, json};

const MEMBERS: &str = "query($code: DivisionCode, $state: MembershipState!) { federation(code: $code) { members(state: $state) { \
    totalCount nodes { person { name idNumber } tradeUnion { name } employer { name } state beganOn } } } }";
const HISTORY: &str = "query($id: ID!) { node(id: $id) { ... on Membership { state changes { kind reason effectiveOn document } } } }";

/// The document of a change that takes nothing but a day.
fn plain(name: &str) -> String {
    change(name, "ChangeMembership")
}

/// The figures of members at a place on a day.
async fn counted(caller: &Caller, code: &str, day: &str) -> Vec<Value> {
    let metrics = [
        "members",
        "members_enrolled",
        "members_recruited",
        "members_net_added",
    ];
    let found = figures(caller, code, &metrics, json!({"from": "2026-01-01", "to": day})).await;
    metrics.iter().map(|metric| found[*metric].clone()).collect()
}

/// A federation's figure of members by an axis on a day.
async fn parts(caller: &Caller, axis: &str) -> Value {
    let query = "query($code: DivisionCode, $by: DimensionCode) { federation(code: $code) { figures(metrics: [\"members\"], by: $by) { dimension value } } }";
    let data = caller.data(query, json!({"code": XIANGXIANG, "by": axis})).await;
    let parts = data["federation"]["figures"].as_array().unwrap().iter();
    let parts = parts.map(|part| {
        (
            part["dimension"].as_str().unwrap_or_default().to_owned(),
            part["value"].clone(),
        )
    });
    parts.filter(|(_, value)| *value != "0").collect()
}

both! {
    async fn somebody_applies_joins_and_is_counted(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("LEADER", SHAOSHAN).await;
        let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
        let firm = register(&cadre, YUESHAN, 1).await;
        let somebody = register_person(&cadre, YUESHAN, 2).await;
        let asked = json!({"personId": somebody, "tradeUnionId": union, "employerId": firm, "appliedOn": "2026-03-01"});

        let applied = cadre.done(&change("applyForMembership", "ApplyForMembership"), asked.clone()).await["membership"].take();
        assert_eq!((&applied["state"], &applied["version"]), (&json!("APPLIED"), &json!(1)));
        assert_eq!(cadre.refused(&change("applyForMembership", "ApplyForMembership"), asked).await, ["CONFLICT personId"]);
        assert_eq!(counted(&cadre, XIANGXIANG, "2026-06-20").await, ["0", "0", "0", "0"]);
        let joined = admit(&cadre, &somebody, &union, "2026-03-15").await;
        assert_eq!(joined, applied["id"].as_str().unwrap(), "the application was approved");

        assert_eq!(counted(&cadre, XIANGXIANG, "2026-03-14").await, ["0", "0", "0", "0"]);
        assert_eq!(counted(&cadre, XIANGXIANG, "2026-03-15").await, ["1", "1", "1", "1"]);
        for axis in ["SEX", "MIGRANT", "EMPLOYMENT", "FORM", "HOST", "WORKER_GROUP"] {
            assert_eq!(parts(&cadre, axis).await.as_object().unwrap().len(), 1, "{axis}");
        }
        assert_eq!(parts(&cadre, "SEX").await, json!({"FEMALE": "1"}));
        let listed = cadre.data(MEMBERS, json!({"code": XIANGXIANG, "state": "ACTIVE"})).await["federation"]["members"].take();
        assert_eq!(listed["totalCount"], 1);
        let row = &listed["nodes"][0];
        assert_eq!((&row["person"]["name"], &row["employer"]["name"], &row["beganOn"]), (&json!("王*明"), &json!("湘中第1机械厂"), &json!("2026-03-15")));
        let told = cadre.data(HISTORY, json!({"id": joined})).await["node"]["changes"].take();
        let kinds: Vec<&str> = told.as_array().unwrap().iter().map(|change| change["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["APPLIED", "JOINED"]);
        assert_eq!(neighbour.data(HISTORY, json!({"id": joined})).await["node"], Value::Null);
        assert_eq!(neighbour.data(MEMBERS, json!({"code": SHAOSHAN, "state": "ACTIVE"})).await["federation"]["members"]["totalCount"], 0);
        assert_eq!(app.person("REPORTING", HUNAN).await.codes(MEMBERS, json!({"code": XIANGXIANG, "state": "ACTIVE"})).await, ["FORBIDDEN"]);
        assert_eq!(first_break(&app).await, None);
    }

    async fn a_member_retains_comes_back_and_leaves_in_each_of_the_ways(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
        let mut ids = Vec::new();
        for number in 1..=5 {
            ids.push(join(&cadre, (YUESHAN, &union), (number, "2026-02-01")).await);
        }
        let retain = change("retainMembership", "RetainMembership");
        let mut retired = step(&ids[0].1, 1, "2026-03-01");
        retired["reason"] = json!("RETIRED");

        assert_eq!(cadre.done(&retain, retired.clone()).await["membership"]["state"], "RETAINED");
        assert_eq!(cadre.refused(&retain, retired).await, ["CONFLICT expectedVersion"]);
        assert_eq!(counted(&cadre, XIANGXIANG, "2026-03-01").await, ["5", "5", "5", "5"], "still a member");
        let back = cadre.done(&plain("reactivateMembership"), step(&ids[0].1, 2, "2026-03-02")).await;
        assert_eq!((&back["membership"]["state"], &back["membership"]["version"]), (&json!("ACTIVE"), &json!(3)));
        cadre.done(&plain("withdrawMember"), step(&ids[0].1, 3, "2026-04-01")).await;
        let mut absent = step(&ids[1].1, 1, "2026-06-19");
        absent["lastActiveOn"] = json!("2025-12-20");
        assert_eq!(cadre.refused(&change("strikeOffMember", "StrikeOffMember"), absent.clone()).await, ["INVALID lastActiveOn"]);
        absent["lastActiveOn"] = json!("2025-12-19");
        cadre.done(&change("strikeOffMember", "StrikeOffMember"), absent).await;
        let mut decided = step(&ids[2].1, 1, "2026-04-01");
        assert_eq!(cadre.refused(&plain("expelMember"), decided.clone()).await, ["INVALID document"]);
        decided["document"] = json!("湘工会〔2026〕7号");
        let expelled = cadre.done(&plain("expelMember"), decided).await;
        assert_eq!((&expelled["membership"]["state"], &expelled["membership"]["leftOn"]), (&json!("EXPELLED"), &json!("2026-04-01")));
        cadre.done(&plain("recordDeath"), step(&ids[3].1, 1, "2026-04-01")).await;

        assert_eq!(counted(&cadre, XIANGXIANG, "2026-03-31").await, ["5", "5", "5", "5"]);
        assert_eq!(counted(&cadre, XIANGXIANG, "2026-04-01").await, ["2", "4", "5", "2"]);
        assert_eq!(counted(&cadre, XIANGXIANG, "2026-06-20").await, ["1", "4", "5", "1"]);
        let again = admit(&cadre, &ids[0].0, &union, "2026-05-01").await;
        assert_ne!(again, ids[0].1, "who comes back has a new membership");
        assert_eq!(counted(&cadre, XIANGXIANG, "2026-06-20").await, ["2", "5", "6", "2"]);
        let query = "query($code: DivisionCode) { federation(code: $code) { ratios(ratios: [\"retention_rate\"]) { percent numerator { value } denominator { value } } } }";
        let rate = cadre.data(query, json!({"code": XIANGXIANG})).await["federation"]["ratios"][0].take();
        assert_eq!(rate, json!({"percent": "40.00", "numerator": {"value": "2"}, "denominator": {"value": "5"}}));
        for (name, id, version) in [("withdrawMember", &ids[3].1, 2), ("reactivateMembership", &ids[4].1, 1), ("rejectApplication", &ids[4].1, 1)] {
            assert_eq!(cadre.refused(&plain(name), step(id, version, "2026-06-20")).await, ["CONFLICT id"], "{name}");
        }
        let told = cadre.data(HISTORY, json!({"id": ids[1].1})).await["node"].take();
        assert_eq!(told["changes"][1], json!({"kind": "STRUCK_OFF", "reason": "SIX_MONTHS_ABSENT", "effectiveOn": "2026-06-19", "document": null}));
        assert_eq!(first_break(&app).await, None);
    }

    async fn what_is_wrong_with_a_newcomer_is_named(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
        let theirs = found(&neighbour, QINGXI, "SINGLE", 2).await;
        let (somebody, _) = join(&cadre, (YUESHAN, &union), (1, "2026-03-01")).await;
        let admit = change("admitMember", "AdmitMember");
        let mut young = person(&cadre, YUESHAN, 2);
        let first = "43038120100621001";
        young["idNumber"] = json!(format!("{first}{}", api::people::id_number::check_character(first).unwrap()));
        let young = cadre.done(REGISTER_PERSON, young).await["person"]["id"].as_str().unwrap().to_owned();
        let mut unknown = person(&cadre, YUESHAN, 3);
        (unknown["idType"], unknown["idNumber"]) = (json!("PASSPORT"), json!("E12345678"));
        let unknown = cadre.done(REGISTER_PERSON, unknown).await["person"]["id"].as_str().unwrap().to_owned();
        let fine = register_person(&cadre, YUESHAN, 4).await;

        for (who, input, expected) in [
            (&cadre, member(&young, &union, "2026-06-20"), "INVALID joinedOn"),
            (&cadre, member(&unknown, &union, "2026-06-20"), "INVALID joinedOn"),
            (&cadre, member(&fine, &union, "2026-06-21"), "INVALID joinedOn"),
            (&cadre, member(&fine, &union, "2026-01-31"), "INVALID joinedOn"),
            (&cadre, member(&somebody, &union, "2026-06-20"), "CONFLICT personId"),
            (&cadre, member(&fine, &theirs, "2026-06-20"), "NOT_FOUND tradeUnionId"),
            (&neighbour, member(&fine, &theirs, "2026-06-20"), "NOT_FOUND personId"),
            (&neighbour, member(&fine, &union, "2026-06-20"), "NOT_FOUND tradeUnionId"),
            (&leader, member(&fine, &union, "2026-06-20"), "FORBIDDEN"),
        ] {
            assert_eq!(who.refused(&admit, input.clone()).await, [expected], "{input}");
        }
        let payload = cadre.data(&admit, json!({"input": member(&young, &union, "2026-06-20")})).await["admitMember"].take();
        assert_eq!(payload["userErrors"][0]["message"], "Younger than 16 on that day.");
        let chinese = cadre.in_chinese().data(&admit, json!({"input": member(&young, &union, "2026-06-20")})).await;
        assert_eq!(chinese["admitMember"]["userErrors"][0]["message"], "该日期未满 16 周岁。");
        let told = json!({"id": unknown, "expectedVersion": 1, "birthDate": "1990-05-01", "sex": "MALE", "employmentGroup": "COURIER"});
        cadre.done(CORRECT_PERSON, told).await;
        cadre.done(&admit, member(&unknown, &union, "2026-06-20")).await;
        assert_eq!(parts(&cadre, "EMPLOYMENT").await, json!({"COURIER": "1", "NONE": "1"}));
    }

    async fn of_two_who_admit_somebody_at_once_one_wins(app: App) {
        let (cadre, neighbour) = (app.person("CADRE", XIANGXIANG).await, app.person("CADRE", XIANGTAN).await);
        let (one, other) = (found(&cadre, YUESHAN, "SINGLE", 1).await, found(&neighbour, QINGXI, "SINGLE", 2).await);
        let somebody = register_person(&cadre, YUESHAN, 1).await;
        let admit = change("admitMember", "AdmitMember");
        let (first, second) = tokio::join!(
            cadre.data(&admit, json!({"input": member(&somebody, &one, "2026-06-01")})),
            neighbour.data(&admit, json!({"input": member(&somebody, &other, "2026-06-01")})),
        );
        let codes: Vec<&Value> = [&first, &second].iter().map(|answer| &answer["admitMember"]["userErrors"][0]["code"]).collect();
        assert!(codes.contains(&&json!("CONFLICT")) && codes.contains(&&Value::Null), "{codes:?}");
        assert_eq!(counted(&neighbour, XIANGTAN, "2026-06-20").await, ["1", "1", "1", "1"]);
        let mut again = member(&register_person(&cadre, YUESHAN, 2).await, &one, "2026-06-01");
        again["idempotencyKey"] = json!("twice");
        let (first, second) = (cadre.done(&admit, again.clone()).await, cadre.done(&admit, again).await);
        assert_eq!(first, second);
        assert_eq!(first_break(&app).await, None);
    }

    async fn a_correction_of_a_person_counts_from_the_beginning(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
        let (somebody, membership) = join(&cadre, (YUESHAN, &union), (2, "2026-03-01")).await;
        cadre.done(&plain("withdrawMember"), step(&membership, 1, "2026-04-01")).await;
        admit(&cadre, &somebody, &union, "2026-05-01").await;
        assert_eq!(parts(&cadre, "SEX").await, json!({"FEMALE": "1"}));
        let other = crate::support::people::resident_id(3);

        let wrong = json!({"id": somebody, "expectedVersion": 1, "idNumber": other, "sex": "FEMALE", "birthDate": "1986-03-02"});
        assert_eq!(cadre.refused(CORRECT_PERSON, wrong).await, ["INVALID birthDate", "INVALID sex"]);
        cadre.done(CORRECT_PERSON, json!({"id": somebody, "expectedVersion": 1, "idNumber": other, "isMigrantWorker": true})).await;

        assert_eq!((parts(&cadre, "SEX").await, parts(&cadre, "MIGRANT").await), (json!({"MALE": "1"}), json!({"YES": "1"})));
        assert_eq!(counted(&cadre, XIANGXIANG, "2026-06-20").await, ["1", "2", "2", "1"]);
        assert_eq!(first_break(&app).await, None);
        app.settle().await;
        assert_eq!(first_break(&app).await, None);
    }

    async fn a_card_is_issued_lost_replaced_and_given_back(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
        let (_, one) = join(&cadre, (YUESHAN, &union), (1, "2026-02-01")).await;
        let (_, other) = join(&cadre, (YUESHAN, &union), (2, "2026-02-01")).await;
        let (issue, replace) = (change("issueCard", "IssueCard"), change("replaceCard", "IssueCard"));
        let (lose, cancel) = (change("reportCardLost", "EndCard"), change("cancelCard", "EndCard"));
        let new = |id: &str, number: &str, on: &str| json!({"membershipId": id, "number": number, "on": on});
        let end = |id: &str, on: &str| json!({"membershipId": id, "on": on});

        assert_eq!(cadre.refused(&lose, end(&one, "2026-03-01")).await, ["CONFLICT membershipId"]);
        assert_eq!(cadre.refused(&issue, new(&one, "12", "2026-01-31")).await, ["INVALID on", "INVALID number"]);
        let issued = cadre.done(&issue, new(&one, " hn0001 ", "2026-03-01")).await["membership"].take();
        assert_eq!(issued["card"], json!({"number": "HN0001", "state": "VALID"}));
        assert_eq!(cadre.refused(&issue, new(&one, "HN0002", "2026-03-01")).await, ["CONFLICT membershipId"]);
        assert_eq!(cadre.refused(&issue, new(&other, "HN0001", "2026-03-01")).await, ["CONFLICT number"]);
        assert_eq!(cadre.done(&lose, end(&one, "2026-04-01")).await["membership"]["card"], Value::Null);
        cadre.done(&replace, new(&one, "HN0003", "2026-04-02")).await;
        let replaced = cadre.done(&replace, new(&one, "HN0004", "2026-04-03")).await["membership"]["cards"].take();
        let states: Vec<&str> = replaced.as_array().unwrap().iter().map(|card| card["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["LOST", "REPLACED", "VALID"]);
        cadre.done(&issue, new(&other, "HN0005", "2026-03-01")).await;
        cadre.done(&cancel, end(&other, "2026-03-02")).await;
        let left = cadre.done(&plain("withdrawMember"), step(&one, 1, "2026-05-01")).await["membership"].take();
        assert_eq!(left["cards"][2], json!({"number": "HN0004", "state": "CANCELLED", "issuedOn": "2026-04-03", "endedOn": "2026-05-01"}));
        assert_eq!(cadre.refused(&issue, new(&one, "HN0006", "2026-05-02")).await, ["CONFLICT membershipId"]);
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        assert_eq!(neighbour.refused(&issue, new(&other, "HN0007", "2026-05-02")).await, ["NOT_FOUND membershipId"]);
    }

    async fn a_list_of_members_costs_as_many_statements_for_many_as_for_one(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
        let list = "query($code: DivisionCode) { federation(code: $code) { members(first: 100) { totalCount nodes { person { name memberships(first: 2) { nodes { id } } } \
            tradeUnion { name } changes { kind enteredBy } card { number } transfer { id } } } } }";
        let mut costs = Vec::new();
        for numbers in [1..2, 2..20] {
            for number in numbers {
                join(&cadre, (YUESHAN, &union), (number, "2026-03-01")).await;
            }
            let before = app.statements();
            cadre.data(list, json!({"code": XIANGXIANG})).await;
            costs.push(app.statements() - before);
        }
        assert_eq!(costs[0], costs[1]);
    }
}
