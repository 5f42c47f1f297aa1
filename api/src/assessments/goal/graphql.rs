//! Operations on goals of the staff.

use super::service;
use super::types::{
    ReviewStaffGoal, ReviewStaffGoalPayload, SetStaffGoal, SetStaffGoalPayload, SignStaffGoal,
    SignStaffGoalPayload, written,
};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Setting, signing and reviewing goals of the staff.
#[derive(Default)]
pub struct StaffGoalMutation;

/// Setting, signing and reviewing goals of the staff.
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
        SignStaffGoalPayload::of(written(op, service::sign(op, &input).await).await)
    }

    /// Reviews a goal that is signed (考核、奖惩). From here nothing changes. FORBIDDEN for who it is for; CONFLICT before it is
    /// signed, and after it was reviewed.
    async fn review_staff_goal(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What became of it.")] input: ReviewStaffGoal,
    ) -> Result<ReviewStaffGoalPayload, Error> {
        let op = Op::of(context);
        ReviewStaffGoalPayload::of(written(op, service::review(op, &input).await).await)
    }
}
