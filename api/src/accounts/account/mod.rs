//! Accounts: people and machine clients. A person is invited to a home in the tree; a machine's account is registered at
//! one, with no role. Whoever administrates the home administrates the account, unless it holds a role further up.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::AccountId;
use serde_json::json;

/// The history of accounts in words.
pub enum Event {
    /// The operator made one, with a role at a place.
    Added(AccountId, Place, &'static str),
    /// A person was invited to a home.
    Invited(AccountId, Place),
    /// One may no longer sign in; why.
    Disabled(AccountId, Place, String),
    /// It may again; why.
    Enabled(AccountId, Place, String),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let change = |reason, before, after| {
            let (before, after) = (json!({"isDisabled": before}), json!({"isDisabled": after}));
            json!({"reason": reason, "before": before, "after": after})
        };
        let (kind, id, place, body) = match self {
            Event::Added(id, place, role) => ("ACCOUNT_ADDED", id, place, json!({"role": role})),
            Event::Invited(id, place) => (
                "ACCOUNT_INVITED",
                id,
                place,
                json!({"after": {"state": "INVITED"}}),
            ),
            Event::Disabled(id, place, reason) => {
                ("ACCOUNT_DISABLED", id, place, change(reason, false, true))
            }
            Event::Enabled(id, place, reason) => ("ACCOUNT_ENABLED", id, place, change(reason, true, false)),
        };
        Sentence::new(kind, id.0, place, body)
    }
}
