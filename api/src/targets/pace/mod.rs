//! Pace rules (进度要求): a superior says for a year how much of a target is due by which day, for one metric or for all.
//!
//! The nearest superior's rule for the metric holds, else the nearest superior's for all metrics; without any, what is
//! due grows with the days (时间过半、任务过半). A federation's own rule is for those below it; only at the top, where a
//! federation sets its own targets, it is for itself too. Setting it again replaces it; the audit trail keeps both.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::targets::pace_rule::Model;
use serde_json::{Value, json};

/// The history of pace rules in words.
pub enum Event {
    /// One was set; with the points of the one before.
    Set(Model, Option<String>),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let Event::Set(rule, before) = self;
        let points = |written: &str| serde_json::from_str::<Value>(written).unwrap_or_default();
        let body = json!({
            "year": rule.year, "metric": (!rule.metric.is_empty()).then_some(&rule.metric),
            "before": before.map(|before| points(&before)), "after": points(&rule.points),
        });
        Sentence::new("PACE_RULE_SET", rule.id.0, rule.place(), body)
    }
}
