//! What a person asked for about their own data.

use crate::id::{AccountId, FederationId, PersonId, SealedFileId, SubjectRequestId};
use sea_orm::entity::prelude::*;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestKind {
    /// 查阅、复制.
    Copy,
    /// 更正、补充.
    Correct,
    /// 删除.
    Delete,
}

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestState {
    /// waits for an answer.
    Received,
    /// done.
    Fulfilled,
    /// not done.
    Refused,
}

/// Why it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// 法定职责或义务.
    StatutoryDuty,
    /// 身份未核实.
    IdentityUnproven,
    /// 未持有相关信息.
    NothingHeld,
}

/// A row of `subject_request`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subject_request")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SubjectRequestId,
    /// Whose data.
    pub person_id: PersonId,
    /// What is asked for.
    pub kind: RequestKind,
    /// Where it is.
    pub state: RequestState,
    /// Day on which the person asked.
    pub received_on: Date,
    /// Last day for an answer.
    pub due_on: Date,
    /// Who entered it.
    pub filed_by: AccountId,
    /// When.
    pub filed_at: DateTimeUtc,
    /// Who answered.
    pub answered_by: Option<AccountId>,
    /// When.
    pub answered_at: Option<DateTimeUtc>,
    /// Why it was refused.
    pub refusal: Option<Refusal>,
    /// The copy.
    pub file_id: Option<SealedFileId>,
    /// Which federation holds the data.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
