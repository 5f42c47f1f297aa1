//! What somebody gave for an item of an assessment.

use crate::id::{AccountId, AssessmentId, AssessmentScoreId};
use sea_orm::entity::prelude::*;

/// Who gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Side {
    /// 自评: the assessed federation.
    Own,
    /// 考评: the issuer.
    Issuer,
}

/// A row of `assessment_score`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment_score")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AssessmentScoreId,
    /// Of which assessment.
    pub assessment_id: AssessmentId,
    /// Number of the item in its scheme.
    pub item: i32,
    /// Who gave it.
    pub side: Side,
    /// In hundredths of a point.
    pub points: i64,
    /// Why; nothing personal.
    pub remark: Option<String>,
    /// Global ids of records that prove it, separated by blanks.
    pub evidence: String,
    /// The figure at publication, where the item names one.
    pub figure: Option<i64>,
    /// How exact that figure is: its mark.
    pub qualifier: Option<String>,
    /// The federation's own target at publication, where the item counts its completion and there is one.
    pub target: Option<i64>,
    /// Which account gave it; at publication, the one that published what a figure gave.
    pub scored_by: AccountId,
}

impl ActiveModelBehavior for ActiveModel {}
