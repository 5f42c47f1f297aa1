//! Decisions about enterprises.

use crate::kernel::error::{Error, Faults, Text, invalid, text};
use crate::scalars::{Decimal, micro_degrees};
use chrono::NaiveDate;
use entity::org::coverage;
use entity::org::enterprise::Model;

/// The most employees that are believed; beyond it somebody mistyped.
const EMPLOYEES_MAX: i32 = 2_000_000;

/// Whether the figures tell the two apart.
pub fn counts_otherwise(before: &Model, after: &Model) -> bool {
    let counted = |one: &Model| (one.status, one.ownership, one.employees);
    counted(before) != counted(after)
}

/// From which day the figures may show a change: an earlier one would leave the days until the last change with a sum of two
/// states.
pub fn check_change(day: NaiveDate, last: NaiveDate, today: NaiveDate) -> Result<(), Error> {
    if (last..=today).contains(&day) {
        return Ok(());
    }
    let en = format!("From {last}, the day of registration or of the last change that counts, to today.");
    let zh = format!("应在 {last}（登记日或上次计入统计的变更日）至今天之间。");
    Err(invalid("from", text(en, zh)))
}

/// Whether the coverages that have not ended by a day can end on it: the one that is open can, if it had begun.
pub fn check_end(coverages: &[coverage::Model], day: NaiveDate) -> Result<(), Error> {
    let is_open = |one: &coverage::Model| one.valid_to.is_none() && one.valid_from < day;
    if coverages.iter().all(is_open) {
        return Ok(());
    }
    let covered = text(
        "A trade union covers it on that day or later: end that coverage first, or choose a later day.",
        "该日及以后仍有工会覆盖该企业，请先终止覆盖或选择更晚的日期。",
    );
    Err(invalid("from", covered))
}

/// A name from 2 to 100 characters, trimmed.
pub fn name(raw: &str) -> Result<String, Text> {
    let name = raw.trim();
    if (2..=100).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(text(
            "From 2 to 100 characters.",
            "名称长度应为 2 至 100 个字符。",
        ))
    }
}

/// Section letter and two-digit division of the national industry classification (GB/T 4754), for example `C39`.
pub fn industry(raw: &str) -> Result<String, Text> {
    let code = raw.trim().to_ascii_uppercase();
    let mut characters = code.chars();
    let section = characters
        .next()
        .is_some_and(|letter| ('A'..='T').contains(&letter));
    let division: String = characters.collect();
    if section && division.len() == 2 && division.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(code)
    } else {
        Err(text(
            "A letter from A to T and two digits (GB/T 4754).",
            "应为 A 至 T 的字母加两位数字（GB/T 4754）。",
        ))
    }
}

/// A number of employees.
pub fn employees(count: i32) -> Result<i32, Text> {
    if (0..=EMPLOYEES_MAX).contains(&count) {
        Ok(count)
    } else {
        Err(text("From 0 to 2,000,000.", "职工人数应在 0 至 2000000 之间。"))
    }
}

/// A point in degrees (WGS-84) as millionths of a degree.
pub fn location(latitude: &Decimal, longitude: &Decimal) -> Result<(i32, i32), Text> {
    let point = micro_degrees(&latitude.0, 90).zip(micro_degrees(&longitude.0, 180));
    point.ok_or_else(|| text("Degrees: latitude up to 90, longitude up to 180.", "经纬度无效。"))
}

/// A day that is not in the future.
pub fn day(faults: &mut Faults, field: &'static str, day: NaiveDate, today: NaiveDate) {
    faults.unless(
        day <= today,
        field,
        text("Not in the future.", "日期不能晚于今天。"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_industries_have_a_section_and_a_division() {
        for (raw, expected) in [
            ("C39", Some("C39")),
            (" e47 ", Some("E47")),
            ("U01", None),
            ("C3", None),
            ("39", None),
            ("C399", None),
        ] {
            assert_eq!(industry(raw).ok().as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn nobody_employs_fewer_than_none() {
        assert!(employees(-1).is_err());
        assert!(employees(0).is_ok());
        assert!(employees(2_000_001).is_err());
    }

    #[test]
    fn a_place_is_on_the_globe() {
        let at =
            |latitude: &str, longitude: &str| location(&Decimal(latitude.into()), &Decimal(longitude.into()));
        assert_eq!(at("27.734219", "112.535"), Ok((27_734_219, 112_535_000)));
        assert!(at("90.1", "0").is_err());
        assert!(at("0", "181").is_err());
        assert!(at("north", "0").is_err());
    }
}
