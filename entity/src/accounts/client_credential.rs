//! What a machine client signs in with.

use crate::id::{AccountId, CredentialId};
use sea_orm::entity::prelude::*;

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// A secret that both sides know.
    Secret,
    /// A key whose private half the client alone holds.
    PublicKey,
}

/// A row of `client_credential`. An account has several, so that one takes over from another without a gap.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_credential")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CredentialId,
    /// Whose.
    pub account_id: AccountId,
    /// What it is.
    pub kind: Kind,
    /// Argon2id hash of a secret.
    pub secret_hash: Option<String>,
    /// A public key as a JSON Web Key, with nothing but the key in it.
    pub public_key: Option<String>,
    /// Names a public key: its RFC 7638 thumbprint, or what the client calls it.
    pub key_id: Option<String>,
    /// Instant of entry.
    pub created_at: DateTimeUtc,
    /// First day on which it is no longer good.
    pub expires_on: Option<Date>,
    /// Taken back at.
    pub revoked_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
