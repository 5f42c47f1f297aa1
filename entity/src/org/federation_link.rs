//! A dated extra edge between federations, beside the leadership tree.

use crate::id::{FederationId, FederationLinkId};
use sea_orm::entity::prelude::*;

/// What the edge means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LinkKind {
    /// 产业指导: an industry union guides it beside its territorial leader.
    IndustryGuidance,
    /// 经费关系: its fees go up another way than its leadership.
    Fee,
}

/// A row of `federation_link`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "federation_link")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FederationLinkId,
    /// The lower end, whose place the edge has.
    pub federation_id: FederationId,
    /// The upper end.
    pub superior_id: FederationId,
    /// Meaning.
    pub kind: LinkKind,
    /// First day.
    pub valid_from: Date,
    /// First day on which it no longer holds.
    pub valid_to: Option<Date>,
    /// Path of the lower end.
    pub path: String,
    /// County of the lower end.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
