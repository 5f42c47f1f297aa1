//! Issuing, losing, replacing, cancelling membership cards.

use super::{Event, Fate, rules, store};
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::members::membership::store::is_open;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{MemberCardId, MembershipId};
use entity::members::member_card::{CardState, Model};
use entity::members::membership::Entity;

/// What is asked of the card of a membership.
pub(super) struct Asked<'a> {
    /// Whose card.
    pub(super) membership_id: &'a str,
    /// What happens.
    pub(super) fate: Fate,
    /// Number of the new card; none where there is none.
    pub(super) number: Option<&'a str>,
    /// When.
    pub(super) on: NaiveDate,
}

/// Does it; a conflict where the member has no such card, or the number is given.
pub(super) async fn do_with_card(
    op: &Op,
    (key, digest): (Option<&str>, String),
    asked: Asked<'_>,
) -> Result<MembershipId, Error> {
    let asked = &asked;
    op.write_once(key, digest, |tx| async move {
        let id = MembershipId::parse(&asked.membership_id.into(), "membershipId")?;
        let membership = tx.authorize_row::<Entity>(Action::AdmitMembers, id, "membershipId");
        let membership = membership.await?.into_inner();
        let cards = store::of_membership(&tx, id).await?;
        let mut faults = Faults::default();
        let newest = cards.last();
        let last = newest.map_or(membership.began_on, |card| {
            card.ended_on.unwrap_or(card.issued_on)
        });
        let early = text(format!("Not before {last}."), format!("不能早于 {last}。"));
        faults.unless(asked.on >= last, "on", early);
        let future = text("Not in the future.", "日期不能晚于今天。");
        faults.unless(asked.on <= op.today(), "on", future);
        let number = asked.number.map(|raw| faults.take("number", rules::number(raw)));
        faults.refuse()?;
        if !is_open(&membership) {
            let over = text("Not a member of this union now.", "该人员目前不是该工会会员。");
            return Err(conflict("membershipId", over));
        }
        let ended = rules::after(asked.fate, &cards).map_err(|text| conflict("membershipId", text))?;
        if let Some((card, state)) = ended {
            let ended_on = Some(asked.on);
            tx.update(Model {
                state,
                ended_on,
                ..card
            })
            .await?;
        }
        if let Some(number) = number.flatten() {
            if store::is_given(&tx, &number).await? {
                let given = text("This number was given before.", "该会员证号已使用。");
                return Err(conflict("number", given));
            }
            tx.insert(Model {
                id: MemberCardId(op.id()),
                membership_id: id,
                number,
                state: CardState::Valid,
                issued_on: asked.on,
                ended_on: None,
            })
            .await?;
        }
        tx.commit(Event(membership, asked.fate, asked.on), id).await
    })
    .await
}
