//! What a leader's screen asks, and how many statements answer it.

use crate::support::register::{YUESHAN, cover, figures, found, record, register};
use crate::support::tree::{FURONG, HUNAN, SHAOSHAN, WANGCHUNMEN, XIANGTAN, XIANGXIANG};
use serde_json::json;

/// A county with its townships and its first enterprises.
const COUNTY: &str = "query($code: DivisionCode, $from: Date, $to: Date) { federation(code: $code) { name \
    children(first: 100) { totalCount nodes { name figures(metrics: [\"enterprises\", \"trade_unions\", \"visits\", \"fees_collected\"], from: $from, to: $to) { \
    metric { code } value } } } \
    enterprises(first: 20) { totalCount nodes { name township { name } tradeUnion { name } lastVisit { startedAt } } } } }";

/// All counties of a province.
const PROVINCE: &str = "query($code: DivisionCode) { federation(code: $code) { descendants(level: COUNTY, first: 100) { nodes { code \
    figures(metrics: [\"enterprises\", \"covered_enterprises\", \"employees\"], asOf: \"2026-06-20\") { value } } } } }";

both! {
    async fn a_county_page_costs_the_same_statements_for_two_enterprises_and_for_twenty(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let variables = json!({"code": XIANGXIANG, "from": "2026-01-01", "to": "2026-06-30"});
        let mut costs = Vec::new();
        for count in [2, 20] {
            for number in costs.len() as u32 * 100..costs.len() as u32 * 100 + count {
                let enterprise = register(&cadre, if number % 2 == 0 { YUESHAN } else { WANGCHUNMEN }, number).await;
                let union = found(&cadre, YUESHAN, "SINGLE", number).await;
                cover(&cadre, &union, &enterprise, "2026-03-01").await;
                record(&cadre, &enterprise, u128::from(number), "2026-06-19T09:30:00+08:00").await;
            }
            app.settle().await;
            let before = app.statements();
            let data = cadre.data(COUNTY, variables.clone()).await;
            costs.push(app.statements() - before);
            let nodes = data["federation"]["enterprises"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), if count == 2 { 2 } else { 20 });
            assert!(nodes.iter().all(|node| node["tradeUnion"]["name"].is_string() && node["lastVisit"]["startedAt"].is_string()));
        }
        // Who asks; figures; enterprises, their total, coverage, unions, last visits.
        assert_eq!(costs, [7, 7]);
    }

    async fn a_province_reads_the_figures_of_all_its_counties_in_two_statements(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
        cover(&cadre, &union, &enterprise, "2026-03-01").await;
        let client = app.person("REPORTING", HUNAN).await;

        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            let before = app.statements();
            let data = client.data(PROVINCE, json!({"code": HUNAN})).await;
            let cost = app.statements() - before;
            assert!(cost <= 2, "who asks, and the figures: {cost}");
            let counties = data["federation"]["descendants"]["nodes"].as_array().unwrap();
            let of = |code: &str| counties.iter().find(|county| county["code"] == code).unwrap()["figures"].clone();
            assert_eq!(of(XIANGXIANG), json!([{"value": "1"}, {"value": "1"}, {"value": "101"}]));
            assert_eq!(of(SHAOSHAN), json!([{"value": "0"}, {"value": "0"}, {"value": "0"}]));
            assert_eq!(of(FURONG), json!([{"value": "0"}, {"value": "0"}, {"value": "0"}]));
        }
    }

    async fn a_figure_is_the_same_before_and_after_it_is_folded_at_every_level(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let leader = app.person("LEADER", HUNAN).await;
        let one = register(&cadre, YUESHAN, 1).await;
        app.settle().await;
        register(&cadre, WANGCHUNMEN, 2).await;
        record(&cadre, &one, 1, "2026-06-19T09:30:00+08:00").await;

        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            for code in [HUNAN, XIANGTAN, XIANGXIANG] {
                let found = figures(&leader, code, &["enterprises", "employees", "visits"], json!({})).await;
                assert_eq!(found, json!({"enterprises": "2", "employees": "203", "visits": "1"}), "{code}");
            }
            let day_before = figures(&leader, HUNAN, &["enterprises"], json!({"asOf": "2026-01-09"})).await;
            assert_eq!(day_before, json!({"enterprises": "0"}));
        }
    }

    async fn figures_above_and_beside_ones_place_are_not_shown(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let query = "query($code: DivisionCode) { federation(code: $code) { name figures(metrics: [\"visits\"]) { value } } }";

        assert_eq!(cadre.codes(query, json!({"code": XIANGXIANG})).await, ["FORBIDDEN"]);
        assert_eq!(cadre.data(query, json!({"code": WANGCHUNMEN})).await["federation"], json!(null));
        assert_eq!(cadre.data(query, json!({"code": YUESHAN})).await["federation"]["figures"][0]["value"], json!("0"));
    }

    async fn the_catalogue_says_what_is_counted(app: App) {
        let nobody = app.anonymous();

        let data = nobody.data("{ metrics { code nameZh unit nature dimensions } }", json!({})).await;

        let metrics = data["metrics"].as_array().unwrap();
        assert!(metrics.iter().any(|metric| metric["code"] == "fees_collected" && metric["unit"] == "YUAN" && metric["nature"] == "FLOW"));
    }
}
