//! Snapshots: figures as they were reported, beside what they are now.

use crate::moves::{MOVE_FEDERATION, found_federation};
use crate::support::Caller;
use crate::support::register::{REGISTER, YUESHAN, enterprise, record, register};
use crate::support::returns::{FREEZE, freeze, report};
use crate::support::tree::*;
use serde_json::{Value, json};

const SHOWN: &str = "query($code: DivisionCode) { federation(code: $code) { snapshots { totalCount nodes { title from to frozenAt frozenBy federation { code } \
    lines(first: 100) { totalCount nodes { name federation { code parent { name } } metric { code } value qualifier moved live { value qualifier from to } } } } } } }";

async fn shown(caller: &Caller, code: &str) -> Value {
    caller.data(SHOWN, json!({"code": code})).await["federation"]["snapshots"].take()
}

/// What stands in a line of the first snapshot: frozen, live, moved.
fn line(snapshots: &Value, code: &str, metric: &str) -> [String; 3] {
    let lines = snapshots["nodes"][0]["lines"]["nodes"].as_array().unwrap();
    let found = lines
        .iter()
        .find(|line| line["federation"]["code"] == code && line["metric"]["code"] == metric)
        .unwrap();
    [&found["value"], &found["live"]["value"], &found["moved"]]
        .map(|value| value.as_str().unwrap().to_owned())
}

both! {
    async fn a_frozen_period_shows_where_the_live_figures_have_moved(app: App) {
        let (cadre, superior) = (app.person("CADRE", XIANGXIANG).await, app.person("CADRE", XIANGTAN).await);
        let firm = register(&cadre, YUESHAN, 1).await;
        record(&cadre, &firm, 1, "2026-06-18T09:30:00+08:00").await;
        let half = (XIANGXIANG, "2026-01-01", "2026-06-19");
        report(&cadre, &superior, half, &[("aid_disbursed", "", "60000", "AT_LEAST")]).await;
        let input = json!({"federationId": app.gid(XIANGTAN), "title": "上半年数字", "metrics": ["visits", "enterprises", "aid_disbursed"],
            "period": {"kind": "YEAR_TO_DATE", "day": "2026-06-19"}, "hasChildren": true});
        let frozen = superior.done(FREEZE, input).await;
        assert_eq!(frozen["figureSnapshot"]["frozenBy"], json!(format!("cadre.{}", app.federation(XIANGTAN))));

        // Late: a visit of May, and one after the period; an enterprise of March.
        record(&cadre, &firm, 2, "2026-05-11T09:30:00+08:00").await;
        record(&cadre, &firm, 3, "2026-06-20T09:30:00+08:00").await;
        register(&cadre, YUESHAN, 2).await;

        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            let found = shown(&superior, XIANGTAN).await;
            let snapshot = &found["nodes"][0];
            assert_eq!((&snapshot["title"], &snapshot["from"], &snapshot["to"]), (&json!("上半年数字"), &json!("2026-01-01"), &json!("2026-06-19")));
            assert_eq!(snapshot["lines"]["totalCount"], json!(9), "of the city and its two counties");
            for code in [XIANGTAN, XIANGXIANG] {
                assert_eq!(line(&found, code, "visits"), ["1", "2", "1"], "{code}");
                assert_eq!(line(&found, code, "enterprises"), ["1", "2", "1"], "{code}");
                assert_eq!(line(&found, code, "aid_disbursed"), ["60000.00", "60000.00", "0.00"], "{code}");
            }
            assert_eq!(line(&found, SHAOSHAN, "visits"), ["0", "0", "0"]);
            assert_eq!(snapshot["lines"]["nodes"][2]["qualifier"], json!("AT_LEAST"));
            assert_eq!(snapshot["lines"]["nodes"][1]["live"], json!({"value": "2", "qualifier": "EXACT", "from": null, "to": "2026-06-19"}));
        }
    }

    async fn a_snapshot_is_of_known_metrics_and_of_days_that_were(app: App) {
        let superior = app.person("CADRE", XIANGTAN).await;
        let input = |metrics: Value, to: &str| json!({"federationId": app.gid(XIANGTAN), "title": "数字", "metrics": metrics, "to": to});

        assert_eq!(superior.refused(FREEZE, input(json!(["smiles"]), "2026-06-20")).await, ["INVALID metrics.0"]);
        assert_eq!(superior.refused(FREEZE, input(json!([]), "2026-06-20")).await, ["INVALID metrics"]);
        assert_eq!(superior.refused(FREEZE, input(json!(["visits"]), "2026-06-21")).await, ["INVALID to"]);
        let auditor = app.person("AUDITOR", XIANGTAN).await;
        assert_eq!(auditor.refused(FREEZE, input(json!(["visits"]), "2026-06-20")).await, ["FORBIDDEN"]);
    }

    async fn a_snapshot_is_seen_where_its_federation_is(app: App) {
        let (cadre, superior) = (app.person("CADRE", XIANGXIANG).await, app.person("CADRE", XIANGTAN).await);
        let id = freeze(&superior, XIANGTAN, &["visits"]).await;
        freeze(&cadre, XIANGXIANG, &["visits"]).await;

        assert_eq!(shown(&superior, XIANGTAN).await["totalCount"], json!(2));
        assert_eq!(shown(&cadre, XIANGXIANG).await["totalCount"], json!(1));
        let node = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(superior.data(node, json!({"id": id})).await["node"]["id"], json!(id));
        for stranger in [&cadre, &app.person("LEADER", SHAOSHAN).await, &app.person("TAX_BUREAU", HUNAN).await] {
            assert_eq!(stranger.data(node, json!({"id": id})).await["node"], json!(null));
        }
    }

    async fn lines_of_snapshots_are_read_in_so_many_statements_however_many_they_are(app: App) {
        let superior = app.person("CADRE", XIANGTAN).await;
        let mut costs = Vec::new();
        for metrics in [&["visits", "enterprises"][..], &["visits", "enterprises", "fees_collected", "employees", "aid_disbursed", "hardship_files"]] {
            freeze(&superior, XIANGTAN, metrics).await;
            app.settle().await;
            let before = app.statements();
            shown(&superior, XIANGTAN).await;
            costs.push(app.statements() - before);
        }
        // Who asks; snapshots, their total, who froze, lines, their totals, flows, stocks.
        assert_eq!(costs[0], costs[1]);
        assert!(costs[1] <= 8, "{costs:?}");
    }

    async fn a_page_of_lines_reads_no_others_of_any_snapshot(app: App) {
        let superior = app.person("CADRE", XIANGTAN).await;
        let metrics = ["visits", "enterprises", "fees_collected", "employees", "aid_disbursed", "hardship_files"];
        let query = "query($code: DivisionCode) { federation(code: $code) { snapshots { nodes { \
            top: lines(first: 1) { nodes { metric { code } federation { code } } pageInfo { hasNextPage hasPreviousPage endCursor } } \
            next: lines(first: 1, after: \"1\") { nodes { metric { code } } } \
            end: lines(last: 1) { nodes { metric { code } federation { code } } pageInfo { hasNextPage hasPreviousPage startCursor } } \
            previous: lines(last: 1, before: \"18\") { nodes { metric { code } } } } } } }";
        let mut costs = Vec::new();
        for snapshots in [1, 3] {
            while shown(&superior, XIANGTAN).await["totalCount"] != json!(snapshots) {
                freeze(&superior, XIANGTAN, &metrics).await;
            }
            // Whoever read what lies between would fail.
            app.write("UPDATE snapshot_line SET metric = 'smiles' WHERE position BETWEEN 4 AND 15").await;
            let before = app.statements();
            let found = superior.data(query, json!({"code": XIANGTAN})).await["federation"]["snapshots"]["nodes"].take();
            costs.push(app.statements() - before);
            app.write("UPDATE snapshot_line SET metric = 'visits' WHERE position BETWEEN 4 AND 15").await;

            for snapshot in found.as_array().unwrap() {
                assert_eq!(snapshot, &json!({
                    "top": {"nodes": [{"metric": {"code": "visits"}, "federation": {"code": XIANGTAN}}], "pageInfo": {"hasNextPage": true, "hasPreviousPage": false, "endCursor": "1"}},
                    "next": {"nodes": [{"metric": {"code": "enterprises"}}]},
                    "end": {"nodes": [{"metric": {"code": "hardship_files"}, "federation": {"code": SHAOSHAN}}], "pageInfo": {"hasNextPage": false, "hasPreviousPage": true, "startCursor": "18"}},
                    "previous": {"nodes": [{"metric": {"code": "aid_disbursed"}}]},
                }));
            }
            assert_eq!(found.as_array().unwrap().len(), snapshots);
        }
        // Who asks; snapshots, lines.
        assert_eq!(costs[0], costs[1]);
        assert!(costs[1] <= 3, "{costs:?}");
        let wrong = "query($code: DivisionCode) { federation(code: $code) { snapshots { nodes { lines(after: \"x\") { totalCount } } } } }";
        assert_eq!(superior.codes(wrong, json!({"code": XIANGTAN})).await[0], "INVALID");
    }

    async fn a_municipality_keeps_the_figures_of_its_districts(app: App) {
        let municipality = app.person("CADRE", BEIJING).await;
        freeze(&municipality, BEIJING, &["visits"]).await;

        let lines = shown(&municipality, BEIJING).await["nodes"][0]["lines"]["nodes"].take();

        let codes: Vec<&Value> = lines.as_array().unwrap().iter().map(|line| &line["federation"]["code"]).collect();
        assert_eq!(codes, [BEIJING, DONGCHENG]);
        assert_eq!(lines[1]["name"], json!("东城区总工会"));
    }

    async fn an_attempt_that_was_refused_stands_in_the_trail(app: App) {
        const TRAIL: &str = "query($code: DivisionCode) { federation(code: $code) { auditTrail(filter: {operations: [\"freezeFigures\"]}) { \
            nodes { kind result code } } } }";
        let input = json!({"federationId": app.gid(XIANGXIANG), "title": "半年数字", "metrics": ["visits"]});
        for (role, place, refusal) in [("AUDITOR", XIANGXIANG, "FORBIDDEN"), ("CADRE", SHAOSHAN, "NOT_FOUND federationId")] {
            assert_eq!(app.person(role, place).await.refused(FREEZE, input.clone()).await, [refusal], "{role} {place}");
        }
        app.settle().await;

        for (place, code) in [(XIANGXIANG, "FORBIDDEN"), (SHAOSHAN, "NOT_FOUND")] {
            let trail = app.person("AUDITOR", place).await.data(TRAIL, json!({"code": place})).await;
            let nodes = &trail["federation"]["auditTrail"]["nodes"];
            assert_eq!(*nodes, json!([{"kind": "REFUSED", "result": "REFUSED", "code": code}]), "{place}");
        }
    }

    async fn what_has_gone_elsewhere_is_no_longer_told_live(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let park = found_federation(&city, &app.gid(XIANGXIANG), "TOWNSHIP", "湘乡工业园工会").await;
        let input = json!({"federationId": app.gid(XIANGXIANG), "title": "上半年数字", "metrics": ["enterprises"], "hasChildren": true});
        city.done(FREEZE, input).await;
        let of_park = |snapshots: Value| {
            let lines = snapshots["nodes"][0]["lines"]["nodes"].as_array().unwrap();
            // Only a park has no code.
            let line = lines.iter().find(|line| line["federation"]["code"].is_null()).unwrap();
            (line["value"].clone(), line["live"]["value"].clone(), line["moved"].clone())
        };
        assert_eq!(of_park(shown(&leader, XIANGXIANG).await), (json!("0"), json!("0"), json!("0")));

        city.done(MOVE_FEDERATION, json!({"id": park, "parentId": app.gid(SHAOSHAN), "on": "2026-06-01", "reason": "托管"})).await;
        let mut firm = enterprise(&city, YUESHAN, 7);
        firm["federationId"] = json!(park);
        city.done(REGISTER, firm).await;

        let seen = shown(&leader, XIANGXIANG).await;
        assert!(!seen.to_string().contains("韶山"), "where it went is told to nobody who does not know: {seen:#}");
        assert_eq!(of_park(seen), (json!("0"), Value::Null, Value::Null));
        assert_eq!(of_park(shown(&city, XIANGXIANG).await), (json!("0"), json!("1"), json!("1")));
        for (reader, federation) in [(&leader, Value::Null), (&city, json!({"code": null, "parent": {"name": "韶山市总工会"}}))] {
            let lines = shown(reader, XIANGXIANG).await["nodes"][0]["lines"]["nodes"].take();
            let of_park = lines.as_array().unwrap().iter().find(|line| line["name"] == "湘乡工业园工会").unwrap();
            assert_eq!(of_park["federation"], federation);
        }
    }
}
