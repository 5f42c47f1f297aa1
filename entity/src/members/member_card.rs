//! A membership card (会员证).

use crate::id::{MemberCardId, MembershipId};
use sea_orm::entity::prelude::*;

/// Where it is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CardState {
    /// 有效.
    Valid,
    /// 已挂失.
    Lost,
    /// 已换发.
    Replaced,
    /// 已注销.
    Cancelled,
}

/// A row of `member_card`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "member_card")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MemberCardId,
    /// Whose.
    pub membership_id: MembershipId,
    /// Number, one in the country.
    pub number: String,
    /// Where it is in its life.
    pub state: CardState,
    /// Day of issue.
    pub issued_on: Date,
    /// The day on which it ceased to be good.
    pub ended_on: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
