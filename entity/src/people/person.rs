//! A person: what is personal is sealed, and found by keyed hashes only.

use crate::id::{FederationId, PersonId};
use crate::sealed::Sealed;
use sea_orm::entity::prelude::*;

/// What kind of document the number is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IdType {
    /// 居民身份证.
    ResidentId,
    /// 护照.
    Passport,
    /// 港澳台居民居住证.
    HkMacaoTaiwanResident,
    /// 外国人永久居留身份证.
    ForeignPermanentResident,
    /// 其他.
    Other,
}

/// Sex as documents say it (GB/T 2261.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
    /// 未知.
    Unknown,
}

/// The eight groups of new forms of employment (八大群体).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EmploymentGroup {
    /// 不属于八大群体.
    None,
    /// 货车司机.
    TruckDriver,
    /// 快递员.
    Courier,
    /// 护工护理员.
    NursingWorker,
    /// 家政服务员.
    DomesticWorker,
    /// 商场信息员.
    MallInformant,
    /// 网约送餐员.
    DeliveryRider,
    /// 房产中介员.
    EstateAgent,
    /// 保安员.
    SecurityGuard,
}

/// A row of `person`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PersonId,
    /// Which document.
    pub id_type: IdType,
    /// Name; none once erased.
    pub name: Option<Sealed>,
    /// Number of the document, normal form; none once erased.
    pub id_number: Option<Sealed>,
    /// Phone, digits only.
    pub phone: Option<Sealed>,
    /// Day of birth where the number does not tell it.
    pub birth_date: Option<Sealed>,
    /// Sex; none where nobody has said, and once erased.
    pub sex: Option<Sex>,
    /// 农民工.
    pub is_migrant_worker: bool,
    /// Group of new employment.
    pub employment_group: EmploymentGroup,
    /// Keyed hash of document and number: unique in the country.
    pub number_index: Option<String>,
    /// Keyed hash of the phone.
    pub phone_index: Option<String>,
    /// The first day on which nothing allows keeping the data any more; none while a basis has no end.
    pub keep_until: Option<Date>,
    /// Counts corrections.
    pub version: i32,
    /// Instant of entry.
    pub registered_at: DateTimeUtc,
    /// Instant of the last change.
    pub updated_at: DateTimeUtc,
    /// Instant at which what is personal was taken away.
    pub erased_at: Option<DateTimeUtc>,
    /// Which federation holds the data.
    pub federation_id: FederationId,
    /// Path of that federation.
    pub path: String,
    /// County of that federation.
    pub county_id: FederationId,
    /// Why the data may be kept and used.
    #[sea_orm(has_many)]
    pub bases: HasMany<super::basis::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
