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
