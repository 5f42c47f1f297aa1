//! Membership cards (会员证): issued, lost, replaced, cancelled. A number is given once in the country; of a membership one
//! card is good at a time, and whoever leaves gives it back.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use chrono::NaiveDate;
use entity::members::membership::Model;
use serde_json::json;

/// What can happen to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is issued.
    Issued,
    /// It is lost.
    Lost,
    /// Another one takes its place.
    Replaced,
    /// It is cancelled.
    Cancelled,
}

/// The history of cards in words: what happened to the card of a membership, and when. The number is not told.
pub struct Event(pub Model, pub Fate, pub NaiveDate);

impl Said for Event {
    fn sentence(self) -> Sentence {
        let Event(membership, fate, on) = self;
        let kind = match fate {
            Fate::Issued => "CARD_ISSUED",
            Fate::Lost => "CARD_LOST",
            Fate::Replaced => "CARD_REPLACED",
            Fate::Cancelled => "CARD_CANCELLED",
        };
        Sentence::new(kind, membership.id.0, membership.place(), json!({"on": on}))
    }
}
