//! Somebody (a person) or something (a machine client) that may sign in.

use crate::id::AccountId;
use sea_orm::entity::prelude::*;

/// A row of `account`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    /// A person's user name or a machine's client id; unique.
    #[sea_orm(unique)]
    pub username: String,
    /// What others see beside what the account did: a post, never a person's name in full.
    pub display_name: String,
    /// Argon2id hash of the password, or of the client secret.
    pub secret_hash: String,
    /// Signs in with client credentials.
    pub is_machine: bool,
    /// May no longer sign in since.
    pub disabled_at: Option<DateTimeUtc>,
    /// Instant of entry.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
