//! A file of personal data, for one account and a few days.

use crate::id::{AccountId, FederationId, PersonalFileId};
use sea_orm::entity::prelude::*;

/// A row of `personal_file`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "personal_file")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PersonalFileId,
    /// For whom.
    pub account_id: AccountId,
    /// What it is called; nothing personal.
    pub name: String,
    /// How often it was fetched.
    pub downloads: i32,
    /// Instant at which it was begun.
    pub created_at: DateTimeUtc,
    /// Instant at which it is gone.
    pub expires_at: DateTimeUtc,
    /// Whose data it holds.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
