//! Passwords of people: a first one by invitation, a next one by whoever knows the present one, a new beginning by an
//! administrator, who gives out a code and never learns a password.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::AccountId;
use serde_json::json;

/// The history of passwords in words.
pub enum Event {
    /// Somebody who was invited set their first password, or their next one after a reset.
    InvitationAccepted(AccountId, Place),
    /// Somebody changed their own.
    PasswordChanged(AccountId, Place),
    /// An administrator voided it and gave out a code; why.
    PasswordReset(AccountId, Place, String),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, id, place, body) = match self {
            Event::InvitationAccepted(id, place) => {
                let change = json!({"before": {"state": "INVITED"}, "after": {"state": "ACTIVE"}});
                ("INVITATION_ACCEPTED", id, place, change)
            }
            Event::PasswordChanged(id, place) => ("PASSWORD_CHANGED", id, place, json!({})),
            Event::PasswordReset(id, place, reason) => {
                ("PASSWORD_RESET", id, place, json!({"reason": reason}))
            }
        };
        Sentence::new(kind, id.0, place, body)
    }
}
