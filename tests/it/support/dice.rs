//! Chance that is the same in every run.

use chrono::{Days, NaiveDate};

/// Numbers that look random and are the same in every run of a seed (Knuth's MMIX constants).
pub struct Dice(pub u64);

impl Dice {
    /// A number below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// A day of a year and a half before the summer of 2026.
    pub fn day(&mut self) -> NaiveDate {
        let first: NaiveDate = "2024-11-20".parse().unwrap();
        first.checked_add_days(Days::new(self.below(570))).unwrap()
    }
}
