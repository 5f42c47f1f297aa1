//! Decisions about memberships.

use crate::kernel::error::{Faults, Text, text};
use chrono::{Months, NaiveDate};
use entity::members::membership::State;
use entity::members::membership_change::{ChangeKind, ChangeReason};
use entity::org::trade_union::{Model as TradeUnion, TradeUnionState};

/// Years of age from which somebody may be a member (劳动法 第十五条: nobody younger is employed).
const AGE_MIN: u32 = 16;
/// Months of absence after which a membership ends by itself (中国工会章程 第六条).
const ABSENCE_MONTHS: u32 = 6;
/// Changes that a membership holds; leaving is always possible.
const CHANGES_MAX: i32 = 90;

/// What a membership becomes by a change (中国工会章程 第二至七条); none where the change makes no sense.
pub fn next(state: State, kind: ChangeKind) -> Option<State> {
    use ChangeKind as Kind;
    match (state, kind) {
        (State::Applied, Kind::Joined) => Some(State::Active),
        (State::Applied, Kind::Rejected) => Some(State::Rejected),
        (State::Active, Kind::Retained) => Some(State::Retained),
        (State::Retained, Kind::Reactivated) => Some(State::Active),
        (State::Active, Kind::TransferSubmitted) => Some(State::Transferring),
        (State::Transferring, Kind::TransferRefused) => Some(State::Active),
        (State::Transferring, Kind::TransferredOut) => Some(State::Transferred),
        (State::Active | State::Retained, Kind::Withdrawn) => Some(State::Withdrawn),
        (State::Active | State::Retained, Kind::StruckOff) => Some(State::StruckOff),
        (State::Active | State::Retained, Kind::Expelled) => Some(State::Expelled),
        (State::Active | State::Retained | State::Transferring, Kind::Died) => Some(State::Deceased),
        _ => None,
    }
}

/// Why a change makes no sense.
pub fn why_not(state: State) -> Text {
    match state {
        State::Applied => text("The application is not decided yet.", "入会申请尚未审批。"),
        State::Rejected => text("The application was rejected.", "入会申请未获批准。"),
        State::Active => text("The member is active.", "该会员在籍。"),
        State::Transferring => text("A transfer of the member waits.", "该会员正在办理会籍转移。"),
        State::Retained => text("The membership is retained.", "该会员为保留会籍。"),
        State::Transferred => text("The member went to another union.", "该会员已转出。"),
        State::Withdrawn | State::StruckOff | State::Expelled | State::Deceased => {
            text("The membership is over.", "该会籍已终止。")
        }
    }
}

/// Whether a membership ends by a change.
pub fn is_leaving(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::TransferredOut
            | ChangeKind::Withdrawn
            | ChangeKind::StruckOff
            | ChangeKind::Expelled
            | ChangeKind::Died
    )
}

/// Whether a membership has room for a change that may be followed by others.
pub fn has_room(version: i32, kind: ChangeKind) -> Result<(), Text> {
    if version < CHANGES_MAX || is_leaving(kind) {
        Ok(())
    } else {
        Err(text(
            "The membership has changed too often.",
            "该会籍变更次数过多。",
        ))
    }
}

/// The day from which a change holds: not in the future, and not before the last one.
pub fn check_day(faults: &mut Faults, field: &'static str, day: NaiveDate, days: (NaiveDate, NaiveDate)) {
    let (last, today) = days;
    let future = text("Not in the future.", "日期不能晚于今天。");
    faults.unless(day <= today, field, future);
    let early = text(
        format!("Not before {last}, the day of the last change."),
        format!("不能早于上次变更日期 {last}。"),
    );
    faults.unless(day >= last, field, early);
}

/// Whether somebody born on a day may join on another one: at 16, for example from 2026-06-20 on if born on 2010-06-20.
pub fn is_old_enough(born: Option<NaiveDate>, joining: NaiveDate) -> Result<(), Text> {
    let Some(born) = born else {
        return Err(text(
            "The day of birth is not known: correct the person first.",
            "出生日期未知，请先更正人员信息。",
        ));
    };
    match born.checked_add_months(Months::new(12 * AGE_MIN)) {
        Some(day) if day <= joining => Ok(()),
        _ => Err(text("Younger than 16 on that day.", "该日期未满 16 周岁。")),
    }
}

/// Whether a union may take somebody in on a day.
pub fn takes_in(union: &TradeUnion, day: NaiveDate) -> Result<(), Text> {
    if union.state == TradeUnionState::Dissolved {
        Err(text("The trade union is dissolved.", "该工会已撤销。"))
    } else if day < union.founded_on {
        Err(text(
            "The trade union was founded later.",
            "不能早于工会成立日期。",
        ))
    } else {
        Ok(())
    }
}

/// Whether somebody may be struck off on a day who last paid dues or took part on another (中国工会章程 第六条): from
/// 2026-06-20 on if that was on 2025-12-20.
pub fn is_absent(last: NaiveDate, day: NaiveDate) -> Result<(), Text> {
    match last.checked_add_months(Months::new(ABSENCE_MONTHS)) {
        Some(from) if from <= day => Ok(()),
        _ => Err(text(
            "Six months without dues and without taking part have not passed.",
            "连续不缴纳会费、不参加组织生活未满六个月。",
        )),
    }
}

/// Whether a membership is retained for a reason (工会会员会籍管理办法: retired, out of work, the employer gone).
pub fn is_retained_for(reason: ChangeReason) -> Result<(), Text> {
    match reason {
        ChangeReason::LabourRelationChanged
        | ChangeReason::LaidOff
        | ChangeReason::Unemployed
        | ChangeReason::EmployerBankrupt
        | ChangeReason::Retired
        | ChangeReason::OwnRequest => Ok(()),
        ChangeReason::SixMonthsAbsent | ChangeReason::Crime => Err(text(
            "Not a reason to retain a membership.",
            "不能作为保留会籍的原因。",
        )),
    }
}

/// What a change rests on: a decision's number or title, from 2 to 100 characters on one line.
pub fn document(raw: &str) -> Result<String, Text> {
    let document = raw.trim();
    let is_right = (2..=100).contains(&document.chars().count()) && !document.chars().any(char::is_control);
    is_right.then(|| document.to_owned()).ok_or_else(|| {
        text(
            "From 2 to 100 characters on one line.",
            "应为 2 至 100 个字符的一行文字。",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_membership_goes_its_way_and_no_other() {
        use ChangeKind as Kind;
        let states = [
            State::Applied,
            State::Rejected,
            State::Active,
            State::Transferring,
            State::Retained,
            State::Transferred,
            State::Withdrawn,
            State::StruckOff,
            State::Expelled,
            State::Deceased,
        ];
        for (kind, from) in [
            (Kind::Applied, vec![]),
            (Kind::Joined, vec![State::Applied]),
            (Kind::Rejected, vec![State::Applied]),
            (Kind::Retained, vec![State::Active]),
            (Kind::Reactivated, vec![State::Retained]),
            (Kind::TransferSubmitted, vec![State::Active]),
            (Kind::TransferRefused, vec![State::Transferring]),
            (Kind::TransferredOut, vec![State::Transferring]),
            (Kind::TransferredIn, vec![]),
            (Kind::Withdrawn, vec![State::Active, State::Retained]),
            (Kind::StruckOff, vec![State::Active, State::Retained]),
            (Kind::Expelled, vec![State::Active, State::Retained]),
            (
                Kind::Died,
                vec![State::Active, State::Transferring, State::Retained],
            ),
        ] {
            let goes: Vec<State> = states
                .into_iter()
                .filter(|state| next(*state, kind).is_some())
                .collect();
            assert_eq!(goes, from, "{kind:?}");
        }
    }

    #[test]
    fn members_are_sixteen() {
        for (born, joining, good) in [
            (Some("2010-06-20"), "2026-06-20", true),
            (Some("2010-06-21"), "2026-06-20", false),
            (Some("2008-02-29"), "2024-02-29", true),
            (Some("2008-02-29"), "2024-02-28", false),
            (None, "2026-06-20", false),
        ] {
            assert_eq!(
                is_old_enough(born.map(day), day(joining)).is_ok(),
                good,
                "{born:?}"
            );
        }
    }

    #[test]
    fn who_is_absent_for_six_months_is_struck_off() {
        for (last, on, good) in [
            ("2025-12-20", "2026-06-20", true),
            ("2025-12-21", "2026-06-20", false),
            ("2025-08-31", "2026-02-28", true),
        ] {
            assert_eq!(is_absent(day(last), day(on)).is_ok(), good, "{last}");
        }
    }

    #[test]
    fn a_change_is_dated_between_the_last_one_and_today() {
        for (on, good) in [
            ("2026-06-19", false),
            ("2026-06-20", true),
            ("2026-06-22", true),
            ("2026-06-23", false),
        ] {
            let mut faults = Faults::default();
            check_day(&mut faults, "on", day(on), (day("2026-06-20"), day("2026-06-22")));
            assert_eq!(faults.refuse().is_ok(), good, "{on}");
        }
    }
}
