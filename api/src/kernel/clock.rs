//! Time, ids and randomness: the outside world as data, so that tests control it.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SubsecRound, TimeDelta, Timelike, Utc};
use uuid::Uuid;

/// Where time, ids and randomness come from.
pub trait Clock: Send + Sync {
    /// This instant, in whole microseconds: what both databases keep.
    fn now(&self) -> DateTime<Utc>;
    /// A new id, UUIDv7.
    fn id(&self) -> Uuid;
    /// Bytes that nobody can guess.
    fn random(&self) -> [u8; 32];
}

/// The real world.
#[derive(Debug, Default)]
pub struct SystemClock;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the real world comes in"
)]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn random(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        #[expect(clippy::expect_used, reason = "without randomness no secret may be made")]
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        bytes
    }
}

/// The day it is in China at an instant: every date of the business is Asia/Shanghai (UTC+8, no summer time).
pub fn day_of(instant: DateTime<Utc>) -> NaiveDate {
    match FixedOffset::east_opt(8 * 3600) {
        Some(shanghai) => instant.with_timezone(&shanghai).date_naive(),
        None => instant.date_naive(),
    }
}

/// What clocks show in China at an instant, to the minute.
pub fn clock_time(instant: DateTime<Utc>) -> String {
    let shown = instant + TimeDelta::hours(8);
    shown.format("%Y-%m-%d %H:%M").to_string()
}

/// The instant at which a day begins in China.
pub fn begins(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
}

/// Seconds until the day in China is over; at least one.
pub fn seconds_of_day_left(instant: DateTime<Utc>) -> u64 {
    let in_day = (instant + TimeDelta::hours(8)).num_seconds_from_midnight();
    u64::from(86_400_u32.saturating_sub(in_day).max(1))
}
