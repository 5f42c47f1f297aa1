//! How long a transfer may wait below a federation, from a day on.

use crate::id::{FederationId, TransferDeadlineId};
use sea_orm::entity::prelude::*;

/// A row of `transfer_deadline`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer_deadline")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TransferDeadlineId,
    /// Days.
    pub days: i32,
    /// First day.
    pub valid_from: Date,
    /// The federation that set it, for all below it too.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
