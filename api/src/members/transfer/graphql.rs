//! Operations on transfers.

use super::service;
use super::types::{
    AcceptTransfer, MemberTransfer, MemberTransferPayload, RefuseTransfer, SetTransferDeadline,
    SetTransferDeadlinePayload, TransferMember,
};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::members::transfer::store::Submitted;
use crate::org::federation::types::federation;
use async_graphql::{Context, ID, Object};
use entity::id::MemberTransferId;
use entity::members::member_transfer::Entity;

/// Taking a member from one union to another.
#[derive(Default)]
pub struct TransferMutation;

/// The transfer as it is now; after a conflict too.
async fn answered(
    op: &Op,
    asked: &ID,
    done: Result<MemberTransferId, Error>,
) -> Result<MemberTransferPayload, Error> {
    let is_conflict = matches!(done, Err(Error::Conflict(_)));
    let found = match done {
        Ok(id) => op.get::<Entity>(id.0, "id").await.map(MemberTransfer),
        Err(error) => Err(error),
    };
    let mut payload = MemberTransferPayload::of(found)?;
    if let (true, Ok(id)) = (is_conflict, MemberTransferId::parse(asked, "id")) {
        payload.transfer = op.find::<Entity>(id.0).await?.map(MemberTransfer);
    }
    Ok(payload)
}

/// Taking a member from one union to another.
#[Object]
impl TransferMutation {
    /// Submits the transfer (会籍转出) of a member to another union, anywhere in the country. The member stays until the other
    /// side accepts; then both changes hold from the day that is said here.
    async fn transfer_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who goes where.")] input: TransferMember,
    ) -> Result<MemberTransferPayload, Error> {
        let op = Op::of(context);
        let found = match service::submit(op, &input).await {
            // Whoever submits it may not see the place of the other union.
            Ok(id) => {
                let own = op.load::<Submitted>(id).await?;
                own.map(MemberTransfer)
                    .ok_or(Error::NotFound("membershipId".into()))
            }
            Err(error) => Err(error),
        };
        MemberTransferPayload::of(found)
    }

    /// Takes a member in (接收会籍): for the union that the transfer is to; by the superior of both unions once it has waited
    /// too long, FORBIDDEN before. From then on the federation of the new union holds the member's data.
    async fn accept_transfer(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: AcceptTransfer,
    ) -> Result<MemberTransferPayload, Error> {
        let op = Op::of(context);
        answered(op, &input.id, service::accept(op, &input).await).await
    }

    /// Refuses a transfer (退回): the member stays where they are. By whoever may accept it.
    async fn refuse_transfer(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: RefuseTransfer,
    ) -> Result<MemberTransferPayload, Error> {
        let op = Op::of(context);
        answered(op, &input.id, service::refuse(op, &input).await).await
    }

    /// Says how many days a transfer to a union of a federation, or of one below it, may wait for an answer before the
    /// superior of both unions may decide (会籍转移时限). Transfers that wait keep the day that was told.
    async fn set_transfer_deadline(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Where, how long, from when on.")] input: SetTransferDeadline,
    ) -> Result<SetTransferDeadlinePayload, Error> {
        let op = Op::of(context);
        let set = service::set_deadline(op, &input).await;
        SetTransferDeadlinePayload::of(set.and_then(|id| federation(op, id)))
    }
}
