//! Members equal a naive recount: random joins, transfers, leaves and moves of unions, entered late and early, asked at random
//! places and days.

use crate::moves::MOVE_TRADE_UNION;
use crate::support::Caller;
use crate::support::dice::Dice;
use crate::support::members::{accept, admit, change, going, join, step, submit};
use crate::support::register::{FOUND, YUESHAN, trade_union};
use crate::support::tree::*;
use crate::verify::first_break;
use chrono::NaiveDate;
use serde_json::json;
use std::collections::BTreeMap;

/// Where unions hang, with all the places that count their members.
const PLACES: [(&str, [&str; 4]); 3] = [
    (YUESHAN, [YUESHAN, XIANGXIANG, XIANGTAN, HUNAN]),
    (WANGCHUNMEN, [WANGCHUNMEN, XIANGXIANG, XIANGTAN, HUNAN]),
    (QINGXI, [QINGXI, SHAOSHAN, XIANGTAN, HUNAN]),
];
const METRICS: [&str; 4] = [
    "members",
    "members_enrolled",
    "members_recruited",
    "members_net_added",
];

/// A union with its version and the places where it hung, oldest first.
struct Union {
    id: String,
    version: i64,
    places: Vec<(NaiveDate, usize)>,
}

impl Union {
    fn place_on(&self, day: NaiveDate) -> usize {
        let stay = self.places.iter().rev().find(|(from, _)| *from <= day);
        stay.unwrap_or(&self.places[0]).1
    }
}

/// Somebody in a union for a time.
struct Stay {
    union: usize,
    from: NaiveDate,
    to: Option<NaiveDate>,
    is_recruit: bool,
    /// Enrolled here no more: went on, or died.
    is_struck: bool,
    is_woman: bool,
}

/// Somebody with the open membership, if there is one: its id, its version, the day of its last change.
struct Somebody {
    person: String,
    is_woman: bool,
    open: Option<(String, i64)>,
    last: NaiveDate,
    stay: usize,
}

/// What a clerk would count of some stays.
fn recount<'a>(
    (unions, stays): (&[Union], impl Iterator<Item = &'a Stay>),
    code: &str,
    (from, to): (NaiveDate, NaiveDate),
) -> Vec<i64> {
    let is_here = |stay: &Stay, day| PLACES[unions[stay.union].place_on(day)].1.contains(&code);
    let happened = |stay: &Stay, day: NaiveDate| i64::from((from..=to).contains(&day) && is_here(stay, day));
    let mut sums = vec![0; 4];
    for stay in stays {
        let (is_here, left) = (is_here(stay, to), stay.to.filter(|left| *left <= to));
        if is_here && stay.from <= to {
            sums[0] += i64::from(left.is_none());
            sums[1] += i64::from(left.is_none() || !stay.is_struck);
        }
        let joined = happened(stay, stay.from);
        sums[2] += joined * i64::from(stay.is_recruit);
        sums[3] += joined - stay.to.map_or(0, |left| happened(stay, left));
    }
    sums
}

/// The figures at a place; of women only, or of all.
async fn read(caller: &Caller, (code, women): (&str, bool), (from, to): (NaiveDate, NaiveDate)) -> Vec<i64> {
    let query = "query($code: DivisionCode, $metrics: [MetricCode!]!, $from: Date, $to: Date, $by: DimensionCode) { federation(code: $code) { \
        figures(metrics: $metrics, from: $from, to: $to, by: $by) { metric { code } dimension value } } }";
    let by = women.then_some("SEX");
    let asked =
        json!({"code": code, "metrics": METRICS, "from": from.to_string(), "to": to.to_string(), "by": by});
    let data = caller.data(query, asked).await;
    let figures = data["federation"]["figures"].as_array().unwrap().iter();
    let wanted = figures.filter(|figure| !women || figure["dimension"] == "FEMALE");
    let found: BTreeMap<&str, i64> = wanted
        .map(|figure| {
            let value = figure["value"].as_str().unwrap().parse().unwrap();
            (figure["metric"]["code"].as_str().unwrap(), value)
        })
        .collect();
    METRICS
        .iter()
        .map(|metric| found.get(metric).copied().unwrap_or_default())
        .collect()
}

both! {
    async fn a_random_history_of_members_reads_back_as_a_naive_recount_says(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        let mut cadres = Vec::new();
        for (code, _) in PLACES {
            cadres.push(app.person("CADRE", code).await);
        }
        let founded: NaiveDate = "2024-11-01".parse().unwrap();
        let mut unions = Vec::new();
        for number in 0..4 {
            let place = number % 3;
            let mut input = trade_union(&city, PLACES[place].0, "JOINT", number as u32);
            input["foundedOn"] = json!(founded.to_string());
            let id = city.done(FOUND, input).await["tradeUnion"]["id"].as_str().unwrap().to_owned();
            unions.push(Union { id, version: 1, places: vec![(founded, place)] });
        }
        let (mut stays, mut people): (Vec<Stay>, Vec<Somebody>) = (Vec::new(), Vec::new());
        let (mut moves, mut transfers) = (0, 0);
        let mut dice = Dice(2026);
        for number in 0..110_u32 {
            let roll = dice.below(10);
            if people.len() < 4 || roll < 3 {
                let (union, day) = (dice.below(4) as usize, dice.day());
                let (is_woman, place) = (number % 2 == 0, unions[union].places.last().unwrap().1);
                let (person, id) = join(&city, (PLACES[place].0, &unions[union].id), (number, &day.to_string())).await;
                people.push(Somebody { person, is_woman, open: Some((id, 1)), last: day, stay: stays.len() });
                stays.push(Stay { union, from: day, to: None, is_recruit: true, is_struck: false, is_woman });
                continue;
            }
            let chosen = dice.below(people.len() as u64) as usize;
            let somebody = &mut people[chosen];
            let day = dice.day().max(somebody.last);
            match (roll, somebody.open.clone()) {
                (3 | 4, Some((id, version))) => {
                    let to = dice.below(4) as usize;
                    if to == stays[somebody.stay].union {
                        continue;
                    }
                    let transfer = submit(&city, going(&id, version, &unions[to].id, &day.to_string())).await;
                    // The side that takes in, where its union hangs now.
                    accept(&cadres[unions[to].places.last().unwrap().1], &transfer).await;
                    let query = "query($id: ID!) { node(id: $id) { ... on Person { memberships(first: 1) { nodes { id state } } } } }";
                    let mut found = city.data(query, json!({"id": somebody.person})).await;
                    // Of one day there may be two: the open one is asked for by its state.
                    if found["node"]["memberships"]["nodes"][0]["state"] != "ACTIVE" {
                        let all = "query($id: ID!) { node(id: $id) { ... on Person { memberships(first: 50) { nodes { id state } } } } }";
                        found = city.data(all, json!({"id": somebody.person})).await;
                    }
                    let nodes = found["node"]["memberships"]["nodes"].as_array().unwrap();
                    let open = nodes.iter().find(|node| node["state"] == "ACTIVE").unwrap()["id"].as_str().unwrap().to_owned();
                    let left = &mut stays[somebody.stay];
                    (left.to, left.is_struck) = (Some(day), true);
                    (somebody.open, somebody.last, somebody.stay) = (Some((open, 1)), day, stays.len());
                    stays.push(Stay { union: to, from: day, to: None, is_recruit: false, is_struck: false, is_woman: somebody.is_woman });
                    transfers += 1;
                }
                (5 | 6, Some((id, version))) => {
                    let dies = dice.below(4) == 0;
                    let what = if dies { "recordDeath" } else { "withdrawMember" };
                    city.done(&change(what, "ChangeMembership"), step(&id, version, &day.to_string())).await;
                    let left = &mut stays[somebody.stay];
                    (left.to, left.is_struck) = (Some(day), dies);
                    (somebody.open, somebody.last) = (None, day);
                    if dies {
                        people.remove(chosen);
                    }
                }
                (3..=6, None) => {
                    let union = dice.below(4) as usize;
                    let id = admit(&city, &somebody.person, &unions[union].id, &day.to_string()).await;
                    (somebody.open, somebody.last, somebody.stay) = (Some((id, 1)), day, stays.len());
                    stays.push(Stay { union, from: day, to: None, is_recruit: true, is_struck: false, is_woman: somebody.is_woman });
                }
                (7, _) => {
                    let (union, place) = (&mut unions[dice.below(4) as usize], dice.below(3) as usize);
                    let (since, now) = *union.places.last().unwrap();
                    let day = dice.day().max(since);
                    if place != now {
                        let input = json!({"id": union.id, "federationId": app.gid(PLACES[place].0), "on": day.to_string(), "reason": "整合", "expectedVersion": union.version});
                        union.version = city.done(MOVE_TRADE_UNION, input).await["tradeUnion"]["version"].as_i64().unwrap();
                        union.places.push((day, place));
                        moves += 1;
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
            let (code, a, b) = (PLACES[dice.below(3) as usize].1[dice.below(3) as usize], dice.day(), dice.day());
            let time = (a.min(b), a.max(b));
            assert_eq!(read(&city, (code, false), time).await, recount((&unions, stays.iter()), code, time), "step {number}: {code} {time:?}");
        }
        assert!(moves > 3 && transfers > 5, "{moves} moves, {transfers} transfers");
        app.settle().await;
        let codes = [YUESHAN, WANGCHUNMEN, QINGXI, XIANGXIANG, SHAOSHAN, XIANGTAN];
        for code in codes {
            for _ in 0..6 {
                let (a, b) = (dice.day(), dice.day());
                let time = (a.min(b), a.max(b));
                assert_eq!(read(&city, (code, false), time).await, recount((&unions, stays.iter()), code, time), "{code} {time:?}");
                let women = stays.iter().filter(|stay| stay.is_woman);
                assert_eq!(read(&city, (code, true), time).await, recount((&unions, women), code, time), "women at {code} {time:?}");
            }
        }
        assert_eq!(first_break(&app).await, None);
    }
}
