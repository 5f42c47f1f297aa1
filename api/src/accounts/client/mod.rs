//! Machine clients (机器账号): accounts that sign in at `/oauth/token` with credentials of their own, secrets or public
//! keys (RFC 7523), at most two of a kind in force, so that one takes over from the other without a gap.
//!
//! A session keeps which credential opened it. Taking one back ends its sessions at once and in every process: whether
//! it still stands is read with every request.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub mod assertion;
pub(in crate::accounts) mod proof;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::accounts::client_credential::Model;
use entity::id::AccountId;
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of machine clients in words.
pub enum Event {
    /// One was registered, with a home.
    Registered(AccountId, Place),
    /// It may sign in with another credential.
    CredentialAdded(Model, Place),
    /// A credential was taken back; why.
    CredentialRevoked(Model, Place, String),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let named = |credential: &Model| {
            json!({
                "credential": credential.id,
                "kind": credential.kind.to_value(),
                "keyId": credential.key_id,
                "expiresOn": credential.expires_on,
            })
        };
        let (kind, id, place, body) = match self {
            Event::Registered(id, place) => ("CLIENT_REGISTERED", id, place, json!({})),
            Event::CredentialAdded(credential, place) => {
                let body = json!({"after": named(&credential)});
                ("CLIENT_CREDENTIAL_ADDED", credential.account_id, place, body)
            }
            Event::CredentialRevoked(credential, place, reason) => {
                let body = json!({"reason": reason, "before": named(&credential)});
                ("CLIENT_CREDENTIAL_REVOKED", credential.account_id, place, body)
            }
        };
        Sentence::new(kind, id.0, place, body)
    }
}
