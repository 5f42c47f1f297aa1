//! Figures equal a naive recount: random histories, folded at random moments, asked at random places and days.

use crate::support::Dice;
use crate::support::register::{CORRECT, REGISTER, UPDATE, YUESHAN, enterprise, figures, visit};
use crate::support::tree::{HUNAN, QINGXI, SHAOSHAN, WANGCHUNMEN, XIANGTAN, XIANGXIANG};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Where things happen, with all the places that count them.
const PLACES: [(&str, [&str; 4]); 3] = [
    (YUESHAN, [YUESHAN, XIANGXIANG, XIANGTAN, HUNAN]),
    (WANGCHUNMEN, [WANGCHUNMEN, XIANGXIANG, XIANGTAN, HUNAN]),
    (QINGXI, [QINGXI, SHAOSHAN, XIANGTAN, HUNAN]),
];

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
                        (*employees, *version) = (now, done["enterprise"]["version"].as_i64().unwrap());
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
                        facts.push(Fact { metric: "visits", place, day: counted, amount: 1 });
                    }
                }
                if dice.below(4) == 0 {
                    app.settle().await;
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
}
