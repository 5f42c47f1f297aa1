//! A line of a tax-bureau delivery that was accepted: append-only.

use crate::id::{CollectionId, EnterpriseId, FederationId};
use sea_orm::entity::prelude::*;

/// What was collected (征收品目).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Item {
    /// 工会经费, 399001010.
    UnionFee,
    /// 工会筹备金, 399001020.
    PreparatoryFund,
}

/// A row of `collection`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "collection")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CollectionId,
    /// Who paid.
    pub enterprise_id: EnterpriseId,
    /// Tax voucher (税票号码); with `line_no` the natural key.
    pub voucher_id: String,
    /// Line within the voucher (明细序号).
    pub line_no: i32,
    /// Tax registration (登记序号).
    pub tax_registration_no: String,
    /// What was collected.
    pub item: Item,
    /// First day of the period (所属期起).
    pub period_from: Date,
    /// Last day of the period (所属期止).
    pub period_to: Date,
    /// Total wages (工资总额), fen.
    pub wages_fen: i64,
    /// Rate (费率) in millionths.
    pub rate_ppm: i32,
    /// Payable before relief (应纳费额), fen.
    pub payable_fen: i64,
    /// Relief (减免费额), fen.
    pub relief_fen: i64,
    /// Paid before (已缴费额), fen.
    pub paid_fen: i64,
    /// Collected by this line (实缴金额), fen; negative for a refund.
    pub due_fen: i64,
    /// Day on which the treasury entered it (入库日期).
    pub entered_on: Date,
    /// Treasury (国库代码).
    pub treasury_code: String,
    /// Tax office (税务机关代码).
    pub tax_office: String,
    /// Voucher that a refund takes back, if the bureau says.
    pub reverses_voucher_id: Option<String>,
    /// Names what was odd, or is empty: `RATE_ANOMALY`, `TOWNSHIP_DIFFERS`, separated by blanks.
    pub warnings: String,
    /// SHA-256 of the normalised line: tells a repeated line from a changed one.
    pub digest: String,
    /// Instant of acceptance.
    pub received_at: DateTimeUtc,
    /// Federation of the payer.
    pub federation_id: FederationId,
    /// The day on which the payer had come to where it was as the line was accepted; none if it never moved.
    pub moved_on: Option<Date>,
    /// Path of the payer.
    pub path: String,
    /// County of the payer.
    pub county_id: FederationId,
    /// Who paid.
    #[sea_orm(belongs_to, from = "enterprise_id", to = "id")]
    pub enterprise: BelongsTo<crate::org::enterprise::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

crate::placed!();
