//! Time, ids and randomness as the tests want them: the same in every run.

use api::kernel::clock::Clock as Clocked;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// A clock that stands still until it is moved.
pub struct Clock {
    now: Mutex<DateTime<Utc>>,
    count: AtomicU64,
}

impl Clock {
    /// Stands at 10:00 on 20 June 2026 in China.
    pub fn new() -> Arc<Clock> {
        Arc::new(Clock::counting_from(1 << 32))
    }

    /// The clock of the template: its ids are none that a test will make.
    pub fn of_template() -> Arc<Clock> {
        Arc::new(Clock::counting_from(1))
    }

    fn counting_from(count: u64) -> Clock {
        Clock {
            now: Mutex::new("2026-06-20T02:00:00Z".parse().unwrap()),
            count: AtomicU64::new(count),
        }
    }

    /// Moves on.
    pub fn advance(&self, by: TimeDelta) {
        *self.now.lock().unwrap() += by;
    }

    /// Jumps to an instant.
    pub fn set(&self, instant: &str) {
        *self.now.lock().unwrap() = instant.parse().unwrap();
    }
}

impl Clocked for Clock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    fn id(&self) -> Uuid {
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap();
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let high = (millis << 16) | 0x7000;
        Uuid::from_u64_pair(high, (1 << 63) | count)
    }

    fn random(&self) -> [u8; 32] {
        // SplitMix64: looks random enough for a salt, and never comes twice.
        let mut state = self.count.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; 32];
        for part in bytes.chunks_exact_mut(8) {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            part.copy_from_slice(&(word ^ (word >> 31)).to_be_bytes());
        }
        bytes
    }
}
