//! A federation assessed by a scheme.

use crate::id::{AccountId, AssessmentId, AssessmentSchemeId, FederationId};
use sea_orm::entity::prelude::*;

/// A row of `assessment`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment")]
pub struct Model {
    /// UUIDv7, in order of the tree.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssessmentId,
    /// By which scheme.
    pub scheme_id: AssessmentSchemeId,
    /// Year of the scheme.
    pub year: i32,
    /// Counts changes.
    pub version: i32,
    /// Who handed the self-assessment in.
    pub submitted_by: Option<AccountId>,
    /// When.
    pub submitted_at: Option<DateTimeUtc>,
    /// Why the issuer gave it back; none once it is handed in again.
    pub returned_for: Option<String>,
    /// What was scored, in hundredths of a point; none before it is published.
    pub total: Option<i64>,
    /// Position among all assessed, from 1; 0 before it is published.
    pub rank: i32,
    /// Who is assessed.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
