//! How far a target is reached, and who is ahead of whom.

use crate::figures::rules::share;
use crate::kernel::ledger::Amount;
use crate::scalars::yuan;
use crate::targets::pace::rules::Share;
use std::cmp::Ordering;

/// How a target does beside what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Less than what is due.
    Behind,
    /// What is due, not yet all.
    OnPace,
    /// More than what is due, not yet all.
    OverPace,
    /// All.
    Fulfilled,
    /// More than all.
    OverFulfilled,
}

/// A part of a whole as a percent with two decimals, half up; none of nothing.
pub fn percent(part: i64, whole: i64) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    share(part, whole).map(yuan)
}

/// Compares what was reached with what is due by now: a share of the way from what there was to the target. Shares are
/// compared as they are shown, in hundredths of a percent.
pub fn standing(reached: i64, (opening, target): (i64, i64), due: Share) -> Standing {
    match reached.cmp(&target) {
        Ordering::Greater => return Standing::OverFulfilled,
        Ordering::Equal => return Standing::Fulfilled,
        Ordering::Less => {}
    }
    let (gone, way) = (reached.saturating_sub(opening), target.saturating_sub(opening));
    // Who may shrink and has shrunk by more than that is behind at once.
    let gone = share(gone, way).filter(|_| way > 0);
    match gone.cmp(&share(due.parts, due.of)) {
        Ordering::Less => Standing::Behind,
        Ordering::Equal => Standing::OnPace,
        Ordering::Greater => Standing::OverPace,
    }
}

/// What was reached of a target that is more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What was reached, and how exactly that is known.
    pub reached: Amount,
    /// Of what.
    pub target: i64,
}

impl Completion {
    /// Compares shares exactly, not as they are shown.
    pub fn compare(&self, other: &Completion) -> Ordering {
        let own = i128::from(self.reached.total()) * i128::from(other.target);
        own.cmp(&(i128::from(other.reached.total()) * i128::from(self.target)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::rules::ranked;
    use crate::kernel::ledger::Qualifier;

    #[test]
    fn percents_are_those_of_the_half_year_reports() {
        for (part, whole, shown) in [
            (38, 65, Some("58.46")),
            (3_581, 7_000, Some("51.16")),
            (3_105_500, 45_000_000, Some("6.90")),
            (131, 144, Some("90.97")),
            (65, 65, Some("100.00")),
            (130, 65, Some("200.00")),
            (0, 65, Some("0.00")),
            (1, 20_000, Some("0.01")),
            (1, 20_001, Some("0.00")),
            (-1, 8, Some("-12.50")),
            (-1, 800, Some("-0.12")),
            (0, 0, None),
            (7, 0, None),
            (i64::MAX, 1, None),
        ] {
            assert_eq!(percent(part, whole).as_deref(), shown, "{part}/{whole}");
        }
    }

    #[test]
    fn pace_is_the_share_of_the_way_as_it_is_shown() {
        use Standing::*;
        let half = Share { parts: 1, of: 2 };
        for (reached, opening, target, expected) in [
            (32, 0, 65, Behind),
            (33, 0, 65, OverPace),
            (64, 0, 65, OverPace),
            (33, 0, 66, OnPace),
            // 49.995 % is shown as 50.00, and 50.005 as 50.01.
            (9_999, 0, 20_000, OnPace),
            (4_999, 0, 10_000, Behind),
            (10_001, 0, 20_000, OverPace),
            (65, 0, 65, Fulfilled),
            (66, 0, 65, OverFulfilled),
            (0, 0, 0, Fulfilled),
            (1, 0, 0, OverFulfilled),
            (-1, 0, 0, Behind),
            // A stock: from 95 to 100.
            (97, 95, 100, Behind),
            (98, 95, 100, OverPace),
            (97, 94, 100, OnPace),
            (94, 95, 100, Behind),
            // It may shrink by so much.
            (95, 100, 90, OverFulfilled),
            (89, 100, 90, Behind),
        ] {
            assert_eq!(
                standing(reached, (opening, target), half),
                expected,
                "{reached} from {opening} to {target}"
            );
        }
    }

    #[test]
    fn shares_are_compared_exactly() {
        let shares = [(1, 3), (333, 1_000), (2, 6), (1, 2)].map(|(reached, target)| Completion {
            reached: Amount::of(reached, Qualifier::AtLeast),
            target,
        });
        let positions = ranked(shares.to_vec(), Completion::compare);
        let positions: Vec<_> = positions
            .iter()
            .map(|one| (one.who.target, one.position))
            .collect();
        assert_eq!(positions, [(2, 1), (3, 2), (6, 2), (1_000, 4)]);
    }
}
