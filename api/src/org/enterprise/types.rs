//! Enterprises as clients see them.

use super::store;
use crate::fees::collection::types::{Collection, CollectionFilter, page_of_enterprise};
use crate::jobs::types::Job;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::org::federation::types::{Federation, federation};
use crate::org::trade_union::types::{Coverage, TradeUnion, coverages_of_enterprise, covering};
use crate::policy::Action;
use crate::scalars::{Date, DateTime, Decimal, Upload, Uscc, degrees};
use crate::visits::types::{Visit, VisitOrder, last_visit, visits_of_enterprise};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::org::enterprise::{self, Column, Entity};
use serde::{Deserialize, Serialize};

/// Who owns an enterprise (经济类型).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "enterprise::Ownership")]
pub enum Ownership {
    /// 国有.
    State,
    /// 集体.
    Collective,
    /// 私营.
    Private,
    /// 外商及港澳台.
    Foreign,
    /// 事业单位及机关.
    Public,
    /// 个体及其他.
    Other,
}

/// Whether an enterprise still does business.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "enterprise::EnterpriseStatus")]
pub enum EnterpriseStatus {
    /// 存续.
    Active,
    /// 停业: counts in the figures.
    Suspended,
    /// 注销: no longer counts in the figures.
    Deregistered,
}

/// A point on the map, WGS-84.
#[derive(SimpleObject)]
pub struct Location {
    /// Degrees north, six decimals.
    pub latitude: Decimal,
    /// Degrees east, six decimals.
    pub longitude: Decimal,
}

impl Location {
    /// From millionths of a degree; none unless both are known.
    pub fn of(latitude_e6: Option<i32>, longitude_e6: Option<i32>) -> Option<Location> {
        Some(Location {
            latitude: degrees(latitude_e6?),
            longitude: degrees(longitude_e6?),
        })
    }
}

/// A point on the map, WGS-84; digits beyond the sixth decimal (11 cm) are cut off.
#[derive(Clone, Debug, InputObject, Serialize, Deserialize)]
pub struct LocationInput {
    /// Degrees north, from -90 to 90.
    pub latitude: Decimal,
    /// Degrees east, from -180 to 180.
    pub longitude: Decimal,
}

/// In which order enterprises are listed.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum EnterpriseOrder {
    /// By name, in byte order.
    #[default]
    NameAsc,
    /// By name, backwards.
    NameDesc,
    /// Smallest first.
    EmployeesAsc,
    /// Largest first.
    EmployeesDesc,
}

impl EnterpriseOrder {
    fn sort(self) -> Sort<Entity> {
        match self {
            EnterpriseOrder::NameAsc => Sort::text("NAME", Column::Name),
            EnterpriseOrder::NameDesc => Sort::text("NAME", Column::Name).descending(true),
            EnterpriseOrder::EmployeesAsc => Sort::int("EMPLOYEES", Column::Employees),
            EnterpriseOrder::EmployeesDesc => Sort::int("EMPLOYEES", Column::Employees).descending(true),
        }
    }
}

/// Which enterprises are listed; everything named must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EnterpriseFilter {
    /// Owner.
    pub ownership: Option<Ownership>,
    /// Status.
    pub status: Option<EnterpriseStatus>,
    /// The name begins with this.
    pub name_starts_with: Option<String>,
}

/// A page of the enterprises of a federation and all below it.
pub async fn enterprises_of(
    context: &Context<'_>,
    at: &Federation,
    filter: Option<EnterpriseFilter>,
    order: EnterpriseOrder,
    page: Page,
) -> Result<Connection<Enterprise>, Error> {
    let filter = filter.unwrap_or_default();
    let rows = store::filtered(
        &Op::of(context).scope_within(Action::ReadEnterprises, &at.0)?,
        filter.ownership.map(Into::into),
        filter.status.map(Into::into),
        filter.name_starts_with.as_deref(),
    );
    page::load(
        context,
        Listing {
            rows,
            sort: order.sort(),
            page,
        },
        Enterprise,
    )
    .await
}

/// A row of `enterprise`, as clients see it.
pub struct Enterprise(pub enterprise::Model);

/// An employer (企业, 用人单位): known once in the country by its code.
#[Object]
impl Enterprise {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Unified social credit code (统一社会信用代码).
    async fn uscc(&self) -> Uscc {
        Uscc(self.0.uscc.clone())
    }

    /// Registered name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Owner.
    async fn ownership(&self) -> Ownership {
        self.0.ownership.into()
    }

    /// Section letter and division of the national industry classification (GB/T 4754), for example `C39`.
    async fn industry(&self) -> &str {
        &self.0.industry
    }

    /// Employees (职工人数).
    async fn employees(&self) -> i32 {
        self.0.employees
    }

    /// Whether it still does business.
    async fn status(&self) -> EnterpriseStatus {
        self.0.status.into()
    }

    /// Place on the map; null if nobody has said.
    async fn location(&self) -> Option<Location> {
        Location::of(self.0.latitude_e6, self.0.longitude_e6)
    }

    /// First day on the register.
    async fn registered_on(&self) -> Date {
        Date(self.0.registered_on)
    }

    /// The township's federation, or another one, where it is.
    async fn township(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// The trade union that covers it; null if none does, or the caller may not see it.
    async fn trade_union(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "On this day; today if nothing is said.")] as_of: Option<Date>,
    ) -> Option<Result<TradeUnion, Error>> {
        covering(Op::of(context), self.0.id, as_of.map(|date| date.0)).await
    }

    /// Who covers it and did, newest first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn coverages(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Coverage>, Error> {
        coverages_of_enterprise(context, self.0.id, Page::new(first, after, last, before)?).await
    }

    /// Visits to it.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn visits(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order.", default)] order: VisitOrder,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Visit>, Error> {
        visits_of_enterprise(context, self.0.id, order, Page::new(first, after, last, before)?).await
    }

    /// The newest visit to it; null if nobody came yet.
    async fn last_visit(&self, context: &Context<'_>) -> Option<Result<Visit, Error>> {
        last_visit(Op::of(context), self.0.id).await
    }

    /// Lines that the tax bureau collected from it, newest first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn collections(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Entered by the treasury on this day or later.")] from: Option<Date>,
        #[graphql(desc = "Entered by the treasury on this day or before.")] to: Option<Date>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Collection>, Error> {
        let page = Page::new(first, after, last, before)?;
        page_of_enterprise(context, self.0.id, CollectionFilter { from, to }, page).await
    }

    /// Counts changes; `updateEnterprise` asks for it.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Instant of entry.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// Instant of the last change.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// Enters an enterprise.
#[derive(Debug, InputObject, Serialize)]
pub struct RegisterEnterprise {
    /// Where it is: a township's federation, or another one.
    pub federation_id: ID,
    /// Unified social credit code; no other enterprise has it.
    pub uscc: Uscc,
    /// Registered name, 2 to 100 characters.
    pub name: String,
    /// Owner.
    pub ownership: Ownership,
    /// Section letter and division of GB/T 4754, for example `C39`.
    pub industry: String,
    /// Employees, from 0 to 2,000,000.
    pub employees: i32,
    /// Place on the map.
    pub location: Option<LocationInput>,
    /// First day on the register, not in the future; today if nothing is said.
    pub registered_on: Option<Date>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Changes an enterprise; what is left out stays.
#[derive(Debug, InputObject, Serialize)]
pub struct UpdateEnterprise {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Registered name, 2 to 100 characters.
    pub name: Option<String>,
    /// Owner.
    pub ownership: Option<Ownership>,
    /// Section letter and division of GB/T 4754.
    pub industry: Option<String>,
    /// Employees, from 0 to 2,000,000.
    pub employees: Option<i32>,
    /// Status.
    pub status: Option<EnterpriseStatus>,
    /// Place on the map.
    pub location: Option<LocationInput>,
    /// The day from which the figures show another owner, status or number of employees: from the last such change (first the
    /// registration) to today; today if nothing is said. A coverage ends on the day of deregistration.
    pub from: Option<Date>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Imports a register of enterprises from a file.
#[derive(Debug, InputObject, Serialize)]
pub struct ImportEnterprises {
    /// The file, sent by the caller.
    pub upload_id: Upload,
    /// Where: every row must lie below this federation.
    pub federation_id: ID,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What `importEnterprises` did: asked again for the same file and place, it is the same job.
    ImportEnterprisesPayload { job: Job }
}

crate::payload! {
    /// What `registerEnterprise` did.
    RegisterEnterprisePayload { enterprise: Enterprise }
}

crate::payload! {
    /// What `updateEnterprise` did. After a CONFLICT it holds the enterprise as it is now.
    UpdateEnterprisePayload { enterprise: Enterprise }
}
