//! How long a purpose keeps data, which basis it needs, and until when a person's data may be kept.

use crate::kernel::error::{Faults, Text, text};
use chrono::{Days, NaiveDate};
use entity::people::basis::{LegalBasis, Model, Purpose};

/// Bases that one person may have.
pub const BASES_MAX: usize = 100;

/// Days that data stays after the last basis of a purpose ended. DER: as long as claims about the work may be made.
pub fn retention_days(purpose: Purpose) -> u64 {
    match purpose {
        // 会籍档案: until the union has answered for a term (三年).
        Purpose::Membership => 1_095,
        // 帮扶资金: as long as its accounts are audited (五年).
        Purpose::Aid | Purpose::MutualAid => 1_825,
        // 诉讼时效三年 (民法典 第一百八十八条).
        Purpose::LegalAid => 1_095,
        Purpose::Activity => 180,
    }
}

/// Whether data of a purpose is sensitive (PIPL 第二十八条): health and the household's money.
pub fn is_sensitive(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Aid | Purpose::MutualAid => true,
        Purpose::Membership | Purpose::LegalAid | Purpose::Activity => false,
    }
}

/// Whether a basis is enough for a purpose (PIPL 第二十九条).
pub fn is_enough(purpose: Purpose, basis: LegalBasis) -> Result<(), Text> {
    let is_strong = matches!(basis, LegalBasis::SeparateConsent | LegalBasis::StatutoryDuty);
    if is_strong || !is_sensitive(purpose) {
        Ok(())
    } else {
        Err(text(
            "This purpose is sensitive: it needs separate consent or a statutory duty.",
            "该目的涉及敏感个人信息，须取得单独同意或依据法定职责。",
        ))
    }
}

/// Whether a basis is consent, which can be withdrawn.
pub fn is_consent(basis: LegalBasis) -> bool {
    matches!(basis, LegalBasis::Consent | LegalBasis::SeparateConsent)
}

/// Checks from when to when a basis holds.
pub fn check_period(
    faults: &mut Faults,
    field: &str,
    from: NaiveDate,
    to: Option<NaiveDate>,
    today: NaiveDate,
) {
    faults.unless(
        from <= today,
        format!("{field}from"),
        text("Not in the future.", "日期不能晚于今天。"),
    );
    let ends_later = to.is_none_or(|to| to > from);
    faults.unless(
        ends_later,
        format!("{field}to"),
        text("After the first day.", "应晚于起始日。"),
    );
}

/// The version of a notice: 1 to 30 characters.
pub fn notice_version(raw: &str) -> Result<String, Text> {
    let version = raw.trim();
    let good = |c: char| c.is_ascii_alphanumeric() || ['.', '-', '_'].contains(&c);
    if (1..=30).contains(&version.len()) && version.chars().all(good) {
        Ok(version.to_owned())
    } else {
        Err(text(
            "From 1 to 30 letters, digits, dots and dashes.",
            "版本号应为 1 至 30 位字母、数字、点或横线。",
        ))
    }
}

/// Whether a basis is in force on a day.
pub fn is_in_force(basis: &Model, day: NaiveDate) -> bool {
    basis.valid_from <= day && basis.valid_to.is_none_or(|to| day < to)
}

/// The first day on which nothing allows keeping a person's data any more: the longest retention after the end of a
/// basis. None while one has no end. Consent for activities that ended on 1 June keeps until 28 November.
pub fn keep_until<'a>(bases: impl IntoIterator<Item = &'a Model>) -> Option<NaiveDate> {
    let mut latest = None;
    for basis in bases {
        let kept = basis
            .valid_to?
            .checked_add_days(Days::new(retention_days(basis.purpose)))?;
        latest = latest.max(Some(kept));
    }
    latest
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn basis(purpose: Purpose, from: &str, to: Option<&str>) -> Model {
        Model {
            id: Uuid::nil().into(),
            person_id: Uuid::nil().into(),
            purpose,
            basis: LegalBasis::Consent,
            notice_version: "1".into(),
            valid_from: day(from),
            valid_to: to.map(day),
            recorded_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_sensitive_purpose_needs_more_than_consent() {
        use LegalBasis::*;
        for (purpose, kind, good) in [
            (Purpose::Membership, Consent, true),
            (Purpose::Membership, Contract, true),
            (Purpose::Aid, Consent, false),
            (Purpose::Aid, Contract, false),
            (Purpose::Aid, Emergency, false),
            (Purpose::Aid, SeparateConsent, true),
            (Purpose::MutualAid, StatutoryDuty, true),
        ] {
            assert_eq!(is_enough(purpose, kind).is_ok(), good, "{purpose:?} {kind:?}");
        }
    }

    #[test]
    fn a_basis_holds_from_its_first_day_until_the_day_it_ended() {
        let held = basis(Purpose::Membership, "2026-01-01", Some("2026-06-01"));
        for (on, holds) in [
            ("2025-12-31", false),
            ("2026-01-01", true),
            ("2026-05-31", true),
            ("2026-06-01", false),
        ] {
            assert_eq!(is_in_force(&held, day(on)), holds, "{on}");
        }
        assert!(is_in_force(
            &basis(Purpose::Membership, "2026-01-01", None),
            day("2099-01-01")
        ));
    }

    #[test]
    fn data_is_kept_for_the_longest_retention_after_the_last_basis() {
        let ended = |purpose, to| basis(purpose, "2020-01-01", Some(to));
        for (bases, expected) in [
            (vec![ended(Purpose::Activity, "2026-06-01")], Some("2026-11-28")),
            (
                vec![
                    ended(Purpose::Activity, "2026-06-01"),
                    ended(Purpose::Membership, "2024-06-01"),
                ],
                Some("2027-06-01"),
            ),
            (
                vec![
                    ended(Purpose::Activity, "2026-06-01"),
                    basis(Purpose::Membership, "2024-06-01", None),
                ],
                None,
            ),
            (vec![], None),
        ] {
            assert_eq!(keep_until(&bases), expected.map(day), "{bases:?}");
        }
    }

    #[test]
    fn periods_and_versions_are_checked() {
        for (from, to, good) in [
            ("2026-06-20", None, true),
            ("2026-06-21", None, false),
            ("2026-06-01", Some("2026-06-01"), false),
            ("2026-06-01", Some("2030-06-01"), true),
        ] {
            let mut faults = Faults::default();
            check_period(&mut faults, "", day(from), to.map(day), day("2026-06-20"));
            assert_eq!(faults.refuse().is_ok(), good, "{from} {to:?}");
        }
        assert_eq!(notice_version(" 2026-03 ").ok().as_deref(), Some("2026-03"));
        assert!(notice_version("王小明").is_err());
    }
}
