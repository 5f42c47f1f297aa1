//! Submitting, accepting, refusing transfers, and how long they may wait.

use super::types::{AcceptTransfer, RefuseTransfer, SetTransferDeadline, TransferMember};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Faults, conflict, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::members::membership::rules::{check_day, document, takes_in};
use crate::members::membership::service::{self as memberships, Happened, fresh, stepped};
use crate::members::membership::store::{hand_over, person_of, union_of};
use crate::org::moves::rules::reason;
use crate::policy::Action;
use entity::id::{FederationId, MemberTransferId, TradeUnionId, TransferDeadlineId};
use entity::members::member_transfer::{Entity, Model, TransferState};
use entity::members::membership::{self, CameBy, State};
use entity::members::membership_change::ChangeKind;
use entity::members::transfer_deadline;

/// Submits a transfer for the union that a member leaves.
pub(super) async fn submit(op: &Op, input: &TransferMember) -> Result<MemberTransferId, Error> {
    let digest = op.app().digest("transferMember", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let asked = (&*input.membership_id.0, "membershipId");
        let before = memberships::open(&tx, asked, input.expected_version).await?;
        let kind = ChangeKind::TransferSubmitted;
        let state = memberships::next(&before, kind, "membershipId")?;
        let to = store::find_union(&tx, TradeUnionId::parse(&input.trade_union_id, "tradeUnionId")?).await?;
        if to.id == before.trade_union_id {
            let there = text("The member is in this union.", "该会员已在该工会。");
            return Err(invalid("tradeUnionId", there));
        }
        let mut faults = Faults::default();
        let on = input.on.0;
        check_day(&mut faults, "on", on, (before.changed_on, op.today()));
        faults.take("on", takes_in(&to, on));
        let paper = input.document.as_ref();
        let paper = paper.map(|raw| faults.take("document", document(raw)));
        faults.refuse()?;
        let days = store::days_at(&tx, to.federation_id).await?;
        let transfer = Model {
            id: MemberTransferId(op.id()),
            membership_id: before.id,
            trade_union_id: to.id,
            state: TransferState::Waiting,
            effective_on: on,
            submitted_on: op.today(),
            escalates_on: rules::escalates_on(op.today(), days),
            submitted_by: op.account_id(),
            refusal: None,
            decided_on: None,
            new_membership_id: None,
            version: 1,
            federation_id: to.federation_id,
            path: to.path.clone(),
            county_id: to.county_id,
        };
        let happened = Happened {
            kind,
            reason: input.reason.map(Into::into),
            on,
            document: paper.flatten(),
        };
        let union = union_of(&tx, before.trade_union_id).await?;
        let after = stepped(op, &before, state, &happened);
        let event = memberships::write(&tx, (Some(before), after), union, happened).await?;
        tx.insert(transfer.clone()).await?;
        let id = transfer.id;
        tx.commit(Event::Waiting(transfer, Box::new(event)), id).await
    })
    .await
}

/// A transfer on which the caller may decide, and the membership that it is about.
async fn deciding(tx: &Tx, (id, version): (&str, i32)) -> Result<(Model, membership::Model), Error> {
    let id = MemberTransferId::parse(&id.into(), "id")?;
    let transfer = tx.authorize_row::<Entity>(Action::AdmitMembers, id, "id");
    let transfer = transfer.await?.into_inner();
    let before = store::leaving(tx, transfer.membership_id).await?;
    let reach = tx.scope(Action::AdmitMembers);
    let is_escalated = transfer.escalates_on <= tx.op().today();
    let ends = (&*before.path, &*transfer.path);
    if !rules::may_decide(ends, |path| reach.holds(path), is_escalated) {
        return Err(Error::Forbidden);
    }
    if transfer.state != TransferState::Waiting {
        return Err(conflict("id", text("It was decided already.", "该转移已办结。")));
    }
    if transfer.version != version {
        let stale = text("Somebody changed it meanwhile.", "该转移已被他人变更。");
        return Err(conflict("expectedVersion", stale));
    }
    Ok((transfer, before))
}

/// Takes the member in: one membership ends and another begins, and the data of the member is handed over.
pub(super) async fn accept(op: &Op, input: &AcceptTransfer) -> Result<MemberTransferId, Error> {
    let digest = op.app().digest("acceptTransfer", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let (transfer, before) = deciding(&tx, (&input.id, input.expected_version)).await?;
        let (kind, on) = (ChangeKind::TransferredOut, transfer.effective_on);
        let state = memberships::next(&before, kind, "id")?;
        let employer_id = input.employer_id.as_ref().map(|id| id.as_str());
        let employer_id = memberships::employer(&tx, employer_id).await?;
        let (from, to) = (
            union_of(&tx, before.trade_union_id).await?,
            union_of(&tx, transfer.trade_union_id).await?,
        );
        let mut faults = Faults::default();
        faults.take("id", takes_in(&to, on));
        let paper = input.document.as_ref();
        let paper = paper.map(|raw| faults.take("document", document(raw)));
        faults.refuse()?;
        let paper = paper.flatten();
        let happened = |kind| Happened {
            kind,
            reason: None,
            on,
            document: paper.clone(),
        };
        let after = stepped(op, &before, state, &happened(kind));
        let out = memberships::write(&tx, (Some(before), after), from, happened(kind)).await?;
        let person = person_of(&tx, out.after.person_id).await?;
        let begins = (State::Active, CameBy::Transfer, on);
        let begun = fresh(op, (&person, &to), employer_id, begins)?;
        let place = begun.place();
        let into = memberships::write(&tx, (None, begun), to, happened(ChangeKind::TransferredIn)).await?;
        if !place.path.starts_with(&person.path) {
            hand_over(&tx, person.id, &place).await?;
        }
        let transfer = Model {
            state: TransferState::Accepted,
            decided_on: Some(op.today()),
            new_membership_id: Some(into.after.id),
            version: transfer.version + 1,
            ..transfer
        };
        tx.update(transfer.clone()).await?;
        let id = transfer.id;
        tx.commit(Event::Accepted(transfer, Box::new([out, into])), id)
            .await
    })
    .await
}

/// Sends the member back: the membership goes on as before.
pub(super) async fn refuse(op: &Op, input: &RefuseTransfer) -> Result<MemberTransferId, Error> {
    let digest = op.app().digest("refuseTransfer", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let (transfer, before) = deciding(&tx, (&input.id, input.expected_version)).await?;
        let kind = ChangeKind::TransferRefused;
        let state = memberships::next(&before, kind, "id")?;
        let mut faults = Faults::default();
        let refusal = faults.take("reason", reason(&input.reason));
        faults.refuse()?;
        let happened = Happened {
            kind,
            reason: None,
            on: before.changed_on,
            document: None,
        };
        let union = union_of(&tx, before.trade_union_id).await?;
        let after = stepped(op, &before, state, &happened);
        let event = memberships::write(&tx, (Some(before), after), union, happened).await?;
        let transfer = Model {
            state: TransferState::Refused,
            decided_on: Some(op.today()),
            refusal,
            version: transfer.version + 1,
            ..transfer
        };
        tx.update(transfer.clone()).await?;
        let id = transfer.id;
        tx.commit(Event::Waiting(transfer, Box::new(event)), id).await
    })
    .await
}

/// Says how long transfers to unions of a federation and all below it may wait from a day on.
pub(super) async fn set_deadline(op: &Op, input: &SetTransferDeadline) -> Result<FederationId, Error> {
    let digest = op.app().digest("setTransferDeadline", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = FederationId::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::AdmitMembers, id, "federationId")?;
        let mut faults = Faults::default();
        let range = text("From 1 to 365 days.", "应为 1 至 365 天。");
        faults.unless((1..=365).contains(&input.days), "days", range);
        let past = text("Not in the past.", "日期不能早于今天。");
        faults.unless(input.from.0 >= op.today(), "from", past);
        faults.refuse()?;
        let known = store::set_from(&tx, at.id, input.from.0).await?;
        let deadline = transfer_deadline::Model {
            id: known
                .as_ref()
                .map_or_else(|| TransferDeadlineId(op.id()), |known| known.id),
            days: input.days,
            valid_from: input.from.0,
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        match known {
            Some(known) if known == deadline => return Ok(tx.unchanged(at.id)),
            Some(_) => tx.update(deadline.clone()).await?,
            None => tx.insert(deadline.clone()).await?,
        }
        tx.commit(Event::DeadlineSet(deadline), at.id).await
    })
    .await
}
