//! What may be asked of a federation, and how a target is amended.

use crate::figures::parts::rules::check_part;
use crate::kernel::error::{Faults, Text, text};
use crate::kernel::ledger::{Amount, Period, Sums, Wanted};
use crate::metrics::{Entry, MetricId, Nature, Unit};
use crate::scalars::{fixed_point, yuan};
use chrono::{Datelike, NaiveDate};
use entity::id::FederationId;
use entity::targets::{amendment, target};

/// The most that a target may be, in the metric's unit or in fen: thousands of them still add up.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
/// The most amendments of one target.
pub const AMENDMENTS_MAX: usize = 50;
/// The first year that has targets.
const FIRST_YEAR: i32 = 2000;

/// What is asked for, of whomever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Goal {
    /// What is counted.
    pub metric: MetricId,
    /// Empty for the whole, `AXIS:VALUE` for a part.
    pub dimension: String,
    /// When.
    pub year: i32,
}

impl Goal {
    /// What a target asks for; none if the catalogue has lost its metric.
    pub fn of(target: &target::Model) -> Option<Goal> {
        Some(Goal {
            metric: MetricId::coded(&target.metric)?,
            dimension: target.dimension.clone(),
            year: target.year,
        })
    }

    /// The day of the year nearest to a day.
    pub fn day_within(&self, day: NaiveDate) -> NaiveDate {
        let first = NaiveDate::from_ymd_opt(self.year, 1, 1).unwrap_or(day);
        let last = NaiveDate::from_ymd_opt(self.year, 12, 31).unwrap_or(day);
        day.clamp(first, last)
    }

    /// The figure that says how much a federation has reached by a day of the year.
    pub fn reached(&self, federation_id: FederationId, day: NaiveDate) -> Wanted {
        let is_flow = self.metric.entry().nature == Nature::Flow;
        let from = is_flow
            .then(|| NaiveDate::from_ymd_opt(self.year, 1, 1))
            .flatten();
        self.figure(federation_id, Period { from, to: day })
    }

    /// The figure that says what there was before the year began; none of a flow, which begins at nothing.
    pub fn opening(&self, federation_id: FederationId) -> Option<Wanted> {
        let to = NaiveDate::from_ymd_opt(self.year - 1, 12, 31)?;
        let is_stock = self.metric.entry().nature == Nature::Stock;
        is_stock.then(|| self.figure(federation_id, Period { from: None, to }))
    }

    fn figure(&self, federation_id: FederationId, period: Period) -> Wanted {
        let named = self.dimension.split_once(':').map(|(axis, _)| axis);
        let mut axes = self.metric.entry().axes.iter().copied();
        Wanted {
            federation_id,
            metric: self.metric,
            axis: axes.find(|axis| Some(*axis) == named),
            period,
        }
    }

    /// What the answer to one of these figures says.
    pub fn amount(&self, sums: &Sums) -> Amount {
        let own = sums.iter().filter(|(value, _)| *value == self.dimension);
        own.map(|(_, amount)| *amount).sum()
    }
}

/// The metric of a code.
pub fn metric(code: &str) -> Result<MetricId, Text> {
    MetricId::coded(code).ok_or_else(|| {
        text(
            format!("No metric has the code {code}."),
            format!("没有代码为 {code} 的指标。"),
        )
    })
}

/// The part that is asked for, as the ledger names it; empty for the whole.
pub fn dimension(entry: &Entry, asked: Option<&str>) -> Result<String, Text> {
    let Some(asked) = asked else {
        return Ok(String::new());
    };
    check_part(entry, asked)?;
    Ok(asked.to_owned())
}

/// Whether a year may have targets: up to the next one.
pub fn check_year(year: i32, today: NaiveDate) -> Result<(), Text> {
    let next = today.year() + 1;
    if (FIRST_YEAR..=next).contains(&year) {
        return Ok(());
    }
    Err(text(
        format!("From {FIRST_YEAR} to {next}."),
        format!("年度应在 {FIRST_YEAR} 至 {next} 之间。"),
    ))
}

/// An amount as the ledger counts it: fen for yuan, whole numbers for anything else.
pub fn amount(written: &str, unit: Unit) -> Result<i64, Text> {
    let places = if unit == Unit::Yuan { 2 } else { 0 };
    let amount = fixed_point(written, places, false);
    amount
        .filter(|amount| (0..=AMOUNT_MAX).contains(amount))
        .ok_or_else(|| {
            text(
                "A number from 0, whole, or of yuan with at most two decimals.",
                "应为非负整数；金额最多两位小数。",
            )
        })
}

/// The other way round.
pub fn written(amount: i64, unit: Unit) -> String {
    match unit {
        Unit::Yuan => yuan(amount),
        _ => amount.to_string(),
    }
}

/// What a target is on a day; its amendments come in their order.
pub fn in_force(issued: i64, amendments: &[amendment::Model], day: NaiveDate) -> i64 {
    let begun = amendments.iter().rfind(|amendment| amendment.effective_on <= day);
    begun.map_or(issued, |amendment| amendment.amount)
}

/// Judges an amendment beside those before it.
pub fn check_amendment(
    faults: &mut Faults,
    target: &target::Model,
    before: &[amendment::Model],
    amended: &amendment::Model,
    today: NaiveDate,
) {
    let day = amended.effective_on;
    let in_year = text(
        "A day of the target's year, not in the future.",
        "应为目标年度内且不晚于今天的日期。",
    );
    faults.unless(day.year() == target.year && day <= today, "effectiveOn", in_year);
    let last = before.last();
    let in_order = text("Not before the last amendment.", "不能早于上一次调整的日期。");
    faults.unless(
        last.is_none_or(|last| last.effective_on <= day),
        "effectiveOn",
        in_order,
    );
    let differs = last.map_or(target.amount, |last| last.amount) != amended.amount;
    faults.unless(differs, "amount", text("It is that already.", "与现行目标一致。"));
    faults.unless(
        before.len() < AMENDMENTS_MAX,
        "id",
        text("At most 50 amendments.", "最多调整 50 次。"),
    );
}

/// Judges a responsibility letter.
pub fn check_letter(
    faults: &mut Faults,
    year: i32,
    (signed_on, today): (NaiveDate, NaiveDate),
    signers: &str,
) {
    let is_due = (year - 1..=year).contains(&signed_on.year()) && signed_on <= today;
    let on = text(
        "A day of the target's year or the year before, not in the future.",
        "应为目标年度或上一年度内且不晚于今天的日期。",
    );
    faults.unless(is_due, "signedOn", on);
    faults.unless(
        (1..=100).contains(&signers.chars().count()),
        "signers",
        text("From 1 to 100 characters.", "长度应为 1 至 100 个字符。"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};
    use entity::id::{AccountId, TargetAmendmentId, TargetId};
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn target() -> target::Model {
        let id = FederationId(Uuid::nil());
        target::Model {
            id: TargetId(Uuid::nil()),
            issuer_id: id,
            metric: "visits".to_owned(),
            dimension: String::new(),
            year: 2026,
            amount: 65,
            signed_on: None,
            signers: None,
            closed_on: None,
            version: 1,
            issued_by: AccountId(Uuid::nil()),
            issued_at: DateTime::<Utc>::UNIX_EPOCH,
            federation_id: id,
            path: String::new(),
            county_id: id,
        }
    }

    fn amendment(amount: i64, effective_on: &str) -> amendment::Model {
        amendment::Model {
            id: TargetAmendmentId(Uuid::nil()),
            target_id: TargetId(Uuid::nil()),
            position: 1,
            amount,
            effective_on: day(effective_on),
            reason: "市总工会年中追加任务".to_owned(),
            amended_by: AccountId(Uuid::nil()),
            amended_at: DateTime::<Utc>::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_amendment_holds_from_its_day_on_and_the_last_of_a_day_wins() {
        let amendments = [
            amendment(70, "2026-03-01"),
            amendment(80, "2026-05-01"),
            amendment(75, "2026-05-01"),
        ];
        for (on, expected) in [
            ("2026-02-28", 65),
            ("2026-03-01", 70),
            ("2026-04-30", 70),
            ("2026-05-01", 75),
            ("2026-12-31", 75),
        ] {
            assert_eq!(in_force(65, &amendments, day(on)), expected, "{on}");
        }
    }

    #[test]
    fn an_amendment_has_a_day_of_its_year_in_order_and_changes_something() {
        let before = [amendment(70, "2026-03-01")];
        let many: Vec<_> = (0..AMENDMENTS_MAX).map(|_| before[0].clone()).collect();
        for (before, amended, accepted) in [
            (&before[..], amendment(80, "2026-03-01"), true),
            (&before, amendment(60, "2026-06-20"), true),
            (&before, amendment(80, "2026-06-21"), false),
            (&before, amendment(80, "2025-12-31"), false),
            (&before, amendment(80, "2026-02-28"), false),
            (&before, amendment(70, "2026-06-20"), false),
            (&[], amendment(65, "2026-06-20"), false),
            (&many, amendment(80, "2026-06-20"), false),
        ] {
            let mut faults = Faults::default();
            check_amendment(&mut faults, &target(), before, &amended, day("2026-06-20"));
            assert_eq!(faults.refuse().is_ok(), accepted, "{amended:?}");
        }
    }

    #[test]
    fn amounts_are_whole_or_fen() {
        for (written_so, unit, expected) in [
            ("65", Unit::TradeUnion, Some(65)),
            ("0", Unit::Person, Some(0)),
            ("65.5", Unit::TradeUnion, None),
            ("65.00", Unit::TradeUnion, Some(65)),
            ("450000", Unit::Yuan, Some(45_000_000)),
            ("450000.01", Unit::Yuan, Some(45_000_001)),
            ("450000.001", Unit::Yuan, None),
            ("-1", Unit::Yuan, None),
            ("10000000000000.01", Unit::Yuan, None),
            ("many", Unit::Person, None),
        ] {
            assert_eq!(amount(written_so, unit).ok(), expected, "{written_so}");
        }
        assert_eq!(written(45_000_001, Unit::Yuan), "450000.01");
        assert_eq!(written(65, Unit::TradeUnion), "65");
    }

    #[test]
    fn a_part_is_of_an_axis_of_the_metric() {
        let entry = MetricId::coded("visits").unwrap().entry();
        for (asked, accepted) in [
            (None, true),
            (Some("PURPOSE:SAFETY"), true),
            (Some("SEVERITY:MAJOR"), false),
            (Some("PURPOSE:"), false),
            (Some("PURPOSE"), false),
            (Some("PURPOSE:A:B"), false),
            (Some(""), false),
        ] {
            assert_eq!(dimension(entry, asked).is_ok(), accepted, "{asked:?}");
        }
    }

    #[test]
    fn a_flow_is_reached_from_new_year_and_a_stock_from_what_there_was() {
        let goal = |code: &str| Goal {
            metric: MetricId::coded(code).unwrap(),
            dimension: String::new(),
            year: 2026,
        };
        let id = FederationId(Uuid::nil());
        let (flow, stock) = (goal("visits"), goal("trade_unions"));
        assert_eq!(
            flow.reached(id, day("2026-06-20")).period.from,
            Some(day("2026-01-01"))
        );
        assert_eq!(stock.reached(id, day("2026-06-20")).period.from, None);
        assert_eq!(flow.opening(id), None);
        assert_eq!(stock.opening(id).unwrap().period.to, day("2025-12-31"));
        assert_eq!(flow.day_within(day("2027-02-01")), day("2026-12-31"));
        assert_eq!(flow.day_within(day("2025-02-01")), day("2026-01-01"));
    }
}
