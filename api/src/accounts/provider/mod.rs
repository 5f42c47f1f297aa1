//! Signing in by an identity provider (统一身份认证, OpenID Connect Core 1.0): authorization code with PKCE, `state` and
//! `nonce`, wholly in GraphQL; the front end sends the person to the provider and brings back what it answers.
//!
//! A login that was begun is good once and for ten minutes. Nothing secret of it is kept: nonce and verifier follow from
//! the state under the service's keys. A link between an account and a subject goes with a reset of the password. Whoever
//! administrates accounts binds only those who have never signed in and hold no role that asks for a second factor, for
//! whoever holds the subject may sign in.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub mod exchange;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::AccountId;
use serde_json::json;

/// The history of links to the identity provider in words. Subjects are names of people elsewhere, and stay unsaid.
pub enum Event {
    /// A person linked their account.
    Linked(AccountId, Place),
    /// An administrator bound an account; why.
    Bound(AccountId, Place, String),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, id, place, body) = match self {
            Event::Linked(id, place) => ("PROVIDER_LINKED", id, place, json!({})),
            Event::Bound(id, place, reason) => ("PROVIDER_BOUND", id, place, json!({"reason": reason})),
        };
        Sentence::new(kind, id.0, place, body)
    }
}
