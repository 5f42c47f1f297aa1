//! What comes back to the federation, what it takes back itself, what the trail keeps of it; and who has reported.

use crate::privacy_rights::first_break;
use crate::support::register::{ATTACH, YUESHAN};
use crate::support::returns::{Line, draft, half_year, lines, mutation, report, step, trail};
use crate::support::targets::{ISSUE, targets};
use crate::support::tree::*;
use crate::support::{App, Caller};
use serde_json::{Value, json};

const BANNERS: Line<'_> = ("publicity_banners", "", "158", "EXACT");
const MORE: Line<'_> = ("publicity_banners", "", "168", "EXACT");
const HALF: (&str, &str, &str) = (XIANGXIANG, "2026-01-01", "2026-06-20");
const REASON: &str = "漏报了两个街道的横幅";
const NODE: &str =
    "query($id: ID!) { node(id: $id) { ... on StatisticalReturn { state version lines { value state } } } }";
const PROGRESS: &str = "query($code: DivisionCode, $from: Date!, $to: Date!, $first: Int, $after: String) { federation(code: $code) { \
    returnProgress(from: $from, to: $to, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } \
    nodes { federation { code } statisticalReturn { state lines { value } } } } } }";

async fn people(app: &App) -> (Caller, Caller) {
    (
        app.person("CADRE", XIANGXIANG).await,
        app.person("CADRE", XIANGTAN).await,
    )
}

/// How many returns of the county are in a state.
async fn count(caller: &Caller, state: &str) -> i64 {
    let query = "query($code: DivisionCode, $state: StatisticalReturnState) { federation(code: $code) { \
        returns(whose: OWN, state: $state) { totalCount } } }";
    let data = caller
        .data(query, json!({"code": XIANGXIANG, "state": state}))
        .await;
    data["federation"]["returns"]["totalCount"].as_i64().unwrap()
}

/// Values that entries of the trail tell, before and after.
fn told(entry: &(String, Value)) -> Vec<(Value, Value)> {
    let lines = entry.1.as_array().unwrap().iter();
    lines
        .map(|line| (line["before"].clone(), line["value"].clone()))
        .collect()
}

/// Who is directly below a place, with the state of what they report of the half-year.
async fn progress(caller: &Caller, code: &str) -> Vec<(String, Value)> {
    let asked = json!({"code": code, "from": HALF.1, "to": HALF.2, "first": 50});
    let data = caller.data(PROGRESS, asked).await;
    let nodes = data["federation"]["returnProgress"]["nodes"]
        .as_array()
        .unwrap()
        .iter();
    let of = |node: &Value| {
        let state = node["statisticalReturn"]["state"].clone();
        (node["federation"]["code"].as_str().unwrap().to_owned(), state)
    };
    nodes.map(of).collect()
}

both! {
    async fn a_correction_that_is_sent_back_is_over_and_the_return_may_be_locked(app: App) {
        let (cadre, superior) = people(&app).await;
        let id = report(&cadre, &superior, HALF, &[BANNERS]).await;
        step(&cadre, "correctReturn", (&id, 3), json!({"lines": lines(&[MORE]), "reason": REASON})).await;
        assert_eq!((count(&superior, "SUBMITTED").await, count(&superior, "ACCEPTED").await), (1, 0));

        let back = step(&superior, "sendBackReturn", (&id, 4), json!({"reason": "请附核对依据"})).await;

        assert_eq!((&back["state"], &back["reason"]), (&json!("ACCEPTED"), &json!("请附核对依据")));
        assert_eq!((&back["lines"][0]["value"], &back["lines"][0]["state"], &back["lines"][0]["earlier"]), (&json!("158"), &json!("IN_FORCE"), &json!([])));
        assert_eq!((count(&superior, "SENT_BACK").await, count(&superior, "ACCEPTED").await), (0, 1));
        let revise = json!({"id": id, "expectedVersion": 5, "lines": lines(&[MORE])});
        assert_eq!(cadre.refused(&mutation("reviseReturn"), revise).await, ["CONFLICT id"]);
        step(&superior, "lockReturn", (&id, 5), json!({})).await;
        app.settle().await;
        let trail = trail(&app.person("AUDITOR", XIANGXIANG).await, XIANGXIANG, &id).await;
        assert_eq!((&*trail[4].0, told(&trail[4])), ("RETURN_SENT_BACK", vec![(json!(158), json!(168))]));
        assert_eq!(first_break(&app).await, None);
    }

    async fn the_trail_keeps_a_number_that_was_changed_before_it_counted(app: App) {
        let (cadre, superior) = people(&app).await;
        let id = draft(&cadre, HALF, &[BANNERS]).await;
        step(&cadre, "submitReturn", (&id, 1), json!({})).await;
        step(&superior, "sendBackReturn", (&id, 2), json!({"reason": "请核对横幅数"})).await;
        step(&cadre, "reviseReturn", (&id, 3), json!({"lines": lines(&[MORE])})).await;
        step(&cadre, "submitReturn", (&id, 4), json!({})).await;
        step(&superior, "acceptReturn", (&id, 5), json!({})).await;
        let right = json!({"lines": lines(&[BANNERS]), "reason": REASON});
        step(&cadre, "correctReturn", (&id, 6), right).await;
        app.settle().await;

        let seen = trail(&app.person("AUDITOR", XIANGXIANG).await, XIANGXIANG, &id).await;

        let kinds: Vec<&str> = seen.iter().map(|(kind, _)| &**kind).collect();
        assert_eq!(kinds, ["RETURN_DRAFTED", "RETURN_SUBMITTED", "RETURN_SENT_BACK", "RETURN_REVISED", "RETURN_SUBMITTED", "RETURN_ACCEPTED", "RETURN_CORRECTED"]);
        assert_eq!(told(&seen[1]), [(json!(null), json!(158))]);
        assert_eq!(seen[2].1, json!(null), "the lines of a first return stay");
        assert_eq!(told(&seen[4]), [(json!(null), json!(168))]);
        assert_eq!(told(&seen[5]), [(json!(null), json!(168))]);
        assert_eq!(told(&seen[6]), [(json!(168), json!(158))]);
        assert_eq!(trail(&app.person("AUDITOR", SHAOSHAN).await, SHAOSHAN, &id).await, []);
    }

    async fn what_was_begun_wrongly_is_discarded_and_its_period_is_free_again(app: App) {
        let (cadre, superior) = people(&app).await;
        let discard = mutation("discardReturn");
        let id = draft(&cadre, HALF, &[BANNERS]).await;
        let seen = |version: i64| json!({"id": id, "expectedVersion": version});
        for (role, place, refusal) in [("CADRE", SHAOSHAN, "NOT_FOUND id"), ("LEADER", YUESHAN, "NOT_FOUND id"), ("AUDITOR", XIANGXIANG, "FORBIDDEN")] {
            assert_eq!(app.person(role, place).await.refused(&discard, seen(1)).await, [refusal], "{role} {place}");
        }
        assert_eq!(cadre.refused(&discard, seen(2)).await, ["CONFLICT expectedVersion"]);
        step(&cadre, "submitReturn", (&id, 1), json!({})).await;
        assert_eq!(cadre.refused(&discard, seen(2)).await, ["CONFLICT id"]);
        step(&superior, "sendBackReturn", (&id, 2), json!({"reason": "期间有误"})).await;

        assert_eq!(cadre.done(&discard, seen(3)).await["discardedId"], json!(id));

        assert_eq!(cadre.refused(&discard, seen(3)).await, ["NOT_FOUND id"], "once is enough");
        assert_eq!(cadre.data(NODE, json!({"id": id})).await["node"], json!(null));
        app.settle().await;
        let trail = trail(&app.person("AUDITOR", XIANGXIANG).await, XIANGXIANG, &id).await;
        let last = trail.last().unwrap();
        assert_eq!((&*last.0, told(last)), ("RETURN_DISCARDED", vec![(json!(null), json!(158))]));
        let again = draft(&cadre, HALF, &[MORE]).await;
        let file = json!({"recordId": again, "uploadId": cadre.upload("%PDF-1.7").await, "name": "签字页.pdf"});
        cadre.done(ATTACH, file).await;
        assert_eq!(cadre.refused(&discard, json!({"id": again, "expectedVersion": 1})).await, ["CONFLICT id"], "it has a file");
        let accepted = report(&cadre, &superior, (XIANGXIANG, "2025-01-01", "2025-12-31"), &[BANNERS]).await;
        assert_eq!(cadre.refused(&discard, json!({"id": accepted, "expectedVersion": 3})).await, ["CONFLICT id"]);
        assert_eq!(first_break(&app).await, None);
    }

    async fn of_two_at_once_one_discards_or_accepts(app: App) {
        let (cadre, superior) = people(&app).await;
        let id = draft(&cadre, HALF, &[BANNERS]).await;
        let (discard, seen) = (mutation("discardReturn"), json!({"input": {"id": id, "expectedVersion": 1}}));
        let (one, other) = tokio::join!(cadre.data(&discard, seen.clone()), superior.data(&discard, seen.clone()));
        let done = [&one, &other].into_iter().filter(|answer| answer["discardReturn"]["discardedId"] == json!(id));
        assert_eq!(done.count(), 1, "{one} {other}");

        let id = draft(&cadre, HALF, &[BANNERS]).await;
        step(&cadre, "submitReturn", (&id, 1), json!({})).await;
        let seen = json!({"input": {"id": id, "expectedVersion": 2}});
        let (recall, accept) = (mutation("recallReturn"), mutation("acceptReturn"));
        let (back, accepted) = tokio::join!(cadre.data(&recall, seen.clone()), superior.data(&accept, seen.clone()));
        let is_done = |answer: &Value, name: &str| answer[name]["userErrors"] == json!([]);
        assert_ne!(is_done(&back, "recallReturn"), is_done(&accepted, "acceptReturn"), "{back} {accepted}");
        assert_eq!(first_break(&app).await, None);
    }

    async fn what_was_submitted_is_taken_back_before_the_superior_decides(app: App) {
        let (cadre, superior) = people(&app).await;
        let recall = mutation("recallReturn");
        let id = draft(&cadre, HALF, &[BANNERS]).await;
        let seen = |version: i64| json!({"id": id, "expectedVersion": version});
        assert_eq!(cadre.refused(&recall, seen(1)).await, ["CONFLICT id"], "it is a draft");
        step(&cadre, "submitReturn", (&id, 1), json!({})).await;
        for (role, place, refusal) in [("CADRE", SHAOSHAN, "NOT_FOUND id"), ("CADRE", YUESHAN, "NOT_FOUND id"), ("AUDITOR", XIANGTAN, "FORBIDDEN")] {
            assert_eq!(app.person(role, place).await.refused(&recall, seen(2)).await, [refusal], "{role} {place}");
        }

        let back = step(&cadre, "recallReturn", (&id, 2), json!({})).await;

        assert_eq!((&back["state"], &back["lines"][0]["state"]), (&json!("DRAFT"), &json!("PENDING")));
        assert_eq!(cadre.refused(&recall, seen(2)).await, ["CONFLICT expectedVersion"]);
        assert_eq!(superior.refused(&mutation("acceptReturn"), seen(3)).await, ["CONFLICT id"]);
        step(&cadre, "submitReturn", (&id, 3), json!({})).await;
        step(&superior, "acceptReturn", (&id, 4), json!({})).await;
        assert_eq!(cadre.refused(&recall, seen(5)).await, ["CONFLICT id"], "the superior has decided");

        step(&cadre, "correctReturn", (&id, 5), json!({"lines": lines(&[MORE]), "reason": REASON})).await;
        let given_up = step(&cadre, "recallReturn", (&id, 6), json!({})).await;
        assert_eq!((&given_up["state"], &given_up["lines"][0]["value"], &given_up["lines"][0]["earlier"]), (&json!("ACCEPTED"), &json!("158"), &json!([])));
        app.settle().await;
        let trail = trail(&app.person("AUDITOR", XIANGXIANG).await, XIANGXIANG, &id).await;
        let last = trail.last().unwrap();
        assert_eq!((&*last.0, told(last)), ("RETURN_RECALLED", vec![(json!(158), json!(168))]));
        assert_eq!(first_break(&app).await, None);
    }

    async fn after_a_conflict_the_answer_holds_the_return_as_it_is(app: App) {
        let (cadre, superior) = people(&app).await;
        let id = draft(&cadre, HALF, &[BANNERS]).await;
        let more = [("reviseReturn", json!({"lines": lines(&[MORE])})), ("submitReturn", json!({})), ("recallReturn", json!({})), ("correctReturn", json!({"lines": lines(&[MORE]), "reason": REASON})),
            ("acceptReturn", json!({})), ("sendBackReturn", json!({"reason": REASON})), ("lockReturn", json!({})), ("unlockReturn", json!({"reason": REASON}))];
        for (name, mut input) in more {
            (input["id"], input["expectedVersion"]) = (json!(id), json!(7));
            let answer = superior.data(&mutation(name), json!({"input": input})).await[name].take();
            assert_eq!(answer["userErrors"][0]["code"], json!("CONFLICT"), "{name}");
            let now = &answer["statisticalReturn"];
            assert_eq!((&now["version"], &now["lines"][0]["value"]), (&json!(1), &json!("158")), "{name}");
            let answer = app.person("CADRE", SHAOSHAN).await.data(&mutation(name), json!({"input": input})).await[name].take();
            assert_eq!((&answer["userErrors"][0]["code"], &answer["statisticalReturn"]), (&json!("NOT_FOUND"), &json!(null)), "{name}");
        }
    }

    async fn a_return_is_of_years_that_are_and_of_200_lines_without_numbers_of_anybody(app: App) {
        let (cadre, superior) = people(&app).await;
        let draft_return = mutation("draftReturn");
        for (from, to, refusals) in [("1999-01-01", "1999-12-31", vec!["INVALID from", "INVALID to"]), ("2126-01-01", "2126-06-20", vec!["INVALID from", "INVALID to"]), ("2026-06-21", "2028-06-20", vec!["INVALID to"])] {
            assert_eq!(cadre.refused(&draft_return, half_year(&cadre, (XIANGXIANG, from, to), &[BANNERS])).await, refusals, "{from}");
        }
        let phone = half_year(&cadre, HALF, &[("publicity_banners", "CAMPAIGN:13800000000", "1", "EXACT")]);
        assert_eq!(cadre.refused(&draft_return, phone).await, ["INVALID lines.0.dimension"]);

        let parts: Vec<String> = (1..=201).map(|number| format!("CAMPAIGN:{number}")).collect();
        let all: Vec<Line<'_>> = parts.iter().map(|part| ("publicity_banners", &**part, "1", "EXACT")).collect();
        assert_eq!(cadre.refused(&draft_return, half_year(&cadre, HALF, &all)).await, ["INVALID lines"]);
        let id = draft(&cadre, HALF, &all[..1]).await;
        let revise = json!({"id": id, "expectedVersion": 1, "lines": lines(&all)});
        assert_eq!(cadre.refused(&mutation("reviseReturn"), revise).await, ["INVALID lines"]);
        step(&cadre, "reviseReturn", (&id, 1), json!({"lines": lines(&all[..199])})).await;
        step(&cadre, "submitReturn", (&id, 2), json!({})).await;
        step(&superior, "acceptReturn", (&id, 3), json!({})).await;
        let correct = |said: &[Line<'_>]| json!({"id": id, "expectedVersion": 4, "lines": lines(said), "reason": REASON});
        assert_eq!(cadre.refused(&mutation("correctReturn"), correct(&all[199..])).await, ["INVALID lines"]);
        let other = ("publicity_banners", all[0].1, "2", "EXACT");
        let corrected = cadre.done(&mutation("correctReturn"), correct(&[other, all[199]])).await;
        assert_eq!(corrected["statisticalReturn"]["lines"].as_array().unwrap().len(), 200);
    }

    async fn the_superior_sees_who_has_not_reported(app: App) {
        let (cadre, superior) = people(&app).await;
        let of = |code: &str, state: Value| (code.to_owned(), state);
        assert_eq!(progress(&superior, XIANGTAN).await, [of(XIANGXIANG, json!(null)), of(SHAOSHAN, json!(null))]);
        let id = draft(&cadre, HALF, &[BANNERS]).await;
        assert_eq!(progress(&superior, XIANGTAN).await, [of(XIANGXIANG, json!("DRAFT")), of(SHAOSHAN, json!(null))]);
        step(&cadre, "submitReturn", (&id, 1), json!({})).await;
        draft(&app.person("CADRE", SHAOSHAN).await, (SHAOSHAN, "2026-01-01", "2026-03-31"), &[BANNERS]).await;

        assert_eq!(progress(&superior, XIANGTAN).await, [of(XIANGXIANG, json!("SUBMITTED")), of(SHAOSHAN, json!(null))], "another period is another return");
        assert_eq!(progress(&app.person("LEADER", SHAOSHAN).await, XIANGTAN).await, [of(SHAOSHAN, json!(null))]);
        assert_eq!(progress(&app.person("LEADER", FURONG).await, CHANGSHA).await, [of(FURONG, json!(null))]);
        let asked = json!({"code": XIANGTAN, "from": HALF.1, "to": HALF.2, "first": 1});
        let page = superior.data(PROGRESS, asked.clone()).await["federation"]["returnProgress"].take();
        assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(2), &json!(true)));
        let mut next = asked.clone();
        next["after"] = page["pageInfo"]["endCursor"].clone();
        let page = superior.data(PROGRESS, next).await["federation"]["returnProgress"].take();
        assert_eq!((&page["nodes"][0]["federation"]["code"], &page["pageInfo"]["hasNextPage"]), (&json!(SHAOSHAN), &json!(false)));
        assert_eq!(app.person("TAX_BUREAU", XIANGTAN).await.codes(PROGRESS, asked).await, ["FORBIDDEN"]);
    }

    async fn who_has_reported_costs_the_same_for_two_and_for_twenty_two(app: App) {
        let superior = app.person("CADRE", XIANGTAN).await;
        draft(&superior, HALF, &[BANNERS]).await;
        draft(&superior, (YUESHAN, HALF.1, HALF.2), &[BANNERS]).await;
        let mut costs = Vec::new();
        for (code, expected) in [(XIANGTAN, 2), (XIANGXIANG, 22)] {
            let before = app.statements();
            assert_eq!(progress(&superior, code).await.len(), expected);
            costs.push(app.statements() - before);
        }
        // Who asks; returns, their lines.
        assert_eq!(costs[0], costs[1]);
        assert!(costs[1] <= 3, "{costs:?}");
    }

    async fn districts_of_a_municipality_are_directly_below_it(app: App) {
        let (district, municipality) = (app.person("CADRE", DONGCHENG).await, app.person("CADRE", BEIJING).await);
        let id = draft(&district, (DONGCHENG, HALF.1, HALF.2), &[BANNERS]).await;
        step(&district, "submitReturn", (&id, 1), json!({})).await;

        let query = "query($code: DivisionCode) { federation(code: $code) { returns(whose: CHILDREN, state: SUBMITTED) { nodes { id } } } }";
        assert_eq!(municipality.data(query, json!({"code": BEIJING})).await["federation"]["returns"]["nodes"], json!([{"id": id}]));
        assert_eq!(progress(&municipality, BEIJING).await, [(DONGCHENG.to_owned(), json!("SUBMITTED"))]);
        let accepted = step(&municipality, "acceptReturn", (&id, 2), json!({})).await;
        assert_eq!(accepted["state"], json!("ACCEPTED"));
    }

    async fn a_part_that_returns_report_is_asked_for_and_ranked_by_the_same_name(app: App) {
        const PART: &str = "CAMPAIGN:工人阶级宣传月";
        const RANKING: &str = "query($code: DivisionCode, $part: String) { federation(code: $code) { \
            ranking(metric: \"publicity_banners\", level: COUNTY, dimension: $part, by: COMPLETION) { federation { code } position value percent } } }";
        let (cadre, superior) = people(&app).await;
        let mut asked = targets(&superior, (&app.gid(XIANGTAN), "publicity_banners"), &[(XIANGXIANG, "200"), (SHAOSHAN, "50")]);
        asked["dimension"] = json!("CAMPAIGN:13800000000");
        assert_eq!(superior.refused(ISSUE, asked.clone()).await, ["INVALID dimension"]);
        asked["dimension"] = json!(PART);
        superior.done(ISSUE, asked).await;
        report(&cadre, &superior, HALF, &[("publicity_banners", PART, "50", "EXACT")]).await;

        let found = superior.data(RANKING, json!({"code": XIANGTAN, "part": PART})).await["federation"]["ranking"].take();

        assert_eq!(found, json!([
            {"federation": {"code": XIANGXIANG}, "position": 1, "value": "50", "percent": "25.00"},
            {"federation": {"code": SHAOSHAN}, "position": 2, "value": "0", "percent": "0.00"},
        ]));
    }
}
