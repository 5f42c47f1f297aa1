//! Grassroots unions and coverages as clients see them.

use super::store::{self, Covering};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::members::membership::types::MembersOfTradeUnion;
use crate::org::enterprise::types::Enterprise;
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::scalars::{Date, DateTime};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::NaiveDate;
use entity::id::{EnterpriseId, TradeUnionId};
use entity::org::{coverage, enterprise, trade_union};
use serde::{Deserialize, Serialize};

/// How a grassroots union is organised (组织形式).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "trade_union::Form")]
pub enum TradeUnionForm {
    /// 单独基层工会: one enterprise.
    Single,
    /// 联合基层工会: several small enterprises.
    Joint,
    /// 村（社区）工会.
    Village,
    /// 行业工会: an industry of a place.
    Industry,
}

/// First axis of kind: the place in the tree.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "trade_union::Position")]
pub enum TradeUnionPosition {
    /// 地方.
    Territorial,
    /// 系统、产业.
    System,
    /// 园区.
    Park,
    /// 直属.
    Direct,
}

/// Second axis of kind: who owns the host unit.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "trade_union::HostKind")]
pub enum HostKind {
    /// 国有企业.
    StateOwned,
    /// 集体企业.
    Collective,
    /// 非公有制企业.
    Private,
    /// 外商投资企业.
    Foreign,
    /// 机关事业单位.
    Public,
    /// Several owners, or none (联合、村级).
    Mixed,
}

/// Third axis of kind: the workers it is for.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "trade_union::WorkerGroup")]
pub enum WorkerGroup {
    /// All workers.
    General,
    /// 农民工.
    Migrant,
    /// 新就业形态劳动者.
    NewEmployment,
}

/// Where a grassroots union is in its life.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "trade_union::TradeUnionState")]
pub enum TradeUnionState {
    /// 已建.
    Active,
    /// 已撤销.
    Dissolved,
}

/// In which order grassroots unions are listed.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum TradeUnionOrder {
    /// By name, in byte order.
    #[default]
    NameAsc,
    /// Oldest first.
    FoundedAsc,
    /// Newest first.
    FoundedDesc,
}

/// A page of the unions of a federation and all below it.
pub async fn trade_unions_of(
    context: &Context<'_>,
    at: &Federation,
    order: TradeUnionOrder,
    page: Page,
) -> Result<Connection<TradeUnion>, Error> {
    use trade_union::Column;
    let sort = match order {
        TradeUnionOrder::NameAsc => Sort::text("NAME", Column::Name),
        TradeUnionOrder::FoundedAsc => Sort::date("FOUNDED", Column::FoundedOn),
        TradeUnionOrder::FoundedDesc => Sort::date("FOUNDED", Column::FoundedOn).descending(true),
    };
    let rows = store::rows(&Op::of(context).scope_within(Action::ReadTradeUnions, &at.0)?);
    page::load(context, Listing { rows, sort, page }, TradeUnion).await
}

/// Coverages, newest first.
fn newest() -> Sort<coverage::Entity> {
    Sort::date("FROM", coverage::Column::ValidFrom).descending(true)
}

/// A page of who covers an enterprise and did.
pub async fn coverages_of_enterprise(
    context: &Context<'_>,
    id: EnterpriseId,
    page: Page,
) -> Result<Connection<Coverage>, Error> {
    let rows = store::coverages_of_enterprise(&Op::of(context).scope(Action::ReadTradeUnions)?, id);
    page::load(
        context,
        Listing {
            rows,
            sort: newest(),
            page,
        },
        Coverage,
    )
    .await
}

/// Who covers an enterprise on a day (today if none is given), if the caller may see it.
pub async fn covering(
    op: &Op,
    id: EnterpriseId,
    day: Option<NaiveDate>,
) -> Option<Result<TradeUnion, Error>> {
    match op.load::<Covering>((id, day.unwrap_or(op.today()))).await {
        Ok(coverage) => trade_union(op, coverage?.trade_union_id).await,
        Err(error) => Some(Err(error)),
    }
}

async fn trade_union(op: &Op, id: TradeUnionId) -> Option<Result<TradeUnion, Error>> {
    op.find::<trade_union::Entity>(id.0)
        .await
        .map(|found| found.map(TradeUnion))
        .transpose()
}

/// A row of `trade_union`, as clients see it.
pub struct TradeUnion(pub trade_union::Model);

/// A grassroots union (基层工会). Its kind has three independent axes: position, host and worker group.
#[Object]
impl TradeUnion {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Full name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How it is organised.
    async fn form(&self) -> TradeUnionForm {
        self.0.form.into()
    }

    /// First axis of kind: the place in the tree.
    async fn position(&self) -> TradeUnionPosition {
        self.0.position.into()
    }

    /// Second axis of kind: who owns the host unit.
    async fn host_kind(&self) -> HostKind {
        self.0.host_kind.into()
    }

    /// Third axis of kind: the workers it is for.
    async fn worker_group(&self) -> WorkerGroup {
        self.0.worker_group.into()
    }

    /// The federation that leads it.
    async fn superior(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// Day of founding.
    async fn founded_on(&self) -> Date {
        Date(self.0.founded_on)
    }

    /// Where it is in its life.
    async fn state(&self) -> TradeUnionState {
        self.0.state.into()
    }

    /// Whom it covers and did, newest first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn coverages(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Coverage>, Error> {
        let rows = store::coverages_of_union(&Op::of(context).scope(Action::ReadTradeUnions)?, self.0.id);
        let page = Page::new(first, after, last, before)?;
        page::load(
            context,
            Listing {
                rows,
                sort: newest(),
                page,
            },
            Coverage,
        )
        .await
    }

    #[graphql(flatten)]
    async fn people(&self) -> MembersOfTradeUnion<'_> {
        MembersOfTradeUnion(self)
    }

    /// Counts changes.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Instant of entry.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// A row of `coverage`, as clients see it.
pub struct Coverage(pub coverage::Model);

/// A trade union reaching an enterprise for a time (覆盖).
#[Object]
impl Coverage {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Who covers; null if the caller may not see it.
    async fn trade_union(&self, context: &Context<'_>) -> Option<Result<TradeUnion, Error>> {
        trade_union(Op::of(context), self.0.trade_union_id).await
    }

    /// Who is covered; null if the caller may not see it.
    async fn enterprise(&self, context: &Context<'_>) -> Option<Result<Enterprise, Error>> {
        let found = Op::of(context)
            .find::<enterprise::Entity>(self.0.enterprise_id.0)
            .await;
        found.map(|found| found.map(Enterprise)).transpose()
    }

    /// First day.
    async fn from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// First day on which it no longer holds; null while it does.
    async fn to(&self) -> Option<Date> {
        self.0.valid_to.map(Date)
    }
}

/// Founds a grassroots union.
#[derive(Debug, InputObject, Serialize)]
pub struct FoundTradeUnion {
    /// The federation that leads it.
    pub federation_id: ID,
    /// Full name, 4 to 100 characters, with 工会 in it.
    pub name: String,
    /// How it is organised.
    pub form: TradeUnionForm,
    /// First axis of kind.
    pub position: TradeUnionPosition,
    /// Second axis of kind.
    pub host_kind: HostKind,
    /// Third axis of kind.
    pub worker_group: WorkerGroup,
    /// Day of founding, not in the future.
    pub founded_on: Date,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Lets a trade union cover an enterprise.
#[derive(Debug, InputObject, Serialize)]
pub struct CoverEnterprise {
    /// Who covers.
    pub trade_union_id: ID,
    /// Who is covered.
    pub enterprise_id: ID,
    /// First day, not before the union was founded.
    pub from: Date,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Ends a coverage; calling again with the same day changes nothing.
#[derive(Debug, InputObject, Serialize)]
pub struct EndCoverage {
    /// Which.
    pub id: ID,
    /// First day on which it no longer holds.
    pub to: Date,
}

crate::payload! {
    /// What `foundTradeUnion` did.
    FoundTradeUnionPayload { trade_union: TradeUnion }
}

crate::payload! {
    /// What `coverEnterprise` did.
    CoverEnterprisePayload { coverage: Coverage }
}

crate::payload! {
    /// What `endCoverage` did.
    EndCoveragePayload { coverage: Coverage }
}
