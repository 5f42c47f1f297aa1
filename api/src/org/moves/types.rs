//! Moves as clients ask for them.

use crate::org::enterprise::types::Enterprise;
use crate::org::federation::types::Federation;
use crate::org::trade_union::types::TradeUnion;
use crate::scalars::Date;
use async_graphql::{ID, InputObject};
use serde::Serialize;

/// Takes an enterprise to another federation.
#[derive(Debug, InputObject, Serialize)]
pub struct MoveEnterprise {
    /// Which.
    pub id: ID,
    /// Where to.
    pub federation_id: ID,
    /// First day at the new place; today if nothing is said.
    pub on: Option<Date>,
    /// Why, 2 to 200 characters.
    pub reason: String,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Takes a grassroots union to another federation.
#[derive(Debug, InputObject, Serialize)]
pub struct MoveTradeUnion {
    /// Which.
    pub id: ID,
    /// Where to.
    pub federation_id: ID,
    /// First day at the new place; today if nothing is said.
    pub on: Option<Date>,
    /// Why, 2 to 200 characters.
    pub reason: String,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Takes a federation, with all below it, to another superior.
#[derive(Debug, InputObject, Serialize)]
pub struct MoveFederation {
    /// Which.
    pub id: ID,
    /// The new superior; of a higher level.
    pub parent_id: ID,
    /// First day under it; today if nothing is said.
    pub on: Option<Date>,
    /// Why, 2 to 200 characters.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What `moveEnterprise` did.
    MoveEnterprisePayload { enterprise: Enterprise }
}

crate::payload! {
    /// What `moveTradeUnion` did.
    MoveTradeUnionPayload { trade_union: TradeUnion }
}

crate::payload! {
    /// What `moveFederation` did.
    MoveFederationPayload { federation: Federation }
}
