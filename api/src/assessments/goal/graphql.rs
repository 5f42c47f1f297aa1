//! Operations on goals of the staff.

use super::service;
use super::types::{
    ReviewStaffGoal, ReviewStaffGoalPayload, SetStaffGoal, SetStaffGoalPayload, SignStaffGoal,
    SignStaffGoalPayload, StaffGoal, WithdrawStaffGoal, WithdrawStaffGoalPayload, staff_goal, written,
};
use crate::kernel::error::{Error, UserError};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use async_graphql::{Context, ID, Object};
use entity::id::StaffGoalId;

/// Setting, signing, reviewing and withdrawing goals of the staff.
#[derive(Default)]
pub struct StaffGoalMutation;

/// The goal after a change, or after a conflict about it; and why it was not changed.
async fn changed(
    op: &Op,
    id: &ID,
    done: Result<StaffGoalId, Error>,
) -> Result<(Option<StaffGoal>, Vec<UserError>), Error> {
    let shows = matches!(done, Ok(_) | Err(Error::Conflict(_)));
    let user_errors = match done {
        Ok(_) => Vec::new(),
        Err(error) => error.refusals()?,
    };
    let goal = match StaffGoalId::parse(id, "id") {
        Ok(id) if shows => Some(staff_goal(op, id).await?),
        _ => None,
    };
    Ok((goal, user_errors))
}

/// Setting, signing, reviewing and withdrawing goals of the staff.
#[Object]
impl StaffGoalMutation {
    /// Sets somebody of a federation's own office a goal (年度工作目标).
    async fn set_staff_goal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, what, by when.")] input: SetStaffGoal,
    ) -> Result<SetStaffGoalPayload, Error> {
        let op = Op::of(context);
        SetStaffGoalPayload::of(written(op, service::set(op, &input).await).await)
    }

    /// Records the responsibility letter (责任状) of a goal: by who it is for, or for them. CONFLICT if there is one.
    async fn sign_staff_goal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What was signed.")] input: SignStaffGoal,
    ) -> Result<SignStaffGoalPayload, Error> {
        let op = Op::of(context);
        let (staff_goal, user_errors) = changed(op, &input.id, service::sign(op, &input).await).await?;
        Ok(SignStaffGoalPayload {
            staff_goal,
            user_errors,
        })
    }

    /// Reviews a goal that is signed (考核、奖惩). From here nothing changes. FORBIDDEN for who it is for; CONFLICT before it is
    /// signed, and after it was reviewed.
    async fn review_staff_goal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What became of it.")] input: ReviewStaffGoal,
    ) -> Result<ReviewStaffGoalPayload, Error> {
        let op = Op::of(context);
        let (staff_goal, user_errors) = changed(op, &input.id, service::review(op, &input).await).await?;
        Ok(ReviewStaffGoalPayload {
            staff_goal,
            user_errors,
        })
    }

    /// Withdraws a goal that was set wrongly (撤回), where it was set: it is gone, and the audit trail tells why. CONFLICT once its
    /// letter is signed.
    async fn withdraw_staff_goal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to withdraw, and why.")] input: WithdrawStaffGoal,
    ) -> Result<WithdrawStaffGoalPayload, Error> {
        let withdrawn = service::withdraw(Op::of(context), &input).await;
        WithdrawStaffGoalPayload::of(withdrawn.map(|id| id.gid()))
    }
}
