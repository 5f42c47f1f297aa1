//! Sessions (会话): opened by signing in, going on by refresh tokens, ended by their owner, by an administrator, by
//! time, or because somebody else has their token too.
//!
//! Access tokens are short-lived JWTs (Ed25519). A refresh token names its session and its generation under an HMAC of
//! the service's keys, and is good once: using it makes the next generation, and one of an earlier generation that comes
//! again ends the session, for then two have it (RFC 9700 §4.14).

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::accounts::session;
use entity::id::{AccountId, SessionId};
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of sessions in words.
pub enum Event {
    /// Somebody signed in.
    SignedIn(session::Model, Place),
    /// A session went on with a new refresh token.
    Refreshed(AccountId, Place),
    /// A used refresh token came again, and its session was ended.
    TokenReused(AccountId, Place),
    /// A session was ended by its owner, on it.
    SignedOut(AccountId, Place),
    /// A session was ended from elsewhere, by its owner or an administrator.
    Ended(AccountId, Place, SessionId),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, id, place, body) = match self {
            Event::SignedIn(opened, place) => {
                let body = json!({
                    "kind": opened.kind.to_value(),
                    "isStrong": opened.is_strong,
                    "credential": opened.credential_id,
                    "scope": opened.scope,
                });
                ("SIGNED_IN", opened.account_id, place, body)
            }
            Event::Refreshed(id, place) => ("SESSION_REFRESHED", id, place, json!({})),
            Event::TokenReused(id, place) => ("REFRESH_TOKEN_REUSED", id, place, json!({})),
            Event::SignedOut(id, place) => ("SIGNED_OUT", id, place, json!({})),
            Event::Ended(id, place, session_id) => {
                ("SESSION_ENDED", id, place, json!({"session": session_id}))
            }
        };
        Sentence::new(kind, id.0, place, body)
    }
}
