//! Something that happened, as the audit trail keeps it.

use crate::id::{AccountId, FederationId};
use sea_orm::entity::prelude::*;

/// A row of `event`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// County of that federation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub county_id: FederationId,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// Who; none for the service itself.
    pub actor_id: Option<AccountId>,
    /// What kind of thing happened, for example `ENTERPRISE_UPDATED`.
    pub kind: String,
    /// To which record.
    pub subject_id: Uuid,
    /// Path of the federation where it was.
    pub path: String,
    /// The particulars as JSON, without personal data.
    pub body: String,
    /// By which operation; none for the service itself.
    pub operation: Option<String>,
    /// From which address; none for the service itself.
    pub origin: Option<String>,
    /// Where; nil for the tree as a whole.
    pub federation_id: Option<FederationId>,
    /// Its number, once it has one.
    pub seq: Option<i64>,
    /// Its hash, once it has one.
    pub hash: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
