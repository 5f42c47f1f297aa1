//! Operations on memberships.

use super::service;
use super::types::{
    AdmitMember, ApplyForMembership, ChangeMembership, Membership, MembershipPayload, RetainMembership,
    StrikeOffMember,
};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use async_graphql::{Context, ID, Object};
use entity::id::MembershipId;
use entity::members::membership::Entity;
use entity::members::membership_change::{ChangeKind, ChangeReason};

/// Joining a union, retaining the membership, leaving.
#[derive(Default)]
pub struct MembershipMutation;

async fn found(op: &Op, id: Result<MembershipId, Error>) -> Result<Membership, Error> {
    op.get::<Entity>(id?.0, "id").await.map(Membership)
}

/// The membership as it is now; after a conflict too, where the caller sees it.
pub(crate) async fn answered(
    op: &Op,
    asked: &ID,
    done: Result<MembershipId, Error>,
) -> Result<MembershipPayload, Error> {
    let is_conflict = matches!(done, Err(Error::Conflict(_)));
    let mut payload = MembershipPayload::of(found(op, done).await)?;
    if let (true, Ok(id)) = (is_conflict, MembershipId::parse(asked, "id")) {
        payload.membership = op.find::<Entity>(id.0).await?.map(Membership);
    }
    Ok(payload)
}

/// Joining a union, retaining the membership, leaving.
#[Object]
impl MembershipMutation {
    /// Enters an application (入会申请) that somebody made to a union. CONFLICT for whoever is a member of a union already;
    /// of which is not told.
    async fn apply_for_membership(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who applies where.")] input: ApplyForMembership,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        MembershipPayload::of(found(op, service::apply(op, &input).await).await)
    }

    /// Admits somebody to a union (批准入会): on their application to it, or without one. CONFLICT for whoever is a member of
    /// a union already; of which is not told.
    async fn admit_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who joins what.")] input: AdmitMember,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        MembershipPayload::of(found(op, service::admit(op, &input).await).await)
    }

    /// Rejects an application (不予批准).
    async fn reject_application(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and when.")] input: ChangeMembership,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        let what = ("rejectApplication", ChangeKind::Rejected, None);
        answered(op, &input.id, service::plainly(op, what, &input).await).await
    }

    /// Retains a membership (保留会籍): of who retires or is out of work. Still a member, who pays no dues (中国工会章程 第八条).
    async fn retain_membership(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, when and why.")] input: RetainMembership,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        answered(op, &input.change.id, service::retain(op, &input).await).await
    }

    /// Makes a retained membership active again (恢复会籍).
    async fn reactivate_membership(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and when.")] input: ChangeMembership,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        let what = ("reactivateMembership", ChangeKind::Reactivated, None);
        answered(op, &input.id, service::plainly(op, what, &input).await).await
    }

    /// Records that a member withdrew (退会, 中国工会章程 第六条); the card is taken back.
    async fn withdraw_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and when.")] input: ChangeMembership,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        let reason = Some(ChangeReason::OwnRequest);
        let what = ("withdrawMember", ChangeKind::Withdrawn, reason);
        answered(op, &input.id, service::plainly(op, what, &input).await).await
    }

    /// Strikes a member off (自动退会, 中国工会章程 第六条) who for six months in a row paid no dues and took no part.
    async fn strike_off_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, when, and absent since when.")] input: StrikeOffMember,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        answered(op, &input.change.id, service::strike_off(op, &input).await).await
    }

    /// Expels a member (开除会籍, 中国工会章程 第七条) who committed a serious crime; `document` names the decision.
    async fn expel_member(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, when, and by which decision.")] input: ChangeMembership,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        answered(op, &input.id, service::expel(op, &input).await).await
    }

    /// Records that a member died (去世); a transfer that waits ends with it.
    async fn record_death(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and when.")] input: ChangeMembership,
    ) -> Result<MembershipPayload, Error> {
        let op = Op::of(context);
        let what = ("recordDeath", ChangeKind::Died, None);
        answered(op, &input.id, service::plainly(op, what, &input).await).await
    }
}
