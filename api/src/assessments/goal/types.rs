//! Goals of the staff as clients see them.

use super::store::{self, StaffGoals};
use crate::accounts::account::types::DisplayNames;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::org::federation::types::{Federation, federation};
use crate::scalars::Date;
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::assessments::staff_goal::{self, Column, Entity, Model};
use entity::id::{AccountId, StaffGoalId};
use serde::Serialize;
use uuid::Uuid;

/// Where a goal is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum StaffGoalState {
    /// 已下达: set, no responsibility letter yet.
    Set,
    /// 已签责任状: the responsibility letter is signed.
    Signed,
    /// 已考核: reviewed; nothing changes any more.
    Reviewed,
}

/// What a review found.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "staff_goal::GoalReview")]
pub enum StaffGoalReview {
    /// 完成: all of it was done.
    Met,
    /// 部分完成: some of it was done.
    PartlyMet,
    /// 未完成: it was not done.
    Missed,
}

fn latest() -> Sort<Entity> {
    Sort::date("DUE", Column::DueOn).descending(true)
}

/// A page of the goals of a federation's own office.
pub async fn staff_goals_of(
    context: &Context<'_>,
    at: &Federation,
    year: Option<i32>,
    page: Page,
) -> Result<Connection<StaffGoal>, Error> {
    let scope = Op::of(context).scope_within(store::READ, &at.0)?;
    let listing = Listing {
        rows: store::rows_of_office(&scope, at.0.id, year),
        sort: latest(),
        page,
    };
    page::load(context, listing, StaffGoal).await
}

/// A page of the caller's own goals.
pub async fn staff_goals_of_caller(
    context: &Context<'_>,
    year: Option<i32>,
    page: Page,
) -> Result<Connection<StaffGoal>, Error> {
    let op = Op::of(context);
    let id = op.account_id().unwrap_or(AccountId(Uuid::nil()));
    let listing = Listing {
        rows: store::rows_of_account(&op.reach(store::READ), id, year),
        sort: latest(),
        page,
    };
    page::load(context, listing, StaffGoal).await
}

/// A goal that the caller may see: one's own, or one that is in reach.
pub async fn staff_goal(op: &Op, id: StaffGoalId) -> Result<StaffGoal, Error> {
    let found = op.load::<StaffGoals>(id).await?;
    found.map(StaffGoal).ok_or(Error::NotFound("id".into()))
}

/// The goal that was written, as it is now.
pub(super) async fn written(op: &Op, id: Result<StaffGoalId, Error>) -> Result<StaffGoal, Error> {
    staff_goal(op, id?).await
}

/// A row of `staff_goal`, as clients see it.
pub struct StaffGoal(pub Model);

/// A goal of somebody of a federation's own office for a year (年度工作目标). Who it is for always sees it.
#[Object]
impl StaffGoal {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Whose office.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// What others see of the account that it is for (责任人).
    async fn responsible(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.0.account_id).await
    }

    /// The calendar year.
    async fn year(&self) -> i32 {
        self.0.year
    }

    /// What is to be done.
    async fn task(&self) -> &str {
        &self.0.task
    }

    /// Last day for it.
    async fn due_on(&self) -> Date {
        Date(self.0.due_on)
    }

    /// Where it is.
    async fn state(&self) -> StaffGoalState {
        match (self.0.reviewed_on, self.0.signed_on) {
            (Some(_), _) => StaffGoalState::Reviewed,
            (None, Some(_)) => StaffGoalState::Signed,
            (None, None) => StaffGoalState::Set,
        }
    }

    /// What others see of the account that set it.
    async fn set_by(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.0.set_by).await
    }

    /// Day of the responsibility letter (责任状); null without one.
    async fn signed_on(&self) -> Option<Date> {
        self.0.signed_on.map(Date)
    }

    /// Who signed the letter, for both sides; null without one.
    async fn signers(&self) -> Option<&str> {
        self.0.signers.as_deref()
    }

    /// What the review found (考核结果); null until then.
    async fn review(&self) -> Option<StaffGoalReview> {
        self.0.review.map(Into::into)
    }

    /// What was done (完成情况); null until it is reviewed.
    async fn result(&self) -> Option<&str> {
        self.0.result.as_deref()
    }

    /// What the reviewer remarks; null for nothing.
    async fn remark(&self) -> Option<&str> {
        self.0.remark.as_deref()
    }

    /// Reward or penalty (奖惩), in words; null for neither.
    async fn consequence(&self) -> Option<&str> {
        self.0.consequence.as_deref()
    }

    /// What others see of the account that reviewed it; null until then.
    async fn reviewed_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        Some(Op::of(context).load::<DisplayNames>(self.0.reviewed_by?).await)
    }

    /// Day of the review; null until then.
    async fn reviewed_on(&self) -> Option<Date> {
        self.0.reviewed_on.map(Date)
    }

    /// Counts changes; whoever changes it says which they saw.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

/// Sets somebody a goal.
#[derive(Debug, InputObject, Serialize)]
pub struct SetStaffGoal {
    /// Whose office.
    pub federation_id: ID,
    /// Who is to do it: a person's account with its home at that federation.
    pub account_id: ID,
    /// The calendar year, from 2000 to the next one.
    pub year: i32,
    /// What is to be done, 2 to 200 characters.
    pub task: String,
    /// Last day for it, in that year.
    pub due_on: Date,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Records the responsibility letter of a goal.
#[derive(Debug, InputObject, Serialize)]
pub struct SignStaffGoal {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// When it was signed: in the goal's year or the year before, not in the future.
    pub signed_on: Date,
    /// Who signed for both sides, 1 to 100 characters.
    pub signers: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Says what became of a goal.
#[derive(Debug, InputObject, Serialize)]
pub struct ReviewStaffGoal {
    /// Which; not the caller's own.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// What the review found.
    pub review: StaffGoalReview,
    /// What was done, 2 to 500 characters.
    pub result: String,
    /// What there is to remark, 1 to 200 characters.
    pub remark: Option<String>,
    /// Reward or penalty (奖惩), 1 to 200 characters; left out for neither.
    pub consequence: Option<String>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Withdraws a goal.
#[derive(Debug, InputObject, Serialize)]
pub struct WithdrawStaffGoal {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Why, 10 to 200 characters, without numbers of persons; it stands in the audit trail.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What `withdrawStaffGoal` did: the global id that the goal had.
    WithdrawStaffGoalPayload { withdrawn_id: ID }
}

crate::payload! {
    /// What `setStaffGoal` did.
    SetStaffGoalPayload { staff_goal: StaffGoal }
}

crate::payload! {
    /// What `signStaffGoal` did. After a CONFLICT it holds the goal as it is now.
    SignStaffGoalPayload { staff_goal: StaffGoal }
}

crate::payload! {
    /// What `reviewStaffGoal` did. After a CONFLICT it holds the goal as it is now.
    ReviewStaffGoalPayload { staff_goal: StaffGoal }
}
