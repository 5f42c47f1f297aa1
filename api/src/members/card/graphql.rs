//! Operations on membership cards.

use super::Fate;
use super::service::{Asked, do_with_card};
use super::types::{EndCard, IssueCard};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::members::membership::graphql::answered;
use crate::members::membership::types::MembershipPayload;
use async_graphql::{Context, Object};

/// Issuing, losing, replacing, cancelling membership cards.
#[derive(Default)]
pub struct CardMutation;

async fn given(
    context: &Context<'_>,
    (operation, fate): (&str, Fate),
    input: &IssueCard,
) -> Result<MembershipPayload, Error> {
    let op = Op::of(context);
    let once = (
        input.idempotency_key.as_deref(),
        op.app().digest(operation, input)?,
    );
    let asked = Asked {
        membership_id: &input.membership_id,
        fate,
        number: Some(&input.number),
        on: input.on.0,
    };
    answered(op, &input.membership_id, do_with_card(op, once, asked).await).await
}

async fn ended(
    context: &Context<'_>,
    (operation, fate): (&str, Fate),
    input: &EndCard,
) -> Result<MembershipPayload, Error> {
    let op = Op::of(context);
    let once = (
        input.idempotency_key.as_deref(),
        op.app().digest(operation, input)?,
    );
    let asked = Asked {
        membership_id: &input.membership_id,
        fate,
        number: None,
        on: input.on.0,
    };
    answered(op, &input.membership_id, do_with_card(op, once, asked).await).await
}

/// Issuing, losing, replacing, cancelling membership cards.
#[Object]
impl CardMutation {
    /// Issues a card (发放会员证) to a member who has none. CONFLICT `number` if the number was given before, anywhere.
    async fn issue_card(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, to whom.")] input: IssueCard,
    ) -> Result<MembershipPayload, Error> {
        given(context, ("issueCard", Fate::Issued), &input).await
    }

    /// Records that a card is lost (挂失): it is good no more.
    async fn report_card_lost(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and when.")] input: EndCard,
    ) -> Result<MembershipPayload, Error> {
        ended(context, ("reportCardLost", Fate::Lost), &input).await
    }

    /// Issues a card in the place of one that is good or lost (换发、补发).
    async fn replace_card(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, to whom.")] input: IssueCard,
    ) -> Result<MembershipPayload, Error> {
        given(context, ("replaceCard", Fate::Replaced), &input).await
    }

    /// Cancels a card (注销会员证).
    async fn cancel_card(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and when.")] input: EndCard,
    ) -> Result<MembershipPayload, Error> {
        ended(context, ("cancelCard", Fate::Cancelled), &input).await
    }
}
