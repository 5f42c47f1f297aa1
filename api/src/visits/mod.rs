//! Field visits (走访) and what they find. A phone may be away for days: it makes the visit's id itself, sends as often
//! as it likes, and one visit stands.
//!
//! A visit counts on the day in China on which it began. A correction counts anew: what it was is taken back on the
//! old day, what it is is added on the new one. One that was voided (作废) is taken back and stays readable. It counts where the enterprise was on that day, also where the phone
//! brings it after the enterprise moved. Positions are optional and never scored.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::clock::day_of;
use crate::kernel::event::{Delta, Event as Said, Sentence, change, net};
use crate::kernel::ledger::Qualifier;
use crate::metrics::MetricId;
use entity::visits::finding::Severity;
use entity::visits::visit::Model;
use sea_orm::ActiveEnum;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A visit with the severities of its findings: all that the figures need.
#[derive(Clone)]
pub struct Told {
    /// The visit.
    pub visit: Model,
    /// Of each finding.
    pub severities: Vec<Severity>,
}

/// The history of visits in words.
pub enum Event {
    /// One was recorded.
    Recorded(Box<Told>),
    /// One was corrected.
    Corrected {
        /// As it was.
        before: Box<Told>,
        /// As it is.
        after: Box<Told>,
    },
    /// One was voided: it counts no more.
    Voided(Box<Told>),
}

/// What a visit adds to the figures, `sign` times.
pub fn deltas(told: &Told, sign: i64) -> Vec<Delta> {
    let mut sums: BTreeMap<(MetricId, String), i64> = BTreeMap::new();
    let visit = &told.visit;
    *sums.entry((MetricId::VISITS, String::new())).or_default() += 1;
    *sums
        .entry((MetricId::VISITS, format!("PURPOSE:{}", visit.purpose.to_value())))
        .or_default() += 1;
    for severity in &told.severities {
        *sums.entry((MetricId::FINDINGS, String::new())).or_default() += 1;
        *sums
            .entry((MetricId::FINDINGS, format!("SEVERITY:{}", severity.to_value())))
            .or_default() += 1;
    }
    let delta = |((metric, dimension), amount): ((MetricId, String), i64)| Delta {
        metric,
        dimension,
        place: visit.place(),
        day: day_of(visit.started_at),
        amount: sign * amount,
        qualifier: Qualifier::Exact,
        source_id: visit.id.0,
        moved: visit.moved_on.map(|day| (visit.enterprise_id.0, day)),
    };
    sums.into_iter().map(delta).collect()
}

/// What the audit trail tells of a visit: of its notes only how long they are.
fn particulars(told: &Told) -> [(&'static str, Value); 5] {
    let visit = &told.visit;
    let severities: Vec<_> = told.severities.iter().map(ActiveEnum::to_value).collect();
    [
        ("purpose", json!(visit.purpose.to_value())),
        ("startedAt", json!(visit.started_at)),
        ("endedAt", json!(visit.ended_at)),
        ("notesCharacters", json!(visit.notes.chars().count())),
        ("findings", json!(severities)),
    ]
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        match self {
            Event::Recorded(told) => {
                let body =
                    json!({"purpose": told.visit.purpose.to_value(), "findings": told.severities.len()});
                let visit = &told.visit;
                Sentence::new("VISIT_RECORDED", visit.id.0, visit.place(), body).with(deltas(&told, 1))
            }
            Event::Voided(told) => {
                let visit = &told.visit;
                let body = json!({"reason": visit.void_reason});
                Sentence::new("VISIT_VOIDED", visit.id.0, visit.place(), body).with(deltas(&told, -1))
            }
            Event::Corrected { before, after } => {
                let body = change(&particulars(&before), &particulars(&after));
                let visit = &after.visit;
                let deltas = net(deltas(&before, -1).into_iter().chain(deltas(&after, 1)));
                Sentence::new("VISIT_CORRECTED", visit.id.0, visit.place(), body).with(deltas)
            }
        }
    }
}
