//! What somebody of a federation's own office is to get done in a year.

use crate::id::{AccountId, FederationId, StaffGoalId};
use sea_orm::entity::prelude::*;

/// What a review found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GoalReview {
    /// 完成.
    Met,
    /// 部分完成.
    PartlyMet,
    /// 未完成.
    Missed,
}

/// A row of `staff_goal`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staff_goal")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StaffGoalId,
    /// Who is responsible.
    pub account_id: AccountId,
    /// Calendar year.
    pub year: i32,
    /// What is to be done.
    pub task: String,
    /// Last day for it, in the year.
    pub due_on: Date,
    /// Counts changes, from 1.
    pub version: i32,
    /// Who set it.
    pub set_by: AccountId,
    /// Day of the responsibility letter.
    pub signed_on: Option<Date>,
    /// Who signed it.
    pub signers: Option<String>,
    /// What the review found.
    pub review: Option<GoalReview>,
    /// What was done.
    pub result: Option<String>,
    /// What the reviewer remarks.
    pub remark: Option<String>,
    /// Reward or penalty.
    pub consequence: Option<String>,
    /// Who reviewed it.
    pub reviewed_by: Option<AccountId>,
    /// Day of the review.
    pub reviewed_on: Option<Date>,
    /// Whose office.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
