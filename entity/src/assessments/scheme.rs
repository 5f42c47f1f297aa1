//! What federations below are assessed by in a year.

use crate::id::{AccountId, AssessmentSchemeId, FederationId};
use crate::org::federation::Level;
use sea_orm::entity::prelude::*;

/// A row of `assessment_scheme`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment_scheme")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssessmentSchemeId,
    /// The year that is assessed.
    pub year: i32,
    /// What it is called; given once by an issuer in a year.
    pub title: String,
    /// Rank of those assessed.
    pub level: Level,
    /// Last day of self-assessment.
    pub closes_on: Date,
    /// Last day of what figures count, in the year.
    pub figures_as_of: Date,
    /// Blocks with their items, as JSON: a document that nothing changes once it is issued.
    pub blocks: String,
    /// How many federations it assesses; none before it is issued.
    pub assessed: i32,
    /// Counts drafts.
    pub version: i32,
    /// Who wrote the last draft.
    pub drafted_by: AccountId,
    /// When it was issued.
    pub issued_at: Option<DateTimeUtc>,
    /// When the scores were published.
    pub published_at: Option<DateTimeUtc>,
    /// Who issues it.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
