//! What happened to a membership; never changed.

use crate::id::{AccountId, MembershipChangeId, MembershipId};
use sea_orm::entity::prelude::*;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeKind {
    /// 申请入会.
    Applied,
    /// 未批准入会.
    Rejected,
    /// 入会.
    Joined,
    /// 保留会籍.
    Retained,
    /// 恢复会籍.
    Reactivated,
    /// 申请转出.
    TransferSubmitted,
    /// 转出被退回.
    TransferRefused,
    /// 转出.
    TransferredOut,
    /// 转入.
    TransferredIn,
    /// 退会.
    Withdrawn,
    /// 自动退会.
    StruckOff,
    /// 开除会籍.
    Expelled,
    /// 去世.
    Died,
}

/// Why (会籍变化原因).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeReason {
    /// 劳动（工作）关系发生变化.
    LabourRelationChanged,
    /// 下岗待业（未解除劳动关系）.
    LaidOff,
    /// 失业.
    Unemployed,
    /// 用人单位破产、关闭.
    EmployerBankrupt,
    /// 退休、离休.
    Retired,
    /// 本人申请.
    OwnRequest,
    /// 连续六个月不缴纳会费、不参加组织生活.
    SixMonthsAbsent,
    /// 受到刑事处罚.
    Crime,
}

/// A row of `membership_change`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "membership_change")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MembershipChangeId,
    /// To which membership.
    pub membership_id: MembershipId,
    /// The version of the membership that it made.
    pub version: i32,
    /// What happened.
    pub kind: ChangeKind,
    /// Why.
    pub reason: Option<ChangeReason>,
    /// The day from which it holds.
    pub effective_on: Date,
    /// The document that it rests on.
    pub document: Option<String>,
    /// Who entered it; none if the service did.
    pub operator_id: Option<AccountId>,
    /// Instant of entry.
    pub recorded_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
