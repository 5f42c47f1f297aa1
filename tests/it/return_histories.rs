//! Returns equal a naive recount: random histories, accepted late, corrected and taken back, asked at random places and days.

use crate::privacy_rights::first_break;
use crate::support::register::YUESHAN;
use crate::support::returns::{draft, exact_figures, lines, step};
use crate::support::tree::*;
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use std::collections::BTreeMap;

/// Who reports, with the superior and all the places that count it.
const PLACES: [(&str, &str, &[&str]); 3] = [
    (YUESHAN, XIANGXIANG, &[YUESHAN, XIANGXIANG, XIANGTAN, HUNAN]),
    (XIANGXIANG, XIANGTAN, &[XIANGXIANG, XIANGTAN, HUNAN]),
    (SHAOSHAN, XIANGTAN, &[SHAOSHAN, XIANGTAN, HUNAN]),
];

/// What is reported: a stock and a flow, whole and part.
const LINES: [(&str, &str); 4] = [
    ("hardship_files", ""),
    ("hardship_files", "CATEGORY:A"),
    ("publicity_banners", ""),
    ("publicity_banners", "CAMPAIGN:A"),
];
const QUALIFIERS: [&str; 3] = ["EXACT", "AT_LEAST", "ABOUT"];

/// What happens: whose return of which month says what of which line; nothing takes it back. Some is folded at once.
type Step = (usize, u32, usize, Option<i64>, usize, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = prop::option::weighted(0.85, 0..50_i64);
    prop::collection::vec(
        (
            0..3_usize,
            1..7_u32,
            0..4_usize,
            value,
            0..3_usize,
            prop::bool::weighted(0.2),
        ),
        30..40,
    )
}

fn first(month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, month, 1).unwrap()
}

/// Reporter and line, and by closing day what is in force.
type Reported = BTreeMap<(usize, usize), BTreeMap<NaiveDate, (i64, &'static str)>>;

/// What a naive reader of the accepted returns says of a line at a place: of a stock the value reported last, of a flow
/// the sum; as exact as the least exact in it that is not zero.
fn recount(
    reported: &Reported,
    (code, line): (&str, usize),
    (from, to): (NaiveDate, NaiveDate),
) -> (i64, &'static str) {
    let is_stock = LINES[line].0 == "hardship_files";
    let mut found = Vec::new();
    for ((place, of), values) in reported {
        if *of == line && PLACES[*place].2.contains(&code) {
            match is_stock {
                true => found.extend(values.range(..=to).next_back().map(|(_, value)| *value)),
                false => found.extend(values.range(from..=to).map(|(_, value)| *value)),
            }
        }
    }
    let least_exact = ["ABOUT", "AT_LEAST"].into_iter().find(|known| {
        found
            .iter()
            .any(|(value, qualifier)| qualifier == known && *value != 0)
    });
    (
        found.iter().map(|(value, _)| value).sum(),
        least_exact.unwrap_or("EXACT"),
    )
}

both! {
    async fn a_random_history_of_returns_reads_back_as_a_naive_recount_says(app: App) {
        let mut runner = TestRunner::deterministic();
        let leader = app.person("LEADER", HUNAN).await;
        let mut reported = Reported::new();
        let mut known: BTreeMap<(usize, u32), (String, i64)> = BTreeMap::new();
        for (place, month, line, value, qualifier, settles) in steps().new_tree(&mut runner).unwrap().current() {
            let (code, superior, _) = PLACES[place];
            let (cadre, superior) = (app.person("CADRE", code).await, app.person("CADRE", superior).await);
            let closing = first(month + 1).checked_sub_days(Days::new(1)).unwrap();
            let in_force = reported.entry((place, line)).or_default();
            let now = value.map(|value| (value, QUALIFIERS[qualifier]));
            if in_force.get(&closing) == now.as_ref() {
                continue;
            }
            let text = value.map(|value| value.to_string()).unwrap_or_default();
            let said = [(LINES[line].0, LINES[line].1, &*text, QUALIFIERS[qualifier])];
            let (id, version) = match known.get(&(place, month)) {
                None if value.is_none() => continue,
                None => {
                    let (from, to) = (first(month).to_string(), closing.to_string());
                    let id = draft(&cadre, (code, &from, &to), &said).await;
                    step(&cadre, "submitReturn", (&id, 1), json!({})).await;
                    (id, 2)
                }
                Some((id, version)) => {
                    let more = json!({"lines": lines(&said), "reason": "核对后更正"});
                    step(&cadre, "correctReturn", (id, *version), more).await;
                    (id.clone(), version + 1)
                }
            };
            step(&superior, "acceptReturn", (&id, version), json!({})).await;
            known.insert((place, month), (id, version + 1));
            match now {
                Some(now) => drop(in_force.insert(closing, now)),
                None => drop(in_force.remove(&closing)),
            }
            if settles {
                app.settle().await;
            }
        }
        assert!(known.len() > 8, "returns of several places and months: {}", known.len());
        for (code, days) in [YUESHAN, XIANGXIANG, SHAOSHAN, XIANGTAN, HUNAN].into_iter().flat_map(|code| (0..12).map(move |step| (code, step * 17))) {
            let (from, to) = (first(1), first(1).checked_add_days(Days::new(days)).unwrap());
            for (line, (metric, dimension)) in LINES.iter().enumerate() {
                let axis = dimension.split_once(':').map(|(axis, _)| axis);
                let asked = (code, &[*metric][..], axis);
                let found = exact_figures(&leader, asked, (&from.to_string(), &to.to_string())).await;
                let found = found.first().map_or((0, "EXACT".to_owned()), |(_, _, value, qualifier)| (value.parse().unwrap(), qualifier.clone()));
                let (value, qualifier) = recount(&reported, (code, line), (from, to));
                assert_eq!(found, (value, qualifier.to_owned()), "{metric} {dimension} at {code} from {from} to {to}: {reported:?}");
            }
        }
        assert_eq!(first_break(&app).await, None);
        app.settle().await;
        assert_eq!(first_break(&app).await, None);
    }
}
