//! A federation of unions (总工会): a node of the leadership tree.

use crate::id::FederationId;
use sea_orm::entity::prelude::*;

/// Rank in the tree, from the top. A federation always stands below its parent's level, so no cycle can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// 省级.
    Province,
    /// 市级.
    City,
    /// 县级.
    County,
    /// 乡镇、街道.
    Township,
}

/// What a federation is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// 地方总工会.
    Territorial,
    /// 产业工会.
    Industry,
    /// 系统工会.
    System,
    /// 园区工会.
    Park,
    /// 直属工会.
    Direct,
}

/// A row of `federation`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "federation")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FederationId,
    /// The superior federation in the leadership tree; none at the top.
    pub parent_id: Option<FederationId>,
    /// Rank.
    pub level: Level,
    /// What it is built on.
    pub kind: Kind,
    /// Division code, 12 digits; only territorial federations have one. Unique with the level.
    pub code: Option<String>,
    /// Name of the division, of which the federation's name is made, or the full name of any other kind.
    pub name: String,
    /// A name in the list that stands for no real division (市辖区).
    pub is_stand_in: bool,
    /// The last list did not have it any more since this day.
    pub retired_on: Option<Date>,
    /// Keys of the ancestors and its own, four characters each.
    pub path: String,
    /// The county's federation, or itself above the county.
    pub county_id: FederationId,
    /// The superior.
    #[sea_orm(self_ref, relation_enum = "Parent", from = "ParentId", to = "Id")]
    pub parent: BelongsTo<Option<Entity>>,
    /// Employers that hang from it.
    #[sea_orm(has_many)]
    pub enterprises: HasMany<super::enterprise::Entity>,
    /// Grassroots unions that it leads.
    #[sea_orm(has_many)]
    pub trade_unions: HasMany<super::trade_union::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
