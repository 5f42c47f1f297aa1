//! Decisions about moves.

use crate::kernel::error::{Faults, Text, text};
use chrono::NaiveDate;

/// Why something moves, or is not taken in: from 2 to 200 characters.
pub fn reason(raw: &str) -> Result<String, Text> {
    let reason = raw.trim();
    if (2..=200).contains(&reason.chars().count()) {
        Ok(reason.to_owned())
    } else {
        Err(text("From 2 to 200 characters.", "长度应为 2 至 200 个字符。"))
    }
}

/// Checks the day of a move: not in the future, and not before anything that its places have gone through: the beginning
/// of the record, its last move, and the last move of either federation.
pub fn check_day(
    faults: &mut Faults,
    day: NaiveDate,
    today: NaiveDate,
    earlier: impl IntoIterator<Item = NaiveDate>,
) {
    faults.unless(
        day <= today,
        "on",
        text("Not in the future.", "日期不能晚于今天。"),
    );
    let last = earlier.into_iter().max();
    if let Some(last) = last.filter(|last| day < *last) {
        let en = format!(
            "Not before {last}: until then it, or one of the two places, was elsewhere or was not there."
        );
        let zh = format!("不能早于 {last}：此前该对象或两地之一尚未设立或另有隶属。");
        faults.unless(false, "on", text(en, zh));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_dated_between_what_went_before_and_today() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (on, earlier, is_right) in [
            ("2026-06-20", vec![], true),
            ("2026-06-20", vec!["2026-06-20", "2020-01-01"], true),
            ("2026-06-20", vec!["2026-06-21"], false),
            ("2026-06-23", vec![], false),
        ] {
            let mut faults = Faults::default();
            check_day(
                &mut faults,
                day(on),
                day("2026-06-22"),
                earlier.into_iter().map(day),
            );
            assert_eq!(faults.refuse().is_ok(), is_right, "{on}");
        }
    }

    #[test]
    fn a_reason_says_something() {
        assert!(reason(" 迁址 ").is_ok());
        assert!(reason("x").is_err());
        assert!(reason(&"长".repeat(201)).is_err());
    }
}
