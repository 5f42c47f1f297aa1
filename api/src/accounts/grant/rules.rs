//! Decisions about grants.

use crate::kernel::error::{Faults, Text, text};
use crate::policy::Role;
use chrono::{Days, NaiveDate};

/// Days after which the end of a grant lies at the latest: who still needs it is asked once a year.
const DAYS_MAX: u64 = 366;
/// Grants of an account in force or to come.
pub const GRANTS_MAX: usize = 20;

/// First day, and first day on which it no longer holds; none if there is no such day.
pub type Period = (NaiveDate, Option<NaiveDate>);

/// The period of a new grant: it begins today or later, and ends within 366 days.
pub fn period(
    faults: &mut Faults,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    today: NaiveDate,
) -> Period {
    let latest = today.checked_add_days(Days::new(DAYS_MAX)).unwrap_or(today);
    let (from, to) = (from.unwrap_or(today), to.unwrap_or(latest));
    faults.unless(from >= today, "from", text("Not in the past.", "不能早于今天。"));
    let in_order = from < to && to <= latest;
    faults.unless(
        in_order,
        "to",
        text(
            format!("After the first day, and at most {DAYS_MAX} days away."),
            format!("应晚于起始日，且距今不超过 {DAYS_MAX} 天。"),
        ),
    );
    (from, Some(to))
}

/// Whether two periods have a day in common.
pub fn overlap(a: Period, b: Period) -> bool {
    let begins_before_end = |from: NaiveDate, to: Option<NaiveDate>| to.is_none_or(|to| from < to);
    begins_before_end(a.0, b.1) && begins_before_end(b.0, a.1)
}

/// What an account that is to get a role holds already.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Which.
    pub role: Role,
    /// At the place of the new one.
    pub is_same_place: bool,
    /// When.
    pub period: Period,
}

/// Whether an account may get a role for a time beside what it holds: an administrator is nothing else at any time
/// (三员分立), and nothing is given twice.
pub fn may_get(role: Role, period: Period, held: &[Held]) -> Result<(), Text> {
    let mut meanwhile = held.iter().filter(|held| overlap(held.period, period));
    if meanwhile.clone().any(|held| !held.role.may_stand_beside(role)) {
        return Err(text(
            "An administrator holds no other role at the same time.",
            "管理员（三员）不得同时兼任其他角色。",
        ));
    }
    if meanwhile.any(|held| held.role == role && held.is_same_place) {
        return Err(text(
            "It holds this role there already in these days.",
            "该账号在此期间已持有该处的此角色。",
        ));
    }
    Ok(())
}

/// Whether whoever reaches a place may give or end a role there: an administrator's only from above it.
pub fn is_in_reach(role: Role, is_inside: bool, is_below_its_top: bool) -> bool {
    if role.is_administrator() {
        is_below_its_top
    } else {
        is_inside
    }
}

/// Whether an account may hold a role: one that works only with a second factor is for whoever has one. Before, the code
/// of an invitation alone would open it, and whoever gave out the code has seen it.
pub fn may_hold(is_guarded: bool, has_otp: bool) -> Result<(), Text> {
    if has_otp || !is_guarded {
        return Ok(());
    }
    Err(text(
        "The role needs a second factor: its holder sets one up first.",
        "该角色须双因素鉴别：请先由本人启用动态口令。",
    ))
}

/// The end that is given to a grant: today or later, not before it began, never later than it was. None said is today.
pub fn end(period: Period, to: Option<NaiveDate>, today: NaiveDate) -> Result<NaiveDate, Text> {
    let soonest = today.max(period.0);
    let to = to.unwrap_or(soonest);
    if to < soonest {
        return Err(text(
            "Not before today or its first day.",
            "不能早于今天或起始日。",
        ));
    }
    if period.1.is_some_and(|before| to > before) {
        return Err(text("It ends earlier already.", "该授权原定的终止日更早。"));
    }
    Ok(to)
}

/// Why somebody takes a role at the superior: 10 to 500 characters.
pub fn check_elevation(faults: &mut Faults, reason: &str) {
    let said = (10..=500).contains(&reason.trim().chars().count());
    faults.unless(
        said,
        "reason",
        text("From 10 to 500 characters.", "原因应为 10 至 500 个字符。"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(from: &str, to: &str) -> Period {
        (day(from), (!to.is_empty()).then(|| day(to)))
    }

    #[test]
    fn a_grant_begins_today_or_later_and_ends_within_a_year() {
        let today = day("2026-06-20");
        for (from, to, found) in [
            ("", "", Some(("2026-06-20", "2027-06-21"))),
            ("2026-06-20", "2026-06-21", Some(("2026-06-20", "2026-06-21"))),
            ("2026-07-01", "", Some(("2026-07-01", "2027-06-21"))),
            ("", "2027-06-21", Some(("2026-06-20", "2027-06-21"))),
            ("", "2027-06-22", None),
            ("2026-06-19", "", None),
            ("2026-07-01", "2026-07-01", None),
            ("2026-07-02", "2026-07-01", None),
            ("2028-01-01", "", None),
        ] {
            let mut faults = Faults::default();
            let said = |text: &str| (!text.is_empty()).then(|| day(text));
            let period = period(&mut faults, said(from), said(to), today);
            match found {
                Some((from, to)) => {
                    assert!(faults.refuse().is_ok());
                    assert_eq!(period, days(from, to));
                }
                None => assert!(faults.refuse().is_err(), "{from} {to}"),
            }
        }
    }

    #[test]
    fn administrators_hold_nothing_else_and_nothing_is_given_twice() {
        use Role::*;
        let june = days("2026-06-01", "2026-07-01");
        let july = days("2026-07-01", "2026-08-01");
        let ever = days("2026-01-01", "");
        for (role, period, held, is_same_place, held_period, good) in [
            (Cadre, june, Leader, true, june, true),
            (Cadre, june, Cadre, false, june, true),
            (Cadre, june, Cadre, true, june, false),
            (Cadre, june, Cadre, true, july, true),
            (Cadre, june, Cadre, true, ever, false),
            (
                SystemAdministrator,
                june,
                SecurityAdministrator,
                false,
                june,
                false,
            ),
            (SecurityAdministrator, june, AuditAdministrator, true, ever, false),
            (AuditAdministrator, june, SystemAdministrator, true, july, true),
            (SystemAdministrator, june, SystemAdministrator, false, june, true),
            (SystemAdministrator, june, SystemAdministrator, true, june, false),
            (AuditAdministrator, june, Auditor, false, june, false),
            (Finance, june, SystemAdministrator, false, june, false),
            (TaxBureau, june, Reporting, true, june, true),
        ] {
            let held = Held {
                role: held,
                is_same_place,
                period: held_period,
            };
            assert_eq!(may_get(role, period, &[held]).is_ok(), good, "{role:?} {held:?}");
        }
    }

    #[test]
    fn administrators_come_only_from_above() {
        for (role, is_inside, is_below_its_top, reached) in [
            (Role::Cadre, true, false, true),
            (Role::Cadre, false, false, false),
            (Role::TaxBureau, true, false, true),
            (Role::SystemAdministrator, true, false, false),
            (Role::SecurityAdministrator, true, true, true),
            (Role::AuditAdministrator, false, false, false),
        ] {
            assert_eq!(
                is_in_reach(role, is_inside, is_below_its_top),
                reached,
                "{role:?}"
            );
        }
    }

    #[test]
    fn an_end_only_comes_nearer_and_never_lies_in_the_past() {
        let today = day("2026-06-20");
        for (period, to, found) in [
            (days("2026-01-01", "2026-12-31"), "", Some("2026-06-20")),
            (days("2026-01-01", ""), "2026-07-01", Some("2026-07-01")),
            (days("2026-01-01", "2026-12-31"), "2026-06-19", None),
            (days("2026-01-01", "2026-07-01"), "2026-07-02", None),
            (days("2026-07-01", "2026-12-31"), "", Some("2026-07-01")),
            (days("2026-07-01", "2026-12-31"), "2026-06-25", None),
        ] {
            let said = (!to.is_empty()).then(|| day(to));
            assert_eq!(end(period, said, today).ok(), found.map(day), "{period:?} {to}");
        }
    }
}
