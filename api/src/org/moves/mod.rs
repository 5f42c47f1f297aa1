//! Moving (隶属关系变更): an enterprise, a grassroots union or a federation goes to another superior on a day.
//!
//! What there was until that day stays counted at the old place, what there is from that day on counts at the new one;
//! what happened stays where it happened. Whoever moves something may act at both ends. Records behind it (visits,
//! collected lines) stay where they are when an enterprise moves, and go along when their federation does. The audit trail
//! stays with those under whom it happened.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Carry, Event as Said, Sentence};
use serde_json::json;
use uuid::Uuid;

/// What can move.
#[derive(Clone, Copy, Debug)]
pub enum Mover {
    /// An enterprise, with its coverages.
    Enterprise,
    /// A grassroots union, with its members.
    TradeUnion,
    /// A federation, with all below it.
    Federation,
}

/// The history of moves in words.
pub struct Moved {
    /// What.
    pub mover: Mover,
    /// Which.
    pub id: Uuid,
    /// From where to where, and when.
    pub carry: Carry,
    /// Why.
    pub reason: String,
}

impl Said for Moved {
    fn sentence(self) -> Sentence {
        let kind = match self.mover {
            Mover::Enterprise => "ENTERPRISE_MOVED",
            Mover::TradeUnion => "TRADE_UNION_MOVED",
            Mover::Federation => "FEDERATION_MOVED",
        };
        let carry = self.carry;
        let body = json!({"from": carry.from.federation_id, "on": carry.day, "reason": self.reason});
        Sentence::new(kind, self.id, carry.to.clone(), body).carrying(carry)
    }
}
