//! A signed-in session.

use crate::id::{AccountId, CredentialId, SessionId};
use sea_orm::entity::prelude::*;

/// What opened a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// The app for field visits.
    Phone,
    /// The web dashboard.
    Dashboard,
    /// A machine client.
    Machine,
}

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
    /// What opened it.
    pub kind: Kind,
    /// Where it was opened from: an address, of IPv6 the /64; empty if it is not known.
    pub address: String,
    /// Opened with a second factor.
    pub is_strong: bool,
    /// The client credential that it was opened with; it ends with that.
    pub credential_id: Option<CredentialId>,
    /// The actions that it was asked for; none for all that the account may do.
    pub scope: Option<String>,
    /// Counts refresh tokens: only the newest is good.
    pub generation: i32,
    /// Signed in at.
    pub opened_at: DateTimeUtc,
    /// Last refreshed at.
    pub seen_at: DateTimeUtc,
    /// The refresh token is good until; the end, once it has ended.
    pub expires_at: DateTimeUtc,
    /// Signed out at, or ended by somebody, or because a used refresh token came again.
    pub ended_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
