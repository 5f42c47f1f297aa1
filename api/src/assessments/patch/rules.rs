//! Decisions about patches.

use crate::kernel::error::{Error, Faults, conflict, text};
use chrono::NaiveDate;
use entity::assessments::patch::Model;

/// From a day up to but without another one; none goes on.
pub type Time = (NaiveDate, Option<NaiveDate>);

/// What is said of a patch.
pub fn check(faults: &mut Faults, (purpose, group): (&str, Option<&str>), (from, to): Time) {
    let is_short = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let rule = text("From 1 to 200 characters.", "应为 1 至 200 个字符。");
    faults.unless(is_short(purpose, 200), "purpose", rule);
    let rule = text("From 1 to 50 characters.", "应为 1 至 50 个字符。");
    faults.unless(group.is_none_or(|group| is_short(group, 50)), "groupName", rule);
    let rule = text("After the first day.", "结束日期应晚于开始日期。");
    faults.unless(to.is_none_or(|to| to > from), "to", rule);
}

/// Nobody is responsible for a federation twice at a time.
pub fn check_free(others: &[Model], (from, to): Time) -> Result<(), Error> {
    let overlaps = |other: &Model| {
        to.is_none_or(|to| other.valid_from < to) && other.valid_to.is_none_or(|end| from < end)
    };
    if !others.iter().any(overlaps) {
        return Ok(());
    }
    let twice = text(
        "They are responsible for it already at that time.",
        "该账号在此期间已是该工会的包干责任人。",
    );
    Err(conflict("accountId", twice))
}

/// A patch ends once, after it began; whether the day says something new.
pub fn may_end(patch: &Model, on: NaiveDate) -> Result<bool, Error> {
    if patch.valid_to == Some(on) {
        return Ok(false);
    }
    let refusal = match patch.valid_to {
        Some(end) if end < on => (
            "to",
            text("It ended before that day.", "包干责任在该日之前已结束。"),
        ),
        _ if on <= patch.valid_from => ("to", text("After the first day.", "结束日期应晚于开始日期。")),
        _ => return Ok(true),
    };
    Err(conflict(refusal.0, refusal.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::{AccountId, FederationId, PatchId};
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn patch(from: &str, to: Option<&str>) -> Model {
        Model {
            id: PatchId(Uuid::nil()),
            account_id: AccountId(Uuid::nil()),
            group_name: None,
            purpose: "联系企业".to_owned(),
            valid_from: day(from),
            valid_to: to.map(day),
            assigned_by: AccountId(Uuid::nil()),
            federation_id: FederationId(Uuid::nil()),
            path: String::new(),
            county_id: FederationId(Uuid::nil()),
        }
    }

    #[test]
    fn times_touch_but_do_not_overlap() {
        for (to, new, free) in [
            (None, ("2026-03-01", None), false),
            (None, ("2025-01-01", Some("2026-01-01")), true),
            (None, ("2025-01-01", Some("2026-01-02")), false),
            (Some("2026-03-01"), ("2026-03-01", None), true),
            (Some("2026-03-01"), ("2026-02-28", Some("2026-03-05")), false),
        ] {
            let others = [patch("2026-01-01", to)];
            let asked = (day(new.0), new.1.map(day));
            assert_eq!(check_free(&others, asked).is_ok(), free, "{to:?} {new:?}");
        }
    }

    #[test]
    fn a_patch_ends_once_and_after_it_began() {
        for (to, on, expected) in [
            (None, "2026-01-01", None),
            (None, "2026-01-02", Some(true)),
            (Some("2026-03-01"), "2026-03-01", Some(false)),
            (Some("2026-03-01"), "2026-02-01", Some(true)),
            (Some("2026-03-01"), "2026-03-02", None),
        ] {
            let found = may_end(&patch("2026-01-01", to), day(on)).ok();
            assert_eq!(found, expected, "{to:?} {on}");
        }
    }
}
