//! Grassroots unions and whom they cover.

use crate::support::register::{
    COVER, END_COVERAGE, FOUND, UPDATE, YUESHAN, cover, figures, found, register, trade_union,
};
use crate::support::tree::{QINGXI, SHAOSHAN, XIANGXIANG};
use serde_json::json;

const COVERED: &str = "query($code: DivisionCode, $asOf: Date) { federation(code: $code) { enterprises { nodes { name tradeUnion(asOf: $asOf) { name } } } } }";

both! {
    async fn an_enterprise_moves_from_a_joint_union_to_its_own_without_gap_or_overlap(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let joint = found(&cadre, YUESHAN, "JOINT", 1).await;
        let own = found(&cadre, YUESHAN, "SINGLE", 2).await;
        let coverage = cover(&cadre, &joint, &enterprise, "2026-02-01").await;

        let early = json!({"tradeUnionId": own, "enterpriseId": enterprise, "from": "2026-04-01"});
        assert_eq!(cadre.refused(COVER, early.clone()).await, ["CONFLICT enterpriseId"]);
        cadre.done(END_COVERAGE, json!({"id": coverage, "to": "2026-04-01"})).await;
        cadre.done(COVER, early).await;

        for (day, union) in [("2026-03-31", "湘中第1工会委员会"), ("2026-04-01", "湘中第2工会委员会")] {
            let data = cadre.data(COVERED, json!({"code": XIANGXIANG, "asOf": day})).await;
            assert_eq!(data["federation"]["enterprises"]["nodes"][0]["tradeUnion"]["name"], json!(union), "{day}");
            let covered = figures(&cadre, XIANGXIANG, &["covered_enterprises"], json!({"asOf": day})).await;
            assert_eq!(covered, json!({"covered_enterprises": "1"}), "{day}");
        }
        let before = figures(&cadre, XIANGXIANG, &["covered_enterprises", "trade_unions"], json!({"asOf": "2026-01-31"})).await;
        assert_eq!(before, json!({"covered_enterprises": "0", "trade_unions": "0"}));
    }

    async fn ending_a_coverage_twice_is_one_end(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let union = found(&cadre, YUESHAN, "JOINT", 1).await;
        let id = cover(&cadre, &union, &enterprise, "2026-02-01").await;

        assert_eq!(cadre.refused(END_COVERAGE, json!({"id": id, "to": "2026-02-01"})).await, ["INVALID to"]);
        let once = cadre.done(END_COVERAGE, json!({"id": id, "to": "2026-05-01"})).await;
        let twice = cadre.done(END_COVERAGE, json!({"id": id, "to": "2026-05-01"})).await;
        let otherwise = cadre.refused(END_COVERAGE, json!({"id": id, "to": "2026-05-02"})).await;

        assert_eq!(once, twice);
        assert_eq!(otherwise, ["GONE to"]);
        let covered = figures(&cadre, XIANGXIANG, &["covered_enterprises"], json!({})).await;
        assert_eq!(covered, json!({"covered_enterprises": "0"}));
    }

    async fn a_union_is_founded_where_one_may_and_says_that_it_is_one(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let good = trade_union(&cadre, YUESHAN, "SINGLE", 1);
        let mut bad = good.clone();
        bad["name"] = json!("湘中机械厂");
        bad["foundedOn"] = json!("2026-12-31");

        assert_eq!(cadre.refused(FOUND, bad).await, ["INVALID name", "INVALID foundedOn"]);
        assert_eq!(neighbour.refused(FOUND, good.clone()).await, ["NOT_FOUND federationId"]);
        assert_eq!(leader.refused(FOUND, good.clone()).await, ["FORBIDDEN"]);
        assert_eq!(cadre.done(FOUND, good).await["tradeUnion"]["superior"]["code"], json!(YUESHAN));
    }

    async fn a_union_covers_no_enterprise_of_a_neighbour(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let foreign = register(&neighbour, QINGXI, 1).await;
        let union = found(&cadre, YUESHAN, "JOINT", 1).await;
        let own = register(&cadre, YUESHAN, 2).await;

        let input = json!({"tradeUnionId": union, "enterpriseId": foreign, "from": "2026-03-01"});
        assert_eq!(cadre.refused(COVER, input).await, ["NOT_FOUND enterpriseId"]);
        let input = json!({"tradeUnionId": union, "enterpriseId": own, "from": "2026-03-01"});
        assert_eq!(neighbour.refused(COVER, input).await, ["NOT_FOUND tradeUnionId"]);
        let early = json!({"tradeUnionId": union, "enterpriseId": own, "from": "2026-01-31"});
        assert_eq!(cadre.refused(COVER, early).await, ["INVALID from"]);
        let id = cover(&cadre, &union, &own, "2026-03-01").await;
        assert_eq!(neighbour.refused(END_COVERAGE, json!({"id": id, "to": "2026-05-01"})).await, ["NOT_FOUND id"]);
    }

    async fn two_at_once_cover_an_enterprise_once(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let union = found(&cadre, YUESHAN, "JOINT", 1).await;
        let input = json!({"tradeUnionId": union, "enterpriseId": enterprise, "from": "2026-03-01"});
        let calls = (0..5).map(|_| cadre.data(COVER, json!({"input": input})));

        let answers = futures_util::future::join_all(calls).await;

        let made = answers.iter().filter(|answer| answer["coverEnterprise"]["userErrors"] == json!([])).count();
        assert_eq!(made, 1, "{answers:#?}");
    }

    async fn no_coverage_outlives_its_enterprise_or_precedes_it(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let (firm, other) = (register(&cadre, YUESHAN, 1).await, register(&cadre, YUESHAN, 2).await);
        let union = found(&cadre, YUESHAN, "JOINT", 1).await;
        let mut old = trade_union(&cadre, YUESHAN, "JOINT", 2);
        old["foundedOn"] = json!("2020-01-01");
        let old = cadre.done(FOUND, old).await["tradeUnion"]["id"].take();
        let early = json!({"tradeUnionId": old, "enterpriseId": other, "from": "2026-01-09"});
        assert_eq!(cadre.refused(COVER, early).await, ["INVALID from"], "it was registered on the day after");
        cover(&cadre, &union, &firm, "2026-03-01").await;
        cover(&cadre, &union, &other, "2026-03-01").await;

        let close = |from: &str| json!({"id": firm, "expectedVersion": 1, "status": "DEREGISTERED", "from": from});
        assert_eq!(cadre.refused(UPDATE, close("2026-03-01")).await, ["INVALID from"], "it was not covered before that day");
        cadre.done(UPDATE, close("2026-06-01")).await;
        // What does not count needs no day on which it could.
        cadre.done(UPDATE, json!({"id": firm, "expectedVersion": 2, "name": "湘中旧机械厂", "from": "2026-05-01"})).await;

        for (day, enterprises, covered) in [("2026-05-31", "2", "2"), ("2026-06-01", "1", "1")] {
            let found = figures(&cadre, XIANGXIANG, &["enterprises", "covered_enterprises"], json!({"asOf": day})).await;
            assert_eq!(found, json!({"enterprises": enterprises, "covered_enterprises": covered}), "{day}");
        }
        app.settle().await;
        assert_eq!(crate::verify::first_break(&app).await, None);
    }
}
