//! Why something may be done with a person's data: a purpose, a legal basis, and from when to when.

use crate::id::{BasisId, PersonId};
use sea_orm::entity::prelude::*;

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// 会籍管理.
    Membership,
    /// 困难帮扶.
    Aid,
    /// 职工医疗互助.
    MutualAid,
    /// 法律援助与维权.
    LegalAid,
    /// 文体与普惠活动.
    Activity,
}

/// By which of the bases of the Personal Information Protection Law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LegalBasis {
    /// 同意.
    Consent,
    /// 单独同意.
    SeparateConsent,
    /// 合同.
    Contract,
    /// 法定职责或义务.
    StatutoryDuty,
    /// 紧急情况.
    Emergency,
}

/// A row of `processing_basis`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "processing_basis")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BasisId,
    /// Whose data.
    pub person_id: PersonId,
    /// What for.
    pub purpose: Purpose,
    /// By which basis.
    pub basis: LegalBasis,
    /// Version of the notice that the person was shown.
    pub notice_version: String,
    /// First day.
    pub valid_from: Date,
    /// First day on which it no longer holds.
    pub valid_to: Option<Date>,
    /// Instant of entry.
    pub recorded_at: DateTimeUtc,
    /// Whose data.
    #[sea_orm(belongs_to, from = "person_id", to = "id")]
    pub person: BelongsTo<super::person::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
