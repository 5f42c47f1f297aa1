//! Returns: what has no register is reported, accepted by the superior, corrected with both numbers kept.

use crate::privacy_rights::first_break;
use crate::support::register::{YUESHAN, figures};
use crate::support::returns::{Line, draft, half_year, lines, mutation, report, step};
use crate::support::tree::*;
use crate::support::{App, Caller};
use serde_json::{Value, json};

const BANNERS: Line<'_> = ("publicity_banners", "", "158", "EXACT");
const SLOGANS: Line<'_> = ("publicity_slogans", "", "500", "AT_LEAST");
const HALF: (&str, &str, &str) = (XIANGXIANG, "2026-01-01", "2026-06-20");
const REASON: &str = "漏报了两个街道的横幅";

/// Banners and slogans at a place, as of a day of 2026.
async fn counted(caller: &Caller, code: &str, to: &str) -> Value {
    figures(
        caller,
        code,
        &["publicity_banners", "publicity_slogans"],
        json!({"to": to}),
    )
    .await
}

async fn list(caller: &Caller, code: &str, arguments: &str) -> Vec<String> {
    let query = format!(
        "query($code: DivisionCode) {{ federation(code: $code) {{ returns({arguments}) {{ nodes {{ federation {{ code }} to }} }} }} }}"
    );
    let data = caller.data(&query, json!({"code": code})).await;
    let nodes = data["federation"]["returns"]["nodes"].as_array().unwrap().clone();
    nodes
        .iter()
        .map(|node| {
            format!(
                "{} {}",
                node["federation"]["code"].as_str().unwrap(),
                node["to"].as_str().unwrap()
            )
        })
        .collect()
}

async fn people(app: &App) -> (Caller, Caller, Caller) {
    let (cadre, superior) = (
        app.person("CADRE", XIANGXIANG).await,
        app.person("CADRE", XIANGTAN).await,
    );
    (cadre, superior, app.person("LEADER", HUNAN).await)
}

both! {
    async fn a_return_counts_once_the_superior_accepts_it_as_of_its_closing_day(app: App) {
        let (cadre, superior, leader) = people(&app).await;
        let none = json!({"publicity_banners": "0", "publicity_slogans": "0"});
        let id = draft(&cadre, HALF, &[BANNERS, SLOGANS]).await;

        let submitted = step(&cadre, "submitReturn", (&id, 1), json!({})).await;
        assert_eq!(submitted["state"], json!("SUBMITTED"));
        assert_eq!(submitted["submittedBy"], json!(format!("cadre.{}", app.federation(XIANGXIANG))));
        assert_eq!(counted(&leader, HUNAN, "2026-06-20").await, none);
        let accepted = step(&superior, "acceptReturn", (&id, 2), json!({})).await;

        assert_eq!(accepted["state"], json!("ACCEPTED"));
        assert_eq!(accepted["lines"][1]["qualifier"], json!("AT_LEAST"));
        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            for code in [XIANGXIANG, XIANGTAN, HUNAN] {
                assert_eq!(counted(&leader, code, "2026-06-20").await, json!({"publicity_banners": "158", "publicity_slogans": "500"}), "{code}");
                assert_eq!(counted(&leader, code, "2026-06-19").await, none, "{code}");
            }
        }
        assert_eq!(counted(&leader, SHAOSHAN, "2026-06-20").await, none);
        assert_eq!(first_break(&app).await, None);
    }

    async fn the_superior_sends_back_and_the_federation_writes_it_anew(app: App) {
        let (cadre, superior, leader) = people(&app).await;
        let id = draft(&cadre, HALF, &[BANNERS]).await;
        step(&cadre, "submitReturn", (&id, 1), json!({})).await;

        let back = step(&superior, "sendBackReturn", (&id, 2), json!({"reason": "请补报标语"})).await;
        assert_eq!((&back["state"], &back["reason"]), (&json!("SENT_BACK"), &json!("请补报标语")));
        let wrong = json!({"id": id, "expectedVersion": 2, "lines": []});
        assert_eq!(cadre.refused(&mutation("reviseReturn"), wrong).await, ["CONFLICT expectedVersion"]);
        let revised = step(&cadre, "reviseReturn", (&id, 3), json!({"title": "半年补报", "lines": lines(&[SLOGANS])})).await;
        assert_eq!((&revised["state"], &revised["title"], &revised["lines"][0]["value"]), (&json!("SENT_BACK"), &json!("半年补报"), &json!("500")));
        let again = step(&cadre, "submitReturn", (&id, 4), json!({})).await;
        assert_eq!((&again["state"], &again["reason"]), (&json!("SUBMITTED"), &json!(null)));
        step(&superior, "acceptReturn", (&id, 5), json!({})).await;

        assert_eq!(counted(&leader, HUNAN, "2026-06-20").await, json!({"publicity_banners": "0", "publicity_slogans": "500"}));
    }

    async fn a_correction_keeps_both_numbers_and_waits_for_the_superior(app: App) {
        let (cadre, superior, leader) = people(&app).await;
        let id = report(&cadre, &superior, HALF, &[BANNERS, SLOGANS]).await;
        let right = |said: &[Line<'_>]| json!({"lines": lines(said), "reason": REASON});

        let wrong = json!({"id": id, "expectedVersion": 3, "lines": lines(&[BANNERS, ("publicity_posters", "", "", "EXACT")]), "reason": REASON});
        assert_eq!(cadre.refused(&mutation("correctReturn"), wrong).await, ["INVALID lines.0.value", "INVALID lines.1.value"]);
        let pending = step(&cadre, "correctReturn", (&id, 3), right(&[("publicity_banners", "", "168", "EXACT")])).await;
        assert_eq!(pending["state"], json!("SUBMITTED"));
        assert_eq!(counted(&leader, HUNAN, "2026-06-20").await["publicity_banners"], json!("158"), "until it is accepted the old one is in force");
        let accepted = step(&superior, "acceptReturn", (&id, 4), json!({})).await;

        assert_eq!(accepted["lines"][0], json!({
            "metric": {"code": "publicity_banners"}, "dimension": null, "value": "168", "qualifier": "EXACT", "note": "", "state": "IN_FORCE",
            "reason": REASON, "enteredBy": format!("cadre.{}", app.federation(XIANGXIANG)),
            "earlier": [{"value": "158", "qualifier": "EXACT", "state": "SUPERSEDED", "reason": null}],
        }));
        assert_eq!(counted(&leader, HUNAN, "2026-06-20").await, json!({"publicity_banners": "168", "publicity_slogans": "500"}));
        step(&cadre, "correctReturn", (&id, 5), right(&[("publicity_slogans", "", "", "EXACT")])).await;
        let back = step(&superior, "sendBackReturn", (&id, 6), json!({"reason": "请说明标语数"})).await;
        assert_eq!((&back["state"], &back["reason"], &back["lines"][1]["state"]), (&json!("ACCEPTED"), &json!("请说明标语数"), &json!("IN_FORCE")));
        step(&cadre, "correctReturn", (&id, 7), right(&[("publicity_slogans", "", "", "EXACT")])).await;
        let without = step(&superior, "acceptReturn", (&id, 8), json!({})).await;
        assert_eq!((&without["lines"][1]["value"], &without["lines"][1]["earlier"][0]["value"]), (&json!(null), &json!("500")));
        app.settle().await;
        assert_eq!(counted(&leader, HUNAN, "2026-06-20").await, json!({"publicity_banners": "168", "publicity_slogans": "0"}));
        assert_eq!(first_break(&app).await, None);
    }

    async fn a_locked_return_is_corrected_by_nobody(app: App) {
        let (cadre, superior, _) = people(&app).await;
        let id = report(&cadre, &superior, HALF, &[BANNERS]).await;
        let correct = |version: i64| json!({"id": id, "expectedVersion": version, "lines": lines(&[SLOGANS]), "reason": REASON});
        let lock = json!({"id": id, "expectedVersion": 3});
        assert_eq!(cadre.refused(&mutation("lockReturn"), lock).await, ["FORBIDDEN"]);

        step(&superior, "lockReturn", (&id, 3), json!({})).await;

        assert_eq!(cadre.refused(&mutation("correctReturn"), correct(4)).await, ["CONFLICT id"]);
        let unlock = json!({"id": id, "expectedVersion": 4, "reason": "x"});
        assert_eq!(superior.refused(&mutation("unlockReturn"), unlock).await, ["INVALID reason"]);
        let unlocked = step(&superior, "unlockReturn", (&id, 4), json!({"reason": "年终核对有误"})).await;
        assert_eq!((&unlocked["state"], &unlocked["reason"]), (&json!("ACCEPTED"), &json!("年终核对有误")));
        cadre.done(&mutation("correctReturn"), correct(5)).await;
    }

    async fn a_metric_that_comes_from_records_refuses_a_return(app: App) {
        let (cadre, _, _) = people(&app).await;
        let draft = mutation("draftReturn");
        let said = [("visits", "", "3", "EXACT"), BANNERS, ("publicity_banners", "TOPIC:X", "3", "EXACT"), ("aid_disbursed", "", "1.005", "EXACT")];

        let input = half_year(&cadre, HALF, &said);
        assert_eq!(cadre.refused(&draft, input.clone()).await, ["INVALID lines.0.metric", "INVALID lines.2.dimension", "INVALID lines.3.value"]);
        for (reader, message) in [(cadre.clone(), "visits comes from records: nobody types it in."), (cadre.in_chinese(), "“走访次数”由业务记录生成，不得填报。")] {
            let answer = reader.data(&draft, json!({"input": input})).await;
            assert_eq!(answer["draftReturn"]["userErrors"][0]["message"], json!(message));
        }
        let backwards = half_year(&cadre, (XIANGXIANG, "2026-06-20", "2026-01-01"), &[BANNERS]);
        assert_eq!(cadre.refused(&draft, backwards).await, ["INVALID to"]);
        cadre.done(&draft, half_year(&cadre, HALF, &[BANNERS])).await;
        assert_eq!(cadre.refused(&draft, half_year(&cadre, HALF, &[BANNERS])).await, ["CONFLICT to"]);
    }

    async fn what_is_not_over_or_was_reported_already_is_not_submitted(app: App) {
        let (cadre, superior, leader) = people(&app).await;
        let submit = mutation("submitReturn");
        let early = draft(&cadre, (XIANGXIANG, "2026-06-21", "2026-12-31"), &[BANNERS]).await;
        assert_eq!(cadre.refused(&submit, json!({"id": early, "expectedVersion": 1})).await, ["CONFLICT id"]);
        let empty = draft(&cadre, (XIANGXIANG, "2025-01-01", "2025-12-31"), &[]).await;
        assert_eq!(cadre.refused(&submit, json!({"id": empty, "expectedVersion": 1})).await, ["INVALID id"]);

        report(&cadre, &superior, HALF, &[BANNERS]).await;
        let april = draft(&cadre, (XIANGXIANG, "2026-04-01", "2026-04-30"), &[BANNERS, SLOGANS]).await;
        assert_eq!(cadre.refused(&submit, json!({"id": april, "expectedVersion": 1})).await, ["CONFLICT id"]);
        step(&cadre, "reviseReturn", (&april, 1), json!({"lines": lines(&[SLOGANS])})).await;
        step(&cadre, "submitReturn", (&april, 2), json!({})).await;
        step(&superior, "acceptReturn", (&april, 3), json!({})).await;
        assert_eq!(counted(&leader, HUNAN, "2026-06-20").await, json!({"publicity_banners": "158", "publicity_slogans": "500"}));
    }

    async fn nobody_accepts_what_they_submitted_and_the_top_accepts_its_own(app: App) {
        let (cadre, superior, leader) = people(&app).await;
        let own = draft(&superior, HALF, &[BANNERS]).await;
        step(&superior, "submitReturn", (&own, 1), json!({})).await;
        let input = json!({"id": own, "expectedVersion": 2});
        assert_eq!(superior.refused(&mutation("acceptReturn"), input.clone()).await, ["FORBIDDEN"], "who submitted");
        assert_eq!(cadre.refused(&mutation("acceptReturn"), input).await, ["FORBIDDEN"], "not the superior");
        step(&app.person("LEADER", XIANGTAN).await, "acceptReturn", (&own, 2), json!({})).await;

        let province = app.person("CADRE", HUNAN).await;
        report(&province, &leader, (HUNAN, "2026-01-01", "2026-06-20"), &[SLOGANS]).await;
        assert_eq!(counted(&leader, HUNAN, "2026-06-20").await, json!({"publicity_banners": "158", "publicity_slogans": "500"}));
    }

    async fn a_neighbour_sees_nothing(app: App) {
        let (cadre, superior, _) = people(&app).await;
        let id = draft(&cadre, HALF, &[BANNERS]).await;
        step(&cadre, "submitReturn", (&id, 1), json!({})).await;
        draft(&app.person("CADRE", SHAOSHAN).await, (SHAOSHAN, "2026-01-01", "2026-06-20"), &[SLOGANS]).await;
        draft(&cadre, (YUESHAN, "2026-01-01", "2026-06-20"), &[SLOGANS]).await;

        assert_eq!(list(&superior, XIANGTAN, "whose: CHILDREN, state: SUBMITTED").await, [format!("{XIANGXIANG} 2026-06-20")]);
        assert_eq!(list(&superior, XIANGTAN, "whose: ALL").await.len(), 3);
        assert_eq!(list(&superior, XIANGXIANG, "whose: OWN").await.len(), 1);
        assert_eq!(list(&superior, XIANGXIANG, "to: \"2026-06-19\"").await.len(), 0);
        assert_eq!(list(&superior, XIANGXIANG, "from: \"2026-06-20\"").await.len(), 2);
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let input = json!({"id": id, "expectedVersion": 2});
        for (role, place) in [("CADRE", SHAOSHAN), ("LEADER", YUESHAN), ("LEADER", FURONG), ("TAX_BUREAU", XIANGXIANG)] {
            let stranger = app.person(role, place).await;
            assert_eq!(stranger.data(node, json!({"id": id})).await["node"], json!(null), "{role} {place}");
            assert_eq!(stranger.refused(&mutation("submitReturn"), input.clone()).await, ["NOT_FOUND id"], "{role} {place}");
        }
        let auditor = app.person("AUDITOR", XIANGTAN).await;
        assert_eq!(list(&auditor, XIANGXIANG, "whose: OWN").await.len(), 1);
        assert_eq!(auditor.refused(&mutation("acceptReturn"), input).await, ["FORBIDDEN"]);
    }

    async fn what_does_not_fit_together_is_warned_of_and_never_forbidden(app: App) {
        let (cadre, superior, _) = people(&app).await;
        let said = [
            ("opinions_collected", "", "158", "EXACT"), ("opinions_collected", "CHANNEL:网站", "133", "AT_LEAST"), ("opinions_collected", "CHANNEL:来信", "26", "EXACT"),
            ("paired_aid_paid", "", "1000", "EXACT"), ("paired_aid_standard", "", "500", "EXACT"),
            ("publicity_banners", "CAMPAIGN:宣传月", "158", "EXACT"),
        ];
        let id = draft(&cadre, HALF, &said).await;
        for (reader, message) in [(&cadre, "The parts of opinions_collected by CHANNEL come to more than the whole."), (&cadre.in_chinese(), "“征集立法意见”按 CHANNEL 的分项之和大于总数。")] {
            let query = "query($id: ID!) { node(id: $id) { ... on StatisticalReturn { warnings { code metric { code } dimension message } } } }";
            let warnings = reader.data(query, json!({"id": id})).await["node"]["warnings"].take();
            let codes: Vec<_> = warnings.as_array().unwrap().iter().map(|warning| (warning["code"].as_str().unwrap(), warning["metric"]["code"].as_str().unwrap())).collect();
            assert_eq!(codes, [("PARTS_EXCEED_WHOLE", "opinions_collected"), ("WHOLE_MISSING", "publicity_banners"), ("MORE_THAN_POSSIBLE", "paired_aid_paid")]);
            assert_eq!((&warnings[0]["message"], &warnings[0]["dimension"]), (&json!(message), &json!("CHANNEL")));
        }

        let submitted = step(&cadre, "submitReturn", (&id, 1), json!({})).await;
        assert_eq!(submitted["warnings"].as_array().unwrap().len(), 3);
        step(&superior, "acceptReturn", (&id, 2), json!({})).await;
    }

    async fn a_figure_opens_down_to_the_returns_that_make_it(app: App) {
        let (cadre, superior, _) = people(&app).await;
        let last_year = report(&cadre, &superior, (XIANGXIANG, "2025-01-01", "2025-12-31"), &[("hardship_files", "", "980", "ABOUT")]).await;
        let this_year = report(&cadre, &superior, HALF, &[("hardship_files", "", "1000", "EXACT")]).await;
        let query = "query($code: DivisionCode, $day: Date) { federation(code: $code) { figures(metrics: [\"hardship_files\"], asOf: $day) { value qualifier \
            sources { nodes { value record { id } } } } } }";
        let leader = app.person("LEADER", XIANGXIANG).await;

        for (day, value, qualifier, sources) in [
            ("2025-12-30", "0", "EXACT", json!([])),
            ("2026-06-19", "980", "ABOUT", json!([{"value": "980", "record": {"id": last_year}}])),
            ("2026-06-20", "1000", "EXACT", json!([{"value": "980", "record": {"id": last_year}}, {"value": "20", "record": {"id": this_year}}])),
        ] {
            let figure = leader.data(query, json!({"code": XIANGXIANG, "day": day})).await["federation"]["figures"][0].take();
            assert_eq!(figure, json!({"value": value, "qualifier": qualifier, "sources": {"nodes": sources}}), "{day}");
        }
    }

    async fn a_list_of_returns_costs_the_same_for_two_and_for_twelve(app: App) {
        let (cadre, superior, _) = people(&app).await;
        let query = "query($code: DivisionCode) { federation(code: $code) { returns(first: 50) { totalCount nodes { federation { name } submittedBy acceptedBy warnings { code } \
            lines { value enteredBy earlier { value } } } } } }";
        let mut costs = Vec::new();
        for months in [1..=2, 3..=12] {
            for month in months {
                let (from, to) = (format!("2025-{month:02}-01"), format!("2025-{month:02}-28"));
                report(&cadre, &superior, (XIANGXIANG, &from, &to), &[BANNERS, SLOGANS]).await;
            }
            app.settle().await;
            let before = app.statements();
            superior.data(query, json!({"code": XIANGTAN})).await;
            costs.push(app.statements() - before);
        }
        // Who asks; returns, their total, lines, names of submitters and accepters, of who entered the lines.
        assert_eq!(costs[0], costs[1]);
        assert!(costs[1] <= 6, "{costs:?}");
    }
}
