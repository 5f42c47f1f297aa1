//! A member on the way to another union (会籍转移): one side submits, the other takes or refuses.

use crate::id::{AccountId, FederationId, MemberTransferId, MembershipId, TradeUnionId};
use sea_orm::entity::prelude::*;

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TransferState {
    /// 待接收.
    Waiting,
    /// 已接收.
    Accepted,
    /// 已退回.
    Refused,
    /// 已终止.
    Cancelled,
}

/// A row of `member_transfer`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "member_transfer")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MemberTransferId,
    /// The membership that ends by it.
    pub membership_id: MembershipId,
    /// The union that takes the member in.
    pub trade_union_id: TradeUnionId,
    /// Where it is.
    pub state: TransferState,
    /// The day on which the member goes over.
    pub effective_on: Date,
    /// Day of submission.
    pub submitted_on: Date,
    /// The first day on which the common superior may decide.
    pub escalates_on: Date,
    /// Who submitted it.
    pub submitted_by: Option<AccountId>,
    /// Why it was refused.
    pub refusal: Option<String>,
    /// Day of the decision.
    pub decided_on: Option<Date>,
    /// The membership that began by it.
    pub new_membership_id: Option<MembershipId>,
    /// Counts changes.
    pub version: i32,
    /// The federation that leads the union that takes the member in.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
