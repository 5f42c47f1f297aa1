//! Issuing, signing, amending, closing and withdrawing targets.

use super::types::{AmendTarget, CloseTarget, IssueTargets, SignTarget, WithdrawTarget};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Faults, conflict, invalid, text};
use crate::kernel::event::Place;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::people::person::rules::reason;
use crate::policy::Action;
use entity::id::{FederationId, TargetAmendmentId, TargetId};
use entity::targets::amendment;
use entity::targets::target::{Entity, Model};
use rules::Goal;

/// The most targets that are issued at once.
const ISSUED_MAX: usize = 100;

/// What an input asks for.
pub(super) fn goal(op: &Op, input: &IssueTargets) -> Result<Goal, Error> {
    let mut faults = Faults::default();
    faults.take("year", rules::check_year(input.year, op.today()));
    let metric = faults.take("metric", rules::metric(&input.metric.0));
    let part = |metric: crate::metrics::MetricId| {
        let dimension = rules::dimension(metric.entry(), input.dimension.as_deref());
        faults
            .take("dimension", dimension)
            .map(|dimension| (metric, dimension))
    };
    let asked = metric.and_then(part);
    faults.refuse()?;
    let (metric, dimension) = asked.ok_or_else(|| anyhow::anyhow!("what was not refused is there"))?;
    Ok(Goal {
        metric,
        dimension,
        year: input.year,
    })
}

/// Those to whom an input gives a target: directly below the issuer, or the top itself.
pub(super) fn recipients(input: &IssueTargets) -> Result<Vec<FederationId>, Error> {
    let id = |target: &super::types::TargetShare| FederationId::parse(&target.federation_id, "targets");
    input.targets.iter().map(id).collect()
}

/// Whose targets a federation issues: those of the federations directly below it, and its own if nobody is above it.
fn may_issue_to(issuer: &Node, other: &Node) -> bool {
    other.parent_id == Some(issuer.id) || issuer.parent_id.is_none() && other.id == issuer.id
}

fn read(tx: &Tx, issuer: &Node, (input, goal): (&IssueTargets, &Goal)) -> Result<Vec<Model>, Error> {
    let op = tx.op();
    let issued_by = op.account_id().ok_or(Error::Unauthenticated)?;
    let mut faults = Faults::default();
    let many = text("From 1 to 100 targets.", "应有 1 至 100 个目标。");
    faults.unless((1..=ISSUED_MAX).contains(&input.targets.len()), "targets", many);
    faults.refuse()?;
    let (mut faults, mut targets): (_, Vec<Model>) = (Faults::default(), Vec::new());
    for (index, (id, share)) in recipients(input)?.into_iter().zip(&input.targets).enumerate() {
        let field = format!("targets.{index}.federationId");
        let node = tx.tree().get(id).filter(|node| may_issue_to(issuer, node));
        let node = node.ok_or_else(|| Error::NotFound(field.clone().into()))?;
        let is_first = targets.iter().all(|target| target.federation_id != id);
        faults.unless(is_first, field.clone(), text("It is named twice.", "重复。"));
        let is_there = node.retired_on.is_none();
        faults.unless(is_there, field, text("It is retired.", "该区划已撤销。"));
        let amount = rules::amount(&share.amount.0, goal.metric.entry().unit);
        let amount = faults.take(format!("targets.{index}.amount"), amount);
        targets.push(Model {
            id: TargetId(op.id()),
            issuer_id: issuer.id,
            metric: goal.metric.code().to_owned(),
            dimension: goal.dimension.clone(),
            year: goal.year,
            amount: amount.unwrap_or_default(),
            signed_on: None,
            signers: None,
            closed_on: None,
            version: 1,
            issued_by,
            issued_at: op.now(),
            federation_id: id,
            path: node.path.to_string(),
            county_id: node.county_id,
        });
    }
    faults.refuse()?;
    Ok(targets)
}

/// Hands a metric down; a conflict if one of the federations has such a target that is not closed.
pub(super) async fn issue(op: &Op, input: &IssueTargets) -> Result<TargetId, Error> {
    let digest = op.app().digest("issueTargets", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let issuer = FederationId::parse(&input.issuer_id, "issuerId")?;
        let issuer = tx.authorize(Action::IssueTargets, issuer, "issuerId")?;
        let goal = goal(op, input)?;
        let targets = read(&tx, &issuer, (input, &goal))?;
        let ids: Vec<FederationId> = targets.iter().map(|target| target.federation_id).collect();
        let taken = store::taken(&tx, &goal, &ids).await?;
        if let Some(index) = ids.iter().position(|id| taken.contains(id)) {
            let has_one = text(
                "It has this target, and it is not closed: amend it, or close it first.",
                "该单位已有此项未关闭的目标，请进行调整，或先关闭再下达。",
            );
            return Err(conflict(format!("targets.{index}.federationId"), has_one));
        }
        let first = targets.first().map(|target| target.id);
        let id = first.ok_or_else(|| anyhow::anyhow!("no target is issued"))?;
        store::insert(&tx, &targets).await?;
        tx.commit(Event::Issued(Place::from(&*issuer), targets), id).await
    })
    .await
}

/// A target that the caller may change, as they saw it.
async fn open(tx: &Tx, id: TargetId, expected_version: i32) -> Result<Model, Error> {
    let target = tx.authorize_row::<Entity>(Action::ReadTargets, id, "id").await?;
    let holder = tx.tree().get(target.federation_id);
    let superior = holder.and_then(|holder| holder.parent_id);
    tx.authorize(
        Action::IssueTargets,
        superior.unwrap_or(target.federation_id),
        "id",
    )?;
    if target.version != expected_version {
        let meanwhile = text("Somebody changed it meanwhile.", "该目标已被他人修改。");
        return Err(conflict("expectedVersion", meanwhile));
    }
    if target.closed_on.is_some() {
        return Err(conflict("id", text("It is closed.", "该目标已关闭。")));
    }
    let mut target = target.into_inner();
    target.version += 1;
    Ok(target)
}

/// Records the responsibility letter; a conflict if there is one.
pub(super) async fn sign(op: &Op, input: &SignTarget) -> Result<TargetId, Error> {
    let digest = op.app().digest("signTarget", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = TargetId::parse(&input.id, "id")?;
        let mut target = open(&tx, id, input.expected_version).await?;
        if target.signed_on.is_some() {
            return Err(conflict("id", text("It is signed already.", "责任状已签订。")));
        }
        let (signed_on, signers) = (input.signed_on.0, input.signers.trim());
        let mut faults = Faults::default();
        rules::check_letter(&mut faults, target.year, (signed_on, op.today()), signers);
        faults.refuse()?;
        target.signed_on = Some(signed_on);
        target.signers = Some(signers.to_owned());
        tx.update(target.clone()).await?;
        tx.commit(Event::Signed(target), id).await
    })
    .await
}

/// Amends a target from a day on.
pub(super) async fn amend(op: &Op, input: &AmendTarget) -> Result<TargetId, Error> {
    let digest = op.app().digest("amendTarget", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = TargetId::parse(&input.id, "id")?;
        let target = open(&tx, id, input.expected_version).await?;
        let goal = Goal::of(&target).ok_or_else(|| anyhow::anyhow!("no metric {}", target.metric))?;
        let before = store::amendments(&tx, id).await?;
        let mut faults = Faults::default();
        let amount = rules::amount(&input.amount.0, goal.metric.entry().unit);
        let amount = faults.take("amount", amount);
        let reason = faults.take("reason", reason(&input.reason));
        let last = before.last();
        let amended = amendment::Model {
            id: TargetAmendmentId(op.id()),
            target_id: id,
            position: last.map_or(1, |last| last.position + 1),
            amount: amount.unwrap_or(-1),
            effective_on: input.effective_on.map_or(op.today(), |day| day.0),
            reason: reason.unwrap_or_default(),
            amended_by: op.account_id().ok_or(Error::Unauthenticated)?,
            amended_at: op.now(),
        };
        rules::check_amendment(&mut faults, &target, &before, &amended, op.today());
        faults.refuse()?;
        let was = last.map_or(target.amount, |last| last.amount);
        tx.insert(amended.clone()).await?;
        tx.update(target.clone()).await?;
        tx.commit(Event::Amended(target, was, amended), id).await
    })
    .await
}

/// Closes a target.
pub(super) async fn close(op: &Op, input: &CloseTarget) -> Result<TargetId, Error> {
    let digest = op.app().digest("closeTarget", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = TargetId::parse(&input.id, "id")?;
        let mut target = open(&tx, id, input.expected_version).await?;
        target.closed_on = Some(op.today());
        tx.update(target.clone()).await?;
        tx.commit(Event::Closed(target), id).await
    })
    .await
}

/// Withdraws a target that was issued wrongly; a conflict once its letter is signed.
pub(super) async fn withdraw(op: &Op, input: &WithdrawTarget) -> Result<TargetId, Error> {
    let digest = op.app().digest("withdrawTarget", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = TargetId::parse(&input.id, "id")?;
        let target = open(&tx, id, input.expected_version).await?;
        if target.signed_on.is_some() {
            let signed = text(
                "Its letter is signed: amend it, or close it.",
                "责任状已签订，不能撤回，请进行调整或关闭。",
            );
            return Err(conflict("id", signed));
        }
        let reason = reason(&input.reason).map_err(|why| invalid("reason", why))?;
        let amendments = store::amendments(&tx, id).await?;
        store::delete(&tx, id).await?;
        tx.commit(Event::Withdrawn(target, amendments, reason), id).await
    })
    .await
}
