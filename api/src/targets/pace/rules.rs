//! How much of a target is due by a day.

use crate::kernel::error::{Error, Faults, Text, invalid, text};
use crate::scalars::fixed_point;
use chrono::{Datelike, NaiveDate};
use entity::targets::pace_rule::Model;
use serde::{Deserialize, Serialize};

/// The most points of a rule: one a week.
pub const POINTS_MAX: usize = 53;
/// All of a target, in basis points.
const WHOLE: i64 = 10_000;

/// What is due by the end of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// The day.
    pub due_on: NaiveDate,
    /// Hundredths of a percent of the target.
    pub basis_points: i64,
}

/// A part of a target, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// So many parts.
    pub parts: i64,
    /// Of so many.
    pub of: i64,
}

/// A percent, in basis points.
pub fn basis_points(percent: &str) -> Result<i64, Text> {
    let found = fixed_point(percent, 2, false).filter(|percent| (0..=WHOLE).contains(percent));
    found.ok_or_else(|| {
        text(
            "A percent from 0 to 100 with at most two decimals.",
            "应为 0 至 100 的百分数，最多两位小数。",
        )
    })
}

/// Judges a rule: days of its year in order, never less later, everything by 31 December.
pub fn check(year: i32, points: &[Point]) -> Result<(), Error> {
    let mut faults = Faults::default();
    let is_bounded = (1..=POINTS_MAX).contains(&points.len());
    faults.unless(
        is_bounded,
        "points",
        text("From 1 to 53 points.", "应有 1 至 53 个节点。"),
    );
    let is_in_order = |pair: &[Point]| match pair {
        [one, next] => one.due_on < next.due_on && one.basis_points <= next.basis_points,
        _ => true,
    };
    let is_rising =
        points.windows(2).all(is_in_order) && points.iter().all(|point| point.due_on.year() == year);
    let rising = text(
        "Days of the year in their order, the percent never falling.",
        "应为该年度内按先后排列的日期，且百分比不得下降。",
    );
    faults.unless(is_rising, "points", rising);
    faults.refuse()?;
    let ends = points
        .last()
        .is_some_and(|last| (last.due_on.month(), last.due_on.day(), last.basis_points) == (12, 31, WHOLE));
    let end = text(
        "It ends on 31 December with 100.",
        "最后节点应为 12 月 31 日、100%。",
    );
    if ends { Ok(()) } else { Err(invalid("points", end)) }
}

/// What is due by the end of a day: between two points by the days that have passed; without a rule by the days of the
/// year (时间过半、任务过半).
pub fn due(points: &[Point], year: i32, day: NaiveDate) -> Share {
    let end_of = |year| NaiveDate::from_ymd_opt(year, 12, 31);
    let mut before = (end_of(year - 1).unwrap_or(day), 0);
    let whole_year = end_of(year).map(|day| (day, WHOLE));
    let said = points.iter().map(|point| (point.due_on, point.basis_points));
    for (end, due) in said.chain(whole_year) {
        if day < end {
            let (begin, begun) = before;
            let (days, passed) = ((end - begin).num_days(), (day - begin).num_days().max(0));
            return Share {
                parts: begun * days + (due - begun) * passed,
                of: WHOLE * days,
            };
        }
        before = (end, due);
    }
    Share { parts: 1, of: 1 }
}

/// The rule for a metric: the nearest superior's for it, else the nearest superior's for all.
pub fn nearest(rules: &[Model], metric: &str) -> Option<Model> {
    let of = |wanted: &str| rules.iter().find(|rule| rule.metric == wanted).cloned();
    of(metric).or_else(|| of(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(said: &[(&str, i64)]) -> Vec<Point> {
        let point = |(day, percent): &(&str, i64)| Point {
            due_on: day.parse().unwrap(),
            basis_points: percent * 100,
        };
        said.iter().map(point).collect()
    }

    #[test]
    fn half_the_time_is_half_the_task_unless_a_rule_says_otherwise() {
        let rule = points(&[("2026-03-31", 30), ("2026-06-20", 60), ("2026-12-31", 100)]);
        for (rule, day, parts, of) in [
            (&[][..], "2026-01-01", 1, 365),
            (&[], "2026-06-20", 171, 365),
            (&[], "2026-12-30", 364, 365),
            (&[], "2026-12-31", 1, 1),
            (&rule, "2026-01-01", 3_000, 900_000),
            (&rule, "2026-03-31", 3, 10),
            (&rule, "2026-06-20", 6, 10),
            (&rule, "2026-06-19", 3_000 * 81 + 3_000 * 80, 810_000),
            (&rule, "2026-12-31", 1, 1),
        ] {
            let share = due(rule, 2026, day.parse().unwrap());
            assert_eq!(share.parts * of, parts * share.of, "{day}: {share:?}");
        }
        let leap = due(&[], 2028, "2028-06-20".parse().unwrap());
        assert_eq!(leap.parts * 366, leap.of * 172);
    }

    #[test]
    fn a_rule_rises_to_everything_at_the_end_of_its_year() {
        for (said, accepted) in [
            (&[("2026-12-31", 100)][..], true),
            (&[("2026-06-20", 50), ("2026-12-31", 100)], true),
            (
                &[("2026-06-20", 50), ("2026-09-30", 50), ("2026-12-31", 100)],
                true,
            ),
            (&[], false),
            (&[("2026-06-20", 100)], false),
            (&[("2026-12-31", 99)], false),
            (
                &[("2026-06-20", 50), ("2026-06-20", 60), ("2026-12-31", 100)],
                false,
            ),
            (
                &[("2026-06-20", 50), ("2026-05-31", 60), ("2026-12-31", 100)],
                false,
            ),
            (
                &[("2026-06-20", 50), ("2026-09-30", 40), ("2026-12-31", 100)],
                false,
            ),
            (&[("2025-06-20", 50), ("2026-12-31", 100)], false),
        ] {
            assert_eq!(check(2026, &points(said)).is_ok(), accepted, "{said:?}");
        }
        assert_eq!(basis_points("46.85").ok(), Some(4_685));
        assert!(
            basis_points("100.01").is_err() && basis_points("-1").is_err() && basis_points("1.234").is_err()
        );
    }
}
