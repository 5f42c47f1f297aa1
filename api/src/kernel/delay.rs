//! Waits that grow: who fails again and again is let try less and less often, and never shut out for good.
//!
//! They live in the memory of one process, as [`super::bucket`] does.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Keys kept; beyond them those that are forgiven are forgotten.
const KEPT: usize = 10_000;

/// How waits grow.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// So many failures cost nothing.
    pub free: u32,
    /// The first wait; each further failure doubles it.
    pub first: TimeDelta,
    /// The longest wait.
    pub longest: TimeDelta,
    /// After so long without a try all is forgiven.
    pub forgiven_after: TimeDelta,
}

impl Growth {
    /// The wait after so many failures.
    fn wait(self, failures: u32) -> TimeDelta {
        let Some(beyond) = failures.checked_sub(self.free) else {
            return TimeDelta::zero();
        };
        let wait = self.first.num_milliseconds().saturating_mul(1 << beyond.min(30));
        TimeDelta::milliseconds(wait).min(self.longest)
    }
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
    growth: Growth,
}

impl Failures {
    fn is_forgiven(self, now: DateTime<Utc>) -> bool {
        self.count == 0 || now >= self.last + self.growth.forgiven_after
    }
}

/// Failures by key.
#[derive(Default)]
pub struct Delays(Mutex<Known>);

#[derive(Default)]
struct Known {
    of: HashMap<String, Failures>,
    /// So many are worth a look for those that are forgiven, beyond what is kept anyway.
    swept_from: usize,
}

impl Delays {
    /// Counts a try as a failure, until it is taken back or forgiven.
    ///
    /// # Errors
    /// The seconds after which to try again, if it is too early; then nothing is counted.
    pub fn count(&self, key: String, growth: Growth, now: DateTime<Utc>) -> Result<(), u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.of.len() >= KEPT.max(all.swept_from) {
            all.of.retain(|_, failures| !failures.is_forgiven(now));
            all.swept_from = 2 * all.of.len();
        }
        let all = &mut all.of;
        let known = all.get(&key).filter(|failures| !failures.is_forgiven(now));
        let count = known.map_or(0, |failures| failures.count);
        let until = known.map_or(now, |failures| failures.last + growth.wait(count));
        if now < until {
            let millis = u64::try_from((until - now).num_milliseconds()).unwrap_or_default();
            return Err(millis.div_ceil(1_000).max(1));
        }
        let failures = Failures {
            count: count.saturating_add(1),
            last: now,
            growth,
        };
        all.insert(key, failures);
        Ok(())
    }

    /// Takes back one failure: the try was none.
    pub fn take_back(&self, key: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = all.of.get_mut(key) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    /// Forgives all failures.
    pub fn forgive(&self, key: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.of.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: Growth = Growth {
        free: 3,
        first: TimeDelta::seconds(6),
        longest: TimeDelta::seconds(20),
        forgiven_after: TimeDelta::seconds(100),
    };

    #[test]
    fn waits_grow_up_to_the_longest_and_are_forgiven_in_the_end() {
        let delays = Delays::default();
        let start: DateTime<Utc> = "2026-06-20T02:00:00Z".parse().unwrap();
        for (second, key, expected) in [
            (0, "a", Ok(())),
            (0, "a", Ok(())),
            (0, "a", Ok(())),
            (0, "a", Err(6)),
            (0, "b", Ok(())),
            (5, "a", Err(1)),
            (6, "a", Ok(())),
            (6, "a", Err(12)),
            (18, "a", Ok(())),
            (18, "a", Err(20)),
            (38, "a", Ok(())),
            (57, "a", Err(1)),
            (138, "a", Ok(())),
            (138, "a", Ok(())),
        ] {
            let now = start + TimeDelta::seconds(second);
            assert_eq!(
                delays.count(key.to_owned(), GROWTH, now),
                expected,
                "{key} {second}"
            );
        }
    }

    #[test]
    fn what_is_forgiven_is_forgotten_when_there_is_too_much() {
        let delays = Delays::default();
        let start: DateTime<Utc> = "2026-06-20T02:00:00Z".parse().unwrap();
        for key in 0..KEPT {
            assert_eq!(delays.count(key.to_string(), GROWTH, start), Ok(()));
        }
        let later = start + GROWTH.forgiven_after;
        assert_eq!(delays.count("one more".to_owned(), GROWTH, later), Ok(()));
        assert_eq!(delays.0.lock().unwrap().of.len(), 1);
    }

    #[test]
    fn a_try_can_be_taken_back_and_all_forgiven() {
        let delays = Delays::default();
        let start: DateTime<Utc> = "2026-06-20T02:00:00Z".parse().unwrap();
        let count = || delays.count("a".to_owned(), GROWTH, start);
        for _ in 0..9 {
            assert_eq!(count(), Ok(()));
            delays.take_back("a");
        }
        assert_eq!(
            [count(), count(), count(), count()],
            [Ok(()), Ok(()), Ok(()), Err(6)]
        );
        delays.forgive("a");
        assert_eq!(count(), Ok(()));
    }
}
