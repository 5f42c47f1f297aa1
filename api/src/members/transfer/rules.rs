//! Decisions about transfers.

use crate::kernel::tree::KEY;
use chrono::{Days, NaiveDate};

/// Days that a transfer waits where no federation has said otherwise.
pub const DAYS: i32 = 30;

/// The path of the lowest federation that leads both; empty where they have none in common.
pub fn in_common<'a>(one: &'a str, other: &str) -> &'a str {
    let keys = one.as_bytes().chunks(KEY).zip(other.as_bytes().chunks(KEY));
    let alike = keys.take_while(|(a, b)| a == b).count();
    one.get(..alike * KEY).unwrap_or_default()
}

/// Whether somebody may decide on a transfer who may admit members where `holds` says: for the union that takes the member
/// in; as superior of both sides only when it has waited too long.
pub fn may_decide((from, to): (&str, &str), holds: impl Fn(&str) -> bool, is_escalated: bool) -> bool {
    let common = in_common(from, to);
    let is_superior = !common.is_empty() && common != to && holds(common);
    holds(to) && (is_escalated || !is_superior)
}

/// The first day on which the common superior may decide.
pub fn escalates_on(submitted_on: NaiveDate, days: i32) -> NaiveDate {
    let days = u64::try_from(days).unwrap_or_default();
    submitted_on
        .checked_add_days(Days::new(days))
        .unwrap_or(submitted_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_superior_is_the_lowest_above_both() {
        for (one, other, common) in [
            ("aaaabbbbcccc", "aaaabbbbcccc", "aaaabbbbcccc"),
            ("aaaabbbbcccc", "aaaabbbbdddd", "aaaabbbb"),
            ("aaaabbbbcccc", "aaaabbbb", "aaaabbbb"),
            ("aaaabbbb", "aaaabbbc", "aaaa"),
            ("aaaabbbb", "ccccbbbb", ""),
        ] {
            assert_eq!(in_common(one, other), common, "{one} {other}");
        }
    }

    #[test]
    fn the_side_that_takes_in_decides_and_the_common_superior_when_it_waits_too_long() {
        for (from, to, reach, in_time, late) in [
            ("aaaabbbbcccc", "aaaabbbbdddd", "aaaabbbbdddd", true, true),
            ("aaaabbbbcccc", "aaaabbbbdddd", "aaaabbbbcccc", false, false),
            ("aaaabbbbcccc", "aaaabbbbdddd", "aaaabbbb", false, true),
            ("aaaabbbbcccc", "aaaabbbbdddd", "aaaa", false, true),
            ("aaaabbbbcccc", "aaaabbbbcccc", "aaaabbbb", true, true),
            ("aaaabbbbcccc", "aaaabbbb", "aaaabbbb", true, true),
            ("aaaabbbbcccc", "aaaaeeee", "aaaaeeee", true, true),
            ("aaaabbbbcccc", "ffffeeee", "ffff", true, true),
        ] {
            let holds = |path: &str| path.starts_with(reach);
            assert_eq!(
                may_decide((from, to), holds, false),
                in_time,
                "{from} {to} {reach}"
            );
            assert_eq!(
                may_decide((from, to), holds, true),
                late,
                "{from} {to} {reach}, late"
            );
        }
    }
}
