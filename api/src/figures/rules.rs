//! Decisions about figures: which days a question means, what a share is, and who stands before whom.

use crate::kernel::error::{Error, invalid, text};
use crate::kernel::ledger::Period;
use crate::metrics::{MetricId, Nature, Ratio};
use chrono::{Datelike, Days, Months, NaiveDate};
use std::cmp::Ordering;

/// The most metrics in one question.
pub const METRICS_MAX: usize = 50;
/// The most points of a series.
pub const POINTS_MAX: usize = 400;
/// The most points of all parts of a metric.
pub const SPLIT_POINTS_MAX: usize = 2_000;

/// A period as unions call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// 月.
    Month,
    /// 季.
    Quarter,
    /// 半年报: it closes on 20 June.
    HalfYear,
    /// 年.
    Year,
    /// 今年以来.
    YearToDate,
}

/// The step of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// 日.
    Day,
    /// 月.
    Month,
    /// 季.
    Quarter,
    /// 年.
    Year,
}

/// What a caller said of the days that it means.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Day of a stock, last day of a flow.
    pub as_of: Option<NaiveDate>,
    /// First day of a flow.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// A period by name, with any day of it.
    pub named: Option<(Named, NaiveDate)>,
}

/// The metrics of a question.
pub fn metrics(codes: &[&str]) -> Result<Vec<MetricId>, Error> {
    if codes.len() > METRICS_MAX {
        return Err(invalid(
            "metrics",
            text("At most 50 metrics.", "最多 50 个指标。"),
        ));
    }
    let metric = |(index, code): (usize, &&str)| {
        let unknown = || {
            text(
                format!("No metric has the code {code}."),
                format!("没有代码为 {code} 的指标。"),
            )
        };
        MetricId::coded(code).ok_or_else(|| invalid(format!("metrics.{index}"), unknown()))
    };
    codes.iter().enumerate().map(metric).collect()
}

/// The ratios of a question.
pub fn ratios(codes: &[&str]) -> Result<Vec<&'static Ratio>, Error> {
    if codes.len() > METRICS_MAX {
        return Err(invalid("ratios", text("At most 50 ratios.", "最多 50 个比率。")));
    }
    let ratio = |(index, code): (usize, &&str)| {
        let unknown = || {
            text(
                format!("No ratio has the code {code}."),
                format!("没有代码为 {code} 的比率。"),
            )
        };
        Ratio::coded(code).ok_or_else(|| invalid(format!("ratios.{index}"), unknown()))
    };
    codes.iter().enumerate().map(ratio).collect()
}

/// The first day of the month, quarter or year that a day lies in.
fn start(day: NaiveDate, months: u32) -> NaiveDate {
    let month0 = day.month0() - day.month0() % months;
    let first = day.with_day(1).and_then(|first| first.with_month0(month0));
    first.unwrap_or(day)
}

/// The last day of so many months that begin on a day.
fn end(first: NaiveDate, months: u32) -> NaiveDate {
    let next = first.checked_add_months(Months::new(months));
    next.and_then(|next| next.pred_opt()).unwrap_or(first)
}

impl Named {
    /// First and last day of the period that a day lies in. The half-year of unions' reports closes on 20 June; its second
    /// half begins on the day after and ends with the year.
    pub fn around(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let year = start(day, 12);
        let months = |months| (start(day, months), end(start(day, months), months));
        match self {
            Named::Month => months(1),
            Named::Quarter => months(3),
            Named::Year => months(12),
            Named::YearToDate => (year, day),
            Named::HalfYear => {
                let closing = end(year, 5).checked_add_days(Days::new(20)).unwrap_or(year);
                if day <= closing {
                    (year, closing)
                } else {
                    (closing.succ_opt().unwrap_or(closing), end(year, 12))
                }
            }
        }
    }
}

impl Asked {
    /// As of a day.
    pub fn as_of(day: NaiveDate) -> Asked {
        Asked {
            as_of: Some(day),
            ..Asked::default()
        }
    }

    /// First day, if one is meant, and last day; today if nothing is said.
    fn days(&self, today: NaiveDate) -> Result<(Option<NaiveDate>, NaiveDate), Error> {
        let said = [self.as_of.is_some(), self.to.is_some(), self.named.is_some()];
        let once = text(
            "Give one of asOf, to and period.",
            "asOf、to 与 period 只能使用一个。",
        );
        if said.iter().filter(|said| **said).count() > 1 {
            return Err(invalid("asOf", once));
        }
        if let Some((named, day)) = self.named {
            if self.from.is_some() {
                return Err(invalid(
                    "from",
                    text("Not beside a period.", "period 与 from 不能同时使用。"),
                ));
            }
            let (from, to) = named.around(day);
            return Ok((Some(from), to));
        }
        let to = self.as_of.or(self.to).unwrap_or(today);
        if self.from.is_some_and(|from| from > to) {
            return Err(invalid(
                "from",
                text("Not after the end.", "开始日期不能晚于结束日期。"),
            ));
        }
        Ok((self.from, to))
    }

    /// The period a metric is summed over. A stock is what there is on the last day; a flow begins on 1 January unless
    /// the question says otherwise (今年以来).
    pub fn period(&self, nature: Nature, today: NaiveDate) -> Result<Period, Error> {
        let (from, to) = self.days(today)?;
        Ok(match nature {
            Nature::Stock => Period { from: None, to },
            Nature::Flow => Period {
                from: Some(from.unwrap_or_else(|| start(to, 12))),
                to,
            },
        })
    }

    /// The days that these are compared with: those said, or the same a year earlier.
    pub fn earlier(&self, said: Asked, today: NaiveDate) -> Result<Asked, Error> {
        match said.to {
            Some(_) => Ok(said),
            None if said.from.is_some() => {
                let alone = text("Give earlierTo too.", "请同时提供 earlierTo。");
                Err(invalid("earlierTo", alone))
            }
            None => self.year_before(today),
        }
    }

    /// The same days a year earlier (同比). 29 February has 28 February before it.
    pub fn year_before(&self, today: NaiveDate) -> Result<Asked, Error> {
        let (from, to) = self.days(today)?;
        let before = |day: NaiveDate| day.checked_sub_months(Months::new(12)).unwrap_or(day);
        // Whole months are compared with whole months, in leap years too.
        let begins = from.is_none_or(|from| from.day() == 1);
        let whole = begins && to.succ_opt().is_some_and(|next| next.day() == 1);
        let last = before(to);
        let last = if whole { end(start(last, 1), 1) } else { last };
        Ok(Asked {
            from: from.map(before),
            to: Some(last),
            ..Asked::default()
        })
    }
}

/// The axis by which something is split, if it offers it.
pub fn axis(code: &str, axes: &'static [&'static str], wanted: &str) -> Result<&'static str, Error> {
    let offered = axes.iter().copied().find(|axis| *axis == wanted);
    offered.ok_or_else(|| {
        let axes = axes.join(" ");
        invalid(
            "by",
            text(
                format!("{code} is split by: {axes}"),
                format!("{code} 可按以下维度拆分：{axes}"),
            ),
        )
    })
}

/// First and last days of the steps from a day to a day; the outer ones may be cut short.
pub fn steps(step: Step, from: NaiveDate, to: NaiveDate) -> Result<Vec<(NaiveDate, NaiveDate)>, Error> {
    let mut steps = Vec::new();
    let mut first = from;
    while first <= to {
        if steps.len() == POINTS_MAX {
            let many = text(
                "At most 400 points: choose a longer step or a shorter time.",
                "最多 400 个点，请增大步长或缩短时间。",
            );
            return Err(invalid("step", many));
        }
        let last = match step {
            Step::Day => first,
            Step::Month => end(start(first, 1), 1),
            Step::Quarter => end(start(first, 3), 3),
            Step::Year => end(start(first, 12), 12),
        };
        steps.push((first, last.min(to)));
        let Some(next) = last.succ_opt() else { break };
        first = next;
    }
    if steps.is_empty() {
        return Err(invalid(
            "to",
            text("Not before the beginning.", "结束日期不能早于开始日期。"),
        ));
    }
    Ok(steps)
}

/// Whether a metric of so many parts may be drawn in so many steps.
pub fn check_series(parts: usize, steps: usize) -> Result<(), Error> {
    if parts <= 1 || parts * steps <= SPLIT_POINTS_MAX {
        return Ok(());
    }
    let many = text(
        format!("At most 2,000 points, and these are {parts} parts: choose a longer step or a shorter time."),
        format!("最多 2000 个点，现有 {parts} 个分项，请增大步长或缩短时间。"),
    );
    Err(invalid("step", many))
}

/// A share in hundredths of a per cent, rounded half up; none of nothing. 131 of 144 are 9097.
pub fn share(part: i64, whole: i64) -> Option<i64> {
    share_of(10_000, part, whole)
}

/// So much of an amount as a part is of a whole, rounded half up; none of nothing.
pub fn share_of(amount: i64, part: i64, whole: i64) -> Option<i64> {
    if whole == 0 {
        return None;
    }
    let (part, whole) = (
        i128::from(part) * i128::from(whole.signum()),
        i128::from(whole).abs(),
    );
    i64::try_from((2 * part * i128::from(amount) + whole).div_euclid(2 * whole)).ok()
}

/// Somebody in a ranking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked<T> {
    /// Who.
    pub who: T,
    /// From 1; those who are level share it, and whoever follows them has as many before.
    pub position: usize,
    /// Whether others share it.
    pub is_tied: bool,
}

/// Puts all in order, the greatest first; those who are level stay in the order in which they came.
pub fn ranked<T>(mut all: Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<Ranked<T>> {
    all.sort_by(|one, other| compare(other, one));
    let mut ranking: Vec<Ranked<T>> = Vec::with_capacity(all.len());
    for who in all {
        let next = ranking.len() + 1;
        let level = ranking
            .last_mut()
            .filter(|last| compare(&last.who, &who) == Ordering::Equal);
        let is_tied = level.is_some();
        let position = level.map_or(next, |last| {
            last.is_tied = true;
            last.position
        });
        ranking.push(Ranked {
            who,
            position,
            is_tied,
        });
    }
    ranking
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_stock_is_as_of_a_day_and_a_flow_since_new_year() {
        let today = day("2026-06-20");
        let asked = |as_of: Option<&str>, from: Option<&str>, to: Option<&str>| Asked {
            as_of: as_of.map(day),
            from: from.map(day),
            to: to.map(day),
            named: None,
        };
        let period = |asked: Asked, nature| asked.period(nature, today);
        let year = Period {
            from: Some(day("2026-01-01")),
            to: today,
        };
        assert_eq!(period(asked(None, None, None), Nature::Flow).unwrap(), year);
        let last = period(asked(None, None, Some("2025-12-31")), Nature::Flow).unwrap();
        assert_eq!(last.from, Some(day("2025-01-01")));
        let stock = period(asked(Some("2026-06-20"), None, None), Nature::Stock).unwrap();
        assert_eq!(stock.from, None);
        let winter = period(asked(None, Some("2025-12-01"), Some("2026-03-31")), Nature::Flow).unwrap();
        assert_eq!(
            winter.from,
            Some(day("2025-12-01")),
            "a period may cross the year"
        );
        assert!(period(asked(None, Some("2026-06-20"), Some("2026-06-19")), Nature::Flow).is_err());
        assert!(period(asked(Some("2026-06-20"), None, Some("2026-06-20")), Nature::Flow).is_err());
        let both = Asked {
            named: Some((Named::Month, today)),
            ..asked(None, Some("2026-01-01"), None)
        };
        assert!(period(both, Nature::Flow).is_err());
    }

    #[test]
    fn periods_have_the_days_that_unions_give_them() {
        for (named, around, from, to) in [
            (Named::Month, "2026-02-14", "2026-02-01", "2026-02-28"),
            (Named::Month, "2024-02-29", "2024-02-01", "2024-02-29"),
            (Named::Quarter, "2026-06-20", "2026-04-01", "2026-06-30"),
            (Named::Quarter, "2026-12-31", "2026-10-01", "2026-12-31"),
            (Named::HalfYear, "2026-01-01", "2026-01-01", "2026-06-20"),
            (Named::HalfYear, "2026-06-20", "2026-01-01", "2026-06-20"),
            (Named::HalfYear, "2026-06-21", "2026-06-21", "2026-12-31"),
            (Named::Year, "2026-06-21", "2026-01-01", "2026-12-31"),
            (Named::YearToDate, "2026-06-21", "2026-01-01", "2026-06-21"),
        ] {
            assert_eq!(
                named.around(day(around)),
                (day(from), day(to)),
                "{named:?} {around}"
            );
        }
    }

    #[test]
    fn the_year_before_has_the_same_days() {
        for (from, to, earlier_from, earlier_to) in [
            ("2026-01-01", "2026-06-20", "2025-01-01", "2025-06-20"),
            ("2025-02-01", "2025-02-28", "2024-02-01", "2024-02-29"),
            ("2024-02-01", "2024-02-29", "2023-02-01", "2023-02-28"),
            ("2025-12-01", "2026-03-31", "2024-12-01", "2025-03-31"),
            ("2025-02-28", "2025-02-28", "2024-02-28", "2024-02-28"),
        ] {
            let asked = Asked {
                from: Some(day(from)),
                to: Some(day(to)),
                ..Asked::default()
            };
            let earlier = asked.year_before(day("2026-11-22")).unwrap();
            assert_eq!(earlier.from, Some(day(earlier_from)));
            assert_eq!(earlier.to, Some(day(earlier_to)));
        }
    }

    #[test]
    fn steps_cover_the_time_and_are_cut_at_its_ends() {
        let cut = |step, from, to| -> Vec<String> {
            let steps = steps(step, day(from), day(to)).unwrap();
            steps
                .iter()
                .map(|(first, last)| format!("{first}/{last}"))
                .collect()
        };
        assert_eq!(
            cut(Step::Month, "2025-12-15", "2026-02-03"),
            [
                "2025-12-15/2025-12-31",
                "2026-01-01/2026-01-31",
                "2026-02-01/2026-02-03"
            ]
        );
        assert_eq!(cut(Step::Quarter, "2026-01-01", "2026-06-30").len(), 2);
        assert_eq!(cut(Step::Year, "2024-06-01", "2026-06-30").len(), 3);
        assert_eq!(
            cut(Step::Day, "2026-06-20", "2026-06-20"),
            ["2026-06-20/2026-06-20"]
        );
        assert!(steps(Step::Day, day("2024-01-01"), day("2026-01-01")).is_err());
        assert!(steps(Step::Day, day("2026-01-02"), day("2026-01-01")).is_err());
    }

    #[test]
    fn a_share_is_exact_and_rounds_half_up() {
        for (part, whole, expected) in [
            (131, 144, Some(9_097)),
            (38, 65, Some(5_846)),
            (3_581, 7_000, Some(5_116)),
            (31_055, 450_000, Some(690)),
            (1, 3, Some(3_333)),
            (2, 3, Some(6_667)),
            (1, 20_000, Some(1)),
            (0, 5, Some(0)),
            (5, 0, None),
            (-1, 3, Some(-3_333)),
            (-1, 800, Some(-12)),
            (3, -4, Some(-7_500)),
            (i64::MAX, 1, None),
        ] {
            assert_eq!(share(part, whole), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn those_who_are_level_share_a_position() {
        for (numbers, expected) in [
            (
                &[5, 9, 7, 7][..],
                &[(9, 1, false), (7, 2, true), (7, 2, true), (5, 4, false)][..],
            ),
            (&[1, 1, 1], &[(1, 1, true), (1, 1, true), (1, 1, true)]),
            (&[], &[]),
        ] {
            let ranking = ranked(numbers.to_vec(), i64::cmp);
            let found: Vec<_> = ranking
                .iter()
                .map(|one| (one.who, one.position, one.is_tied))
                .collect();
            assert_eq!(found, expected, "{numbers:?}");
        }
    }

    #[test]
    fn an_unknown_metric_is_named() {
        assert!(metrics(&["visits", "enterprises"]).is_ok());
        assert!(metrics(&["visits", "smiles"]).is_err());
        assert!(metrics(&["visits"; METRICS_MAX + 1]).is_err());
        assert!(ratios(&["coverage_rate"]).is_ok());
        assert!(ratios(&["smile_rate"]).is_err());
    }
}
