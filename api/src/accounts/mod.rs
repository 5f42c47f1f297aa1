//! Accounts (账号): who may sign in, by which token they act, and their grants (授权) on nodes of the tree.
//!
//! People sign in with a password, machines with client credentials (RFC 6749 §4.4). Access tokens are short-lived
//! JWTs (Ed25519); whether the session and the grants still stand is read with every request, so ending one takes
//! effect at once. A refresh token is good once: using it makes the next, and one that comes again after its use ends the
//! session, for then two have it (RFC 9700 §4.14).

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;
pub mod token;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::AccountId;
use serde_json::json;

/// The history of accounts in words.
pub enum Event {
    /// An account was made, with a role at a place.
    AccountAdded(AccountId, Place, &'static str),
    /// Somebody signed in.
    SignedIn(AccountId, Place),
    /// A session went on with a new refresh token.
    SessionRefreshed(AccountId, Place),
    /// A used refresh token came again, and its session was ended.
    RefreshTokenReused(AccountId, Place),
    /// A session was ended by its owner.
    SignedOut(AccountId, Place),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, id, place, body) = match self {
            Event::AccountAdded(id, place, role) => ("ACCOUNT_ADDED", id, place, json!({"role": role})),
            Event::SignedIn(id, place) => ("SIGNED_IN", id, place, json!({})),
            Event::SessionRefreshed(id, place) => ("SESSION_REFRESHED", id, place, json!({})),
            Event::RefreshTokenReused(id, place) => ("REFRESH_TOKEN_REUSED", id, place, json!({})),
            Event::SignedOut(id, place) => ("SIGNED_OUT", id, place, json!({})),
        };
        Sentence {
            kind,
            subject_id: id.0,
            place,
            body,
            deltas: Vec::new(),
        }
    }
}
