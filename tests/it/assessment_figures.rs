//! What is counted for assessments: of a day of its own, against one figure for all or each one's own target, and how
//! exactly it is known.

use crate::assessments::{PUBLISH, issue_draft, points, score};
use crate::support::register::{REGISTER, YUESHAN, enterprise, record, register, scheme};
use crate::support::returns::report;
use crate::support::targets::{AMEND, REASON, issue};
use crate::support::tree::*;
use crate::support::{App, Caller};
use serde_json::{Value, json};

/// 泉塘镇, a township of the county.
const QUANTANG: &str = "430381109000";
const ASSESS: &str = "mutation($input: AssessSelf!) { assessSelf(input: $input) { assessment { selfTotal } userErrors { code field message } } }";
const SHOWN: &str = "query($id: ID!) { node(id: $id) { ... on Assessment { scheme { closesOn figuresAsOf } \
    scores { item { measure full } figure qualifier target figurePoints } } } }";

/// What is counted for the second item, visits for safety, or for the third.
async fn counted(caller: &Caller, id: &str, item: usize) -> Value {
    caller.data(SHOWN, json!({"id": id})).await["node"]["scores"][item - 1].take()
}

/// The county's scheme; its second item set against something else.
fn draft(app: &App, change: Value) -> Value {
    let mut draft = scheme(&app.gid(XIANGXIANG), "TOWNSHIP");
    for (field, value) in change.as_object().unwrap() {
        draft["blocks"][0]["items"][1][field] = value.clone();
    }
    draft
}

async fn visits(cadre: &Caller, township: &str, (first, count): (u32, u32)) {
    let firm = register(cadre, township, first).await;
    for number in first..first + count {
        record(cadre, &firm, number.into(), "2026-06-19T09:30:00+08:00").await;
    }
}

/// Whoever signs in again after the clock was set.
async fn again(app: &App, code: &str, instant: &str) -> Caller {
    app.clock.set(instant);
    app.sign_in(&format!("cadre.{}", app.federation(code))).await
}

both! {
    async fn a_whole_year_is_assessed_in_january_by_what_december_had(app: App) {
        app.clock.set("2026-12-20T02:00:00Z");
        let county = app.person("CADRE", XIANGXIANG).await;
        app.person("CADRE", YUESHAN).await;
        let mut year = draft(&app, json!({}));
        year["closesOn"] = json!("2027-01-25");
        let issued = issue_draft(&county, year, &[app.gid(YUESHAN)]).await;
        let id = issued.of(YUESHAN);
        let firm = register(&county, YUESHAN, 1).await;
        record(&county, &firm, 1, "2026-12-19T09:30:00+08:00").await;

        let county = again(&app, XIANGXIANG, "2027-01-10T02:00:00Z").await;
        record(&county, &firm, 2, "2026-12-31T23:30:00+08:00").await;
        record(&county, &firm, 3, "2027-01-01T00:30:00+08:00").await;
        let mut late = enterprise(&county, YUESHAN, 2);
        late["registeredOn"] = json!("2027-01-05");
        county.done(REGISTER, late).await;
        let yueshan = app.sign_in(&format!("cadre.{}", app.federation(YUESHAN))).await;
        let given = json!({"id": id, "expectedVersion": 1, "scores": points(&[(1, "10"), (4, "20")]), "isFinal": true});
        // 10 and 10 of 20 points count 60, 5 and 20 of 40 count 40.
        assert_eq!(yueshan.done(ASSESS, given).await["assessment"]["selfTotal"], json!("85.00"));
        let shown = yueshan.data(SHOWN, json!({"id": id})).await["node"].take();
        assert_eq!(shown["scheme"], json!({"closesOn": "2027-01-25", "figuresAsOf": "2026-12-31"}));
        score(&county, id, 2, &[(1, "10"), (4, "20")]).await;

        let county = again(&app, XIANGXIANG, "2027-01-26T02:00:00Z").await;
        county.done(PUBLISH, json!({"id": issued.id})).await;
        let frozen = [counted(&county, id, 2).await["figure"].take(), counted(&county, id, 3).await["figure"].take()];
        assert_eq!(frozen, [json!("2"), json!("1")], "what came in January is the next year's");
    }

    async fn an_item_counts_how_far_each_one_reached_its_own_target(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let (clerk, neighbour) = (app.person("CADRE", YUESHAN).await, app.person("CADRE", SHAOSHAN).await);
        let mut part = crate::support::targets::targets(&county, (&app.gid(XIANGXIANG), "visits"), &[(YUESHAN, "2"), (WANGCHUNMEN, "4"), (QUANTANG, "1")]);
        part["dimension"] = json!("PURPOSE:SAFETY");
        let targets = county.done(crate::support::targets::ISSUE, part).await["targets"].take();
        // Of the whole, not of the part that the item counts.
        issue(&county, (&app.gid(XIANGXIANG), "visits"), &[(XINXIANGLU, "1")]).await;
        for (code, first, count) in [(YUESHAN, 1, 1), (WANGCHUNMEN, 11, 2), (XINXIANGLU, 21, 1), (QUANTANG, 31, 2)] {
            visits(&county, code, (first, count)).await;
        }
        let codes = [YUESHAN, WANGCHUNMEN, XINXIANGLU, QUANTANG];
        let whom = codes.map(|code| app.gid(code));
        let issued = issue_draft(&county, draft(&app, json!({"measure": "COMPLETION", "full": null})), &whom).await;
        let expected = [("1", json!("2"), "5.00"), ("2", json!("4"), "5.00"), ("1", json!(null), "0.00"), ("2", json!("1"), "10.00")];
        let as_expected = async |county: &Caller| {
            for (code, (figure, target, earned)) in codes.into_iter().zip(&expected) {
                let found = counted(county, issued.of(code), 2).await;
                let item = json!({"measure": "COMPLETION", "full": null});
                assert_eq!(found, json!({"item": item, "figure": figure, "qualifier": "EXACT", "target": target, "figurePoints": earned}), "{code}");
            }
        };
        as_expected(&county).await;
        assert_eq!(counted(&county, issued.of(YUESHAN), 3).await["item"], json!({"measure": "FIGURE", "full": "4"}));
        assert_eq!(counted(&clerk, issued.of(YUESHAN), 2).await["target"], json!("2"));
        assert_eq!(neighbour.data(SHOWN, json!({"id": issued.of(YUESHAN)})).await["node"], json!(null));
        app.settle().await;
        let page = "query($id: ID!, $first: Int) { node(id: $id) { ... on AssessmentScheme { assessments(first: $first) { nodes { scores { target } } } } } }";
        let mut costs = Vec::new();
        for first in [1, 4] {
            let before = app.statements();
            county.data(page, json!({"id": issued.id, "first": first})).await;
            costs.push(app.statements() - before);
        }
        assert_eq!(costs[0], costs[1]);

        for code in codes {
            score(&county, issued.of(code), 1, &[(1, "10"), (4, "20")]).await;
        }
        let county = again(&app, XIANGXIANG, "2026-06-26T02:00:00Z").await;
        county.done(PUBLISH, json!({"id": issued.id})).await;
        // What is amended later moves nothing that was published.
        let amend = json!({"id": targets[0]["id"], "expectedVersion": 1, "amount": "9", "effectiveOn": "2026-06-20", "reason": REASON});
        county.done(AMEND, amend).await;
        as_expected(&county).await;
        app.settle().await;
        assert_eq!(crate::privacy_rights::first_break(&app).await, None);
    }

    async fn what_is_at_least_so_much_is_told_so_before_and_after_publication(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let clerk = app.person("CADRE", YUESHAN).await;
        let half = (YUESHAN, "2026-01-01", "2026-06-20");
        report(&clerk, &county, half, &[("publicity_banners", "", "500", "AT_LEAST")]).await;
        let banners = json!({"metric": "publicity_banners", "dimension": null, "full": "500"});
        let issued = issue_draft(&county, draft(&app, banners), &[app.gid(YUESHAN)]).await;
        let id = issued.of(YUESHAN);
        let expected = json!({"item": {"measure": "FIGURE", "full": "500"}, "figure": "500", "qualifier": "AT_LEAST", "target": null, "figurePoints": "10.00"});
        assert_eq!(counted(&county, id, 2).await, expected);
        assert_eq!(counted(&county, id, 1).await["qualifier"], json!(null));
        score(&county, id, 1, &[(1, "10"), (4, "20")]).await;

        let county = again(&app, XIANGXIANG, "2026-06-26T02:00:00Z").await;
        county.done(PUBLISH, json!({"id": issued.id})).await;
        assert_eq!(counted(&county, id, 2).await, expected);
    }
}
