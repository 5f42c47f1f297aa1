//! Collections as clients see them.

use super::rules::{Answer, Reason};
use super::store;
use crate::jobs::types::Job;
use crate::kernel::error::{Error, UserError};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::kernel::scope::Scope;
use crate::kernel::tree::Node;
use crate::org::enterprise::types::Enterprise;
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::scalars::{Date, DateTime, Decimal, Money, Upload, Uscc};
use async_graphql::resolver_utils::EnumType;
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::fees::{collection, waiting};
use entity::id::{CollectionId, EnterpriseId};
use entity::org::enterprise;
use serde::{Deserialize, Serialize};

/// What was collected (征收品目).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "collection::Item")]
pub enum CollectionItem {
    /// 工会经费, 399001010.
    UnionFee,
    /// 工会筹备金, 399001020: from employers without a trade union.
    PreparatoryFund,
}

/// What became of a delivered line.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Hash)]
pub enum CollectionStatus {
    /// New, and counted.
    Accepted,
    /// The same line was accepted before: nothing changed.
    Duplicate,
    /// Another line with this voucher and line number was accepted before; that one stays, this one waits for
    /// somebody to look at it.
    ChangedAfterImport,
    /// No enterprise in the caller's district has the code; the line waits. Sent again after the enterprise was
    /// registered, it is accepted.
    UnknownPayer,
    /// The line breaks a rule, see `reasons`; it is not kept: put it right and send it again.
    Invalid,
}

/// What is odd about an accepted line.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Hash)]
pub enum CollectionWarning {
    /// 费率异常: `payable` differs from wages × rate by more than one fen.
    RateAnomaly,
    /// The line names another township than the register; it is counted where the register says.
    TownshipDiffers,
}

/// Which rule a line breaks.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Hash)]
pub enum CollectionReasonCode {
    /// The field is empty; all but `reverses` are needed.
    Missing,
    /// The text is too long or holds control characters.
    BadText,
    /// Not a whole number from 1.
    BadLineNo,
    /// The unified social credit code breaks GB 32100-2015: length, alphabet, region or check character.
    BadCheckDigit,
    /// Not an item that is collected for the unions (399001010, 399001020).
    UnknownItem,
    /// No such day, or not written as `YYYY-MM-DD` (also `YYYY/MM/DD`, `YYYYMMDD`), from 1900 to 2200.
    BadDate,
    /// The period ends before it begins.
    BadPeriod,
    /// Not yuan with at most two decimals, or too much: wages of 100 billion and more, another amount of 1 billion and more.
    BadAmount,
    /// Not a rate above 0 and up to 1, with at most six decimals.
    BadRate,
    /// `due` is not `payable` − `relief` − `paid`.
    BadSum,
    /// No township has the code.
    UnknownTownship,
    /// The township belongs to another district than the caller's.
    OutOfDistrict,
}

/// The name of an enum value, as the contract writes it.
pub fn name<E: EnumType>(value: E) -> &'static str {
    let found = E::items().iter().find(|item| item.value == value);
    found.map_or("", |item| item.name)
}

/// Why a line is INVALID.
#[derive(Clone, Debug, SimpleObject)]
pub struct CollectionReason {
    /// Which rule.
    pub code: CollectionReasonCode,
    /// The field of the line.
    pub field: String,
    /// Why, in the language of `Accept-Language` (zh-CN or en).
    pub message: String,
}

impl From<&Reason> for CollectionReason {
    fn from(reason: &Reason) -> Self {
        CollectionReason {
            code: reason.code,
            field: reason.field.to_owned(),
            message: reason.text.said(),
        }
    }
}

/// A line as the tax bureau sends it. All fields but `reverses` are needed, yet none is forced here: a line without one
/// is INVALID by itself and the others of the call are not touched. Blanks around texts and full-width digits and
/// letters are put right.
#[derive(Clone, Debug, Default, PartialEq, Eq, InputObject, SimpleObject, Serialize, Deserialize)]
#[graphql(name = "DeliveredCollectionLine", input_name = "CollectionLineInput")]
#[serde(rename_all = "camelCase", default)]
pub struct CollectionLine {
    /// 税票号码: tax voucher, at most 64 characters.
    pub voucher_id: Option<String>,
    /// 明细序号: line within the voucher, from 1.
    pub line_no: Option<i32>,
    /// 登记序号: tax registration, at most 64 characters.
    pub tax_registration_no: Option<String>,
    /// 统一社会信用代码 of the payer.
    pub uscc: Option<String>,
    /// 纳税人名称: name of the payer, at most 200 characters.
    pub payer_name: Option<String>,
    /// 征收品目代码: 399001010 (工会经费) or 399001020 (工会筹备金).
    pub item_code: Option<String>,
    /// 所属期起: first day of the period, `YYYY-MM-DD`.
    pub period_from: Option<String>,
    /// 所属期止: last day of the period, `YYYY-MM-DD`.
    pub period_to: Option<String>,
    /// 工资总额: total wages of the period, yuan with at most two decimals.
    pub wages: Option<String>,
    /// 费率: for example `0.02`.
    pub rate: Option<String>,
    /// 应纳费额: payable before relief, yuan.
    pub payable: Option<String>,
    /// 减免费额: relief, yuan.
    pub relief: Option<String>,
    /// 已缴费额: paid before, yuan.
    pub paid: Option<String>,
    /// 实缴金额: collected by this line, yuan; negative for a refund.
    pub due: Option<String>,
    /// 入库日期: day on which the treasury entered it, `YYYY-MM-DD`.
    pub entered_on: Option<String>,
    /// 国库代码: treasury.
    pub treasury_code: Option<String>,
    /// 税务机关代码: tax office.
    pub tax_office: Option<String>,
    /// 街道乡镇代码: township, 12 digits.
    pub township: Option<String>,
    /// 冲销税票号码: voucher that a refund takes back, if the bureau says. It does not make a repeated line another one:
    /// not every format of the bureau has it.
    pub reverses: Option<String>,
}

/// A row of `collection`, as clients see it.
pub struct Collection(pub collection::Model);

/// A line that the tax bureau collected for the unions, once accepted. It never changes.
#[Object]
impl Collection {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// 税票号码: tax voucher.
    async fn voucher_id(&self) -> &str {
        &self.0.voucher_id
    }

    /// 明细序号: line within the voucher, from 1.
    async fn line_no(&self) -> i32 {
        self.0.line_no
    }

    /// 登记序号: tax registration.
    async fn tax_registration_no(&self) -> &str {
        &self.0.tax_registration_no
    }

    /// 征收品目: what was collected.
    async fn item(&self) -> CollectionItem {
        self.0.item.into()
    }

    /// 所属期起: first day of the period.
    async fn period_from(&self) -> Date {
        Date(self.0.period_from)
    }

    /// 所属期止: last day of the period.
    async fn period_to(&self) -> Date {
        Date(self.0.period_to)
    }

    /// 工资总额: total wages of the period.
    async fn wages(&self) -> Money {
        Money::of_fen(self.0.wages_fen)
    }

    /// 费率: share of the wages, for example `0.020000`.
    async fn rate(&self) -> Decimal {
        let ppm = self.0.rate_ppm;
        Decimal(format!("{}.{:06}", ppm / 1_000_000, ppm % 1_000_000))
    }

    /// 应纳费额: payable before relief.
    async fn payable(&self) -> Money {
        Money::of_fen(self.0.payable_fen)
    }

    /// 减免费额: relief.
    async fn relief(&self) -> Money {
        Money::of_fen(self.0.relief_fen)
    }

    /// 已缴费额: paid before.
    async fn paid(&self) -> Money {
        Money::of_fen(self.0.paid_fen)
    }

    /// 实缴金额: collected by this line; negative for a refund.
    async fn due(&self) -> Money {
        Money::of_fen(self.0.due_fen)
    }

    /// 入库日期: day on which the treasury entered it; the figures count it on this day.
    async fn entered_on(&self) -> Date {
        Date(self.0.entered_on)
    }

    /// 国库代码: treasury.
    async fn treasury_code(&self) -> &str {
        &self.0.treasury_code
    }

    /// 税务机关代码: tax office.
    async fn tax_office(&self) -> &str {
        &self.0.tax_office
    }

    /// 冲销税票号码: voucher that a refund takes back; null if the bureau did not say.
    async fn reverses(&self) -> Option<&str> {
        self.0.reverses_voucher_id.as_deref()
    }

    /// What was odd about it when it was accepted.
    async fn warnings(&self) -> Vec<CollectionWarning> {
        let items = CollectionWarning::items().iter();
        let named = items.filter(|item| self.0.warnings.split(' ').any(|name| name == item.name));
        named.map(|item| item.value).collect()
    }

    /// Instant of acceptance.
    async fn received_at(&self) -> DateTime {
        DateTime(self.0.received_at)
    }

    /// Who paid; null if the caller may not see enterprises.
    async fn enterprise(&self, context: &Context<'_>) -> Option<Result<Enterprise, Error>> {
        let found = Op::of(context)
            .find::<enterprise::Entity>(self.0.enterprise_id.0)
            .await;
        found.map(|found| found.map(Enterprise)).transpose()
    }

    /// Where the payer was on the register when the line was accepted; the figures count it there.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }
}

/// Why a line waits.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "waiting::WaitingReason")]
pub enum WaitingReason {
    /// No enterprise of the district has the code.
    UnknownPayer,
    /// Another line with this voucher and line number was accepted before.
    ChangedAfterImport,
}

/// A row of `waiting_collection`, as clients see it.
pub struct WaitingCollection(pub waiting::Model);

/// A delivered line that somebody has to look at (待处理明细). It waits once, however often it is sent, and is in no
/// figure.
#[Object]
impl WaitingCollection {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Why it waits.
    async fn reason(&self) -> WaitingReason {
        self.0.reason.into()
    }

    /// 统一社会信用代码 of the payer, normalised.
    async fn uscc(&self) -> Uscc {
        Uscc(self.0.uscc.clone())
    }

    /// Name of the payer as delivered.
    async fn payer_name(&self) -> &str {
        &self.0.payer_name
    }

    /// 实缴金额: collected by this line; negative for a refund.
    async fn due(&self) -> Money {
        Money::of_fen(self.0.due_fen)
    }

    /// 入库日期: day on which the treasury entered it.
    async fn entered_on(&self) -> Date {
        Date(self.0.entered_on)
    }

    /// The whole line as delivered.
    async fn line(&self) -> Result<CollectionLine, Error> {
        Ok(serde_json::from_str(&self.0.line)?)
    }

    /// Instant at which it came first.
    async fn received_at(&self) -> DateTime {
        DateTime(self.0.received_at)
    }

    /// The township that the line names.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }
}

/// Delivers lines.
#[derive(Debug, InputObject)]
pub struct SubmitCollections {
    /// From 1 to 1,000 lines. Larger deliveries go by file: `importCollections`.
    pub lines: Vec<CollectionLine>,
}

/// The answer to one line.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CollectionResult {
    /// Position of the line in `lines`, from 0.
    index: usize,
    /// Voucher as sent; null if it was not.
    voucher_id: Option<String>,
    /// Line number as sent; null if it was not.
    line_no: Option<i32>,
    /// What became of it.
    status: CollectionStatus,
    /// Everything that makes it INVALID; empty otherwise.
    reasons: Vec<CollectionReason>,
    /// What is odd about it, if it is ACCEPTED; empty otherwise.
    warnings: Vec<CollectionWarning>,
    #[graphql(skip)]
    collection_id: Option<CollectionId>,
}

impl CollectionResult {
    /// Puts an answer beside its line.
    pub fn new(index: usize, line: CollectionLine, answer: &Answer) -> Self {
        CollectionResult {
            index,
            voucher_id: line.voucher_id,
            line_no: line.line_no,
            status: answer.status,
            reasons: answer.reasons.iter().map(CollectionReason::from).collect(),
            warnings: answer.warnings.clone(),
            collection_id: answer.collection_id,
        }
    }
}

#[ComplexObject]
impl CollectionResult {
    /// The accepted line of this key: this one if it is ACCEPTED or a DUPLICATE, the other one if it is
    /// CHANGED_AFTER_IMPORT; null if there is none.
    async fn collection(&self, context: &Context<'_>) -> Option<Result<Collection, Error>> {
        let id = self.collection_id?;
        Some(
            Op::of(context)
                .get::<collection::Entity>(id.0, "id")
                .await
                .map(Collection),
        )
    }
}

/// What `submitCollections` did.
#[derive(Default, SimpleObject)]
pub struct SubmitCollectionsPayload {
    /// The answer to each line, in the order of the lines; empty if the call was refused.
    pub results: Vec<CollectionResult>,
    /// Why the call as a whole was refused; empty when every line was answered.
    pub user_errors: Vec<UserError>,
}

/// Delivers a file of lines.
#[derive(Debug, InputObject)]
pub struct ImportCollections {
    /// The file, sent by the caller.
    pub upload_id: Upload,
    /// The federation of the district: every line must name a township there or below.
    pub federation_id: ID,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What `importCollections` did.
    ImportCollectionsPayload { job: Job }
}

/// Which lines a list shows.
#[derive(Clone, Copy, Debug)]
pub struct CollectionFilter {
    /// Entered by the treasury on this day or later.
    pub from: Option<Date>,
    /// Entered by the treasury on this day or before.
    pub to: Option<Date>,
}

/// The lines of a federation and all below it.
pub async fn page_of_federation(
    context: &Context<'_>,
    node: &Node,
    filter: CollectionFilter,
    page: Page,
) -> Result<Connection<Collection>, Error> {
    let scope = Op::of(context).scope_within(Action::ReadCollections, node)?;
    page_of(context, &scope, None, (filter, page)).await
}

/// The lines of an enterprise.
pub async fn page_of_enterprise(
    context: &Context<'_>,
    enterprise_id: EnterpriseId,
    filter: CollectionFilter,
    page: Page,
) -> Result<Connection<Collection>, Error> {
    let scope = Op::of(context).scope(Action::ReadCollections)?;
    page_of(context, &scope, Some(enterprise_id), (filter, page)).await
}

async fn page_of(
    context: &Context<'_>,
    scope: &Scope,
    enterprise_id: Option<EnterpriseId>,
    (filter, page): (CollectionFilter, Page),
) -> Result<Connection<Collection>, Error> {
    let days = (filter.from.map(|day| day.0), filter.to.map(|day| day.0));
    let listing = Listing {
        rows: store::collections(scope, enterprise_id, days),
        sort: Sort::date("enteredOn", collection::Column::EnteredOn).descending(true),
        page,
    };
    page::load(context, listing, Collection).await
}

/// The lines of a federation and all below it that somebody has to look at, the newest first.
pub async fn waiting_page_of_federation(
    context: &Context<'_>,
    node: &Node,
    reason: Option<WaitingReason>,
    page: Page,
) -> Result<Connection<WaitingCollection>, Error> {
    let scope = Op::of(context).scope_within(Action::ReadCollections, node)?;
    let listing = Listing {
        rows: store::waiting(&scope, reason.map(Into::into)),
        sort: Sort::instant("receivedAt", waiting::Column::ReceivedAt).descending(true),
        page,
    };
    page::load(context, listing, WaitingCollection).await
}
