//! Issuing targets, the responsibility letter, amendments, closing: ISSUED → SIGNED → CLOSED, or closed without a letter. What
//! was issued wrongly is withdrawn, as if it had never been, until a letter is signed: from then on it binds both sides.
//!
//! All of it is done at the superior, which also keeps the letter that both signed. An amendment is never changed: another
//! one follows it. A closed target stays as it is. A withdrawn one is gone; the trail keeps all that it said.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::targets::amendment::Model as Amendment;
use entity::targets::target::Model;
use serde_json::json;

/// The history of targets in words.
pub enum Event {
    /// A superior handed a metric down.
    Issued(Place, Vec<Model>),
    /// The responsibility letter was signed. Who signed it is not told.
    Signed(Model),
    /// One was amended; with what it was before.
    Amended(Model, i64, Amendment),
    /// One was closed.
    Closed(Model),
    /// One was withdrawn, with its amendments; why.
    Withdrawn(Model, Vec<Amendment>, String),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let of_one = |kind, target: &Model, body| Sentence::new(kind, target.id.0, target.place(), body);
        match self {
            Event::Issued(place, targets) => {
                let first = targets.first();
                let one = |target: &Model| json!({"target": target.id, "federation": target.federation_id, "amount": target.amount});
                let body = json!({
                    "metric": first.map(|target| &target.metric), "dimension": first.map(|target| &target.dimension),
                    "year": first.map(|target| target.year), "targets": targets.iter().map(one).collect::<Vec<_>>(),
                });
                Sentence::new("TARGETS_ISSUED", place.federation_id.0, place, body)
            }
            Event::Signed(target) => {
                let body = json!({"signedOn": target.signed_on});
                of_one("TARGET_SIGNED", &target, body)
            }
            Event::Amended(target, before, amendment) => {
                let body = json!({
                    "before": {"amount": before}, "after": {"amount": amendment.amount},
                    "effectiveOn": amendment.effective_on, "reason": amendment.reason,
                });
                of_one("TARGET_AMENDED", &target, body)
            }
            Event::Withdrawn(target, amendments, reason) => {
                let amendment = |one: &Amendment| json!({"amount": one.amount, "effectiveOn": one.effective_on, "reason": one.reason});
                let body = json!({
                    "metric": target.metric, "dimension": target.dimension, "year": target.year, "amount": target.amount,
                    "amendments": amendments.iter().map(amendment).collect::<Vec<_>>(), "reason": reason,
                });
                of_one("TARGET_WITHDRAWN", &target, body)
            }
            Event::Closed(target) => of_one("TARGET_CLOSED", &target, json!({"closedOn": target.closed_on})),
        }
    }
}
