//! A role on a node of the tree, for a time.

use crate::id::{AccountId, FederationId, GrantId};
use sea_orm::entity::prelude::*;

/// A row of `role_grant` (`grant` is a word of SQL).
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_grant")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: GrantId,
    /// Whose.
    pub account_id: AccountId,
    /// Which: a name that `policy.rs` knows.
    pub role: String,
    /// Where: the federation and all below it.
    pub federation_id: FederationId,
    /// First day.
    pub valid_from: Date,
    /// First day on which it no longer holds.
    pub valid_to: Option<Date>,
    /// The instant at which an elevation ends; none for what is no elevation.
    pub until: Option<DateTimeUtc>,
    /// Who gave it; none for the operator at the command line. Of an elevation, whoever took it.
    pub given_by: Option<AccountId>,
    /// Why it was given.
    pub reason: String,
}

impl ActiveModelBehavior for ActiveModel {}
