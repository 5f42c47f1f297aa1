//! A field visit. The phone makes its id.

use crate::id::{AccountId, EnterpriseId, FederationId, VisitId};
use sea_orm::entity::prelude::*;

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// 摸底建会.
    Canvass,
    /// 劳动合同.
    LabourContract,
    /// 安全生产.
    Safety,
    /// 督促检查.
    Supervision,
    /// 慰问帮扶.
    Care,
    /// 其他.
    Other,
}

/// A row of `visit`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "visit")]
pub struct Model {
    /// Made by the phone.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VisitId,
    /// Whom.
    pub enterprise_id: EnterpriseId,
    /// Who went.
    pub visitor_id: AccountId,
    /// What for.
    pub purpose: Purpose,
    /// Instant of arrival.
    pub started_at: DateTimeUtc,
    /// Instant of leaving.
    pub ended_at: Option<DateTimeUtc>,
    /// WGS-84 latitude in millionths of a degree.
    pub latitude_e6: Option<i32>,
    /// WGS-84 longitude in millionths of a degree.
    pub longitude_e6: Option<i32>,
    /// Free text.
    pub notes: String,
    /// SHA-256 of what was first recorded: a repeated sending is told from another visit under the same id.
    pub digest: String,
    /// Counts corrections.
    pub version: i32,
    /// Instant of entry.
    pub recorded_at: DateTimeUtc,
    /// Instant from which it counts no more.
    pub voided_at: Option<DateTimeUtc>,
    /// Why it was voided.
    pub void_reason: Option<String>,
    /// Federation of the enterprise.
    pub federation_id: FederationId,
    /// The day on which the enterprise had come to where it was as the visit was recorded; none if it never moved.
    pub moved_on: Option<Date>,
    /// Path of the enterprise.
    pub path: String,
    /// County of the enterprise.
    pub county_id: FederationId,
    /// Whom.
    #[sea_orm(belongs_to, from = "enterprise_id", to = "id")]
    pub enterprise: BelongsTo<crate::org::enterprise::Entity>,
    /// What it found.
    #[sea_orm(has_many)]
    pub findings: HasMany<super::finding::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
