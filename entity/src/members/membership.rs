//! A membership (会籍): somebody in one grassroots union, from joining to leaving.

use crate::id::{EnterpriseId, FederationId, MembershipId, PersonId, TradeUnionId};
use crate::people::person::{EmploymentGroup, Sex};
use sea_orm::entity::prelude::*;

/// Where it is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// 申请中.
    Applied,
    /// 未批准.
    Rejected,
    /// 在籍.
    Active,
    /// 转移中.
    Transferring,
    /// 保留会籍.
    Retained,
    /// 已转出.
    Transferred,
    /// 已退会.
    Withdrawn,
    /// 自动退会.
    StruckOff,
    /// 已开除.
    Expelled,
    /// 已去世.
    Deceased,
}

/// How a member came to the union.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CameBy {
    /// 入会.
    Joining,
    /// 转入.
    Transfer,
}

/// A row of `membership`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MembershipId,
    /// Who.
    pub person_id: PersonId,
    /// In which union.
    pub trade_union_id: TradeUnionId,
    /// Where they work; none for whoever has no employer in the register.
    pub employer_id: Option<EnterpriseId>,
    /// Where it is in its life.
    pub state: State,
    /// How the member came.
    pub came_by: CameBy,
    /// First day as a member; until it is decided, the day of the application.
    pub began_on: Date,
    /// First day no longer as a member of this union.
    pub left_on: Option<Date>,
    /// The day from which the last change holds.
    pub changed_on: Date,
    /// As the person's, for the figures.
    pub sex: Sex,
    /// As the person's, for the figures.
    pub is_migrant_worker: bool,
    /// As the person's, for the figures.
    pub employment_group: EmploymentGroup,
    /// Counts changes.
    pub version: i32,
    /// Instant of entry.
    pub created_at: DateTimeUtc,
    /// Instant of the last change.
    pub updated_at: DateTimeUtc,
    /// The day on which its union came to its federation; none if it never was elsewhere.
    pub moved_on: Option<Date>,
    /// The federation that leads its union.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
