//! Machine clients as clients see them.

use super::store::{self, CredentialsOf};
use crate::accounts::account::types::Account;
use crate::kernel::clock::day_of;
use crate::kernel::error::{Error, UserError};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::{Date, DateTime};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::accounts::client_credential::{self, Model};
use entity::id::{AccountId, CredentialId};

/// What a client signs in with.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "client_credential::Kind")]
pub enum ClientCredentialKind {
    /// 密钥: `client_secret_basic` or `client_secret_post`.
    Secret,
    /// 公钥: `private_key_jwt`.
    PublicKey,
}

/// The credentials of an account that the caller sees, newest first.
pub async fn credentials_of(op: &Op, id: AccountId) -> Result<Vec<ClientCredential>, Error> {
    let credentials = op.load::<CredentialsOf>(id).await?;
    Ok(credentials.into_iter().map(ClientCredential).collect())
}

/// The credential that was written, as it is now.
pub(super) async fn written(op: &Op, id: CredentialId) -> Result<ClientCredential, Error> {
    store::get(op, id).await.map(ClientCredential)
}

/// A row of `client_credential`, as clients see it.
pub struct ClientCredential(Model);

/// What a machine client signs in with at `/oauth/token` (客户端凭据). At most two of a kind are in force, so that the
/// next one takes over from the present one without a gap.
#[Object]
impl ClientCredential {
    /// Global id; `revokeClientCredential` asks for it.
    async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Secret or public key.
    async fn kind(&self) -> ClientCredentialKind {
        self.0.kind.into()
    }

    /// Of a public key the `kid` that it came with, else its RFC 7638 thumbprint; null for a secret.
    async fn kid(&self) -> Option<&str> {
        self.0.key_id.as_deref()
    }

    /// Instant of entry.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// First day on which it is no longer good; null if no end is set.
    async fn expires_on(&self) -> Option<Date> {
        self.0.expires_on.map(Date)
    }

    /// Instant at which it was taken back; null while it stands.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }

    /// Whether the client may sign in with it now.
    async fn is_in_force(&self, context: &Context<'_>) -> bool {
        let today = day_of(Op::of(context).now());
        self.0.revoked_at.is_none() && self.0.expires_on.is_none_or(|day| day > today)
    }
}

/// Registers a machine client.
#[derive(InputObject)]
pub struct RegisterClient {
    /// The home of the account.
    pub federation_id: ID,
    /// Client id: 3 to 64 letters, digits, - _ . or @; given once.
    pub username: String,
    /// What everybody sees: the system that it is, 1 to 64 characters.
    pub name: String,
}

crate::payload! {
    /// What `registerClient` did.
    RegisterClientPayload { account: Account }
}

/// Gives a machine client another credential.
#[derive(InputObject)]
pub struct AddClientCredential {
    /// Whose: a machine client's.
    pub account_id: ID,
    /// The client's public key as the text of a JSON Web Key, Ed25519 or P-256. Without one a secret is made.
    pub public_key: Option<String>,
    /// First day on which it is no longer good; none if nothing is said.
    pub expires_on: Option<Date>,
}

/// What `addClientCredential` did.
#[derive(Default, SimpleObject)]
pub struct AddClientCredentialPayload {
    /// The credential; null if refused.
    pub credential: Option<ClientCredential>,
    /// The secret that was made. Shown only here; null for a public key, or if refused.
    pub secret: Option<String>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Takes a credential back.
#[derive(InputObject)]
pub struct RevokeClientCredential {
    /// Which.
    pub id: ID,
    /// Why, 2 to 500 characters; it stands in the audit trail.
    pub reason: String,
}

crate::payload! {
    /// What `revokeClientCredential` did.
    RevokeClientCredentialPayload { credential: ClientCredential }
}
