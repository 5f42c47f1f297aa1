//! Patches as clients see them.

use super::store;
use crate::accounts::account::types::DisplayNames;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::scalars::Date;
use crate::visits::types::Visit;
use async_graphql::{Context, ID, InputObject, Object};
use entity::assessments::patch::{Column, Entity, Model};
use entity::id::AccountId;
use entity::visits::visit;
use serde::Serialize;
use uuid::Uuid;

fn newest() -> Sort<Entity> {
    Sort::date("FROM", Column::ValidFrom).descending(true)
}

/// A page of the patches in a federation and all below it.
pub async fn patches_of(
    context: &Context<'_>,
    at: &Federation,
    with_past: bool,
    page: Page,
) -> Result<Connection<Patch>, Error> {
    let op = Op::of(context);
    let scope = op.scope_within(Action::ReadAssessments, &at.0)?;
    let listing = Listing {
        rows: store::rows(&scope, (!with_past).then(|| op.today())),
        sort: newest(),
        page,
    };
    page::load(context, listing, Patch).await
}

/// A page of what the caller is responsible for today.
pub async fn patches_of_caller(context: &Context<'_>, page: Page) -> Result<Connection<Patch>, Error> {
    let op = Op::of(context);
    let id = op.account_id().unwrap_or(AccountId(Uuid::nil()));
    let listing = Listing {
        rows: store::rows_of_account(&op.reach(Action::ReadAssessments), id, op.today()),
        sort: newest(),
        page,
    };
    page::load(context, listing, Patch).await
}

/// A row of `patch`, as clients see it.
pub struct Patch(pub Model);

/// Somebody responsible for a federation, for a time (挂点包干、联乡联片).
#[Object]
impl Patch {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// For which federation.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// What others see of the account that is responsible, or leads the group that is.
    async fn responsible(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.0.account_id).await
    }

    /// The group that is responsible; null for somebody alone.
    async fn group_name(&self) -> Option<&str> {
        self.0.group_name.as_deref()
    }

    /// What for.
    async fn purpose(&self) -> &str {
        &self.0.purpose
    }

    /// First day.
    async fn from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// The first day on which it no longer holds; null while it goes on.
    async fn to(&self) -> Option<Date> {
        self.0.valid_to.map(Date)
    }

    /// What others see of the account that assigned it.
    async fn assigned_by(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.0.assigned_by).await
    }

    /// Visits that whoever is responsible made from `from` up to but without `to`, at the federation and below it (走访任务), newest
    /// first; those that were voided do not count.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn visits(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Visit>, Error> {
        let op = Op::of(context);
        let at = federation(op, self.0.federation_id)?;
        let listing = Listing {
            rows: store::visits(&op.scope_within(Action::ReadVisits, &at.0)?, &self.0),
            sort: Sort::instant("STARTED", visit::Column::StartedAt).descending(true),
            page: Page::new(first, after, last, before)?,
        };
        page::load(context, listing, Visit).await
    }
}

/// Says who is responsible for a federation.
#[derive(Debug, InputObject, Serialize)]
pub struct AssignPatch {
    /// For which federation.
    pub federation_id: ID,
    /// Who is responsible, or leads the group that is: a person's account with its home where the caller may assign patches.
    /// The caller if nothing is said.
    pub account_id: Option<ID>,
    /// The group that is responsible, 1 to 50 characters; left out for somebody alone.
    pub group_name: Option<String>,
    /// What for, 1 to 200 characters.
    pub purpose: String,
    /// First day.
    pub from: Date,
    /// The first day on which it no longer holds, after `from`; open if nothing is said.
    pub to: Option<Date>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Ends a patch.
#[derive(Debug, InputObject)]
pub struct EndPatch {
    /// Which.
    pub id: ID,
    /// The first day on which it no longer holds.
    pub to: Date,
}

crate::payload! {
    /// What `assignPatch` did.
    AssignPatchPayload { patch: Patch }
}

crate::payload! {
    /// What `endPatch` did.
    EndPatchPayload { patch: Patch }
}
