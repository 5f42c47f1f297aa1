//! Field visits: one visit stands, however often the phone sends it.

use crate::support::register::{CORRECT, RECORD, VOID, YUESHAN, figures, record, register, visit};
use crate::support::tree::{SHAOSHAN, WANGCHUNMEN, XIANGTAN, XIANGXIANG};
use serde_json::json;

const LISTS: &str = "query($code: DivisionCode, $uscc: Uscc) { \
    federation(code: $code) { visits { totalCount nodes { purpose visitor findings { description dueOn } } } } \
    enterprise(uscc: $uscc) { lastVisit { startedAt } visits(order: STARTED_ASC) { nodes { startedAt } } } }";

both! {
    async fn a_visit_sent_twice_is_one_visit(app: App) {
        let phone = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&phone, YUESHAN, 1).await;
        let input = visit(&enterprise, 1, "2026-06-19T09:30:00+08:00");

        let first = phone.done(RECORD, input.clone()).await;
        let again = phone.done(RECORD, input.clone()).await;
        let at_once = futures_util::future::join_all((0..4).map(|_| phone.done(RECORD, input.clone()))).await;

        assert_eq!(first, again);
        assert!(at_once.iter().all(|answer| *answer == first));
        let counted = figures(&phone, YUESHAN, &["visits", "findings"], json!({})).await;
        assert_eq!(counted, json!({"visits": "1", "findings": "1"}));
    }

    async fn another_visit_under_the_same_id_is_a_conflict(app: App) {
        let phone = app.person("CADRE", YUESHAN).await;
        let county = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&phone, YUESHAN, 1).await;
        record(&phone, &enterprise, 1, "2026-06-19T09:30:00+08:00").await;

        let mut other = visit(&enterprise, 1, "2026-06-19T09:30:00+08:00");
        assert_eq!(county.refused(RECORD, other.clone()).await, ["CONFLICT id"]);
        other["notes"] = json!("另一次");
        assert_eq!(phone.refused(RECORD, other).await, ["CONFLICT id"]);
    }

    async fn a_visit_shows_in_its_lists_and_to_nobody_else(app: App) {
        let phone = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&phone, YUESHAN, 1).await;
        record(&phone, &enterprise, 1, "2026-06-18T09:30:00+08:00").await;
        let id = record(&phone, &enterprise, 2, "2026-06-19T09:30:00+08:00").await;
        let leader = app.person("LEADER", XIANGTAN).await;
        let variables = json!({"code": XIANGXIANG, "uscc": crate::support::register::uscc(1)});

        let seen = leader.data(LISTS, variables.clone()).await;

        assert_eq!(seen["federation"]["visits"]["totalCount"], json!(2));
        assert_eq!(seen["federation"]["visits"]["nodes"][0]["findings"], json!([{"description": "灭火器过期", "dueOn": "2026-07-01"}]));
        assert_eq!(seen["enterprise"]["lastVisit"]["startedAt"], json!("2026-06-19T01:30:00Z"));
        let days = json!([{"startedAt": "2026-06-18T01:30:00Z"}, {"startedAt": "2026-06-19T01:30:00Z"}]);
        assert_eq!(seen["enterprise"]["visits"]["nodes"], days);
        let beside = app.person("CADRE", WANGCHUNMEN).await;
        assert_eq!(beside.data(LISTS, variables).await["enterprise"], json!(null));
        let node = "query($id: ID!) { node(id: $id) { id } }";
        for stranger in [beside, app.person("CADRE", SHAOSHAN).await, app.person("REPORTING", XIANGXIANG).await] {
            assert_eq!(stranger.data(node, json!({"id": id})).await["node"], json!(null));
        }
    }

    async fn a_correction_moves_the_figures_with_it(app: App) {
        let phone = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&phone, YUESHAN, 1).await;
        let id = record(&phone, &enterprise, 1, "2026-05-31T09:30:00+08:00").await;
        app.settle().await;

        let input = json!({"id": id, "expectedVersion": 1, "startedAt": "2026-06-01T00:10:00+08:00", "purpose": "CARE", "findings": []});
        let done = phone.done(CORRECT, input).await;

        assert_eq!(done["visit"], json!({"id": id, "version": 2, "purpose": "CARE", "notes": "消防通道畅通", "findings": []}));
        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            let of = |from: &str, to: &str| figures(&phone, YUESHAN, &["visits", "findings"], json!({"from": from, "to": to}));
            let june = of("2026-06-01", "2026-06-30").await;
            assert_eq!(june, json!({"visits": "1", "findings": "0"}));
            let may = of("2026-05-01", "2026-05-31").await;
            assert_eq!(may, json!({"visits": "0", "findings": "0"}));
        }
        let query = "query($code: DivisionCode) { federation(code: $code) { figures(metrics: [\"visits\"], by: \"PURPOSE\") { dimension value } } }";
        let parts = phone.data(query, json!({"code": YUESHAN})).await;
        let non_zero: Vec<_> = parts["federation"]["figures"].as_array().unwrap().iter().filter(|part| part["value"] != "0").cloned().collect();
        assert_eq!(json!(non_zero), json!([{"dimension": "CARE", "value": "1"}]));
        let stale = json!({"id": id, "expectedVersion": 1, "notes": "x"});
        assert_eq!(phone.refused(CORRECT, stale).await, ["CONFLICT expectedVersion"]);
        let resent = phone.done(RECORD, visit(&enterprise, 1, "2026-05-31T09:30:00+08:00")).await;
        assert_eq!(resent["visit"]["version"], json!(2), "the phone's old sending does not undo the correction");
    }

    async fn what_is_wrong_with_a_visit_is_named(app: App) {
        let phone = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&phone, YUESHAN, 1).await;
        let mut input = visit(&enterprise, 1, "2026-06-21T09:30:00+08:00");
        input["endedAt"] = json!("2026-06-20T09:30:00+08:00");
        input["position"] = json!({"latitude": "27.7", "longitude": "east"});
        input["findings"] = json!([{"severity": "MINOR", "description": " "}]);

        let refused = phone.refused(RECORD, input).await;

        assert_eq!(refused, ["INVALID startedAt", "INVALID endedAt", "INVALID findings.0.description", "INVALID position"]);
        assert_eq!(phone.refused(RECORD, visit("RQ", 1, "2026-06-19T09:30:00+08:00")).await, ["NOT_FOUND enterpriseId"]);
    }

    async fn nobody_records_a_visit_at_a_neighbours(app: App) {
        let phone = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&phone, YUESHAN, 1).await;
        let id = record(&phone, &enterprise, 1, "2026-06-19T09:30:00+08:00").await;

        for stranger in [app.person("CADRE", WANGCHUNMEN).await, app.person("CADRE", SHAOSHAN).await] {
            let input = visit(&enterprise, 2, "2026-06-19T09:30:00+08:00");
            assert_eq!(stranger.refused(RECORD, input).await, ["NOT_FOUND enterpriseId"]);
            assert_eq!(stranger.refused(CORRECT, json!({"id": id, "expectedVersion": 1})).await, ["NOT_FOUND id"]);
        }
        let leader = app.person("LEADER", XIANGXIANG).await;
        let input = visit(&enterprise, 2, "2026-06-19T09:30:00+08:00");
        assert_eq!(leader.refused(RECORD, input).await, ["FORBIDDEN"]);
    }

    async fn a_feed_gives_what_was_missed_and_goes_on_live(app: App) {
        let phone = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&phone, YUESHAN, 1).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let foreign = register(&neighbour, crate::support::tree::QINGXI, 2).await;
        record(&neighbour, &foreign, 8, "2026-06-17T09:00:00+08:00").await;
        record(&phone, &enterprise, 1, "2026-06-17T09:30:00+08:00").await;
        app.settle().await;

        let document = "subscription($id: ID!, $after: String) { visitRecorded(federationId: $id, after: $after) { cursor visit { uuid } } }";
        let mut stream = phone.subscribe(document, json!({"id": app.gid(YUESHAN), "after": "0"})).await;
        let missed = stream.next().await;
        record(&neighbour, &foreign, 9, "2026-06-19T09:30:00+08:00").await;
        record(&phone, &enterprise, 2, "2026-06-18T09:30:00+08:00").await;
        app.settle().await;
        let live = stream.next().await;

        let number = |message: &serde_json::Value| message["data"]["visitRecorded"]["visit"]["uuid"].as_str().unwrap().chars().last();
        assert_eq!((number(&missed), number(&live)), (Some('1'), Some('2')));
        let after = missed["data"]["visitRecorded"]["cursor"].clone();
        let mut again = phone.subscribe(document, json!({"id": app.gid(YUESHAN), "after": after})).await;
        assert_eq!(number(&again.next().await), Some('2'));
    }

    async fn a_visit_that_never_was_is_voided_and_stays(app: App) {
        let phone = app.person("CADRE", YUESHAN).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let enterprise = register(&phone, YUESHAN, 1).await;
        record(&phone, &enterprise, 1, "2026-06-18T09:30:00+08:00").await;
        let twice = record(&phone, &enterprise, 2, "2026-06-19T09:30:00+08:00").await;
        app.settle().await;

        let void = |version: i32, reason: &str| json!({"id": twice, "expectedVersion": version, "reason": reason, "idempotencyKey": format!("{version}{reason}")});
        for reason in ["x", "本人证件 430381199001011234 录错"] {
            assert_eq!(phone.refused(VOID, void(1, reason)).await, ["INVALID reason"], "{reason}");
        }
        assert_eq!(phone.refused(VOID, void(7, "同一次走访重复录入了两次")).await, ["CONFLICT expectedVersion"]);
        assert_eq!(neighbour.refused(VOID, void(1, "同一次走访重复录入了两次")).await, ["NOT_FOUND id"]);
        assert_eq!(leader.refused(VOID, void(1, "同一次走访重复录入了两次")).await, ["FORBIDDEN"]);
        let done = phone.done(VOID, void(1, "同一次走访重复录入了两次")).await;
        assert_eq!(phone.done(VOID, void(1, "同一次走访重复录入了两次")).await, done);

        assert_eq!((&done["visit"]["version"], &done["visit"]["voidReason"]), (&json!(2), &json!("同一次走访重复录入了两次")));
        assert_eq!(phone.refused(VOID, void(2, "同一次走访又重复录入了")).await, ["GONE id"]);
        assert_eq!(phone.refused(CORRECT, json!({"id": twice, "expectedVersion": 2, "notes": "改"})).await, ["GONE id"]);
        for code in [YUESHAN, XIANGXIANG, XIANGTAN] {
            let counted = figures(&app.person("LEADER", XIANGTAN).await, code, &["visits", "findings"], json!({})).await;
            assert_eq!(counted, json!({"visits": "1", "findings": "1"}), "{code}");
        }
        let data = phone.data(LISTS, json!({"code": YUESHAN, "uscc": crate::support::register::uscc(1)})).await;
        assert_eq!(data["federation"]["visits"]["totalCount"], 2, "it can still be read");
        assert_eq!(data["enterprise"]["lastVisit"]["startedAt"], "2026-06-18T01:30:00Z");
        assert_eq!(crate::verify::first_break(&app).await, None);
    }
}
