//! What a federation reports for a period.

use crate::id::{AccountId, FederationId, StatisticalReturnId};
use sea_orm::entity::prelude::*;

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReturnState {
    /// 草稿.
    Draft,
    /// 已上报.
    Submitted,
    /// 已退回.
    SentBack,
    /// 已审核.
    Accepted,
    /// 已锁定.
    Locked,
}

/// A row of `statistical_return`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "statistical_return")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StatisticalReturnId,
    /// What it is called.
    pub title: String,
    /// First day of the period.
    pub opens_on: Date,
    /// Last day of the period.
    pub closes_on: Date,
    /// Where it is.
    pub state: ReturnState,
    /// Why the superior gave it back.
    pub reason: Option<String>,
    /// When it was begun.
    pub drafted_at: DateTimeUtc,
    /// Who submitted it last.
    pub submitted_by: Option<AccountId>,
    /// When.
    pub submitted_at: Option<DateTimeUtc>,
    /// Who accepted it last.
    pub accepted_by: Option<AccountId>,
    /// When.
    pub accepted_at: Option<DateTimeUtc>,
    /// Counts changes.
    pub version: i32,
    /// Whose.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
