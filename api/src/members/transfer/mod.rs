//! Transfers (会籍转移): the union that a member leaves submits, the one that takes the member in accepts or refuses.
//!
//! What waits longer than the deadline goes up (上报): from then on the superior that both unions have in common may decide
//! too. Until then it may not, unless it leads the union that takes the member in: that is for that side to do.
//! The data of the member goes along: the federation that leads the new union holds it from then on.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use crate::members::membership;
use entity::members::member_transfer::Model;
use entity::members::transfer_deadline;
use serde_json::json;

/// The history of transfers in words.
pub enum Event {
    /// One was submitted, or refused, with what that is for the membership.
    Waiting(Model, Box<membership::Event>),
    /// One was accepted, with the membership that ends and the one that begins.
    Accepted(Model, Box<[membership::Event; 2]>),
    /// A federation said how long transfers may wait.
    DeadlineSet(transfer_deadline::Model),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        match self {
            Event::Waiting(transfer, event) => {
                let mut sentence = event.sentence();
                if let Some(body) = sentence.body.as_object_mut() {
                    body.insert("transfer".to_owned(), json!(transfer.id));
                    body.insert("to".to_owned(), json!(transfer.trade_union_id));
                }
                sentence
            }
            Event::Accepted(transfer, events) => {
                let [out, into] = *events;
                let deltas = [out.deltas(), into.deltas()].concat();
                let body = json!({
                    "from": out.after.trade_union_id, "to": into.after.trade_union_id, "on": transfer.effective_on,
                    "membership": into.after.id, "before": out.after.id,
                });
                Sentence::new("MEMBER_TRANSFERRED", transfer.id.0, transfer.place(), body).with(deltas)
            }
            Event::DeadlineSet(deadline) => {
                let body = json!({"days": deadline.days, "from": deadline.valid_from});
                Sentence::new(
                    "TRANSFER_DEADLINE_SET",
                    deadline.federation_id.0,
                    deadline.place(),
                    body,
                )
            }
        }
    }
}
