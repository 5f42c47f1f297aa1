//! Decisions about returns: what may stand in one, who may do what with it when, and what it adds to the figures.

mod lines;
mod postings;

pub use lines::{Of, Read, Written, read_lines};
pub use postings::{Reported, Value, is_counted_twice, postings};

use crate::kernel::error::{Error, Faults, conflict, text};
use chrono::{Datelike, NaiveDate};
use entity::returns::statistical_return::{Model, ReturnState};

/// Characters of a title.
const TITLE_MAX: usize = 100;
/// The first year that is reported.
const FIRST_YEAR: i32 = 2000;

/// The title: 2 to 100 characters.
pub fn check_title(faults: &mut Faults, title: &str) {
    let good = (2..=TITLE_MAX).contains(&title.trim().chars().count());
    let rule = text("From 2 to 100 characters.", "标题应为 2 至 100 个字符。");
    faults.unless(good, "title", rule);
}

/// The period: it does not end before it begins, and lies between 2000 and next year.
pub fn check_period(faults: &mut Faults, (from, to): (NaiveDate, NaiveDate), today: NaiveDate) {
    let next = today.year() + 1;
    for (field, day) in [("from", from), ("to", to)] {
        let years = text(
            format!("A day of the years {FIRST_YEAR} to {next}."),
            format!("日期应在 {FIRST_YEAR} 至 {next} 年之间。"),
        );
        faults.unless((FIRST_YEAR..=next).contains(&day.year()), field, years);
    }
    let in_order = text("Not before the beginning.", "结束日期不能早于开始日期。");
    faults.unless(from <= to, "to", in_order);
}

/// What is done with a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// 修改.
    Revise,
    /// 作废.
    Discard,
    /// 上报.
    Submit,
    /// 撤回.
    Recall,
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

    /// Where the return is before and after. A correction, of what was accepted once, goes to the superior at once; where it
    /// comes back, what was accepted stays as it is.
    pub fn check(self, state: ReturnState, was_accepted: bool) -> Result<ReturnState, Error> {
        use ReturnState::*;
        match (self, state) {
            (Step::Revise | Step::Discard, Draft | SentBack) => Ok(state),
            (Step::Submit, Draft | SentBack) | (Step::Correct, Accepted) => Ok(Submitted),
            (Step::Accept, Submitted) | (Step::Unlock, Locked) => Ok(Accepted),
            (Step::SendBack | Step::Recall, Submitted) if was_accepted => Ok(Accepted),
            (Step::SendBack, Submitted) => Ok(SentBack),
            (Step::Recall, Submitted) => Ok(Draft),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_goes_up_comes_back_and_is_locked() {
        use ReturnState::*;
        let states = [Draft, Submitted, SentBack, Accepted, Locked];
        for (step, was_accepted, allowed) in [
            (Step::Revise, false, &[(Draft, Draft), (SentBack, SentBack)][..]),
            (Step::Discard, false, &[(Draft, Draft), (SentBack, SentBack)]),
            (Step::Submit, false, &[(Draft, Submitted), (SentBack, Submitted)]),
            (Step::Recall, false, &[(Submitted, Draft)]),
            (Step::Recall, true, &[(Submitted, Accepted)]),
            (Step::Accept, false, &[(Submitted, Accepted)]),
            (Step::Accept, true, &[(Submitted, Accepted)]),
            (Step::SendBack, false, &[(Submitted, SentBack)]),
            (Step::SendBack, true, &[(Submitted, Accepted)]),
            (Step::Correct, true, &[(Accepted, Submitted)]),
            (Step::Lock, true, &[(Accepted, Locked)]),
            (Step::Unlock, true, &[(Locked, Accepted)]),
        ] {
            for state in states {
                let expected = allowed.iter().find(|(before, _)| *before == state);
                let found = step.check(state, was_accepted).ok();
                assert_eq!(found, expected.map(|(_, after)| *after), "{step:?} {state:?}");
            }
        }
    }

    #[test]
    fn a_period_is_in_order_and_of_years_that_are_reported() {
        for (from, to, wrong) in [
            ("2026-01-01", "2026-06-20", &[][..]),
            ("2026-06-20", "2026-06-20", &[]),
            ("2000-01-01", "2000-12-31", &[]),
            ("2027-01-01", "2027-12-31", &[]),
            ("2026-06-21", "2026-06-20", &["to"]),
            ("1999-12-31", "2026-06-20", &["from"]),
            ("2027-01-01", "2028-01-01", &["to"]),
            ("2206-01-01", "2206-06-20", &["from", "to"]),
        ] {
            let [from, to, today] = [from, to, "2026-06-20"].map(|day| day.parse().unwrap());
            let mut faults = Faults::default();
            check_period(&mut faults, (from, to), today);
            let fields: Vec<_> = match faults.refuse() {
                Err(Error::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
                _ => Vec::new(),
            };
            assert_eq!(fields, wrong, "{from} {to}");
        }
    }
}
