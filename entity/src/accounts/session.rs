//! A signed-in session.

use crate::id::{AccountId, SessionId};
use sea_orm::entity::prelude::*;

/// A row of `session`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// Whose.
    pub account_id: AccountId,
    /// SHA-256 of the refresh token in force; empty for machines, which sign in again.
    pub refresh_hash: String,
    /// SHA-256 of the refresh token before it: whoever uses that one once more is not alone. Empty before the first use.
    pub previous_hash: String,
    /// The refresh token is good until; the end, once it has ended.
    pub expires_at: DateTimeUtc,
    /// Signed out at, or ended because a used refresh token came again.
    pub ended_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
