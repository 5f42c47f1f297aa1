//! Transfers as clients see them.

use super::rules;
use super::store::{self, DaysAt, Departure, Departures, UnionNames};
use crate::accounts::account::types::DisplayNames;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::members::membership::types::{Membership, MembershipChangeReason};
use crate::org::federation::types::Federation;
use crate::people::person::plain;
use crate::people::person::rules::{masked_name, masked_number};
use crate::policy::Action;
use crate::scalars::Date;
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::members::member_transfer::{self, Column, TransferState};
use entity::members::membership;
use serde::Serialize;

/// Where a transfer is (会籍转移状态).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "TransferState")]
pub enum MemberTransferState {
    /// 待接收: nobody has decided.
    Waiting,
    /// 已接收.
    Accepted,
    /// 已退回.
    Refused,
    /// 已终止: the member died meanwhile.
    Cancelled,
}

/// The transfers to unions of a federation.
pub struct TransfersOfFederation<'a>(pub &'a Federation);

/// The transfers to unions of a federation.
#[Object]
impl TransfersOfFederation<'_> {
    /// Transfers (会籍转移) that wait for unions of this federation and below it, those that go up first at the top.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn transfers_waiting(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those that waited too long, or only the others.")] is_escalated: Option<bool>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<MemberTransfer>, Error> {
        let op = Op::of(context);
        let scope = op.scope_within(Action::ReadMembers, &self.0.0)?;
        let listing = Listing {
            rows: store::waiting(&scope, is_escalated, op.today()),
            sort: Sort::date("ESCALATES", Column::EscalatesOn),
            page: Page::new(first, after, last, before)?,
        };
        page::load(context, listing, MemberTransfer).await
    }

    /// Days that a transfer submitted today to one of its unions may wait (会籍转移时限): as this federation or the nearest
    /// above it has said; 30 where none has.
    async fn transfer_days(&self, context: &Context<'_>) -> Result<i32, Error> {
        Op::of(context).load::<DaysAt>(self.0.0.id).await
    }
}

/// A row of `member_transfer`, as clients see it.
pub struct MemberTransfer(pub member_transfer::Model);

impl MemberTransfer {
    async fn departure(&self, context: &Context<'_>) -> Result<Departure, Error> {
        let found = Op::of(context).load::<Departures>(self.0.membership_id).await?;
        found.ok_or_else(|| anyhow::anyhow!("transfer {} is of nobody", self.0.id).into())
    }
}

/// A member on the way to another union (会籍转移). The side that takes the member in sees whom, masked; both sides see
/// the names of both unions.
#[Object]
impl MemberTransfer {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// The membership that ends by it; null if the caller may not see it.
    async fn membership(&self, context: &Context<'_>) -> Option<Result<Membership, Error>> {
        let found = Op::of(context).find::<membership::Entity>(self.0.membership_id.0);
        found.await.map(|found| found.map(Membership)).transpose()
    }

    /// Name of the member, masked: 王*明; null once erased.
    async fn person_name(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        let opened = match self.departure(context).await {
            Ok(departure) => plain::name(&Op::of(context).app().vault, &departure.person),
            Err(error) => Err(error),
        };
        opened.map(|name| name.map(|name| masked_name(&name))).transpose()
    }

    /// Number of the member's document, masked: `1101**********002X`; null once erased.
    async fn id_number(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        let opened = match self.departure(context).await {
            Ok(departure) => plain::id_number(&Op::of(context).app().vault, &departure.person),
            Err(error) => Err(error),
        };
        opened
            .map(|number| number.map(|number| masked_number(&number)))
            .transpose()
    }

    /// Name of the union that the member leaves.
    async fn old_union_name(&self, context: &Context<'_>) -> Result<String, Error> {
        Ok(self.departure(context).await?.union.name)
    }

    /// Name of the union that the member goes to.
    async fn new_union_name(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<UnionNames>(self.0.trade_union_id).await
    }

    /// Where it is.
    async fn state(&self) -> MemberTransferState {
        self.0.state.into()
    }

    /// The day on which the member goes over.
    async fn effective_on(&self) -> Date {
        Date(self.0.effective_on)
    }

    /// Day of submission.
    async fn submitted_on(&self) -> Date {
        Date(self.0.submitted_on)
    }

    /// What others see of the account that submitted it; null if the service did.
    async fn submitted_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        Some(Op::of(context).load::<DisplayNames>(self.0.submitted_by?).await)
    }

    /// The first day on which the superior of both unions may decide too.
    async fn escalates_on(&self) -> Date {
        Date(self.0.escalates_on)
    }

    /// Whether the caller may accept or refuse it today.
    async fn may_decide(&self, context: &Context<'_>) -> Result<bool, Error> {
        let op = Op::of(context);
        let from = self.departure(context).await?.membership;
        let reach = op.reach(Action::AdmitMembers);
        let ends = (&*from.path, &*self.0.path);
        let is_escalated = self.0.escalates_on <= op.today();
        let may = rules::may_decide(ends, |path| reach.holds(path), is_escalated);
        Ok(may && self.0.state == TransferState::Waiting)
    }

    /// Why it was refused; null unless it was.
    async fn refusal(&self) -> Option<&str> {
        self.0.refusal.as_deref()
    }

    /// Day of the decision; null while it waits.
    async fn decided_on(&self) -> Option<Date> {
        self.0.decided_on.map(Date)
    }

    /// Counts changes; a decision asks for it.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

/// Submits a transfer.
#[derive(InputObject, Serialize)]
pub struct TransferMember {
    /// The membership that shall end.
    pub membership_id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// The union that the member goes to, anywhere in the country.
    pub trade_union_id: ID,
    /// The day on which the member goes over: not in the future, and not before the last change of the membership.
    pub on: Date,
    /// Why.
    pub reason: Option<MembershipChangeReason>,
    /// What it rests on, 2 to 100 characters: the number or title of a paper, no personal data.
    pub document: Option<String>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Accepts a transfer.
#[derive(InputObject, Serialize)]
pub struct AcceptTransfer {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Where the member works now; nothing for whoever has no employer in the register.
    pub employer_id: Option<ID>,
    /// What it rests on, 2 to 100 characters: the number or title of a paper, no personal data.
    pub document: Option<String>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Refuses a transfer.
#[derive(InputObject, Serialize)]
pub struct RefuseTransfer {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Why, 2 to 200 characters, no personal data; the other side reads it.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Says how long transfers may wait.
#[derive(InputObject, Serialize)]
pub struct SetTransferDeadline {
    /// Of which federation, with all below it that say nothing else.
    pub federation_id: ID,
    /// Days, 1 to 365.
    pub days: i32,
    /// First day; not in the past. What was said before for the same day is replaced.
    pub from: Date,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What was done with a transfer. After a CONFLICT about one that exists it holds that as it is now.
    MemberTransferPayload { transfer: MemberTransfer }
}

crate::payload! {
    /// What `setTransferDeadline` did.
    SetTransferDeadlinePayload { federation: Federation }
}
