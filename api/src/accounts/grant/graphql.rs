//! Operations on grants.

use super::service;
use super::types::{
    Elevate, ElevatePayload, EndGrant, EndGrantPayload, GrantRole, GrantRolePayload, written,
};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Giving and ending roles.
#[derive(Default)]
pub struct GrantMutation;

/// Giving and ending roles.
#[Object]
impl GrantMutation {
    /// Gives an account a role at a place for a time. A security administrator of the place or above does it; an
    /// administrator's role comes only from above its place, or from the operator.
    async fn grant_role(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to whom, where and why.")] input: GrantRole,
    ) -> Result<GrantRolePayload, Error> {
        let op = Op::of(context);
        GrantRolePayload::of(written(op, service::give(op, &input).await).await)
    }

    /// Ends a grant. Who could give it may end it; an elevation also its owner, and the security administrators of the
    /// owner's home.
    async fn end_grant(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: EndGrant,
    ) -> Result<EndGrantPayload, Error> {
        let op = Op::of(context);
        EndGrantPayload::of(written(op, service::end(op, &input).await).await)
    }

    /// Takes the caller's own role at the superior of a place where they hold it, for three hours unless the operator
    /// set another time; one at a time. It is written down, and security administrators see it and may end it.
    async fn elevate(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which role, where and why.")] input: Elevate,
    ) -> Result<ElevatePayload, Error> {
        let op = Op::of(context);
        ElevatePayload::of(written(op, service::elevate(op, &input).await).await)
    }
}
