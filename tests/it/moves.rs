//! Moves: what there was stays at the old place until the day, what there is is at the new one, at every date and level.

use crate::support::Caller;
use crate::support::dice::Dice;
use crate::support::register::{
    COVER, REGISTER, UPDATE, YUESHAN, enterprise, figures, found, register, visit,
};
use crate::support::tree::{CHANGSHA, FURONG, HUNAN, QINGXI, SHAOSHAN, WANGCHUNMEN, XIANGTAN, XIANGXIANG};
use crate::verify::first_break;
use chrono::NaiveDate;
use serde_json::{Value, json};

pub const MOVE_ENTERPRISE: &str = "mutation($input: MoveEnterprise!) { moveEnterprise(input: $input) { \
    enterprise { id version township { code } } userErrors { code field message } } }";
pub const MOVE_TRADE_UNION: &str = "mutation($input: MoveTradeUnion!) { moveTradeUnion(input: $input) { \
    tradeUnion { id version superior { code } } userErrors { code field message } } }";
pub const MOVE_FEDERATION: &str = "mutation($input: MoveFederation!) { moveFederation(input: $input) { \
    federation { id parent { code } } userErrors { code field message } } }";
const FOUND_FEDERATION: &str = "mutation($input: FoundFederation!) { foundFederation(input: $input) { \
    federation { id } userErrors { code field message } } }";

/// Founds a park under a federation; its global id.
pub async fn found_federation(cadre: &Caller, parent_id: &str, level: &str, name: &str) -> String {
    let input = json!({"parentId": parent_id, "level": level, "kind": "PARK", "name": name});
    let done = cadre.done(FOUND_FEDERATION, input).await;
    done["federation"]["id"].as_str().unwrap().to_owned()
}

/// Figures of the federation of an id, by metric.
async fn numbers(
    caller: &Caller,
    id: &str,
    metrics: &[&str],
    (from, to): (NaiveDate, NaiveDate),
) -> Vec<i64> {
    let query = "query($id: ID!, $metrics: [MetricCode!]!, $from: Date, $to: Date) { federation(id: $id) { \
        figures(metrics: $metrics, from: $from, to: $to) { value } } }";
    let variables = json!({"id": id, "metrics": metrics, "from": from.to_string(), "to": to.to_string()});
    let data = caller.data(query, variables).await;
    let figures = data["federation"]["figures"].as_array().unwrap().iter();
    figures
        .map(|figure| figure["value"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// What a clerk would keep: each thing with the places where it stood, oldest first.
struct Book {
    /// Of each federation, where it hung from which day on; none at the top.
    parents: Vec<Vec<(NaiveDate, Option<usize>)>>,
    enterprises: Vec<Kept>,
    visits: Vec<(usize, NaiveDate)>,
}

struct Kept {
    id: String,
    version: i64,
    places: Vec<(NaiveDate, usize)>,
    employees: Vec<(NaiveDate, i64)>,
    covered_from: Option<NaiveDate>,
}

fn at<T: Copy>(stays: &[(NaiveDate, T)], day: NaiveDate) -> Option<T> {
    stays
        .iter()
        .rev()
        .find(|(from, _)| *from <= day)
        .map(|(_, what)| *what)
}

impl Book {
    /// Whether a federation stood below another on a day, or is the same.
    fn is_below(&self, mut federation: usize, above: usize, day: NaiveDate) -> bool {
        loop {
            if federation == above {
                return true;
            }
            match at(&self.parents[federation], day).flatten() {
                Some(parent) => federation = parent,
                None => return false,
            }
        }
    }

    /// Enterprises, employees and covered enterprises on the last day, visits of the time.
    fn recount(&self, federation: usize, (from, to): (NaiveDate, NaiveDate)) -> Vec<i64> {
        let is_here =
            |kept: &&Kept| at(&kept.places, to).is_some_and(|place| self.is_below(place, federation, to));
        let here: Vec<&Kept> = self.enterprises.iter().filter(is_here).collect();
        let employees = |kept: &&Kept| {
            kept.employees
                .iter()
                .filter(|(day, _)| *day <= to)
                .map(|(_, change)| change)
                .sum::<i64>()
        };
        let visits = self
            .visits
            .iter()
            .filter(|(place, day)| (from..=to).contains(day) && self.is_below(*place, federation, *day));
        vec![
            here.len() as i64,
            here.iter().map(employees).sum(),
            here.iter()
                .filter(|kept| kept.covered_from.is_some_and(|day| day <= to))
                .count() as i64,
            visits.count() as i64,
        ]
    }
}

const METRICS: [&str; 4] = ["enterprises", "employees", "covered_enterprises", "visits"];

both! {
    async fn a_random_history_with_moves_reads_back_as_a_naive_recount_says(app: App) {
        let cadre = app.person("CADRE", HUNAN).await;
        let long_ago: NaiveDate = "1949-10-01".parse().unwrap();
        // 0 province; 1, 2 cities; 3, 4, 5 counties; 6, 7, 8 townships; then a park in a county, and a county of its own
        // kind with a park in it.
        let codes = [HUNAN, XIANGTAN, CHANGSHA, XIANGXIANG, SHAOSHAN, FURONG, YUESHAN, WANGCHUNMEN, QINGXI];
        let mut ids: Vec<String> = codes.iter().map(|code| app.gid(code)).collect();
        let above = [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(3), Some(3), Some(4), Some(3), Some(1), Some(10)];
        ids.push(found_federation(&cadre, &ids[3], "TOWNSHIP", "湘乡经济开发区工会").await);
        ids.push(found_federation(&cadre, &ids[1], "COUNTY", "湘潭高新区工会").await);
        ids.push(found_federation(&cadre, &ids[10], "TOWNSHIP", "高新区创业园工会").await);
        let mut book = Book {
            parents: above.iter().map(|parent| vec![(long_ago, *parent)]).collect(),
            enterprises: Vec::new(),
            visits: Vec::new(),
        };
        let leaves = [6, 7, 8, 9, 11];
        let union = found(&cadre, YUESHAN, "JOINT", 900).await;
        let mut dice = Dice(51);
        for step in 0..110_u32 {
            let roll = dice.below(10);
            if book.enterprises.len() < 3 || roll < 2 {
                let (place, day) = (leaves[dice.below(5) as usize], dice.day());
                let mut input = enterprise(&cadre, YUESHAN, 5_000 + step);
                let employees = dice.below(500) as i64;
                // A place that moved later counts from where it stood on the day.
                input["federationId"] = json!(ids[place]);
                input["registeredOn"] = json!(day.to_string());
                input["employees"] = json!(employees);
                let done = cadre.done(REGISTER, input).await;
                book.enterprises.push(Kept {
                    id: done["enterprise"]["id"].as_str().unwrap().to_owned(),
                    version: 1,
                    places: vec![(day, place)],
                    employees: vec![(day, employees)],
                    covered_from: None,
                });
                continue;
            }
            let chosen = dice.below(book.enterprises.len() as u64) as usize;
            let kept = &mut book.enterprises[chosen];
            let began = kept.places[0].0;
            match roll {
                2 | 3 => {
                    // A change is not dated before the last one.
                    let day = dice.day().max(began).max(kept.employees.last().unwrap().0);
                    let before: i64 = kept.employees.iter().map(|(_, change)| change).sum();
                    let now = dice.below(500) as i64;
                    let input = json!({"id": kept.id, "expectedVersion": kept.version, "employees": now, "from": day.to_string()});
                    kept.version = cadre.done(UPDATE, input).await["enterprise"]["version"].as_i64().unwrap();
                    kept.employees.push((day, now - before));
                }
                4 | 5 => {
                    let day = dice.day();
                    let input = visit(&kept.id, u128::from(step), &format!("{day}T09:00:00+08:00"));
                    cadre.done(crate::support::register::RECORD, input).await;
                    // Where it was that day, also where the visit comes in late; before it was anywhere, where it was first.
                    let place = at(&kept.places, day).unwrap_or(kept.places[0].1);
                    book.visits.push((place, day));
                }
                6 if kept.covered_from.is_none() => {
                    let day = dice.day().max(began).max("2026-02-01".parse().unwrap());
                    cadre.done(COVER, json!({"tradeUnionId": union, "enterpriseId": kept.id, "from": day.to_string()})).await;
                    kept.covered_from = Some(day);
                }
                7 | 8 => {
                    let to = leaves[dice.below(5) as usize];
                    let (since, now) = *kept.places.last().unwrap();
                    let moved = [to, now].iter().map(|place| book.parents[*place].last().unwrap().0).max().unwrap();
                    // A park that went along with its county moved too.
                    let county = book.parents[10].last().unwrap().0;
                    let day = dice.day().max(since).max(moved).max(county);
                    let input = json!({"id": kept.id, "federationId": ids[to], "on": day.to_string(), "reason": "迁址", "expectedVersion": kept.version});
                    if to == now {
                        let refused = cadre.gql(MOVE_ENTERPRISE, json!({"input": input})).await;
                        assert_eq!(refused["data"]["moveEnterprise"]["userErrors"][0]["code"], "INVALID", "{refused:#}");
                    } else {
                        let done = cadre.done(MOVE_ENTERPRISE, input).await;
                        kept.version = done["enterprise"]["version"].as_i64().unwrap();
                        kept.places.push((day, to));
                    }
                }
                9 => {
                    // The park goes from county to county, the other county from city to city.
                    let (what, choices) = if dice.below(2) == 0 { (9, [3, 4, 5]) } else { (10, [1, 2, 1]) };
                    let (_, now) = *book.parents[what].last().unwrap();
                    let to = choices[dice.below(3) as usize];
                    if now != Some(to) {
                        // Later than all other moves, also of what left it: it stands at one place on a day.
                        let moves = book.parents.iter().map(|stays| stays.last().unwrap().0);
                        let last = moves.chain(book.enterprises.iter().map(|kept| kept.places.last().unwrap().0)).max().unwrap();
                        let day = dice.day().max(last.succ_opt().unwrap());
                        if day > "2026-06-20".parse().unwrap() {
                            continue;
                        }
                        let input = json!({"id": ids[what], "parentId": ids[to], "on": day.to_string(), "reason": "区划调整"});
                        cadre.done(MOVE_FEDERATION, input).await;
                        book.parents[what].push((day, Some(to)));
                    }
                }
                _ => {}
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
            let (place, a, b) = (dice.below(12) as usize, dice.day(), dice.day());
            let time = (a.min(b), a.max(b));
            let found = numbers(&cadre, &ids[place], &METRICS, time).await;
            assert_eq!(found, book.recount(place, time), "step {step}: federation {place} {time:?}");
        }
        app.settle().await;
        for (place, id) in ids.iter().enumerate() {
            for _ in 0..6 {
                let (a, b) = (dice.day(), dice.day());
                let time = (a.min(b), a.max(b));
                let found = numbers(&cadre, id, &METRICS, time).await;
                assert_eq!(found, book.recount(place, time), "federation {place} {time:?}");
            }
        }
        assert!(book.parents.iter().any(|stays| stays.len() > 2), "no federation moved twice");
        assert_eq!(first_break(&app).await, None);
    }

    async fn a_move_needs_a_right_at_both_ends_and_a_reason(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let city = app.person("CADRE", XIANGTAN).await;
        let id = register(&cadre, YUESHAN, 1).await;
        let input = |to: &str, on: &str| json!({"id": id, "federationId": app.gid(to), "on": on, "reason": "迁址", "expectedVersion": 1});
        let code = |answer: Value| {
            let refused = &answer["data"]["moveEnterprise"]["userErrors"][0];
            format!("{} {}", refused["code"].as_str().unwrap(), refused["field"].as_array().unwrap().last().unwrap().as_str().unwrap())
        };
        for (who, input, expected) in [
            (&cadre, input(QINGXI, "2026-06-01"), "NOT_FOUND federationId"),
            (&neighbour, input(QINGXI, "2026-06-01"), "NOT_FOUND id"),
            (&cadre, input(WANGCHUNMEN, "2026-01-09"), "INVALID on"),
            (&cadre, input(WANGCHUNMEN, "2026-06-21"), "INVALID on"),
            (&cadre, input(YUESHAN, "2026-06-01"), "INVALID federationId"),
        ] {
            let answer = who.gql(MOVE_ENTERPRISE, json!({"input": input})).await;
            assert_eq!(code(answer), expected, "{input}");
        }
        let mut silent = input(WANGCHUNMEN, "2026-06-01");
        silent["reason"] = json!(" ");
        assert_eq!(code(cadre.gql(MOVE_ENTERPRISE, json!({"input": silent})).await), "INVALID reason");

        let moved = city.done(MOVE_ENTERPRISE, input(QINGXI, "2026-06-01")).await;
        let stale = city.gql(MOVE_ENTERPRISE, json!({"input": input(YUESHAN, "2026-06-02")})).await;

        assert_eq!(moved["enterprise"]["township"]["code"], QINGXI);
        assert_eq!(code(stale), "CONFLICT expectedVersion");
        let seen = |who: &Caller| {
            let (who, id) = (who.clone(), id.clone());
            async move { who.data("query($id: ID!) { node(id: $id) { id } }", json!({"id": id})).await["node"].clone() }
        };
        assert_eq!(seen(&cadre).await, Value::Null, "it is the neighbour's now");
        assert_ne!(seen(&neighbour).await, Value::Null);
        let before = figures(&cadre, XIANGXIANG, &["enterprises"], json!({"asOf": "2026-05-31"})).await;
        let after = figures(&cadre, XIANGXIANG, &["enterprises"], json!({"asOf": "2026-06-01"})).await;
        assert_eq!((&before["enterprises"], &after["enterprises"]), (&json!("1"), &json!("0")));
    }

    async fn a_union_takes_its_number_along_and_not_its_founding(app: App) {
        let cadre = app.person("CADRE", XIANGTAN).await;
        let id = found(&cadre, YUESHAN, "SINGLE", 1).await;
        let input = json!({"id": id, "federationId": app.gid(QINGXI), "on": "2026-05-01", "reason": "整合", "expectedVersion": 1});

        let moved = cadre.done(MOVE_TRADE_UNION, input).await;

        assert_eq!(moved["tradeUnion"]["superior"]["code"], QINGXI);
        let metrics = ["trade_unions", "trade_unions_founded"];
        for (code, day, there_are, founded) in [
            (XIANGXIANG, "2026-04-30", "1", "1"),
            (XIANGXIANG, "2026-05-01", "0", "1"),
            (SHAOSHAN, "2026-04-30", "0", "0"),
            (SHAOSHAN, "2026-05-01", "1", "0"),
            (XIANGTAN, "2026-05-01", "1", "1"),
        ] {
            let found = figures(&cadre, code, &metrics, json!({"asOf": day})).await;
            assert_eq!(found, json!({"trade_unions": there_are, "trade_unions_founded": founded}), "{code} {day}");
        }
        assert_eq!(first_break(&app).await, None);
    }

    async fn a_federation_takes_its_records_and_readers_along(app: App) {
        let cadre = app.person("CADRE", XIANGTAN).await;
        let (old, new) = (app.person("LEADER", XIANGXIANG).await, app.person("LEADER", SHAOSHAN).await);
        let park = found_federation(&cadre, &app.gid(XIANGXIANG), "TOWNSHIP", "湘乡工业园工会").await;
        let mut input = enterprise(&cadre, YUESHAN, 7);
        input["federationId"] = json!(park);
        let enterprise = cadre.done(REGISTER, input).await["enterprise"]["id"].as_str().unwrap().to_owned();
        let refused = app.person("CADRE", XIANGXIANG).await;
        let go = json!({"id": park, "parentId": app.gid(SHAOSHAN), "on": "2026-06-01", "reason": "托管"});
        let answer = refused.gql(MOVE_FEDERATION, json!({"input": go})).await;
        assert_eq!(answer["data"]["moveFederation"]["userErrors"][0]["code"], "NOT_FOUND", "{answer:#}");

        let moved = cadre.done(MOVE_FEDERATION, go).await;

        assert_eq!(moved["federation"]["parent"]["code"], SHAOSHAN);
        let query = "query($id: ID!) { node(id: $id) { ... on Enterprise { name } } }";
        assert_eq!(old.data(query, json!({"id": enterprise})).await["node"], Value::Null);
        assert_ne!(new.data(query, json!({"id": enterprise})).await["node"], Value::Null);
        assert_eq!(first_break(&app).await, None);
    }
}
