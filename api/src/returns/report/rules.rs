//! What may stand in a return, who may do what with it when, and what it adds to the figures.

use crate::kernel::error::{Error, Faults, Text, conflict, text};
use crate::kernel::ledger::Qualifier;
use crate::metrics::{Entry, MetricId, NET, Nature, Origin, Unit};
use crate::scalars::fixed_point;
use chrono::NaiveDate;
use entity::returns::statistical_return::{Model, ReturnState};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Lines of one return.
pub const LINES_MAX: usize = 200;
/// Characters of a title.
const TITLE_MAX: usize = 100;
/// Characters of a note.
const NOTE_MAX: usize = 500;
/// Characters of a value on an axis.
const PART_MAX: usize = 40;
/// The most that a line may say, in the metric's unit or in fen: thousands of them still add up.
const VALUE_MAX: i64 = 1_000_000_000_000_000;

/// The title: 2 to 100 characters.
pub fn check_title(faults: &mut Faults, title: &str) {
    let good = (2..=TITLE_MAX).contains(&title.trim().chars().count());
    let rule = text("From 2 to 100 characters.", "标题应为 2 至 100 个字符。");
    faults.unless(good, "title", rule);
}

/// The period: it does not end before it begins.
pub fn check_period(faults: &mut Faults, from: NaiveDate, to: NaiveDate) {
    let in_order = text("Not before the beginning.", "结束日期不能早于开始日期。");
    faults.unless(from <= to, "to", in_order);
}

/// A line as somebody wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Code of the metric.
    pub metric: &'a str,
    /// `AXIS:VALUE`; none for the whole.
    pub dimension: Option<&'a str>,
    /// A decimal; none takes back what was reported.
    pub value: Option<&'a str>,
    /// Free text.
    pub note: &'a str,
}

/// What a line says, once it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// What is counted.
    pub metric: MetricId,
    /// In the unit of the metric, or fen.
    pub value: Option<i64>,
}

/// A metric that has no register.
fn metric(code: &str) -> Result<&'static Entry, Text> {
    let unknown = || {
        text(
            format!("No metric has the code {code}."),
            format!("没有代码为 {code} 的指标。"),
        )
    };
    let entry = MetricId::coded(code).ok_or_else(unknown)?.entry();
    match entry.origin {
        Origin::Returns => Ok(entry),
        Origin::Records => Err(text(
            format!("{code} comes from records: nobody types it in."),
            format!("“{}”由业务记录生成，不得填报。", entry.name_zh),
        )),
    }
}

/// A part of a metric, on one of its axes; on two at a time it has as many values.
fn check_dimension(entry: &Entry, dimension: &str) -> Result<(), Text> {
    let is_part = |part: &str| {
        (1..=PART_MAX).contains(&part.chars().count())
            && part
                .chars()
                .all(|character| character.is_alphanumeric() || character == '_')
    };
    let is_good = dimension.split_once(':').is_some_and(|(axis, values)| {
        entry.axes.contains(&axis)
            && values.split(',').count() == axis.split(',').count()
            && values.split(',').all(is_part)
    });
    if is_good {
        return Ok(());
    }
    let axes = entry.axes.join(" ");
    Err(text(
        format!(
            "AXIS:VALUE is wanted, with as many values of 1 to 40 letters, digits or _ as axes; {} has: {axes}",
            entry.code
        ),
        format!(
            "应为“维度:取值”，取值为 1 至 40 个文字、数字或 _，与维度一一对应；{} 的维度：{axes}",
            entry.code
        ),
    ))
}

/// An amount as the ledger counts it: fen for yuan, whole numbers for anything else.
fn amount(entry: &Entry, written: &str) -> Result<i64, Text> {
    let places = if entry.unit == Unit::Yuan { 2 } else { 0 };
    let least = if NET.contains(&entry.id) { -VALUE_MAX } else { 0 };
    let amount = fixed_point(written, places, false);
    let wanted = || {
        text(
            "A whole number not below zero; of yuan with at most two decimals; of a net growth below zero too.",
            "应为非负整数；金额最多两位小数；净增数可为负。",
        )
    };
    amount
        .filter(|amount| (least..=VALUE_MAX).contains(amount))
        .ok_or_else(wanted)
}

/// The lines: each of a metric that has no register, at most one a part. Only a correction takes a line back.
pub fn read_lines(faults: &mut Faults, lines: &[Written<'_>], is_correction: bool) -> Vec<Read> {
    let few = text("At most 200 lines.", "最多 200 行。");
    faults.unless(lines.len() <= LINES_MAX, "lines", few);
    let mut seen = BTreeSet::new();
    let mut read = Vec::new();
    for (index, line) in lines.iter().enumerate().take(LINES_MAX) {
        let at = |field: &str| format!("lines.{index}.{field}");
        let short = text("At most 500 characters.", "说明最多 500 个字符。");
        faults.unless(line.note.chars().count() <= NOTE_MAX, at("note"), short);
        let once = text("It is reported twice.", "同一指标同一维度重复填报。");
        let is_first = seen.insert((line.metric, line.dimension));
        faults.unless(is_first, at("metric"), once);
        let value = text("Only a correction takes a line back.", "仅更正时可撤回数值。");
        faults.unless(line.value.is_some() || is_correction, at("value"), value);
        let Some(entry) = faults.take(at("metric"), metric(line.metric)) else {
            continue;
        };
        if let Some(dimension) = line.dimension {
            faults.take(at("dimension"), check_dimension(entry, dimension));
        }
        let value = line.value.map(|value| amount(entry, value)).transpose();
        if let Some(value) = faults.take(at("value"), value) {
            read.push(Read {
                metric: entry.id,
                value,
            });
        }
    }
    read
}

/// What is done with a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// 修改.
    Revise,
    /// 上报.
    Submit,
    /// 审核通过.
    Accept,
    /// 退回.
    SendBack,
    /// 更正.
    Correct,
    /// 锁定.
    Lock,
    /// 解锁.
    Unlock,
}

impl Step {
    /// Whether it is the superior's.
    pub fn is_from_above(self) -> bool {
        matches!(self, Step::Accept | Step::SendBack | Step::Lock | Step::Unlock)
    }

    /// Where the return is before and after. A correction goes to the superior at once.
    pub fn check(self, state: ReturnState) -> Result<ReturnState, Error> {
        use ReturnState::*;
        match (self, state) {
            (Step::Revise, Draft | SentBack) => Ok(state),
            (Step::Submit, Draft | SentBack) | (Step::Correct, Accepted) => Ok(Submitted),
            (Step::Accept, Submitted) | (Step::Unlock, Locked) => Ok(Accepted),
            (Step::SendBack, Submitted) => Ok(SentBack),
            (Step::Lock, Accepted) => Ok(Locked),
            _ => {
                let (en, zh) = match state {
                    Draft => ("a draft", "草稿"),
                    Submitted => ("submitted", "已上报"),
                    SentBack => ("sent back", "已退回"),
                    Accepted => ("accepted", "已审核"),
                    Locked => ("locked", "已锁定"),
                };
                let not_now = text(
                    format!("Not while it is {en}."),
                    format!("报表{zh}，不能进行此操作。"),
                );
                Err(conflict("id", not_now))
            }
        }
    }
}

/// A period is reported once it is over.
pub fn check_over(report: &Model, today: NaiveDate) -> Result<(), Error> {
    if report.closes_on <= today {
        return Ok(());
    }
    let early = text(
        format!("The period ends on {}.", report.closes_on),
        format!("报告期至 {} 才结束。", report.closes_on),
    );
    Err(conflict("id", early))
}

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
    fn a_line_is_of_a_metric_without_a_register_and_of_a_part_that_it_has() {
        for (metric, dimension, value, good) in [
            ("publicity_banners", None, "158", true),
            ("publicity_banners", Some("CAMPAIGN:工人阶级宣传月"), "158", true),
            (
                "publicity_materials",
                Some("CAMPAIGN,ITEM:RIGHTS_MONTH,手册"),
                "1000",
                true,
            ),
            ("aid_disbursed", None, "5000.5", true),
            ("members_net_added", None, "-3", true),
            ("visits", None, "1", false),
            ("smiles", None, "1", false),
            ("publicity_banners", Some("CAMPAIGN"), "1", false),
            ("publicity_banners", Some("CAMPAIGN:"), "1", false),
            ("publicity_banners", Some("TOPIC:X"), "1", false),
            ("publicity_banners", Some("CAMPAIGN:A;B"), "1", false),
            ("publicity_banners", Some("CAMPAIGN:A:B"), "1", false),
            ("publicity_banners", Some("CAMPAIGN:A,B"), "1", false),
            (
                "publicity_materials",
                Some("CAMPAIGN,ITEM:RIGHTS_MONTH"),
                "1",
                false,
            ),
            ("publicity_banners", None, "-1", false),
            ("publicity_banners", None, "1.5", false),
            ("aid_disbursed", None, "5000.555", false),
            ("publicity_banners", None, "1000000000000001", false),
        ] {
            let mut faults = Faults::default();
            let line = Written {
                metric,
                dimension,
                value: Some(value),
                note: "",
            };
            read_lines(&mut faults, &[line], false);
            assert_eq!(faults.refuse().is_ok(), good, "{metric} {dimension:?} {value}");
        }
    }

    #[test]
    fn a_part_is_reported_once_and_taken_back_by_a_correction_only() {
        let line = |value| Written {
            metric: "publicity_banners",
            dimension: None,
            value,
            note: "",
        };
        for (lines, is_correction, good) in [
            (vec![line(Some("1"))], false, true),
            (vec![line(Some("1")), line(Some("1"))], false, false),
            (vec![line(None)], false, false),
            (vec![line(None)], true, true),
            (vec![line(Some("1")); LINES_MAX + 1], false, false),
        ] {
            let mut faults = Faults::default();
            read_lines(&mut faults, &lines, is_correction);
            assert_eq!(faults.refuse().is_ok(), good, "{} {is_correction}", lines.len());
        }
    }

    #[test]
    fn a_return_goes_up_comes_back_and_is_locked() {
        use ReturnState::*;
        let steps = [
            Step::Revise,
            Step::Submit,
            Step::Accept,
            Step::SendBack,
            Step::Correct,
            Step::Lock,
            Step::Unlock,
        ];
        for (state, expected) in [
            (
                Draft,
                [Some(Draft), Some(Submitted), None, None, None, None, None],
            ),
            (
                Submitted,
                [None, None, Some(Accepted), Some(SentBack), None, None, None],
            ),
            (
                SentBack,
                [Some(SentBack), Some(Submitted), None, None, None, None, None],
            ),
            (
                Accepted,
                [None, None, None, None, Some(Submitted), Some(Locked), None],
            ),
            (Locked, [None, None, None, None, None, None, Some(Accepted)]),
        ] {
            for (step, expected) in steps.into_iter().zip(expected) {
                assert_eq!(step.check(state).ok(), expected, "{step:?} {state:?}");
            }
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
