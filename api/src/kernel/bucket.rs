//! Buckets of points that fill again with time: what a caller may still spend, and how often something may be tried.
//!
//! They live in the memory of one process: behind a balancer with several, each gives what the setting says.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Keys kept; beyond them those that are full again are forgotten.
const KEPT: usize = 10_000;

/// How large a bucket is and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The most that it holds.
    pub capacity: u64,
    /// Points that come back in `every_seconds`.
    pub refill: u64,
    /// Seconds in which they come back.
    pub every_seconds: u64,
}

/// Thousandths of points, and when they were counted.
#[derive(Clone, Copy)]
struct Level {
    milli: u64,
    at: DateTime<Utc>,
    rate: Rate,
}

impl Level {
    fn now(self, now: DateTime<Utc>) -> Level {
        let millis = u64::try_from((now - self.at).num_milliseconds()).unwrap_or(0);
        let back = self.rate.refill.saturating_mul(millis) / self.rate.every_seconds.max(1);
        let capacity = self.rate.capacity.saturating_mul(1_000);
        Level {
            milli: self.milli.saturating_add(back).min(capacity),
            at: self.at.max(now),
            rate: self.rate,
        }
    }

    fn is_full(self, now: DateTime<Utc>) -> bool {
        self.now(now).milli == self.rate.capacity.saturating_mul(1_000)
    }
}

/// A bucket for each key.
pub struct Buckets<K>(Mutex<Levels<K>>);

struct Levels<K> {
    of: HashMap<K, Level>,
    /// So many are worth a look for those that are full again.
    swept_from: usize,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Buckets(Mutex::new(Levels {
            of: HashMap::new(),
            swept_from: KEPT,
        }))
    }
}

impl<K: Hash + Eq> Buckets<K> {
    /// Takes points; what is left, or the seconds after which there will be enough.
    ///
    /// More than a bucket holds is never there: it takes all of a full one.
    ///
    /// # Errors
    /// If there is less; then nothing is taken.
    pub fn take(&self, key: K, rate: Rate, points: u64, now: DateTime<Utc>) -> Result<u64, u64> {
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if levels.of.len() >= levels.swept_from {
            levels.of.retain(|_, level| !level.is_full(now));
            levels.swept_from = KEPT.max(2 * levels.of.len());
        }
        let full = Level {
            milli: rate.capacity.saturating_mul(1_000),
            at: now,
            rate,
        };
        let level = levels.of.entry(key).or_insert(full);
        *level = Level {
            rate,
            ..level.now(now)
        };
        let wanted = points.min(rate.capacity).saturating_mul(1_000);
        match level.milli.checked_sub(wanted) {
            Some(left) => {
                level.milli = left;
                Ok(left / 1_000)
            }
            None => {
                let missing = (wanted - level.milli).saturating_mul(rate.every_seconds);
                Err(missing.div_ceil(rate.refill.max(1).saturating_mul(1_000)).max(1))
            }
        }
    }

    /// Puts back what was not used; what is there then.
    pub fn put_back(&self, key: &K, points: u64) -> u64 {
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(level) = levels.of.get_mut(key) else {
            return 0;
        };
        let capacity = level.rate.capacity.saturating_mul(1_000);
        level.milli = level
            .milli
            .saturating_add(points.saturating_mul(1_000))
            .min(capacity);
        level.milli / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const RATE: Rate = Rate {
        capacity: 10,
        refill: 2,
        every_seconds: 1,
    };

    #[test]
    fn points_are_spent_put_back_and_come_again_with_time() {
        let buckets = Buckets::default();
        let start: DateTime<Utc> = "2026-06-20T02:00:00Z".parse().unwrap();
        let after = |millis| start + TimeDelta::milliseconds(millis);

        assert_eq!(buckets.take("a", RATE, 7, start), Ok(3));
        assert_eq!(buckets.take("b", RATE, 10, start), Ok(0));
        assert_eq!(buckets.take("a", RATE, 7, start), Err(2));
        assert_eq!(buckets.take("a", RATE, 7, after(1_999)), Err(1));
        assert_eq!(buckets.take("a", RATE, 7, after(2_000)), Ok(0));
        assert_eq!(buckets.put_back(&"a", 4), 4);
        assert_eq!(buckets.take("a", RATE, 4, after(2_000)), Ok(0));
        assert_eq!(buckets.take("a", RATE, 99, after(6_000)), Err(1));
        assert_eq!(buckets.take("a", RATE, 99, after(7_000)), Ok(0));
        assert_eq!(buckets.put_back(&"a", 99), 10);
        assert_eq!(buckets.take("a", RATE, 1, start), Ok(9));
    }

    #[test]
    fn full_buckets_are_forgotten_when_there_are_too_many() {
        let buckets = Buckets::default();
        let start: DateTime<Utc> = "2026-06-20T02:00:00Z".parse().unwrap();
        for key in 0..KEPT {
            assert_eq!(buckets.take(key, RATE, 1, start), Ok(9));
        }
        assert_eq!(buckets.take(KEPT, RATE, 1, start + TimeDelta::seconds(1)), Ok(9));
        assert_eq!(buckets.0.lock().unwrap().of.len(), 1);
    }
}
