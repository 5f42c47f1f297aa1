//! Enterprises: entered once, changed with care.

use crate::support::register::{REGISTER, UPDATE, YUESHAN, enterprise, register, uscc};
use crate::support::tree::{GUANGDONG, QINGXI, SHAOSHAN, XIANGTAN, XIANGXIANG};
use serde_json::json;

both! {
    async fn an_enterprise_is_found_by_its_code_where_it_is_and_nowhere_else(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let city = app.person("LEADER", XIANGTAN).await;

        let mut input = enterprise(&cadre, YUESHAN, 1);
        input["uscc"] = json!(format!("　{} ", uscc(1).to_lowercase()));
        let done = cadre.done(REGISTER, input).await;

        assert_eq!(done["enterprise"]["uscc"], json!(uscc(1)));
        assert_eq!(done["enterprise"]["township"]["code"], json!(YUESHAN));
        let id = done["enterprise"]["id"].clone();
        let query = "query($uscc: Uscc, $id: ID!) { enterprise(uscc: $uscc) { name } node(id: $id) { id } }";
        let variables = json!({"uscc": uscc(1), "id": id});
        assert_eq!(city.data(query, variables.clone()).await["enterprise"]["name"], json!("湘中第1机械厂"));
        assert_eq!(neighbour.data(query, variables).await, json!({"enterprise": null, "node": null}));
    }

    async fn every_wrong_field_is_named_at_once_and_nothing_is_written(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut input = enterprise(&cadre, YUESHAN, 1);
        input["uscc"] = json!("91430381MA00000010");
        input["name"] = json!(" ");
        input["industry"] = json!("Z99");
        input["employees"] = json!(-1);
        input["location"] = json!({"latitude": "91", "longitude": "0"});
        input["registeredOn"] = json!("2026-06-21");

        let refused = cadre.refused(REGISTER, input).await;

        let fields = ["uscc", "name", "industry", "employees", "location", "registeredOn"];
        assert_eq!(refused, fields.map(|field| format!("INVALID {field}")));
        let query = "query($code: DivisionCode) { federation(code: $code) { enterprises { totalCount } } }";
        let county = cadre.data(query, json!({"code": XIANGXIANG})).await;
        assert_eq!(county["federation"]["enterprises"]["totalCount"], json!(0));
    }

    async fn a_day_that_does_not_exist_is_refused_with_its_field(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut input = enterprise(&cadre, YUESHAN, 1);
        input["registeredOn"] = json!("2026-02-30");

        let errors = cadre.errors(REGISTER, json!({"input": input})).await;

        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.contains("input.registeredOn") && message.contains("a day that exists"), "{errors:?}");
    }

    async fn a_code_is_given_once_in_the_country(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        register(&cadre, YUESHAN, 1).await;

        let again = cadre.refused(REGISTER, enterprise(&cadre, YUESHAN, 1)).await;
        let elsewhere = neighbour.refused(REGISTER, enterprise(&neighbour, QINGXI, 1)).await;

        assert_eq!(again, ["CONFLICT uscc"]);
        assert_eq!(elsewhere, ["CONFLICT uscc"]);
    }

    async fn two_at_once_enter_one_enterprise(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let input = enterprise(&cadre, YUESHAN, 1);
        let calls = (0..6).map(|_| cadre.data(REGISTER, json!({"input": input})));

        let answers = all_at_once(calls).await;

        let made = answers.iter().filter(|answer| answer["registerEnterprise"]["userErrors"] == json!([])).count();
        assert_eq!(made, 1, "{answers:#?}");
    }

    async fn an_idempotency_key_makes_a_repeated_call_harmless(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut input = enterprise(&cadre, YUESHAN, 1);
        input["idempotencyKey"] = json!("one");
        let first = cadre.done(REGISTER, input.clone()).await;
        let second = cadre.done(REGISTER, input.clone()).await;
        input["employees"] = json!(7);
        let other = cadre.refused(REGISTER, input).await;

        assert_eq!(first, second);
        assert_eq!(other, ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
    }

    async fn nobody_enters_or_changes_an_enterprise_outside_their_place_or_role(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = register(&cadre, YUESHAN, 1).await;
        let change = json!({"id": id, "expectedVersion": 1, "employees": 5});
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let far = app.person("CADRE", GUANGDONG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;

        for stranger in [&neighbour, &far] {
            assert_eq!(stranger.refused(REGISTER, enterprise(&cadre, YUESHAN, 2)).await, ["NOT_FOUND federationId"]);
            assert_eq!(stranger.refused(UPDATE, change.clone()).await, ["NOT_FOUND id"]);
        }
        assert_eq!(leader.refused(REGISTER, enterprise(&cadre, YUESHAN, 2)).await, ["FORBIDDEN"]);
        assert_eq!(leader.refused(UPDATE, change.clone()).await, ["FORBIDDEN"]);
        assert_eq!(bureau.refused(UPDATE, change).await, ["NOT_FOUND id"]);
        let anonymous = app.anonymous().codes(REGISTER, json!({"input": enterprise(&cadre, YUESHAN, 2)})).await;
        assert_eq!(anonymous, ["UNAUTHENTICATED"]);
    }

    async fn a_stale_change_is_a_conflict_that_shows_the_enterprise_as_it_is(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = register(&cadre, YUESHAN, 1).await;
        cadre.done(UPDATE, json!({"id": id, "expectedVersion": 1, "employees": 120})).await;

        let input = json!({"id": id, "expectedVersion": 1, "employees": 130});
        let stale = &cadre.data(UPDATE, json!({"input": input})).await["updateEnterprise"];

        assert_eq!(stale["userErrors"][0]["code"], json!("CONFLICT"));
        assert_eq!((&stale["enterprise"]["version"], &stale["enterprise"]["employees"]), (&json!(2), &json!(120)));
    }

    async fn lists_page_by_every_offered_order_both_ways(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in 1..=7 {
            register(&cadre, YUESHAN, number).await;
        }
        let query = "query($code: DivisionCode, $order: EnterpriseOrder!, $first: Int, $after: String, $last: Int, $before: String) { \
            federation(code: $code) { enterprises(order: $order, first: $first, after: $after, last: $last, before: $before) { \
            totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { employees } } } }";
        for (order, ascending) in [("NAME_ASC", true), ("NAME_DESC", false), ("EMPLOYEES_ASC", true), ("EMPLOYEES_DESC", false)] {
            let mut expected: Vec<u32> = (101..=107).collect();
            if !ascending {
                expected.reverse();
            }
            let mut forward = Vec::new();
            let mut after = json!(null);
            loop {
                let variables = json!({"code": XIANGXIANG, "order": order, "first": 3, "after": after});
                let page = cadre.data(query, variables).await["federation"]["enterprises"].clone();
                assert_eq!(page["totalCount"], json!(7));
                forward.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["employees"].as_u64().unwrap()));
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == json!(false) {
                    break;
                }
            }
            assert_eq!(json!(forward), json!(expected), "{order}");
            let variables = json!({"code": XIANGXIANG, "order": order, "last": 2, "before": after});
            let page = cadre.data(query, variables).await["federation"]["enterprises"].clone();
            let backward: Vec<_> = page["nodes"].as_array().unwrap().iter().map(|node| node["employees"].clone()).collect();
            assert_eq!(json!(backward), json!(expected[4..6]), "{order}");
            assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(true));
        }
        let foreign = json!({"code": XIANGXIANG, "order": "NAME_ASC", "after": "bm9uc2Vuc2U"});
        assert_eq!(cadre.codes(query, foreign).await, ["INVALID"]);
    }

    async fn lists_are_filtered(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = register(&cadre, YUESHAN, 1).await;
        register(&cadre, YUESHAN, 2).await;
        cadre.done(UPDATE, json!({"id": id, "expectedVersion": 1, "status": "DEREGISTERED", "ownership": "STATE"})).await;
        let query = "query($code: DivisionCode, $filter: EnterpriseFilter) { federation(code: $code) { enterprises(filter: $filter) { totalCount } } }";

        for (filter, expected) in [
            (json!({"status": "ACTIVE"}), 1),
            (json!({"ownership": "STATE"}), 1),
            (json!({"ownership": "STATE", "status": "ACTIVE"}), 0),
            (json!({"nameStartsWith": "湘中第2"}), 1),
            (json!({"nameStartsWith": ""}), 2),
        ] {
            let found = cadre.data(query, json!({"code": XIANGXIANG, "filter": filter})).await;
            assert_eq!(found["federation"]["enterprises"]["totalCount"], json!(expected), "{filter}");
        }
    }
}

/// All answers, asked for at the same time.
async fn all_at_once<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    futures_util::future::join_all(calls).await
}
