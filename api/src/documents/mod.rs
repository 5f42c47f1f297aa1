//! Registered documents (trusted documents, persisted operations): the queries that front ends were built with. An
//! operator gives them to the service once; requests then name them by id.

pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use serde_json::json;
use uuid::Uuid;

/// The history of registered documents in words.
pub enum Event {
    /// Documents of a client were registered; how many, and which list they came in.
    Registered(Uuid, String, usize),
    /// A document of a client is not registered any more.
    Removed(Uuid, String, String),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, subject_id, body) = match self {
            Event::Registered(list_id, client, count) => (
                "DOCUMENTS_REGISTERED",
                list_id,
                json!({"client": client, "count": count}),
            ),
            Event::Removed(id, client, document) => (
                "DOCUMENT_REMOVED",
                id,
                json!({"client": client, "document": document}),
            ),
        };
        Sentence::new(kind, subject_id, Place::everywhere(), body)
    }
}
