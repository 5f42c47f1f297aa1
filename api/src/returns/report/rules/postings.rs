//! What a return adds to the figures.

use crate::kernel::ledger::Qualifier;
use crate::metrics::Nature;
use chrono::NaiveDate;
use entity::returns::statistical_return::Model;
use uuid::Uuid;

/// What another return of the same federation says of a metric and part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// By which return.
    pub return_id: Uuid,
    /// First day of its period.
    pub opens_on: NaiveDate,
    /// Last day of its period.
    pub closes_on: NaiveDate,
    /// How many, or fen.
    pub value: i64,
    /// How exact.
    pub qualifier: Qualifier,
}

/// What happened is counted once: not by two returns for the same days. What there is on a day is said once.
pub fn is_counted_twice(nature: Nature, report: &Model, other: &Reported) -> bool {
    match nature {
        Nature::Flow => report.opens_on <= other.closes_on && other.opens_on <= report.closes_on,
        Nature::Stock => report.closes_on == other.closes_on,
    }
}

/// A value with how exact it is.
pub type Value = (i64, Qualifier);

/// What a changed value adds to the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// When.
    pub day: NaiveDate,
    /// Because of which return.
    pub return_id: Uuid,
    /// How many more, as exact as what it came from.
    pub value: Value,
}

/// What follows for the figures when a return says something else, or something at all, of a metric and part.
///
/// A flow is counted on the closing day. A stock is what was reported last: on a closing day the ledger holds the step
/// from the value before, because of the return of that day; so the step of the next return changes too.
pub fn postings(
    nature: Nature,
    report: &Model,
    others: &[Reported],
    (old, new): (Option<Value>, Option<Value>),
) -> Vec<Posting> {
    let (day, return_id) = (report.closes_on, report.id.0);
    let of = |other: &Reported| (other.value, other.qualifier);
    let mut postings = Vec::new();
    let mut step = |(day, return_id), from: Option<Value>, to: Option<Value>, sign: i64| {
        let sides = [(from, -sign), (to, sign)];
        let sides = sides.into_iter().filter_map(|(side, sign)| Some((side?, sign)));
        postings.extend(sides.map(|((amount, qualifier), sign)| Posting {
            day,
            return_id,
            value: (sign * amount, qualifier),
        }));
    };
    if nature == Nature::Flow {
        step((day, return_id), old, new, 1);
        return postings;
    }
    let before = others.iter().filter(|other| other.closes_on < day);
    let before = before.max_by_key(|other| other.closes_on).map(of);
    let after = others.iter().filter(|other| other.closes_on > day);
    let after = after.min_by_key(|other| other.closes_on);
    if old.is_some() {
        step((day, return_id), before, old, -1);
    }
    if new.is_some() {
        step((day, return_id), before, new, 1);
    }
    if let Some(after) = after {
        step(
            (after.closes_on, after.return_id),
            new.or(before),
            old.or(before),
            1,
        );
    }
    postings
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::{FederationId, StatisticalReturnId};
    use entity::returns::statistical_return::ReturnState;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn report(number: u128, from: &str, to: &str) -> Model {
        let nobody = FederationId(Uuid::nil());
        Model {
            id: StatisticalReturnId(Uuid::from_u128(number)),
            title: String::new(),
            opens_on: day(from),
            closes_on: day(to),
            state: ReturnState::Submitted,
            reason: None,
            drafted_at: chrono::DateTime::UNIX_EPOCH,
            submitted_by: None,
            submitted_at: None,
            accepted_by: None,
            accepted_at: None,
            version: 1,
            federation_id: nobody,
            path: String::new(),
            county_id: nobody,
        }
    }

    fn reported(number: u128, from: &str, to: &str, value: i64) -> Reported {
        Reported {
            return_id: Uuid::from_u128(number),
            opens_on: day(from),
            closes_on: day(to),
            value,
            qualifier: Qualifier::Exact,
        }
    }

    #[test]
    fn the_same_days_are_counted_once() {
        let half = report(1, "2026-01-01", "2026-06-20");
        for (from, to, flow, stock) in [
            ("2026-06-21", "2026-12-31", false, false),
            ("2026-01-01", "2026-12-31", true, false),
            ("2026-04-01", "2026-06-20", true, true),
            ("2026-06-20", "2026-06-30", true, false),
            ("2025-12-01", "2025-12-31", false, false),
        ] {
            let other = reported(2, from, to, 1);
            assert_eq!(is_counted_twice(Nature::Flow, &half, &other), flow, "{from} {to}");
            assert_eq!(
                is_counted_twice(Nature::Stock, &half, &other),
                stock,
                "{from} {to}"
            );
        }
    }

    /// What the ledger holds by day and return, with nothing that cancels out.
    fn held(postings: &[Posting]) -> Vec<(String, u128, i64)> {
        let mut sums = std::collections::BTreeMap::new();
        for posting in postings {
            *sums
                .entry((posting.day, posting.return_id.as_u128()))
                .or_insert(0) += posting.value.0;
        }
        sums.into_iter()
            .filter(|(_, sum)| *sum != 0)
            .map(|((day, id), sum)| (day.to_string(), id, sum))
            .collect()
    }

    #[test]
    fn a_stock_steps_from_one_closing_day_to_the_next() {
        let exact = |value: i64| Some((value, Qualifier::Exact));
        let earlier = reported(1, "2025-01-01", "2025-12-31", 80);
        let later = reported(3, "2026-07-01", "2026-12-31", 95);
        let report = report(2, "2026-01-01", "2026-06-20");
        let (this, next) = ("2026-06-20".to_owned(), "2026-12-31".to_owned());
        for (others, change, expected) in [
            (vec![], (None, exact(87)), vec![(this.clone(), 2, 87)]),
            (
                vec![earlier.clone()],
                (None, exact(87)),
                vec![(this.clone(), 2, 7)],
            ),
            (
                vec![later.clone(), earlier.clone()],
                (None, exact(87)),
                vec![(this.clone(), 2, 7), (next.clone(), 3, -7)],
            ),
            (
                vec![later.clone()],
                (exact(87), exact(90)),
                vec![(this.clone(), 2, 3), (next.clone(), 3, -3)],
            ),
            (
                vec![earlier, later],
                (exact(87), None),
                vec![(this, 2, -7), (next, 3, 7)],
            ),
        ] {
            assert_eq!(
                held(&postings(Nature::Stock, &report, &others, change)),
                expected,
                "{others:?} {change:?}"
            );
        }
    }

    #[test]
    fn what_is_taken_back_takes_its_inexactness_along() {
        let (report, at_least) = (
            report(1, "2026-01-01", "2026-06-20"),
            Some((500, Qualifier::AtLeast)),
        );
        for nature in [Nature::Flow, Nature::Stock] {
            let found = postings(nature, &report, &[], (at_least, Some((512, Qualifier::Exact))));
            let values: Vec<Value> = found.iter().map(|posting| posting.value).collect();
            assert_eq!(values, [(-500, Qualifier::AtLeast), (512, Qualifier::Exact)]);
        }
    }
}
