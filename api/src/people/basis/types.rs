//! Bases as clients see them.

use super::rules;
use crate::kernel::op::Op;
use crate::people::person::types::Person;
use crate::scalars::{Date, DateTime};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::people::basis;
use serde::Serialize;

/// What a person's data is for (处理目的). Data stays for so many days after the last basis ended.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "basis::Purpose")]
pub enum ProcessingPurpose {
    /// 会籍管理: membership (工会会员会籍管理办法); kept 1,095 days.
    Membership,
    /// 困难帮扶: help for families in need; sensitive (PIPL art. 28: health, finances), kept 1,825 days.
    Aid,
    /// 职工医疗互助: mutual medical aid; sensitive (PIPL art. 28: health), kept 1,825 days.
    MutualAid,
    /// 法律援助与维权: legal aid (Civil Code art. 188); kept 1,095 days.
    LegalAid,
    /// 文体与普惠活动: culture, sports, benefits; kept 180 days.
    Activity,
}

/// Why something may be done with a person's data (合法性基础, PIPL art. 13).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "basis::LegalBasis")]
pub enum LegalBasis {
    /// 同意: consent (art. 13 (1)), can be withdrawn.
    Consent,
    /// 单独同意: separate consent, for sensitive purposes (art. 29), can be withdrawn.
    SeparateConsent,
    /// 合同: a contract with the person (art. 13 (2)).
    Contract,
    /// 法定职责或义务: a statutory duty (art. 13 (3)); while it holds, data is not deleted at request.
    StatutoryDuty,
    /// 紧急情况: danger to life, health or property (art. 13 (4)).
    Emergency,
}

/// A row of `processing_basis`, as clients see it.
pub struct ProcessingBasis(pub basis::Model);

/// Why a person's data may be kept and used, from one day to another.
#[Object]
impl ProcessingBasis {
    /// What for.
    async fn purpose(&self) -> ProcessingPurpose {
        self.0.purpose.into()
    }

    /// By which basis.
    async fn basis(&self) -> LegalBasis {
        self.0.basis.into()
    }

    /// Version of the notice (告知书) that the person was shown.
    async fn notice_version(&self) -> &str {
        &self.0.notice_version
    }

    /// First day.
    async fn from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// First day on which it no longer holds; null while it has no end.
    async fn to(&self) -> Option<Date> {
        self.0.valid_to.map(Date)
    }

    /// Whether it holds today.
    async fn is_in_force(&self, context: &Context<'_>) -> bool {
        rules::is_in_force(&self.0, Op::of(context).today())
    }

    /// Instant of entry.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }
}

/// Why a person's data may be kept and used.
#[derive(InputObject, Serialize)]
pub struct ProcessingBasisInput {
    /// What for.
    pub purpose: ProcessingPurpose,
    /// By which basis; a sensitive purpose needs SEPARATE_CONSENT or STATUTORY_DUTY.
    pub basis: LegalBasis,
    /// Version of the notice that the person was shown: 1 to 30 letters, digits, dots and dashes.
    pub notice_version: String,
    /// First day, not in the future; today if nothing is said.
    pub from: Option<Date>,
    /// First day on which it no longer holds; none if it has no end.
    pub to: Option<Date>,
}

/// Records a consent, or another basis.
#[derive(InputObject, Serialize)]
pub struct RecordConsent {
    /// Whose data.
    pub person_id: ID,
    /// What for, and by which basis.
    pub basis: ProcessingBasisInput,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Withdraws a consent, or ends another basis.
#[derive(InputObject, Serialize)]
pub struct WithdrawConsent {
    /// Whose data.
    pub person_id: ID,
    /// What for.
    pub purpose: ProcessingPurpose,
    /// Which basis ends; left out, CONSENT and SEPARATE_CONSENT.
    pub basis: Option<LegalBasis>,
}

crate::payload! {
    /// What `recordConsent` did.
    RecordConsentPayload { person: Person }
}

crate::payload! {
    /// What `withdrawConsent` did.
    WithdrawConsentPayload { person: Person }
}
