//! Targets: handed down by superiors, amended during the year, reached at a pace, ranked.

use crate::moves::{MOVE_FEDERATION, found_federation};
use crate::privacy_rights::first_break;
use crate::support::register::{YUESHAN, found, record, register};
use crate::support::targets::*;
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::kernel::gid::Gid;
use serde_json::{Value, json};

const PROGRESS: &str = "query($id: ID!, $asOf: Date) { node(id: $id) { ... on Target { progress(asOf: $asOf) { asOf actual opening \
    original amended percentOfOriginal percentOfAmended percentDue pace paceRule { federation { code } metric { code } } \
    siblings: rank(among: SIBLINGS) { position of isTied } level: rank(among: LEVEL) { position of isTied } } } } }";
const LIST: &str = "query($code: DivisionCode, $of: TargetHolder!, $year: Int, $metric: MetricCode) { federation(code: $code) { \
    targets(of: $of, year: $year, metric: $metric) { totalCount nodes { federation { code } issuer { code } metric { code } dimension year \
    amount amendedAmount state signers decomposition { childrenCount childrenSum difference } } } } }";
const RANKING: &str = "query($code: DivisionCode, $metric: MetricCode!, $level: FederationLevel!, $by: RankingBy!, $first: Int, $last: Int, $from: Date) { \
    federation(code: $code) { ranking(metric: $metric, level: $level, by: $by, first: $first, last: $last, from: $from) { \
    federation { code } position isTied value percent } } }";

async fn progress(caller: &Caller, id: &str, as_of: Value) -> Value {
    caller.data(PROGRESS, json!({"id": id, "asOf": as_of})).await["node"]["progress"].take()
}

/// The parts of a progress that a story is about.
fn part(progress: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| progress[*name].clone()).collect()
}

async fn list(caller: &Caller, code: &str, of: &str) -> Vec<Value> {
    let mut found = caller.data(LIST, json!({"code": code, "of": of})).await;
    let nodes = found["federation"]["targets"]["nodes"].take();
    nodes.as_array().unwrap().clone()
}

/// Rows of a ranking as `code position value percent`, tied ones with `=`.
async fn ranking(caller: &Caller, code: &str, asked: Value) -> Vec<String> {
    let mut variables = json!({"code": code, "metric": "visits", "level": "TOWNSHIP", "by": "COMPLETION"});
    for (name, value) in asked.as_object().unwrap() {
        variables[name] = value.clone();
    }
    let found = caller.data(RANKING, variables).await;
    let row = |row: &Value| {
        let tie = if row["isTied"] == true { "=" } else { "" };
        let (code, percent) = (
            row["federation"]["code"].as_str().unwrap(),
            row["percent"].as_str().unwrap_or("-"),
        );
        format!(
            "{code} {}{tie} {} {percent}",
            row["position"],
            row["value"].as_str().unwrap()
        )
    };
    found["federation"]["ranking"]
        .as_array()
        .unwrap()
        .iter()
        .map(row)
        .collect()
}

/// Visits that happened this year at a township.
async fn visits(cadre: &Caller, township: &str, (first, count): (u32, u32)) {
    let firm = register(cadre, township, first).await;
    for number in first..first + count {
        record(cadre, &firm, number.into(), "2026-06-19T09:30:00+08:00").await;
    }
}

/// 湘潭市 asks 湘乡市 for 65 unions.
async fn sixty_five(app: &App) -> (Caller, String) {
    let city = app.person("CADRE", XIANGTAN).await;
    let ids = issue(&city, (&app.gid(XIANGTAN), "trade_unions"), &[(XIANGXIANG, "65")]).await;
    (city, ids[0].clone())
}

both! {
    async fn the_half_year_report_of_xiangxiang_reads_back(app: App) {
        let (city, target) = sixty_five(&app).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in 1..=38 {
            found(&cadre, YUESHAN, "SINGLE", number).await;
        }
        let leader = app.person("LEADER", XIANGXIANG).await;

        let now = progress(&leader, &target, json!(null)).await;
        assert_eq!(part(&now, &["asOf", "actual", "opening", "original", "amended"]), json!(["2026-06-20", "38", "0", "65", "65"]));
        assert_eq!(part(&now, &["percentOfOriginal", "percentOfAmended", "percentDue", "pace"]), json!(["58.46", "58.46", "46.85", "OVER_PACE"]));
        assert_eq!(now["paceRule"], json!(null));

        let amended = city.done(AMEND, json!({"id": target, "expectedVersion": 1, "amount": "90", "reason": REASON})).await;
        assert_eq!(part(&amended["target"], &["amount", "amendedAmount", "version"]), json!(["65", "90", 2]));
        let told = &amended["target"]["amendments"][0];
        assert_eq!(part(told, &["amount", "effectiveOn", "reason"]), json!(["90", "2026-06-20", REASON]));

        let now = progress(&leader, &target, json!(null)).await;
        assert_eq!(part(&now, &["original", "amended", "percentOfOriginal", "percentOfAmended", "pace"]), json!(["65", "90", "58.46", "42.22", "BEHIND"]));
        let before = progress(&leader, &target, json!("2026-06-19")).await;
        assert_eq!(part(&before, &["amended", "percentOfAmended", "percentDue", "pace"]), json!(["65", "58.46", "46.58", "OVER_PACE"]));
        // No union was there yet; and beyond the year the nearest day of it.
        let january = progress(&leader, &target, json!("2026-01-31")).await;
        assert_eq!(part(&january, &["actual", "pace"]), json!(["0", "BEHIND"]));
        for (asked, told) in [("2027-03-01", "2026-12-31"), ("2025-03-01", "2026-01-01")] {
            assert_eq!(progress(&leader, &target, json!(asked)).await["asOf"], json!(told));
        }
        assert_eq!(first_break(&app).await, None);
    }

    async fn a_stock_has_its_way_to_go_from_what_there_was(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in 1..=12 {
            let mut union = crate::support::register::trade_union(&cadre, YUESHAN, "SINGLE", number);
            union["foundedOn"] = json!(if number <= 10 { "2025-11-01" } else { "2026-03-01" });
            cadre.done(crate::support::register::FOUND, union).await;
        }
        let ids = issue(&city, (&app.gid(XIANGTAN), "trade_unions"), &[(XIANGXIANG, "15")]).await;

        // 12 of 15 is 80 %, but only 2 of the 5 that are to come.
        let now = progress(&city, &ids[0], json!(null)).await;
        assert_eq!(part(&now, &["actual", "opening", "percentOfAmended", "pace"]), json!(["12", "10", "80.00", "BEHIND"]));
        assert_eq!(progress(&city, &ids[0], json!("2026-03-31")).await["pace"], json!("OVER_PACE"));
        assert_eq!(first_break(&app).await, None);
    }

    async fn what_children_are_asked_for_is_compared_with_the_own_target_and_never_refused(app: App) {
        let (city, own) = sixty_five(&app).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let county = app.gid(XIANGXIANG);
        let hand_down = async |shares: &[(&str, &str)]| cadre.done(ISSUE, targets(&cadre, (&county, "trade_unions"), shares)).await;

        let first = hand_down(&[(YUESHAN, "30"), (WANGCHUNMEN, "20")]).await;
        assert_eq!(first["warnings"], json!(["CHILDREN_BELOW_OWN"]));
        let listed = list(&cadre, XIANGXIANG, "ITSELF").await;
        assert_eq!(listed[0]["decomposition"], json!({"childrenCount": 2, "childrenSum": "50", "difference": "-15"}));

        let second = hand_down(&[(XINXIANGLU, "16")]).await;
        assert_eq!(second["warnings"], json!([]));
        let listed = list(&cadre, XIANGXIANG, "ITSELF").await;
        assert_eq!(listed[0]["decomposition"], json!({"childrenCount": 3, "childrenSum": "66", "difference": "1"}));

        let below = list(&cadre, XIANGXIANG, "DIRECTLY_BELOW").await;
        let amounts: Vec<_> = below.iter().map(|target| (&target["federation"]["code"], &target["amount"], &target["issuer"]["code"])).collect();
        let of = |code: &'static str, amount: &'static str| (json!(code), json!(amount), json!(XIANGXIANG));
        let expected = [of(YUESHAN, "30"), of(WANGCHUNMEN, "20"), of(XINXIANGLU, "16")];
        assert_eq!(amounts, expected.iter().map(|(code, amount, issuer)| (code, amount, issuer)).collect::<Vec<_>>());
        // An amendment is compared on both sides: with the superior's own, and with what is handed down of it.
        let amend = async |who: &Caller, id: &Value, version: i32, amount: &str| {
            who.done(AMEND, json!({"id": id, "expectedVersion": version, "amount": amount, "reason": REASON})).await["warnings"].take()
        };
        let (yueshan, own) = (&first["targets"][0]["id"], json!(own));
        assert_eq!(amend(&cadre, yueshan, 1, "28").await, json!(["CHILDREN_BELOW_OWN"]));
        assert_eq!(amend(&cadre, yueshan, 2, "29").await, json!([]));
        assert_eq!(amend(&city, &own, 1, "66").await, json!(["CHILDREN_BELOW_OWN"]));
        assert_eq!(amend(&city, &own, 2, "65").await, json!([]));
        // Another metric, of which nobody asks the county: nothing to compare with.
        let visits = cadre.done(ISSUE, targets(&cadre, (&county, "visits"), &[(YUESHAN, "5")])).await;
        assert_eq!(visits["warnings"], json!([]));
    }

    async fn at_the_top_a_federation_asks_itself(app: App) {
        let province = app.person("LEADER", HUNAN).await;
        let top = app.gid(HUNAN);
        let ids = issue(&province, (&top, "fees_collected"), &[(HUNAN, "450000")]).await;

        let done = province.done(ISSUE, targets(&province, (&top, "fees_collected"), &[(XIANGTAN, "449999.99")])).await;
        assert_eq!(done["warnings"], json!(["CHILDREN_BELOW_OWN"]));
        let own = list(&province, HUNAN, "ITSELF").await;
        assert_eq!(part(&own[0], &["amount", "decomposition"]), json!(["450000.00", {"childrenCount": 1, "childrenSum": "449999.99", "difference": "-0.01"}]));
        assert_eq!(list(&province, HUNAN, "DIRECTLY_BELOW").await.len(), 1);
        let now = progress(&province, &ids[0], json!(null)).await;
        assert_eq!(part(&now, &["actual", "percentOfAmended", "siblings", "level"]), json!(["0.00", "0.00", {"position": 1, "of": 1, "isTied": false}, {"position": 1, "of": 1, "isTied": false}]));
        province.done(AMEND, json!({"id": ids[0], "expectedVersion": 1, "amount": "500000.50", "reason": REASON})).await;
        // A city has somebody above it.
        let city = app.person("CADRE", XIANGTAN).await;
        let own = targets(&city, (&app.gid(XIANGTAN), "visits"), &[(XIANGTAN, "1")]);
        assert_eq!(city.refused(ISSUE, own).await, ["NOT_FOUND targets.0.federationId"]);
    }

    async fn nobody_changes_their_own_target_and_no_neighbour_sees_it(app: App) {
        let (city, target) = sixty_five(&app).await;
        let county = app.gid(XIANGTAN);
        let changes = [
            (AMEND, json!({"id": target, "expectedVersion": 1, "amount": "9", "reason": REASON})),
            (SIGN, json!({"id": target, "expectedVersion": 1, "signedOn": "2026-01-15", "signers": "两级工会主席"})),
            (CLOSE, json!({"id": target, "expectedVersion": 1})),
        ];
        for (role, code, answer) in [
            ("CADRE", XIANGXIANG, "FORBIDDEN"),
            ("LEADER", XIANGXIANG, "FORBIDDEN"),
            ("FINANCE", XIANGTAN, "FORBIDDEN"),
            ("CADRE", SHAOSHAN, "NOT_FOUND id"),
            ("LEADER", CHANGSHA, "NOT_FOUND id"),
            ("CADRE", YUESHAN, "NOT_FOUND id"),
            ("SYSTEM_ADMINISTRATOR", XIANGTAN, "NOT_FOUND id"),
        ] {
            let caller = app.person(role, code).await;
            for (mutation, input) in &changes {
                assert_eq!(caller.refused(mutation, input.clone()).await, [answer], "{role} {code}");
            }
        }
        for code in [SHAOSHAN, CHANGSHA, YUESHAN] {
            let caller = app.person("LEADER", code).await;
            assert_eq!(caller.data(PROGRESS, json!({"id": target})).await["node"], json!(null));
            assert_eq!(caller.data(LIST, json!({"code": XIANGTAN, "of": "DIRECTLY_BELOW"})).await["federation"].get("targets").map(|found| &found["totalCount"]), (code != CHANGSHA).then_some(&json!(0)));
        }
        let own = app.person("CADRE", XIANGXIANG).await;
        assert_eq!(list(&own, XIANGTAN, "DIRECTLY_BELOW").await.len(), 1, "its own");
        for (caller, answer) in [(&own, "FORBIDDEN"), (&app.person("CADRE", CHANGSHA).await, "NOT_FOUND issuerId")] {
            assert_eq!(caller.refused(ISSUE, targets(caller, (&county, "visits"), &[(XIANGXIANG, "1")])).await, [answer]);
        }
        // Not a grandchild, nor another's child.
        for code in [YUESHAN, FURONG] {
            assert_eq!(city.refused(ISSUE, targets(&city, (&county, "visits"), &[(code, "1")])).await, ["NOT_FOUND targets.0.federationId"]);
        }
    }

    async fn a_target_is_issued_signed_and_closed(app: App) {
        let (city, target) = sixty_five(&app).await;
        let letter = |version: i32, on: &str, signers: &str| json!({"id": target, "expectedVersion": version, "signedOn": on, "signers": signers});

        for (on, signers, field) in [("2026-06-21", "甲、乙", "signedOn"), ("2024-12-31", "甲、乙", "signedOn"), ("2026-01-15", " ", "signers")] {
            assert_eq!(city.refused(SIGN, letter(1, on, signers)).await, [format!("INVALID {field}")]);
        }
        let signed = city.done(SIGN, letter(1, "2026-01-15", "市总主席、湘乡市总主席")).await;
        assert_eq!(part(&signed["target"], &["state", "signedOn", "signers", "version"]), json!(["SIGNED", "2026-01-15", "市总主席、湘乡市总主席", 2]));
        assert_eq!(city.refused(SIGN, letter(2, "2026-01-16", "甲、乙")).await, ["CONFLICT id"]);
        // Who comes too late sees what there is.
        let late = city.data(CLOSE, json!({"input": {"id": target, "expectedVersion": 1}})).await["closeTarget"].take();
        assert_eq!((&late["userErrors"][0]["field"], &late["target"]["state"]), (&json!(["expectedVersion"]), &json!("SIGNED")));
        let closed = city.done(CLOSE, json!({"id": target, "expectedVersion": 2})).await;
        assert_eq!(part(&closed["target"], &["state", "closedOn"]), json!(["CLOSED", "2026-06-20"]));
        assert_eq!(city.refused(AMEND, json!({"id": target, "expectedVersion": 3, "amount": "9", "reason": REASON})).await, ["CONFLICT id"]);
        // The trail names nobody who signed.
        let told = crate::people::bodies(&app, "TARGET_SIGNED").await;
        assert_eq!(told, [json!({"signedOn": "2026-01-15"})]);
    }

    async fn what_is_closed_makes_way_for_another_and_the_last_one_counts(app: App) {
        let (city, target) = sixty_five(&app).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        found(&cadre, YUESHAN, "SINGLE", 1).await;
        let again = targets(&city, (&app.gid(XIANGTAN), "trade_unions"), &[(XIANGXIANG, "10")]);
        assert_eq!(city.refused(ISSUE, again.clone()).await, ["CONFLICT targets.0.federationId"]);
        city.done(CLOSE, json!({"id": target, "expectedVersion": 1})).await;

        let issued = city.done(ISSUE, again.clone()).await;

        assert_eq!((issued["targets"].as_array().unwrap().len(), &issued["targets"][0]["amount"]), (1, &json!("10")));
        assert_eq!(city.refused(ISSUE, again).await, ["CONFLICT targets.0.federationId"]);
        let states: Vec<_> = list(&city, XIANGXIANG, "ITSELF").await.iter().map(|target| part(target, &["amount", "state"])).collect();
        assert_eq!(states, [json!(["65", "CLOSED"]), json!(["10", "ISSUED"])]);
        issue(&app.person("LEADER", HUNAN).await, (&app.gid(HUNAN), "trade_unions"), &[(XIANGTAN, "12")]).await;
        assert_eq!(list(&city, XIANGTAN, "ITSELF").await[0]["decomposition"], json!({"childrenCount": 1, "childrenSum": "10", "difference": "-2"}));
        assert_eq!(ranking(&city, XIANGTAN, json!({"metric": "trade_unions", "level": "COUNTY"})).await, [format!("{XIANGXIANG} 1 1 10.00")]);
    }

    async fn a_target_goes_with_its_federation_to_the_new_superior(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        let (old, new) = (app.person("CADRE", XIANGXIANG).await, app.person("CADRE", SHAOSHAN).await);
        let park = found_federation(&city, &app.gid(XIANGXIANG), "TOWNSHIP", "湘乡工业园工会").await;
        issue(&city, (&app.gid(XIANGTAN), "visits"), &[(XIANGXIANG, "30"), (SHAOSHAN, "10")]).await;
        let mut shares = targets(&old, (&app.gid(XIANGXIANG), "visits"), &[(YUESHAN, "20"), (WANGCHUNMEN, "3")]);
        shares["targets"][1] = json!({"federationId": park, "amount": "9"});
        let target = old.done(ISSUE, shares).await["targets"][1]["id"].take();
        let handed_down = async |code: &str| list(&city, code, "ITSELF").await[0]["decomposition"].take();
        assert_eq!(handed_down(XIANGXIANG).await, json!({"childrenCount": 2, "childrenSum": "29", "difference": "-1"}));

        city.done(MOVE_FEDERATION, json!({"id": park, "parentId": app.gid(SHAOSHAN), "on": "2026-06-01", "reason": "托管"})).await;

        assert_eq!(handed_down(XIANGXIANG).await, json!({"childrenCount": 1, "childrenSum": "20", "difference": "-10"}));
        assert_eq!(handed_down(SHAOSHAN).await, json!({"childrenCount": 1, "childrenSum": "9", "difference": "-1"}));
        let below = async |who: &Caller, code: &str| {
            let found = list(who, code, "DIRECTLY_BELOW").await;
            found.iter().map(|target| json!([target["amount"], target["issuer"]["code"]])).collect::<Vec<_>>()
        };
        assert_eq!(below(&old, XIANGXIANG).await, [json!(["20", XIANGXIANG])]);
        assert_eq!(below(&new, SHAOSHAN).await, [json!(["9", XIANGXIANG])], "who issued it is history");
        let amend = json!({"id": target, "expectedVersion": 1, "amount": "10", "reason": REASON});
        assert_eq!(old.refused(AMEND, amend.clone()).await, ["NOT_FOUND id"]);
        assert_eq!(new.done(AMEND, amend).await["warnings"], json!([]));
    }

    async fn what_is_asked_for_makes_sense(app: App) {
        let (city, target) = sixty_five(&app).await;
        let valid = targets(&city, (&app.gid(XIANGTAN), "visits"), &[(XIANGXIANG, "10"), (SHAOSHAN, "5")]);
        let twice = json!([valid["targets"][0], valid["targets"][0]]);
        let taken = json!([valid["targets"][1], valid["targets"][0]]);
        for (field, value, answer) in [
            ("metric", json!("smiles"), "INVALID metric"),
            ("dimension", json!("OWNERSHIP:PRIVATE"), "INVALID dimension"),
            ("year", json!(2028), "INVALID year"),
            ("year", json!(1999), "INVALID year"),
            ("targets", json!([]), "INVALID targets"),
            ("targets", twice, "INVALID targets.1.federationId"),
            ("targets", json!([{"federationId": app.gid(XIANGXIANG), "amount": "-1"}]), "INVALID targets.0.amount"),
            ("targets", json!([{"federationId": app.gid(XIANGXIANG), "amount": "1.5"}]), "INVALID targets.0.amount"),
        ] {
            let mut input = valid.clone();
            input[field] = value;
            assert_eq!(city.refused(ISSUE, input).await, [answer], "{field}");
        }
        // One of a kind in a year; all are issued or none.
        let mut input = valid.clone();
        (input["metric"], input["targets"]) = (json!("trade_unions"), taken);
        assert_eq!(city.refused(ISSUE, input.clone()).await, ["CONFLICT targets.1.federationId"]);
        assert_eq!(list(&city, SHAOSHAN, "ITSELF").await, Vec::<Value>::new());
        for (field, value) in [("year", json!(2027)), ("dimension", json!("FORM:SINGLE"))] {
            let mut other = input.clone();
            other[field] = value;
            city.done(ISSUE, other).await;
        }
        for (field, value, answer) in [
            ("amount", json!("65"), "INVALID amount"),
            ("amount", json!("many"), "INVALID amount"),
            ("reason", json!("追加"), "INVALID reason"),
            ("effectiveOn", json!("2026-06-21"), "INVALID effectiveOn"),
            ("effectiveOn", json!("2025-12-31"), "INVALID effectiveOn"),
        ] {
            let mut input = json!({"id": target, "expectedVersion": 1, "amount": "70", "reason": REASON});
            input[field] = value;
            assert_eq!(city.refused(AMEND, input).await, [answer], "{field}");
        }
    }

    async fn a_part_is_reached_by_what_counts_as_that_part(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        visits(&cadre, YUESHAN, (1, 3)).await;
        let mut part_of = targets(&cadre, (&app.gid(XIANGXIANG), "visits"), &[(YUESHAN, "4")]);
        let mut reached = Vec::new();
        for dimension in ["PURPOSE:SAFETY", "PURPOSE:CARE"] {
            part_of["dimension"] = json!(dimension);
            let id = cadre.done(ISSUE, part_of.clone()).await["targets"][0]["id"].take();
            reached.push(progress(&cadre, id.as_str().unwrap(), json!(null)).await["percentOfAmended"].take());
        }
        assert_eq!(reached, ["75.00", "0.00"]);
    }

    async fn the_superior_sets_the_pace_and_the_nearest_rule_for_the_metric_wins(app: App) {
        let (city, target) = sixty_five(&app).await;
        let (province, county) = (app.person("LEADER", HUNAN).await, app.person("CADRE", XIANGXIANG).await);
        let due = async || {
            let now = progress(&county, &target, json!(null)).await;
            part(&now, &["percentDue", "paceRule"])
        };
        let by = |code: &str, metric: Value| json!({"federation": {"code": code}, "metric": metric});
        let all = json!(null);

        // A federation's own rule is for those below it.
        set_pace(&county, (XIANGXIANG, None), &[("2026-06-20", "1"), ("2026-12-31", "100")]).await;
        assert_eq!(due().await, json!(["46.85", null]));
        set_pace(&province, (HUNAN, None), &[("2026-06-20", "60"), ("2026-12-31", "100")]).await;
        assert_eq!(due().await, json!(["60.00", by(HUNAN, all.clone())]));
        set_pace(&city, (XIANGTAN, None), &[("2026-06-20", "55.5"), ("2026-12-31", "100")]).await;
        assert_eq!(due().await, json!(["55.50", by(XIANGTAN, all.clone())]));
        set_pace(&province, (HUNAN, Some("trade_unions")), &[("2026-06-10", "40"), ("2026-06-30", "50"), ("2026-12-31", "100")]).await;
        let unions = json!({"code": "trade_unions"});
        assert_eq!(due().await, json!(["45.00", by(HUNAN, unions)]));

        let again = pace(&province, (HUNAN, None), &[("2026-06-20", "60"), ("2026-12-31", "100")], 0);
        assert_eq!(province.done(SET_PACE, again).await["paceRule"]["version"], json!(1));
        let other = |version| pace(&province, (HUNAN, None), &[("2026-06-20", "70"), ("2026-12-31", "100")], version);
        assert_eq!(province.refused(SET_PACE, other(0)).await, ["CONFLICT expectedVersion"]);
        assert_eq!(province.done(SET_PACE, other(1)).await["paceRule"]["version"], json!(2));
        let told = crate::people::bodies(&app, "PACE_RULE_SET").await;
        assert_eq!(told.last().unwrap()["before"][0], json!({"dueOn": "2026-06-20", "basisPoints": 6000}));

        for (points, field) in [(&[("2026-06-20", "50")][..], "points"), (&[("2026-12-31", "101")], "points.0.percent")] {
            assert_eq!(city.refused(SET_PACE, pace(&city, (XIANGTAN, None), points, 1)).await, [format!("INVALID {field}")]);
        }
        assert_eq!(county.refused(SET_PACE, pace(&county, (XIANGTAN, None), &[("2026-12-31", "100")], 1)).await, ["FORBIDDEN"]);
        let rules = "query($code: DivisionCode) { federation(code: $code) { paceRules(year: 2026) { metric { code } points { dueOn percent } } } }";
        let own = province.data(rules, json!({"code": HUNAN})).await["federation"]["paceRules"].take();
        assert_eq!(own[0], json!({"metric": null, "points": [{"dueOn": "2026-06-20", "percent": "70.00"}, {"dueOn": "2026-12-31", "percent": "100.00"}]}));
        assert_eq!(own[1]["metric"], json!({"code": "trade_unions"}));
        assert_eq!(county.codes(rules, json!({"code": XIANGTAN})).await, ["FORBIDDEN"]);
    }

    async fn those_who_are_level_share_a_position_and_hear_nothing_of_each_other(app: App) {
        let (county, city) = (app.person("CADRE", XIANGXIANG).await, app.person("CADRE", XIANGTAN).await);
        let shares = [(YUESHAN, "4"), (WANGCHUNMEN, "6"), (XINXIANGLU, "2")];
        let ids = issue(&county, (&app.gid(XIANGXIANG), "visits"), &shares).await;
        issue(&app.person("CADRE", SHAOSHAN).await, (&app.gid(SHAOSHAN), "visits"), &[(QINGXI, "1"), (SHAOSHAN_TOWNSHIP, "0")]).await;
        visits(&county, YUESHAN, (1, 2)).await;
        visits(&county, WANGCHUNMEN, (11, 3)).await;
        visits(&city, QINGXI, (21, 1)).await;

        let by_completion = [
            format!("{QINGXI} 1 1 100.00"),
            format!("{WANGCHUNMEN} 2= 3 50.00"),
            format!("{YUESHAN} 2= 2 50.00"),
            format!("{XINXIANGLU} 4 0 0.00"),
        ];
        assert_eq!(ranking(&city, XIANGTAN, json!({})).await, by_completion);
        assert_eq!(ranking(&city, XIANGTAN, json!({"first": 2})).await, by_completion[..2]);
        assert_eq!(ranking(&city, XIANGTAN, json!({"last": 1})).await, by_completion[3..]);
        let of_county = ranking(&county, XIANGXIANG, json!({})).await;
        assert_eq!(of_county[..2], [format!("{WANGCHUNMEN} 1= 3 50.00"), format!("{YUESHAN} 1= 2 50.00")]);
        let by_value = ranking(&county, XIANGXIANG, json!({"by": "VALUE"})).await;
        assert_eq!((by_value.len(), &*by_value[0], &*by_value[1]), (22, &*format!("{WANGCHUNMEN} 1 3 -"), &*format!("{YUESHAN} 2 2 -")));
        assert_eq!(ranking(&city, XIANGTAN, json!({"by": "VALUE", "level": "COUNTY", "first": 2})).await, [format!("{XIANGXIANG} 1 5 -"), format!("{SHAOSHAN} 2 1 -")]);

        let clerk = app.person("CADRE", YUESHAN).await;
        let own = progress(&clerk, &ids[0], json!(null)).await;
        assert_eq!(part(&own, &["siblings", "level"]), json!([{"position": 1, "of": 3, "isTied": true}, {"position": 2, "of": 4, "isTied": true}]));
        let asked = |code: &str| json!({"code": code, "metric": "visits", "level": "TOWNSHIP", "by": "VALUE"});
        assert_eq!(clerk.codes(RANKING, asked(XIANGXIANG)).await, ["FORBIDDEN"]);
        assert_eq!(clerk.data(RANKING, asked(SHAOSHAN)).await["federation"], json!(null));
        assert_eq!(ranking(&clerk, YUESHAN, json!({})).await, Vec::<String>::new());
        for (wrong, code) in [(json!({"first": 101}), "INVALID"), (json!({"first": 1, "last": 1}), "INVALID"), (json!({"by": "COMPLETION", "from": "2026-03-01"}), "INVALID")] {
            let mut variables = asked(XIANGXIANG);
            for (name, value) in wrong.as_object().unwrap() {
                variables[name] = value.clone();
            }
            assert_eq!(county.codes(RANKING, variables).await, [code]);
        }
        // 市辖区 stands in for a city, and has no number.
        let beijing = app.person("LEADER", BEIJING).await;
        assert_eq!(ranking(&beijing, BEIJING, json!({"by": "VALUE", "level": "CITY"})).await, Vec::<String>::new());
    }

    async fn a_target_of_nothing_has_no_percent_and_no_position(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let ids = issue(&cadre, (&app.gid(XIANGXIANG), "visits"), &[(YUESHAN, "0"), (WANGCHUNMEN, "3")]).await;
        let names = ["percentOfOriginal", "percentOfAmended", "pace", "siblings"];

        let nothing = progress(&cadre, &ids[0], json!(null)).await;
        assert_eq!(part(&nothing, &names), json!([null, null, "FULFILLED", null]));
        visits(&cadre, YUESHAN, (1, 1)).await;
        assert_eq!(progress(&cadre, &ids[0], json!(null)).await["pace"], json!("OVER_FULFILLED"));
        cadre.done(AMEND, json!({"id": ids[0], "expectedVersion": 1, "amount": "8", "reason": REASON})).await;
        let amended = progress(&cadre, &ids[0], json!(null)).await;
        assert_eq!(part(&amended, &names), json!([null, "12.50", "BEHIND", {"position": 1, "of": 2, "isTied": false}]));
        set_pace(&cadre, (XIANGXIANG, None), &[("2026-06-20", "12.5"), ("2026-12-31", "100")]).await;
        assert_eq!(progress(&cadre, &ids[0], json!(null)).await["pace"], json!("ON_PACE"));
    }

    async fn twenty_targets_with_their_progress_cost_the_statements_of_two(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let tree = app.process.tree();
        let county = tree.get(app.federation(XIANGXIANG)).unwrap();
        let townships: Vec<String> = tree.children(county).map(|node| node.id.gid().to_string()).collect();
        visits(&cadre, YUESHAN, (1, 2)).await;
        set_pace(&cadre, (XIANGXIANG, None), &[("2026-12-31", "100")]).await;
        let query = "query($code: DivisionCode) { federation(code: $code) { targets(of: DIRECTLY_BELOW, first: 20) { nodes { metric { code } amendedAmount \
            amendments { reason } decomposition { childrenSum } progress { percentOfAmended percentDue pace rank(among: SIBLINGS) { position } } } } } }";
        let ranked = json!({"code": XIANGXIANG, "metric": "visits", "level": "TOWNSHIP", "by": "COMPLETION"});
        let mut costs = Vec::new();
        for (from, to) in [(0, 1), (1, 10)] {
            for metric in ["visits", "trade_unions"] {
                let shares: Vec<Value> = townships[from..to].iter().map(|id| json!({"federationId": id, "amount": "4"})).collect();
                cadre.done(ISSUE, json!({"issuerId": app.gid(XIANGXIANG), "metric": metric, "year": 2026, "targets": shares})).await;
            }
            app.settle().await;
            let before = app.statements();
            let data = cadre.data(query, json!({"code": XIANGXIANG})).await;
            let page = app.statements() - before;
            assert_eq!(data["federation"]["targets"]["nodes"].as_array().unwrap().len(), 2 * to);
            let before = app.statements();
            cadre.data(RANKING, ranked.clone()).await;
            costs.push((page, app.statements() - before));
        }
        assert_eq!(costs[0], costs[1]);
        // Who asks; targets, amendments, what was handed down, rules; figures of flows, of stocks and of their openings;
        // members of the contests and their figures. A ranking: who asks, members, figures.
        assert!(costs[1].0 <= 12 && costs[1].1 <= 3, "{costs:?}");
    }

    async fn a_repeated_call_issues_and_amends_once(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        let mut input = targets(&city, (&app.gid(XIANGTAN), "visits"), &[(SHAOSHAN, "5"), (XIANGXIANG, "10")]);
        input["idempotencyKey"] = json!("issue");
        let first = city.done(ISSUE, input.clone()).await;
        assert_eq!(city.done(ISSUE, input.clone()).await, first);
        let codes: Vec<_> = first["targets"].as_array().unwrap().iter().map(|target| &target["federation"]["code"]).collect();
        assert_eq!(codes, [SHAOSHAN, XIANGXIANG]);
        input["targets"][0]["amount"] = json!("6");
        assert_eq!(city.refused(ISSUE, input).await, ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);

        let amend = json!({"id": first["targets"][0]["id"], "expectedVersion": 1, "amount": "7", "reason": REASON, "idempotencyKey": "amend"});
        let amended = city.done(AMEND, amend.clone()).await;
        assert_eq!(city.done(AMEND, amend).await, amended);
    }
}
