//! Somebody (a person) or something (a machine client) that may sign in.

use crate::id::{AccountId, FederationId};
use sea_orm::entity::prelude::*;

/// A row of `account`. What it signs in with is kept apart, in `credential`.
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
    /// Signs in with client credentials.
    pub is_machine: bool,
    /// May no longer sign in since.
    pub disabled_at: Option<DateTimeUtc>,
    /// The password is from; none until the invitation is accepted.
    pub password_set_at: Option<DateTimeUtc>,
    /// The second factor is from.
    pub otp_set_at: Option<DateTimeUtc>,
    /// Instant of entry.
    pub created_at: DateTimeUtc,
    /// Its home: who administrates this federation administrates the account.
    pub federation_id: FederationId,
    /// Path of its home.
    pub path: String,
    /// County of its home.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
