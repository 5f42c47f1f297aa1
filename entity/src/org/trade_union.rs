//! A grassroots union (基层工会).

use crate::id::{FederationId, TradeUnionId};
use sea_orm::entity::prelude::*;

/// How it is organised (组织形式).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Form {
    /// 单独基层工会: one enterprise.
    Single,
    /// 联合基层工会: several small enterprises.
    Joint,
    /// 村（社区）工会.
    Village,
    /// 行业工会: an industry of a place.
    Industry,
}

/// First axis of kind: the place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Position {
    /// 地方.
    Territorial,
    /// 系统、产业.
    System,
    /// 园区.
    Park,
    /// 直属.
    Direct,
}

/// Second axis of kind: who owns the host unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HostKind {
    /// 公有制企业.
    StateOwned,
    /// 集体企业.
    Collective,
    /// 非公有制企业.
    Private,
    /// 外商投资企业.
    Foreign,
    /// 机关事业单位.
    Public,
    /// several owners, or none.
    Mixed,
}

/// Third axis of kind: the workers it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WorkerGroup {
    /// all workers.
    General,
    /// 农民工.
    Migrant,
    /// 新就业形态劳动者.
    NewEmployment,
}

/// Where it is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeUnionState {
    /// 已建.
    Active,
    /// 已撤销.
    Dissolved,
}

/// A row of `trade_union`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trade_union")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TradeUnionId,
    /// The superior federation.
    pub federation_id: FederationId,
    /// Full name.
    pub name: String,
    /// How it is organised.
    pub form: Form,
    /// First axis of kind.
    pub position: Position,
    /// Second axis of kind.
    pub host_kind: HostKind,
    /// Third axis of kind.
    pub worker_group: WorkerGroup,
    /// Day of founding.
    pub founded_on: Date,
    /// Where it is in its life.
    pub state: TradeUnionState,
    /// Counts edits.
    pub version: i32,
    /// Instant of entry.
    pub created_at: DateTimeUtc,
    /// Instant of the last edit.
    pub updated_at: DateTimeUtc,
    /// The day on which it came to its federation; none if it never was elsewhere.
    pub moved_on: Option<Date>,
    /// Path of the superior.
    pub path: String,
    /// County of the superior.
    pub county_id: FederationId,
    /// The superior.
    #[sea_orm(belongs_to, from = "federation_id", to = "id")]
    pub federation: BelongsTo<super::federation::Entity>,
    /// Enterprises it reaches or did.
    #[sea_orm(has_many)]
    pub coverages: HasMany<super::coverage::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
