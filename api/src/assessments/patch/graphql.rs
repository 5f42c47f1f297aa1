//! Operations on patches.

use super::service;
use super::types::{AssignPatch, AssignPatchPayload, EndPatch, EndPatchPayload, Patch};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};
use entity::assessments::patch::Entity;
use entity::id::PatchId;

/// Assigning and ending patches.
#[derive(Default)]
pub struct PatchMutation;

async fn written(op: &Op, id: Result<PatchId, Error>) -> Result<Patch, Error> {
    op.get::<Entity>(id?.0, "id").await.map(Patch)
}

/// Assigning and ending patches.
#[Object]
impl PatchMutation {
    /// Says who is responsible for a federation (挂点包干). CONFLICT if they are already at that time.
    async fn assign_patch(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, for what.")] input: AssignPatch,
    ) -> Result<AssignPatchPayload, Error> {
        let op = Op::of(context);
        AssignPatchPayload::of(written(op, service::assign(op, &input).await).await)
    }

    /// Ends a patch, or ends it earlier than was said. CONFLICT if it was over before, or would never have begun.
    async fn end_patch(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and when.")] input: EndPatch,
    ) -> Result<EndPatchPayload, Error> {
        let op = Op::of(context);
        EndPatchPayload::of(written(op, service::end(op, &input).await).await)
    }
}
