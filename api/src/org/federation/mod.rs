//! Federations (总工会): the leadership tree and the dated extra edges beside it.
//!
//! Territorial federations come from the list of administrative divisions (name = division + 总工会; key = level and
//! code). Others (industry, system, park, direct) are founded under one of them by hand.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;
pub mod import;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::{FederationId, FederationLinkId};
use serde_json::json;

/// The history of the tree in words.
pub enum Event {
    /// A list of divisions was taken over.
    DivisionsImported {
        /// New ones.
        added: usize,
        /// Those with another name.
        renamed: usize,
        /// Those the list no longer has.
        retired: usize,
        /// Those the list has again.
        revived: usize,
    },
    /// A federation was founded that no list has.
    FederationFounded(FederationId, Place),
    /// An extra edge was drawn.
    FederationsLinked(FederationLinkId, Place),
    /// An extra edge was ended.
    FederationLinkEnded(FederationLinkId, Place),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, subject_id, place, body) = match self {
            Event::DivisionsImported {
                added,
                renamed,
                retired,
                revived,
            } => {
                let body =
                    json!({"added": added, "renamed": renamed, "retired": retired, "revived": revived});
                ("DIVISIONS_IMPORTED", uuid::Uuid::nil(), Place::everywhere(), body)
            }
            Event::FederationFounded(id, place) => ("FEDERATION_FOUNDED", id.0, place, json!({})),
            Event::FederationsLinked(id, place) => ("FEDERATIONS_LINKED", id.0, place, json!({})),
            Event::FederationLinkEnded(id, place) => ("FEDERATION_LINK_ENDED", id.0, place, json!({})),
        };
        Sentence::new(kind, subject_id, place, body)
    }
}
