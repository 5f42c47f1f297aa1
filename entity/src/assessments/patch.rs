//! Somebody responsible for a federation, for a time.

use crate::id::{AccountId, FederationId, PatchId};
use sea_orm::entity::prelude::*;

/// A row of `patch`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patch")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PatchId,
    /// Who is responsible, or leads the group that is.
    pub account_id: AccountId,
    /// The group; none for somebody alone.
    pub group_name: Option<String>,
    /// What for.
    pub purpose: String,
    /// First day.
    pub valid_from: Date,
    /// First day no longer; none while it goes on.
    pub valid_to: Option<Date>,
    /// Who assigned it.
    pub assigned_by: AccountId,
    /// Which federation is the patch.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
