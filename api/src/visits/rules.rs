//! Decisions about visits.

use crate::kernel::error::{Error, Fault, Faults, conflict, text};
use chrono::{DateTime, TimeDelta, Utc};
use entity::visits::visit::Model;

/// Characters of the notes.
const NOTES_MAX: usize = 10_000;
/// Characters of a finding's description.
const DESCRIPTION_MAX: usize = 1_000;
/// Findings of a visit.
const FINDINGS_MAX: usize = 50;
/// How far a phone's clock may be ahead of ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(10);

/// Whether the caller saw the visit as it is.
pub fn check_version(visit: &Model, expected: i32) -> Result<(), Error> {
    if visit.version == expected {
        return Ok(());
    }
    let stale = text("Somebody corrected it meanwhile.", "该走访已被他人更正。");
    Err(conflict("expectedVersion", stale))
}

/// Whether the visit was not voided: what was is over.
pub fn check_stands(visit: &Model) -> Result<(), Error> {
    if visit.voided_at.is_none() {
        return Ok(());
    }
    Err(Error::Gone(Fault {
        field: "id".into(),
        text: text("The visit was voided.", "该走访已作废。"),
    }))
}

/// When a visit was: it has begun by now and ended after it began.
pub fn check_time(
    faults: &mut Faults,
    started: DateTime<Utc>,
    ended: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) {
    let begun = started <= now + CLOCK_SKEW;
    faults.unless(
        begun,
        "startedAt",
        text("Not in the future.", "开始时间不能晚于现在。"),
    );
    let in_order = ended.is_none_or(|ended| ended >= started);
    faults.unless(
        in_order,
        "endedAt",
        text("Not before the beginning.", "结束时间不能早于开始时间。"),
    );
    let over = ended.is_none_or(|ended| ended <= now + CLOCK_SKEW);
    faults.unless(
        over,
        "endedAt",
        text("Not in the future.", "结束时间不能晚于现在。"),
    );
}

/// The notes: at most 10,000 characters.
pub fn check_notes(faults: &mut Faults, notes: &str) {
    let short = notes.chars().count() <= NOTES_MAX;
    faults.unless(
        short,
        "notes",
        text("At most 10,000 characters.", "备注最多 10000 个字符。"),
    );
}

/// The findings: at most 50, each described in 1 to 1,000 characters.
pub fn check_findings<'a>(faults: &mut Faults, descriptions: impl ExactSizeIterator<Item = &'a str>) {
    let few = descriptions.len() <= FINDINGS_MAX;
    faults.unless(few, "findings", text("At most 50 findings.", "问题最多 50 条。"));
    for (index, description) in descriptions.enumerate() {
        let good = (1..=DESCRIPTION_MAX).contains(&description.trim().chars().count());
        let rule = text("From 1 to 1,000 characters.", "问题描述应为 1 至 1000 个字符。");
        faults.unless(good, format!("findings.{index}.description"), rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_has_begun_and_ends_after_it_began() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-06-20T10:00:00Z");
        for (started, ended, good) in [
            ("2026-06-20T09:00:00Z", Some("2026-06-20T09:40:00Z"), true),
            ("2026-06-20T09:00:00Z", None, true),
            ("2026-06-20T10:09:00Z", None, true),
            ("2026-06-20T10:11:00Z", None, false),
            ("2026-06-20T09:00:00Z", Some("2026-06-20T08:59:59Z"), false),
            ("2026-06-20T09:00:00Z", Some("2026-06-21T09:00:00Z"), false),
        ] {
            let mut faults = Faults::default();
            check_time(&mut faults, at(started), ended.map(at), now);
            assert_eq!(faults.refuse().is_ok(), good, "{started} {ended:?}");
        }
    }

    #[test]
    fn a_finding_says_what() {
        let mut faults = Faults::default();
        check_findings(&mut faults, ["灭火器过期", "  "].into_iter());
        assert!(faults.refuse().is_err());
    }
}
