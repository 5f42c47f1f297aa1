//! Patches (挂点包干、联乡联片): who is responsible for a federation, for a time.
//!
//! - An account is responsible alone, or leads a named group (组) that is. Several may be responsible for one federation.
//! - A time is half-open: it ends on the first day on which it no longer holds. One account is responsible for a federation
//!   once at a time.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::assessments::patch::Model;
use serde_json::json;

/// The history of patches in words.
pub enum Event {
    /// One was assigned.
    Assigned(Model),
    /// One was ended.
    Ended(Model),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, patch) = match self {
            Event::Assigned(patch) => ("PATCH_ASSIGNED", patch),
            Event::Ended(patch) => ("PATCH_ENDED", patch),
        };
        let body = json!({
            "account": patch.account_id.0, "group": patch.group_name, "purpose": patch.purpose,
            "from": patch.valid_from, "to": patch.valid_to,
        });
        Sentence::new(kind, patch.id.0, patch.place(), body)
    }
}
