//! Decisions about returns: what may stand in one, who may do what with it when, and what it adds to the figures.

mod lines;
mod postings;

pub use lines::{Read, Written, read_lines};
pub use postings::{Reported, Value, is_counted_twice, postings};

use crate::kernel::error::{Error, Faults, conflict, text};
use chrono::NaiveDate;
use entity::returns::statistical_return::{Model, ReturnState};

/// Characters of a title.
const TITLE_MAX: usize = 100;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
