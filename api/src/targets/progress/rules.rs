//! How far a target is reached, and who is ahead of whom.

use crate::figures::rules::share;
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

/// Compares what was reached with what is due by now: a share of the way from what there was to the target.
pub fn standing(reached: i64, (opening, target): (i64, i64), due: Share) -> Standing {
    let gone = (i128::from(reached) - i128::from(opening)) * i128::from(due.of);
    let asked = (i128::from(target) - i128::from(opening)) * i128::from(due.parts);
    match reached.cmp(&target) {
        Ordering::Greater => Standing::OverFulfilled,
        Ordering::Equal => Standing::Fulfilled,
        Ordering::Less if gone >= asked => Standing::OnPace,
        Ordering::Less => Standing::Behind,
    }
}

/// Somebody in a ranking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked<T> {
    /// Who.
    pub who: T,
    /// From 1; those who are level share it, and whoever follows them has as many before.
    pub position: usize,
    /// Whether others share it.
    pub is_tied: bool,
}

/// Puts all in order, the greatest first; those who are level stay in the order in which they came.
pub fn ranked<T>(mut all: Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<Ranked<T>> {
    all.sort_by(|one, other| compare(other, one));
    let mut ranking: Vec<Ranked<T>> = Vec::with_capacity(all.len());
    for who in all {
        let next = ranking.len() + 1;
        let level = ranking
            .last_mut()
            .filter(|last| compare(&last.who, &who) == Ordering::Equal);
        let is_tied = level.is_some();
        let position = level.map_or(next, |last| {
            last.is_tied = true;
            last.position
        });
        ranking.push(Ranked {
            who,
            position,
            is_tied,
        });
    }
    ranking
}

/// What was reached of a target that is more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What was reached.
    pub reached: i64,
    /// Of what.
    pub target: i64,
}

impl Completion {
    /// Compares shares exactly, not as they are shown.
    pub fn compare(&self, other: &Completion) -> Ordering {
        let own = i128::from(self.reached) * i128::from(other.target);
        own.cmp(&(i128::from(other.reached) * i128::from(self.target)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (i64::MAX, 1, Some("922337203685477580700.00")),
        ] {
            assert_eq!(percent(part, whole).as_deref(), shown, "{part}/{whole}");
        }
    }

    #[test]
    fn pace_is_the_share_of_the_way() {
        use Standing::*;
        let half = Share { parts: 1, of: 2 };
        for (reached, opening, target, expected) in [
            (32, 0, 65, Behind),
            (33, 0, 65, OnPace),
            (64, 0, 65, OnPace),
            (65, 0, 65, Fulfilled),
            (66, 0, 65, OverFulfilled),
            (0, 0, 0, Fulfilled),
            (1, 0, 0, OverFulfilled),
            (-1, 0, 0, Behind),
            // A stock: from 95 to 100.
            (97, 95, 100, Behind),
            (98, 95, 100, OnPace),
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
    fn those_who_are_level_share_a_position() {
        let of = |numbers: &[i64]| -> Vec<(i64, usize, bool)> {
            let ranking = ranked(numbers.to_vec(), Ord::cmp);
            ranking
                .iter()
                .map(|one| (one.who, one.position, one.is_tied))
                .collect()
        };
        assert_eq!(
            of(&[5, 9, 7, 7]),
            [(9, 1, false), (7, 2, true), (7, 2, true), (5, 4, false)]
        );
        assert_eq!(of(&[1, 1, 1]), [(1, 1, true), (1, 1, true), (1, 1, true)]);
        assert_eq!(of(&[]), []);
        let shares =
            [(1, 3), (333, 1_000), (2, 6), (1, 2)].map(|(reached, target)| Completion { reached, target });
        let positions = ranked(shares.to_vec(), Completion::compare);
        let positions: Vec<_> = positions
            .iter()
            .map(|one| (one.who.target, one.position))
            .collect();
        assert_eq!(positions, [(2, 1), (3, 2), (6, 2), (1_000, 4)]);
    }
}
