//! Figures equal a naive recount: random histories, folded at random moments, asked at random places and days.

use crate::support::dice::Dice;
use crate::support::register::{
    CORRECT, REGISTER, UPDATE, VOID, YUESHAN, enterprise, figures, register, visit,
};
use crate::support::tree::{HUNAN, QINGXI, SHAOSHAN, WANGCHUNMEN, XIANGTAN, XIANGXIANG};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Where things happen, with all the places that count them.
const PLACES: [(&str, [&str; 4]); 3] = [
    (YUESHAN, [YUESHAN, XIANGXIANG, XIANGTAN, HUNAN]),
    (WANGCHUNMEN, [WANGCHUNMEN, XIANGXIANG, XIANGTAN, HUNAN]),
    (QINGXI, [QINGXI, SHAOSHAN, XIANGTAN, HUNAN]),
];

/// A figure with the records behind it, two at a time.
const SOURCES: &str = "query($code: DivisionCode, $metric: MetricCode!, $after: String) { federation(code: $code) { figures(metrics: [$metric]) { value \
    sources(first: 2, after: $after) { nodes { value isWithheld day federation { code } record { __typename ... on Enterprise { name } } } pageInfo { endCursor hasNextPage } } } } }";

/// A fact as a clerk would note it: what, where, when, how many.
struct Fact {
    metric: &'static str,
    place: usize,
    day: NaiveDate,
    amount: i64,
}

fn recount(facts: &[Fact], metric: &str, code: &str, (from, to): (Option<NaiveDate>, NaiveDate)) -> i64 {
    let counts = |fact: &&Fact| {
        fact.metric == metric
            && PLACES[fact.place].1.contains(&code)
            && fact.day <= to
            && from.is_none_or(|from| fact.day >= from)
    };
    facts.iter().filter(counts).map(|fact| fact.amount).sum()
}

both! {
    async fn a_day_or_instant_beyond_belief_is_no_day_and_never_our_fault(app: App) {
        let leader = app.person("LEADER", HUNAN).await;
        let query = "query($code: DivisionCode, $day: Date!) { federation(code: $code) { figures(metrics: [\"visits\"], asOf: $day) { value } } }";
        for (day, is_read) in [("1900-01-01", true), ("2200-12-31", true), ("-9999-1-01", false), ("+99999-1-1", false), ("1899-12-31", false)] {
            let answer = leader.gql(query, json!({"code": HUNAN, "day": day})).await;
            assert_eq!(answer.get("errors").is_none(), is_read, "{day}: {answer:#}");
            assert_ne!(answer["errors"][0]["extensions"]["code"], "INTERNAL", "{day}: {answer:#}");
        }
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = crate::support::register::register(&cadre, YUESHAN, 1).await;
        for instant in ["0000-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "9999-12-31T23:59:59Z"] {
            let answer = cadre.gql(crate::support::register::RECORD, json!({"input": visit(&enterprise, 1, instant)})).await;
            assert!(answer["errors"][0]["message"].as_str().is_some_and(|message| message.contains("1900")), "{answer:#}");
        }
    }

    async fn a_random_history_reads_back_as_a_naive_recount_says(app: App) {
        let cadre = app.person("CADRE", XIANGTAN).await;
        let leader = app.person("LEADER", HUNAN).await;
        let mut facts: Vec<Fact> = Vec::new();
        for seed in [7, 2026] {
            let mut dice = Dice(seed);
            // The last is the day from which the next change may be dated.
            let mut known: Vec<(String, usize, i64, i64, NaiveDate)> = Vec::new();
            for step in 0..30_u32 {
                let number = u32::try_from(seed).unwrap() * 100 + step;
                if known.is_empty() || dice.below(3) == 0 {
                    let (place, day) = (dice.below(3) as usize, dice.day());
                    let mut input = enterprise(&cadre, PLACES[place].0, number);
                    input["registeredOn"] = json!(day.to_string());
                    input["employees"] = json!(dice.below(500));
                    let employees = input["employees"].as_i64().unwrap();
                    let id = cadre.done(REGISTER, input).await["enterprise"]["id"].as_str().unwrap().to_owned();
                    facts.push(Fact { metric: "enterprises", place, day, amount: 1 });
                    facts.push(Fact { metric: "employees", place, day, amount: employees });
                    known.push((id, place, employees, 1, day));
                } else {
                    let chosen = dice.below(known.len() as u64) as usize;
                    let (id, place, employees, version, registered) = &mut known[chosen];
                    let place = *place;
                    if dice.below(2) == 0 {
                        let (now, from) = (dice.below(500) as i64, dice.day().max(*registered));
                        let input = json!({"id": id, "expectedVersion": version, "employees": now, "from": from.to_string()});
                        let done = cadre.done(UPDATE, input).await;
                        facts.push(Fact { metric: "employees", place, day: from, amount: now - *employees });
                        (*employees, *version, *registered) = (now, done["enterprise"]["version"].as_i64().unwrap(), from);
                    } else {
                        let (day, later) = (dice.day(), dice.day());
                        let input = visit(id, u128::from(number), &format!("{day}T23:30:00+08:00"));
                        let record = "mutation($input: RecordVisit!) { recordVisit(input: $input) { visit { id } userErrors { code } } }";
                        let done = cadre.done(record, input).await;
                        let mut counted = day;
                        if dice.below(2) == 0 {
                            let input = json!({"id": done["visit"]["id"], "expectedVersion": 1, "startedAt": format!("{later}T00:30:00+08:00")});
                            cadre.done(CORRECT, input).await;
                            counted = later;
                        }
                        if dice.below(4) == 0 {
                            let version = if counted == later && later != day { 2 } else { 1 };
                            let input = json!({"id": done["visit"]["id"], "expectedVersion": version, "reason": "同一次走访重复录入了两次"});
                            cadre.done(VOID, input).await;
                        } else {
                            facts.push(Fact { metric: "visits", place, day: counted, amount: 1 });
                        }
                    }
                }
                match dice.below(8) {
                    0 => app.settle().await,
                    // A process that dies while it numbers and folds, at any point of it.
                    1 | 2 => {
                        let time = std::time::Duration::from_millis(dice.below(12));
                        let _ = tokio::time::timeout(time, app.settle()).await;
                    }
                    _ => {}
                }
            }
            for _ in 0..40 {
                let (place, level) = (dice.below(3) as usize, dice.below(4) as usize);
                let code = PLACES[place].1[level];
                let (a, b) = (dice.day(), dice.day());
                let (from, to) = (a.min(b), a.max(b));
                let asked = json!({"from": from.to_string(), "to": to.to_string()});
                let found: Value = figures(&leader, code, &["enterprises", "employees", "visits"], asked).await;
                let expected = json!({
                    "enterprises": recount(&facts, "enterprises", code, (None, to)).to_string(),
                    "employees": recount(&facts, "employees", code, (None, to)).to_string(),
                    "visits": recount(&facts, "visits", code, (Some(from), to)).to_string(),
                });
                assert_eq!(found, expected, "seed {seed}, {code} from {from} to {to}");
            }
        }
    }

    async fn a_figure_opens_down_to_its_records_and_their_sum_is_the_figure(app: App) {
        let cadre = app.person("CADRE", XIANGTAN).await;
        for number in 1..=5 {
            register(&cadre, if number % 2 == 0 { YUESHAN } else { WANGCHUNMEN }, number).await;
        }
        register(&cadre, QINGXI, 6).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            let (mut after, mut rows, mut pages) = (Value::Null, Vec::new(), 0);
            let value = loop {
                let data = leader.data(SOURCES, json!({"code": XIANGXIANG, "metric": "employees", "after": after})).await;
                let figure = data["federation"]["figures"][0].clone();
                let sources = figure["sources"].clone();
                rows.extend(sources["nodes"].as_array().unwrap().clone());
                (after, pages) = (sources["pageInfo"]["endCursor"].clone(), pages + 1);
                if sources["pageInfo"]["hasNextPage"] == false {
                    break figure["value"].clone();
                }
            };
            let sum: i64 = rows.iter().map(|row| row["value"].as_str().unwrap().parse::<i64>().unwrap()).sum();
            assert_eq!((value, sum, rows.len(), pages), (json!(sum.to_string()), 5 * 100 + 15, 5, 3));
            assert!(rows.iter().all(|row| row["isWithheld"] == false && row["record"]["name"].is_string()), "{rows:#?}");
            let backwards = SOURCES.replace("first: 2, after: $after", "last: 2").replace(", $after: String", "");
            let data = leader.data(&backwards, json!({"code": XIANGXIANG, "metric": "employees"})).await;
            assert_eq!(data["federation"]["figures"][0]["sources"]["nodes"].as_array().unwrap()[..], rows[3..]);
            let places: Vec<_> = rows.iter().map(|row| row["federation"]["code"].as_str().unwrap()).collect();
            assert_eq!(places.iter().filter(|code| **code == YUESHAN).count(), 2);
            assert!(places.is_sorted(), "in the order of the tree: {places:?}");
        }
    }

    async fn what_a_caller_may_not_see_is_one_withheld_row(app: App) {
        let cadre = app.person("CADRE", XIANGTAN).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        register(&cadre, YUESHAN, 2).await;
        crate::support::register::record(&cadre, &enterprise, 1, "2026-06-19T09:30:00+08:00").await;
        let client = app.person("REPORTING", XIANGXIANG).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let withheld = |amount: &str| json!([{"value": amount, "isWithheld": true, "record": null, "federation": null, "day": null}]);

        let visits = client.data(SOURCES, json!({"code": XIANGXIANG, "metric": "visits"})).await;
        assert_eq!(visits["federation"]["figures"][0]["sources"]["nodes"], withheld("1"), "no visit is a reporting client's to see");
        let firms = client.data(SOURCES, json!({"code": XIANGXIANG, "metric": "enterprises"})).await;
        assert_eq!(firms["federation"]["figures"][0]["sources"]["nodes"].as_array().unwrap().len(), 2);

        let go = json!({"id": enterprise, "federationId": app.gid(QINGXI), "on": "2026-06-01", "reason": "迁址", "expectedVersion": 1});
        cadre.done(crate::moves::MOVE_ENTERPRISE, go).await;
        let query = SOURCES.replace("metrics: [$metric]", "metrics: [$metric], asOf: \"2026-05-31\"");
        let data = leader.data(&query, json!({"code": XIANGXIANG, "metric": "enterprises"})).await;
        let figure = &data["federation"]["figures"][0];
        assert_eq!(figure["value"], "2", "it was there then");
        let rows = figure["sources"]["nodes"].as_array().unwrap();
        assert_eq!(rows.len(), 2, "{rows:#?}");
        assert_eq!(json!([rows[1]]), withheld("1"), "it is the neighbour's now");
        let data = leader.data(SOURCES, json!({"code": XIANGXIANG, "metric": "enterprises"})).await;
        assert_eq!(data["federation"]["figures"][0]["sources"]["nodes"].as_array().unwrap().len(), 1);
    }

    async fn a_change_is_not_dated_before_the_last_one(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = register(&cadre, YUESHAN, 1).await;
        let change = |version: i32, employees: i32, from: &str| json!({"id": id, "expectedVersion": version, "employees": employees, "from": from});
        cadre.done(UPDATE, change(1, 200, "2026-05-01")).await;

        let refused = cadre.gql(UPDATE, json!({"input": change(2, 300, "2026-04-30")})).await;
        cadre.done(UPDATE, change(2, 300, "2026-05-01")).await;

        let error = &refused["data"]["updateEnterprise"]["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!("INVALID"), &json!(["from"])), "{refused:#}");
        for (day, employees) in [("2026-04-30", "101"), ("2026-05-01", "300")] {
            assert_eq!(figures(&cadre, XIANGXIANG, &["employees"], json!({"asOf": day})).await["employees"], employees, "{day}");
        }
    }

    async fn what_does_not_count_blocks_no_earlier_change(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = register(&cadre, YUESHAN, 1).await;
        cadre.done(UPDATE, json!({"id": id, "expectedVersion": 1, "name": "湘中机械制造厂"})).await;

        cadre.done(UPDATE, json!({"id": id, "expectedVersion": 2, "employees": 300, "from": "2026-05-01"})).await;

        for (day, employees) in [("2026-04-30", "101"), ("2026-05-01", "300")] {
            assert_eq!(figures(&cadre, XIANGXIANG, &["employees"], json!({"asOf": day})).await["employees"], employees, "{day}");
        }
    }

    async fn two_periods_stand_side_by_side(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        for (number, day) in ["2025-03-01", "2025-06-20", "2025-06-21", "2026-02-01", "2026-06-18", "2026-06-19"].into_iter().enumerate() {
            crate::support::register::record(&cadre, &enterprise, number as u128 + 1, &format!("{day}T09:30:00+08:00")).await;
        }
        let query = "query($code: DivisionCode) { federation(code: $code) { figureChanges(metrics: [\"visits\", \"enterprises\"], \
            period: {kind: HALF_YEAR, day: \"2026-06-19\"}) { metric { code } figure { value from to } earlier { value from to } change percent } } }";
        let data = cadre.data(query, json!({"code": XIANGXIANG})).await;

        let visits = json!({"metric": {"code": "visits"}, "figure": {"value": "3", "from": "2026-01-01", "to": "2026-06-20"},
            "earlier": {"value": "2", "from": "2025-01-01", "to": "2025-06-20"}, "change": "1", "percent": "50.00"});
        let firms = json!({"metric": {"code": "enterprises"}, "figure": {"value": "1", "from": null, "to": "2026-06-20"},
            "earlier": {"value": "0", "from": null, "to": "2025-06-20"}, "change": "1", "percent": null});
        assert_eq!(data["federation"]["figureChanges"], json!([visits, firms]));
        let split = "query($code: DivisionCode) { federation(code: $code) { figureChanges(metrics: [\"visits\"], from: \"2026-01-01\", to: \"2026-01-31\", \
            earlierFrom: \"2025-03-01\", earlierTo: \"2025-03-31\", by: \"PURPOSE\") { dimension figure { value } earlier { value } } } }";
        let data = cadre.data(split, json!({"code": XIANGXIANG})).await;
        assert_eq!(data["federation"]["figureChanges"], json!([{"dimension": "SAFETY", "figure": {"value": "0"}, "earlier": {"value": "1"}}]));
    }

    async fn a_series_has_a_number_for_each_step_and_ends_in_the_figure(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        for (number, day) in ["2025-12-31", "2026-01-01", "2026-03-15", "2026-06-19"].into_iter().enumerate() {
            crate::support::register::record(&cadre, &enterprise, number as u128 + 1, &format!("{day}T09:30:00+08:00")).await;
        }
        let query = "query($code: DivisionCode, $step: SeriesStep!) { federation(code: $code) { figureSeries(metrics: [\"visits\", \"enterprises\"], \
            from: \"2025-12-15\", to: \"2026-06-20\", step: $step) { points { value to } } } }";
        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            for (step, visits, firms) in [
                ("MONTH", vec!["1", "1", "0", "1", "0", "0", "1"], vec!["0", "1", "1", "1", "1", "1", "1"]),
                ("QUARTER", vec!["1", "2", "1"], vec!["0", "1", "1"]),
                ("YEAR", vec!["1", "3"], vec!["0", "1"]),
            ] {
                let before = app.statements();
                let data = cadre.data(query, json!({"code": XIANGXIANG, "step": step})).await;
                let cost = app.statements() - before;
                let values = |index: usize| -> Vec<String> {
                    let points = data["federation"]["figureSeries"][index]["points"].as_array().unwrap();
                    points.iter().map(|point| point["value"].as_str().unwrap().to_owned()).collect()
                };
                assert_eq!((values(0), values(1)), (visits.iter().map(|v| (*v).to_owned()).collect(), firms.iter().map(|v| (*v).to_owned()).collect()), "{step} {settled}");
                assert!(cost <= 3, "who asks, the changes, what there was: {cost}");
            }
        }
    }

    async fn the_parts_of_a_series_add_up_to_the_whole_at_every_step(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for (number, ownership, day) in [(1, "STATE", "2025-11-03"), (2, "PRIVATE", "2026-01-10"), (3, "PRIVATE", "2026-03-31"), (4, "FOREIGN", "2026-06-20")] {
            let mut firm = enterprise(&cadre, YUESHAN, number);
            firm["ownership"] = json!(ownership);
            firm["registeredOn"] = json!(day);
            cadre.done(REGISTER, firm).await;
        }
        let query = "query($code: DivisionCode, $step: SeriesStep!, $from: Date!, $by: DimensionCode) { federation(code: $code) { \
            figureSeries(metrics: [\"enterprises\"], from: $from, to: \"2026-06-20\", step: $step, by: $by) { dimension points { value } } } }";
        let numbers = |one: &Value| -> Vec<i64> {
            let points = one["points"].as_array().unwrap().iter();
            points.map(|point| point["value"].as_str().unwrap().parse().unwrap()).collect()
        };
        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            for (step, from) in [("MONTH", "2026-01-01"), ("QUARTER", "2025-10-01"), ("DAY", "2026-03-20")] {
                let ask = |by: Value| cadre.data(query, json!({"code": XIANGXIANG, "step": step, "from": from, "by": by}));
                let whole = numbers(&ask(Value::Null).await["federation"]["figureSeries"][0]);
                let before = app.statements();
                let data = ask(json!("OWNERSHIP")).await;
                let cost = app.statements() - before;
                let parts = data["federation"]["figureSeries"].as_array().unwrap();
                let names: Vec<&str> = parts.iter().map(|one| one["dimension"].as_str().unwrap()).collect();
                assert_eq!(names, ["FOREIGN", "PRIVATE", "STATE"]);
                let sums = (0..whole.len()).map(|step| parts.iter().map(|one| numbers(one)[step]).sum::<i64>());
                assert_eq!(sums.collect::<Vec<_>>(), whole, "{step} {settled}");
                assert_eq!(*whole.last().unwrap(), 4);
                assert!(cost <= 3, "who asks, the changes, what there was: {cost}");
            }
        }
        let other = cadre.data(query, json!({"code": SHAOSHAN, "step": "MONTH", "from": "2026-01-01", "by": "OWNERSHIP"})).await;
        assert_eq!(other["federation"], Value::Null, "the neighbour's");
        let unknown = cadre.codes(query, json!({"code": XIANGXIANG, "step": "MONTH", "from": "2026-01-01", "by": "SEVERITY"})).await;
        assert_eq!(unknown, ["INVALID"]);
    }

    async fn a_share_names_its_two_numbers(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let firm = register(&cadre, YUESHAN, 1).await;
        register(&cadre, YUESHAN, 2).await;
        register(&cadre, WANGCHUNMEN, 3).await;
        let union = crate::support::register::found(&cadre, YUESHAN, "JOINT", 1).await;
        crate::support::register::cover(&cadre, &union, &firm, "2026-03-01").await;
        let query = "query($code: DivisionCode, $day: Date) { federation(code: $code) { ratios(ratios: [\"coverage_rate\"], asOf: $day) { \
            percent numerator { value sources { nodes { record { __typename } } } } denominator { value } definition { nameZh } } } }";
        let data = cadre.data(query, json!({"code": XIANGXIANG, "day": "2026-06-20"})).await;
        assert_eq!(data["federation"]["ratios"], json!([{"percent": "33.33", "numerator": {"value": "1", "sources": {"nodes": [{"record": {"__typename": "Coverage"}}]}},
            "denominator": {"value": "3"}, "definition": {"nameZh": "工会覆盖率"}}]));
        let none = cadre.data(query, json!({"code": SHAOSHAN, "day": "2026-06-20"})).await;
        assert_eq!(none["federation"]["ratios"][0]["percent"], Value::Null, "a share of nothing is none");
    }

    async fn fifty_metrics_of_all_cities_are_two_statements(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        crate::support::register::record(&cadre, &enterprise, 1, "2026-06-19T09:30:00+08:00").await;
        let leader = app.person("LEADER", HUNAN).await;
        let catalogue = leader.data("{ metrics { code nature } }", json!({})).await;
        let codes: Vec<Value> = catalogue["metrics"].as_array().unwrap().iter().take(50).map(|metric| metric["code"].clone()).collect();
        let natures: Vec<&str> = catalogue["metrics"].as_array().unwrap().iter().take(50).map(|metric| metric["nature"].as_str().unwrap()).collect();
        assert!(natures.contains(&"STOCK") && natures.contains(&"FLOW"));
        let query = "query($code: DivisionCode, $metrics: [MetricCode!]!) { federation(code: $code) { children(first: 100) { nodes { code figures(metrics: $metrics) { metric { code } value } } } } }";
        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            let before = app.statements();
            let data = leader.data(query, json!({"code": HUNAN, "metrics": codes})).await;
            let cost = app.statements() - before;
            assert!(cost <= 2, "who asks, and the figures: {cost}");
            let cities = data["federation"]["children"]["nodes"].as_array().unwrap();
            let city = cities.iter().find(|city| city["code"] == XIANGTAN).unwrap();
            let of = |code: &str| city["figures"].as_array().unwrap().iter().find(|figure| figure["metric"]["code"] == code).unwrap()["value"].clone();
            assert_eq!((city["figures"].as_array().unwrap().len(), of("enterprises"), of("visits")), (50, json!("1"), json!("1")));
        }
    }

    async fn sums_that_are_wrong_are_mended_from_the_entries(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        app.settle().await;
        let whole = figures(&cadre, XIANGXIANG, &["enterprises", "employees"], json!({})).await;
        app.write("DELETE FROM figure_rollup WHERE metric = 'enterprises'").await;
        app.write("UPDATE figure_rollup SET amount = amount + 7 WHERE metric = 'employees' AND grain = 'Y'").await;
        assert_ne!(figures(&cadre, XIANGXIANG, &["enterprises", "employees"], json!({"asOf": "2027-01-01"})).await["enterprises"], whole["enterprises"]);

        let mended = api::kernel::ledger::recount::rebuild(&app.process.db).await.map_err(|error| error.report()).unwrap();
        let again = api::kernel::ledger::recount::rebuild(&app.process.db).await.map_err(|error| error.report()).unwrap();

        let names: Vec<&str> = mended.iter().map(|(name, _)| *name).collect();
        assert_eq!((names, again.len()), (vec!["enterprises", "employees"], 0));
        assert_eq!(figures(&cadre, XIANGXIANG, &["enterprises", "employees"], json!({})).await, whole);
        assert_eq!(crate::verify::first_break(&app).await, None);
    }

    async fn a_dashboard_hears_of_changes_once_a_second(app: App) {
        let cadre = app.person("CADRE", XIANGTAN).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let query = "subscription($id: ID!) { figuresChanged(federationId: $id, metrics: [\"enterprises\"]) { value } }";
        let mut socket = leader.subscribe(query, json!({"id": app.gid(XIANGXIANG)})).await;
        let value = |data: Value| data["figuresChanged"][0]["value"].as_str().unwrap().to_owned();

        let first = value(socket.data().await);
        for number in 1..=4 {
            register(&cadre, YUESHAN, number).await;
        }
        // The neighbour's are no news here.
        register(&cadre, QINGXI, 9).await;
        app.settle().await;
        let mut heard = Vec::new();
        while heard.last().map(String::as_str) != Some("4") {
            heard.push(value(socket.data().await));
        }

        assert_eq!(first, "0");
        assert!(heard.len() <= 2, "four changes within a second are told at once: {heard:?}");
    }

    async fn a_new_year_is_told_though_nothing_happens(app: App) {
        app.clock.set("2026-12-31T15:59:59Z");
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        crate::support::register::record(&cadre, &enterprise, 1, "2026-12-30T09:30:00+08:00").await;
        let query = "subscription($id: ID!) { figuresChanged(federationId: $id, metrics: [\"visits\"]) { value from } }";
        let mut socket = cadre.subscribe(query, json!({"id": app.gid(XIANGXIANG)})).await;

        let before = socket.data().await["figuresChanged"].take();
        app.advance(chrono::TimeDelta::seconds(2));
        let after = socket.data().await["figuresChanged"].take();

        assert_eq!(before, json!([{"value": "1", "from": "2026-01-01"}]));
        assert_eq!(after, json!([{"value": "0", "from": "2027-01-01"}]));
    }
}
