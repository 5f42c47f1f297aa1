//! What a visit found. A correction replaces the findings as a whole.

use crate::id::{FindingId, VisitId};
use sea_orm::entity::prelude::*;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// 提示.
    Notice,
    /// 一般.
    Minor,
    /// 严重.
    Major,
}

/// A row of `finding`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "finding")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FindingId,
    /// Of which visit.
    pub visit_id: VisitId,
    /// Order within the visit, from 1.
    pub position: i32,
    /// How bad.
    pub severity: Severity,
    /// What.
    pub description: String,
    /// Day by which it should be put right.
    pub due_on: Option<Date>,
    /// Of which visit.
    #[sea_orm(belongs_to, from = "visit_id", to = "id")]
    pub visit: BelongsTo<super::visit::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
