//! Federations as clients see them.

use super::rules::full_name;
use super::store;
use crate::accounts::account::types::{Account, AccountFilter, AccountOrder, accounts_of};
use crate::assessments::assessment::graphql::AssessmentsOfFederation;
use crate::audit::types::{AuditEntry, AuditFilter, audit_trail_of};
use crate::fees::collection::graphql::FeesOfFederation;
use crate::figures::graphql::FiguresOfFederation;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::kernel::tree::Node;
use crate::members::membership::types::MembersOfFederation;
use crate::members::transfer::types::TransfersOfFederation;
use crate::org::enterprise::types::{Enterprise, EnterpriseFilter, EnterpriseOrder, enterprises_of};
use crate::org::trade_union::types::{TradeUnion, TradeUnionOrder, trade_unions_of};
use crate::people::person::types::{Person, PersonFilter, people_of};
use crate::policy::Action;
use crate::privacy::export::types::{Export, ExportState, exports_of};
use crate::privacy::request::types::{SubjectRequest, SubjectRequestState, subject_requests_of};
use crate::returns::report::graphql::ReturnsOfFederation;
use crate::returns::snapshot::graphql::SnapshotsOfFederation;
use crate::scalars::{Date, DivisionCode, IdNumber, PhoneNumber};
use crate::targets::graphql::TargetsOfFederation;
use crate::visits::types::{Visit, VisitOrder, visits_of};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::id::FederationId;
use entity::org::{federation, federation_link};
use serde::{Deserialize, Serialize};

/// Rank of a federation in the leadership tree.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "federation::Level")]
pub enum FederationLevel {
    /// 省级: province, autonomous region, municipality.
    Province,
    /// 市级: prefecture-level city, prefecture.
    City,
    /// 县级: county, district, county-level city.
    County,
    /// 乡镇级: township, town, subdistrict.
    Township,
}

/// What a federation is built on.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "federation::Kind")]
pub enum FederationKind {
    /// 地方总工会: an administrative division.
    Territorial,
    /// 产业工会: an industry.
    Industry,
    /// 系统工会: a system of public bodies.
    System,
    /// 园区工会: a development zone.
    Park,
    /// 直属工会: units directly under a federation.
    Direct,
}

/// Meaning of an extra edge between federations.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize, Deserialize)]
#[graphql(remote = "federation_link::LinkKind")]
pub enum FederationLinkKind {
    /// 产业指导: an industry union guides it beside its territorial leader.
    IndustryGuidance,
    /// 经费关系: its fees go up another way than its leadership.
    Fee,
}

/// A node of the tree, as clients see it.
pub struct Federation(pub Node);

/// Asks for a federation by its id.
pub fn federation(op: &Op, id: FederationId) -> Result<Federation, Error> {
    op.tree()
        .get(id)
        .cloned()
        .map(Federation)
        .ok_or(Error::NotFound("id".into()))
}

/// A page of federations that the caller knows.
fn page_of(page: &Page, nodes: Vec<&Node>) -> Result<Connection<Federation>, Error> {
    page.slice(
        nodes,
        |node| node.id.gid().to_string(),
        |node| Federation(node.clone()),
    )
}

/// A federation of unions (总工会): a node of the leadership tree. Above one's own scope only its name and place are
/// shown.
#[Object]
impl Federation {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Rank.
    async fn level(&self) -> FederationLevel {
        self.0.level.into()
    }

    /// What it is built on.
    async fn kind(&self) -> FederationKind {
        self.0.kind.into()
    }

    /// Division code; null unless it is territorial. Four codes stand at two levels: the key is level and code.
    async fn code(&self) -> Option<DivisionCode> {
        self.0.code.as_deref().map(|code| DivisionCode(code.to_owned()))
    }

    /// Full name: the division's name and 总工会, or the name it was founded with.
    async fn name(&self) -> String {
        full_name(&self.0)
    }

    /// Its division stands in for no real one (市辖区, 省直辖县级行政区划): it only holds the tree together.
    async fn is_stand_in(&self) -> bool {
        self.0.is_stand_in
    }

    /// The day since which the division list does not have it any more; its history stays.
    async fn retired_on(&self) -> Option<Date> {
        self.0.retired_on.map(Date)
    }

    /// The superior; null at the top.
    async fn parent(&self, context: &Context<'_>) -> Option<Federation> {
        let tree = Op::of(context).tree();
        tree.get(self.0.parent_id?).cloned().map(Federation)
    }

    /// The superiors, from the top down; at most as many as there are levels above it.
    async fn ancestors(&self, context: &Context<'_>) -> Vec<Federation> {
        let tree = Op::of(context).tree();
        let mut above: Vec<Federation> = tree.ancestors(&self.0).cloned().map(Federation).collect();
        above.reverse();
        above
    }

    /// Federations directly below it, in order of code; only those that the caller may know of.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn children(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Federation>, Error> {
        let op = Op::of(context);
        let scope = op.scope(Action::ReadTree)?;
        let tree = op.tree();
        let known = |node: &&Node| scope.holds(&node.path) || scope.is_below(&node.path);
        page_of(
            &Page::new(first, after, last, before)?,
            tree.children(&self.0).filter(known).collect(),
        )
    }

    /// Federations of a level anywhere below it, in order of the tree; only those in the caller's scope.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn descendants(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Rank of those wanted.")] level: FederationLevel,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Federation>, Error> {
        let op = Op::of(context);
        let scope = op.scope(Action::ReadTree)?;
        let level = federation::Level::from(level);
        let tree = op.tree();
        let below = tree
            .below(&self.0)
            .iter()
            .filter(|node| node.level == level && scope.holds(&node.path));
        page_of(&Page::new(first, after, last, before)?, below.collect())
    }

    /// Enterprises of this federation and all below it.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn enterprises(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<EnterpriseFilter>,
        #[graphql(desc = "Order.", default)] order: EnterpriseOrder,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Enterprise>, Error> {
        enterprises_of(
            context,
            self,
            filter,
            order,
            Page::new(first, after, last, before)?,
        )
        .await
    }

    /// Grassroots unions of this federation and all below it.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn trade_unions(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Order.", default)] order: TradeUnionOrder,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<TradeUnion>, Error> {
        trade_unions_of(context, self, order, Page::new(first, after, last, before)?).await
    }

    /// Field visits in this federation and all below it.
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
        visits_of(context, self, order, Page::new(first, after, last, before)?).await
    }

    /// People of whom this federation and all below it hold data, newest first; the erased ones are left out. Looking for a
    /// number or a phone is limited to 200 a day, so that what a mask hides cannot be found by trying, and written down.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn people(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only who has this number, on any document.")] id_number: Option<IdNumber>,
        #[graphql(desc = "Only who has this phone.")] phone: Option<PhoneNumber>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Person>, Error> {
        let page = Page::new(first, after, last, before)?;
        people_of(context, self, PersonFilter { id_number, phone }, page).await
    }

    /// Personal data of this federation and all below it that was asked for in bulk, newest first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn exports(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those that are here.")] state: Option<ExportState>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Export>, Error> {
        exports_of(context, self, state, Page::new(first, after, last, before)?).await
    }

    /// What people of this federation and all below it asked for about their own data, those due first at the top.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn subject_requests(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those that are here.")] state: Option<SubjectRequestState>,
        #[graphql(desc = "Only those without an answer after the last day for it, or only the others.")]
        is_overdue: Option<bool>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<SubjectRequest>, Error> {
        let page = Page::new(first, after, last, before)?;
        subject_requests_of(context, self, (state, is_overdue), page).await
    }

    /// The audit trail (审计日志) of this federation and all below it, newest first: what was done, and what was refused for
    /// want of permission. An entry is there once it is numbered, within a second.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn audit_trail(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which entries; all if nothing is said.")] filter: Option<AuditFilter>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<AuditEntry>, Error> {
        let page = Page::new(first, after, last, before)?;
        audit_trail_of(context, self, filter.unwrap_or_default(), page).await
    }

    #[graphql(flatten)]
    async fn in_unions(&self) -> MembersOfFederation<'_> {
        MembersOfFederation(self)
    }

    #[graphql(flatten)]
    async fn between_unions(&self) -> TransfersOfFederation<'_> {
        TransfersOfFederation(self)
    }

    #[graphql(flatten)]
    async fn fees(&self) -> FeesOfFederation<'_> {
        FeesOfFederation(self)
    }

    #[graphql(flatten)]
    async fn numbers(&self) -> FiguresOfFederation<'_> {
        FiguresOfFederation(self)
    }

    #[graphql(flatten)]
    async fn reports(&self) -> ReturnsOfFederation<'_> {
        ReturnsOfFederation(self)
    }

    #[graphql(flatten)]
    async fn kept(&self) -> SnapshotsOfFederation<'_> {
        SnapshotsOfFederation(self)
    }

    #[graphql(flatten)]
    async fn assessed(&self) -> AssessmentsOfFederation<'_> {
        AssessmentsOfFederation(self)
    }

    #[graphql(flatten)]
    async fn steering(&self) -> TargetsOfFederation<'_> {
        TargetsOfFederation(self)
    }

    /// Accounts with their home in this federation or below it; for who administrates accounts.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn accounts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<AccountFilter>,
        #[graphql(desc = "Order.", default)] order: AccountOrder,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Account>, Error> {
        let page = Page::new(first, after, last, before)?;
        accounts_of(context, self, filter, order, page).await
    }

    /// Extra edges of this federation (industry guidance, fee relation), newest first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn links(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<FederationLink>, Error> {
        let page = Page::new(first, after, last, before)?;
        let rows = store::links_of(
            &Op::of(context).scope_within(Action::ReadTree, &self.0)?,
            self.0.id,
        );
        let sort = Sort::date("FROM", federation_link::Column::ValidFrom).descending(true);
        page::load(context, Listing { rows, sort, page }, FederationLink).await
    }
}

/// A row of `federation_link`, as clients see it.
pub struct FederationLink(pub federation_link::Model);

/// A dated extra edge between federations, beside the leadership tree.
#[Object]
impl FederationLink {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Meaning.
    async fn kind(&self) -> FederationLinkKind {
        self.0.kind.into()
    }

    /// The lower end.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// The upper end.
    async fn superior(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.superior_id)
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

/// Founds a federation that no division list has.
#[derive(Debug, InputObject, Serialize)]
pub struct FoundFederation {
    /// The superior.
    pub parent_id: ID,
    /// Rank; lower than the superior's.
    pub level: FederationLevel,
    /// Anything but TERRITORIAL.
    pub kind: FederationKind,
    /// Full name, 2 to 100 characters.
    pub name: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Draws a dated extra edge.
#[derive(Debug, InputObject, Serialize)]
pub struct LinkFederations {
    /// The lower end.
    pub federation_id: ID,
    /// The upper end.
    pub superior_id: ID,
    /// Meaning; at any day a federation has at most one edge of each.
    pub kind: FederationLinkKind,
    /// First day.
    pub from: Date,
    /// First day on which it no longer holds.
    pub to: Option<Date>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Ends an extra edge.
#[derive(Debug, InputObject, Serialize)]
pub struct EndFederationLink {
    /// The edge.
    pub id: ID,
    /// First day on which it no longer holds.
    pub to: Date,
}

crate::payload! {
    /// What `foundFederation` did.
    FoundFederationPayload { federation: Federation }
}

crate::payload! {
    /// What `linkFederations` did.
    LinkFederationsPayload { federation_link: FederationLink }
}

crate::payload! {
    /// What `endFederationLink` did.
    EndFederationLinkPayload { federation_link: FederationLink }
}
