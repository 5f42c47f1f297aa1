//! Memberships as clients see them.

use super::store::{self, ChangesOf};
use crate::accounts::account::types::DisplayNames;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::members::card::store::CardsOf;
use crate::members::card::types::MemberCard;
use crate::members::transfer::store::WaitingOf;
use crate::members::transfer::types::MemberTransfer;
use crate::org::enterprise::types::Enterprise;
use crate::org::federation::types::{Federation, federation};
use crate::org::trade_union::types::TradeUnion;
use crate::people::person::types::{EmploymentGroup, Person, Sex};
use crate::policy::Action;
use crate::scalars::{Date, DateTime};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::members::{membership, membership_change};
use entity::org::{enterprise, trade_union};
use entity::people::person;
use serde::Serialize;

/// Where a membership is in its life (会籍状态).
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
#[graphql(remote = "membership::State")]
pub enum MembershipState {
    /// 申请中: applied for, not decided.
    Applied,
    /// 未批准: the application was rejected.
    Rejected,
    /// 在籍: a member.
    #[default]
    Active,
    /// 转移中: a member whose transfer to another union waits.
    Transferring,
    /// 保留会籍: a member who retired or is out of work; no dues, no vote.
    Retained,
    /// 已转出: went to another union.
    Transferred,
    /// 已退会: withdrew.
    Withdrawn,
    /// 自动退会: struck off after six months of absence.
    StruckOff,
    /// 已开除: expelled.
    Expelled,
    /// 已去世.
    Deceased,
}

/// How a member came to a union.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "membership::CameBy")]
pub enum MemberCameBy {
    /// 入会: joined.
    Joining,
    /// 转入: came from another union.
    Transfer,
}

/// What happened to a membership (会籍变化类型).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "membership_change::ChangeKind")]
pub enum MembershipChangeKind {
    /// 申请入会.
    Applied,
    /// 未批准入会.
    Rejected,
    /// 入会.
    Joined,
    /// 保留会籍.
    Retained,
    /// 恢复会籍.
    Reactivated,
    /// 申请转出.
    TransferSubmitted,
    /// 转出被退回.
    TransferRefused,
    /// 转出.
    TransferredOut,
    /// 转入.
    TransferredIn,
    /// 退会.
    Withdrawn,
    /// 自动退会.
    StruckOff,
    /// 开除会籍.
    Expelled,
    /// 去世.
    Died,
}

/// Why a membership changed (会籍变化原因).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "membership_change::ChangeReason")]
pub enum MembershipChangeReason {
    /// 劳动（工作）关系发生变化.
    LabourRelationChanged,
    /// 下岗待业: laid off, still in the unit.
    LaidOff,
    /// 失业.
    Unemployed,
    /// 用人单位破产、关闭.
    EmployerBankrupt,
    /// 退休、离休.
    Retired,
    /// 本人申请.
    OwnRequest,
    /// 连续六个月不缴纳会费、不参加组织生活.
    SixMonthsAbsent,
    /// 受到刑事处罚.
    Crime,
}

/// In which order memberships are listed.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum MemberOrder {
    /// Who joined, or applied, last.
    #[default]
    NewestFirst,
    /// Who joined, or applied, first.
    OldestFirst,
}

fn sorted(order: MemberOrder) -> Sort<membership::Entity> {
    Sort::date("BEGAN", membership::Column::BeganOn).descending(order == MemberOrder::NewestFirst)
}

/// The members of a federation.
pub struct MembersOfFederation<'a>(pub &'a Federation);

/// The members of a federation.
#[Object]
impl MembersOfFederation<'_> {
    /// Memberships (会籍) of all unions of this federation and below it, of one state. How many there are the figures tell:
    /// `members`.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn members(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only these.", default)] state: MembershipState,
        #[graphql(desc = "Order.", default)] order: MemberOrder,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Membership>, Error> {
        let scope = Op::of(context).scope_within(Action::ReadMembers, &self.0.0)?;
        let listing = Listing {
            rows: store::rows(&scope, state.into()),
            sort: sorted(order),
            page: Page::new(first, after, last, before)?,
        };
        page::load(context, listing, Membership).await
    }
}

/// The members of a grassroots union.
pub struct MembersOfTradeUnion<'a>(pub &'a TradeUnion);

/// The members of a grassroots union.
#[Object]
impl MembersOfTradeUnion<'_> {
    /// Memberships (会籍) of this union, of one state.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn members(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only these.", default)] state: MembershipState,
        #[graphql(desc = "Order.", default)] order: MemberOrder,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Membership>, Error> {
        let scope = Op::of(context).scope(Action::ReadMembers)?;
        let listing = Listing {
            rows: store::rows_of_union(&scope, self.0.0.id, state.into()),
            sort: sorted(order),
            page: Page::new(first, after, last, before)?,
        };
        page::load(context, listing, Membership).await
    }
}

/// The memberships of a person.
pub struct MembershipsOfPerson<'a>(pub &'a Person);

/// The memberships of a person.
#[Object]
impl MembershipsOfPerson<'_> {
    /// Memberships (会籍) in the unions that the caller sees, newest first; at most one of them is open.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn memberships(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Membership>, Error> {
        let scope = Op::of(context).scope(Action::ReadMembers)?;
        let listing = Listing {
            rows: store::rows_of_person(&scope, self.0.0.id),
            sort: sorted(MemberOrder::NewestFirst),
            page: Page::new(first, after, last, before)?,
        };
        page::load(context, listing, Membership).await
    }
}

/// A row of `membership`, as clients see it.
pub struct Membership(pub membership::Model);

/// Somebody in one grassroots union, from joining to leaving (会籍).
#[Object]
impl Membership {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Who, masked; null if the caller may not see the person, as after a transfer to another place.
    async fn person(&self, context: &Context<'_>) -> Option<Result<Person, Error>> {
        let found = Op::of(context).find::<person::Entity>(self.0.person_id.0);
        found.await.map(|found| found.map(Person)).transpose()
    }

    /// In which union; null if the caller may not see it.
    async fn trade_union(&self, context: &Context<'_>) -> Option<Result<TradeUnion, Error>> {
        let found = Op::of(context).find::<trade_union::Entity>(self.0.trade_union_id.0);
        found.await.map(|found| found.map(TradeUnion)).transpose()
    }

    /// The federation that leads the union.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// Where the member works; null for whoever has no employer in the register, and if the caller may not see it.
    async fn employer(&self, context: &Context<'_>) -> Option<Result<Enterprise, Error>> {
        let found = Op::of(context).find::<enterprise::Entity>(self.0.employer_id?.0);
        found.await.map(|found| found.map(Enterprise)).transpose()
    }

    /// Where it is in its life.
    async fn state(&self) -> MembershipState {
        self.0.state.into()
    }

    /// How the member came.
    async fn came_by(&self) -> MemberCameBy {
        self.0.came_by.into()
    }

    /// First day as a member; of an application the day on which it was made.
    async fn began_on(&self) -> Date {
        Date(self.0.began_on)
    }

    /// First day no longer as a member of this union; null while a member.
    async fn left_on(&self) -> Option<Date> {
        self.0.left_on.map(Date)
    }

    /// Sex, as the figures count it.
    async fn sex(&self) -> Sex {
        self.0.sex.into()
    }

    /// A migrant worker (农民工), as the figures count it.
    async fn is_migrant_worker(&self) -> bool {
        self.0.is_migrant_worker
    }

    /// Group of new employment, as the figures count it.
    async fn employment_group(&self) -> EmploymentGroup {
        self.0.employment_group.into()
    }

    /// What happened to it, in its order; at most 100, by rule.
    async fn changes(&self, context: &Context<'_>) -> Result<Vec<MembershipChange>, Error> {
        let changes = Op::of(context).load::<ChangesOf>(self.0.id).await?;
        Ok(changes.into_iter().map(MembershipChange).collect())
    }

    /// The transfer that waits; null unless one does.
    async fn transfer(&self, context: &Context<'_>) -> Option<Result<MemberTransfer, Error>> {
        let waiting = Op::of(context).load::<WaitingOf>(self.0.id).await;
        waiting.map(|waiting| waiting.map(MemberTransfer)).transpose()
    }

    /// The card that is good now; null without one.
    async fn card(&self, context: &Context<'_>) -> Option<Result<MemberCard, Error>> {
        match Op::of(context).load::<CardsOf>(self.0.id).await {
            Ok(cards) => cards
                .into_iter()
                .map(MemberCard)
                .find(MemberCard::is_valid)
                .map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// All cards, in the order of issue; at most 20, by rule.
    async fn cards(&self, context: &Context<'_>) -> Result<Vec<MemberCard>, Error> {
        let cards = Op::of(context).load::<CardsOf>(self.0.id).await?;
        Ok(cards.into_iter().map(MemberCard).collect())
    }

    /// Counts changes; each of them asks for it.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Instant of entry.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// A row of `membership_change`, as clients see it.
pub struct MembershipChange(pub membership_change::Model);

/// Something that happened to a membership (会籍变化).
#[Object]
impl MembershipChange {
    /// What.
    async fn kind(&self) -> MembershipChangeKind {
        self.0.kind.into()
    }

    /// Why; null where nothing was said.
    async fn reason(&self) -> Option<MembershipChangeReason> {
        self.0.reason.map(MembershipChangeReason::from)
    }

    /// The day from which it holds.
    async fn effective_on(&self) -> Date {
        Date(self.0.effective_on)
    }

    /// The document that it rests on.
    async fn document(&self) -> Option<&str> {
        self.0.document.as_deref()
    }

    /// What others see of the account that entered it; null if the service did.
    async fn entered_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        Some(Op::of(context).load::<DisplayNames>(self.0.operator_id?).await)
    }

    /// Instant of entry.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }
}

/// Enters an application.
#[derive(InputObject, Serialize)]
pub struct ApplyForMembership {
    /// Who applies.
    pub person_id: ID,
    /// To which union.
    pub trade_union_id: ID,
    /// Where they work; nothing for whoever has no employer in the register.
    pub employer_id: Option<ID>,
    /// Day of the application: not in the future, at 16 or older.
    pub applied_on: Date,
    /// What it rests on, 2 to 100 characters: the number or title of a paper, no personal data.
    pub document: Option<String>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Admits somebody.
#[derive(InputObject, Serialize)]
pub struct AdmitMember {
    /// Who joins.
    pub person_id: ID,
    /// Which union.
    pub trade_union_id: ID,
    /// Where they work; nothing for whoever has no employer in the register, or said it in the application.
    pub employer_id: Option<ID>,
    /// First day as a member: not in the future, at 16 or older.
    pub joined_on: Date,
    /// What it rests on, 2 to 100 characters: the number or title of a paper, no personal data.
    pub document: Option<String>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Changes a membership.
#[derive(InputObject, Serialize)]
pub struct ChangeMembership {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// The day from which it holds: not in the future, and not before the last change.
    pub on: Date,
    /// What it rests on, 2 to 100 characters: the number or title of a paper, no personal data.
    pub document: Option<String>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Retains a membership.
#[derive(InputObject, Serialize)]
pub struct RetainMembership {
    #[graphql(flatten)]
    #[serde(flatten)]
    #[expect(missing_docs, reason = "the fields of the other one")]
    pub change: ChangeMembership,
    /// Why; neither SIX_MONTHS_ABSENT nor CRIME.
    pub reason: MembershipChangeReason,
}

/// Strikes a member off.
#[derive(InputObject, Serialize)]
pub struct StrikeOffMember {
    #[graphql(flatten)]
    #[serde(flatten)]
    #[expect(missing_docs, reason = "the fields of the other one")]
    pub change: ChangeMembership,
    /// The last day on which the member paid dues or took part: at least six months before.
    pub last_active_on: Date,
}

crate::payload! {
    /// What a change of a membership did. After a CONFLICT about a membership that exists it holds that as it is now.
    MembershipPayload { membership: Membership }
}
