//! An employer (企业, 用人单位): not a fee payer and not a union, but linked to both.

use crate::id::{EnterpriseId, FederationId};
use sea_orm::entity::prelude::*;

/// Who owns it (经济类型).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Ownership {
    /// 国有.
    State,
    /// 集体.
    Collective,
    /// 私营.
    Private,
    /// 外商及港澳台.
    Foreign,
    /// 事业单位及机关.
    Public,
    /// 个体及其他.
    Other,
}

/// Whether it still does business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EnterpriseStatus {
    /// 存续.
    Active,
    /// 停业.
    Suspended,
    /// 注销.
    Deregistered,
}

/// A row of `enterprise`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "enterprise")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EnterpriseId,
    /// The township's federation (or another one below it) where the enterprise is.
    pub federation_id: FederationId,
    /// Unified social credit code, normalised.
    pub uscc: String,
    /// Registered name.
    pub name: String,
    /// Owner.
    pub ownership: Ownership,
    /// Section letter and division of GB/T 4754, for example `C39`.
    pub industry: String,
    /// Employees.
    pub employees: i32,
    /// Whether it still does business.
    pub status: EnterpriseStatus,
    /// WGS-84 latitude in millionths of a degree.
    pub latitude_e6: Option<i32>,
    /// WGS-84 longitude in millionths of a degree.
    pub longitude_e6: Option<i32>,
    /// First day on the register.
    pub registered_on: Date,
    /// The day from which the figures show the last change; first the day of registration.
    pub changed_on: Date,
    /// Counts edits.
    pub version: i32,
    /// Instant of entry.
    pub created_at: DateTimeUtc,
    /// Instant of the last edit.
    pub updated_at: DateTimeUtc,
    /// The day on which it came to its federation; none if it never was elsewhere.
    pub moved_on: Option<Date>,
    /// Path of the federation.
    pub path: String,
    /// County of the federation.
    pub county_id: FederationId,
    /// Where it is.
    #[sea_orm(belongs_to, from = "federation_id", to = "id")]
    pub federation: BelongsTo<super::federation::Entity>,
    /// Unions that reach it or did.
    #[sea_orm(has_many)]
    pub coverages: HasMany<super::coverage::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
