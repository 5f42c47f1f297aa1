//! Operations on targets.

use super::types::{
    AmendTarget, AmendTargetPayload, CloseTarget, CloseTargetPayload, IssueTargets, IssueTargetsPayload,
    SignTarget, SignTargetPayload, Target, TargetWarning, WithdrawTarget, WithdrawTargetPayload,
};
use super::{service, store};
use crate::kernel::error::{Error, UserError};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use async_graphql::{Context, ID, Object};
use entity::id::{FederationId, TargetId};
use entity::targets::target::{Entity, Model};

/// Handing targets down.
#[derive(Default)]
pub struct TargetMutation;

async fn issued(op: &Op, input: &IssueTargets) -> Result<(Vec<Target>, Vec<TargetWarning>), Error> {
    service::issue(op, input).await?;
    let goal = service::goal(op, input)?;
    let issuer = FederationId::parse(&input.issuer_id, "issuerId")?;
    let targets = store::seen(op, &goal, &service::recipients(input)?).await?;
    let warnings = warnings(op, store::seen(op, &goal, &[issuer]).await?).await?;
    Ok((targets.into_iter().map(Target).collect(), warnings))
}

/// What is worth a look in how targets were handed down, each thing once.
async fn warnings(op: &Op, targets: Vec<Model>) -> Result<Vec<TargetWarning>, Error> {
    let mut warnings = Vec::new();
    for target in targets {
        warnings.extend(Target(target).handed_down(op).await?.warnings());
    }
    warnings.dedup();
    Ok(warnings)
}

/// The same after an amendment: of the target itself, and of the superior's own.
async fn warnings_about(op: &Op, target: &Target) -> Result<Vec<TargetWarning>, Error> {
    let superior = op.tree().ancestors_of(target.0.federation_id).next();
    let above = store::seen(op, &target.goal()?, superior.as_slice()).await?;
    warnings(op, above.into_iter().chain([target.0.clone()]).collect()).await
}

/// The target after a change, or after a conflict about it; and why it was not changed.
async fn changed(
    op: &Op,
    id: &ID,
    done: Result<TargetId, Error>,
) -> Result<(Option<Target>, Vec<UserError>), Error> {
    let shows = matches!(done, Ok(_) | Err(Error::Conflict(_)));
    let user_errors = match done {
        Ok(_) => Vec::new(),
        Err(error) => error.refusals()?,
    };
    let target = match TargetId::parse(id, "id") {
        Ok(id) if shows => op.find::<Entity>(id.0).await?,
        _ => None,
    };
    Ok((target.map(Target), user_errors))
}

/// Handing targets down.
#[Object]
impl TargetMutation {
    /// Issues targets (下达任务): one metric of a year, to several federations directly below, or at the top to itself. CONFLICT
    /// if one of them has such a target that is not closed: amend it, or close it first.
    async fn issue_targets(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to issue.")] input: IssueTargets,
    ) -> Result<IssueTargetsPayload, Error> {
        let (targets, warnings, user_errors) = match issued(Op::of(context), &input).await {
            Ok((targets, warnings)) => (targets, warnings, Vec::new()),
            Err(error) => (Vec::new(), Vec::new(), error.refusals()?),
        };
        Ok(IssueTargetsPayload {
            targets,
            warnings,
            user_errors,
        })
    }

    /// Records that the responsibility letter (责任状) of a target was signed; at the superior's.
    async fn sign_target(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What was signed.")] input: SignTarget,
    ) -> Result<SignTargetPayload, Error> {
        let op = Op::of(context);
        let (target, user_errors) = changed(op, &input.id, service::sign(op, &input).await).await?;
        Ok(SignTargetPayload { target, user_errors })
    }

    /// Amends a target (追加、调整任务) from a day on, for a reason; at the superior's.
    async fn amend_target(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to amend.")] input: AmendTarget,
    ) -> Result<AmendTargetPayload, Error> {
        let op = Op::of(context);
        let (target, user_errors) = changed(op, &input.id, service::amend(op, &input).await).await?;
        let warnings = match &target {
            Some(target) if user_errors.is_empty() => warnings_about(op, target).await?,
            _ => Vec::new(),
        };
        Ok(AmendTargetPayload {
            target,
            warnings,
            user_errors,
        })
    }

    /// Closes a target: it is amended no more; at the superior's.
    async fn close_target(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to close.")] input: CloseTarget,
    ) -> Result<CloseTargetPayload, Error> {
        let op = Op::of(context);
        let (target, user_errors) = changed(op, &input.id, service::close(op, &input).await).await?;
        Ok(CloseTargetPayload { target, user_errors })
    }

    /// Withdraws a target that was issued wrongly (撤回), with its amendments: it counts nowhere any more, and stays in the audit
    /// trail; at the superior's. CONFLICT once its letter is signed, or it is closed.
    async fn withdraw_target(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to withdraw, and why.")] input: WithdrawTarget,
    ) -> Result<WithdrawTargetPayload, Error> {
        let withdrawn = service::withdraw(Op::of(context), &input).await;
        WithdrawTargetPayload::of(withdrawn.map(|id| id.gid()))
    }
}
