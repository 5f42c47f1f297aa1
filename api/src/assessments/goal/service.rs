//! Setting, signing, reviewing and withdrawing goals of the staff.

use super::rules::Standing;
use super::types::{ReviewStaffGoal, SetStaffGoal, SignStaffGoal, WithdrawStaffGoal};
use super::{Event, rules, store};
use crate::assessments::patch::store::find_person;
use crate::kernel::error::{Error, Faults, invalid};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::people::person::rules::reason;
use crate::policy::Action;
use crate::targets::target::rules::check_letter;
use entity::assessments::staff_goal::Model;
use entity::id::{AccountId, FederationId, StaffGoalId};

fn trimmed(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
}

/// Sets somebody of a federation's own office a goal.
pub(super) async fn set(op: &Op, input: &SetStaffGoal) -> Result<StaffGoalId, Error> {
    let digest = op.app().digest("setStaffGoal", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let at = FederationId::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::AssignPatches, at, "federationId")?;
        let (task, due_on) = (input.task.trim(), input.due_on.0);
        let mut faults = Faults::default();
        rules::check(&mut faults, task, (input.year, due_on), op.today());
        faults.refuse()?;
        let goal = Model {
            id: StaffGoalId(op.id()),
            account_id: staff(&tx, AccountId::parse(&input.account_id, "accountId")?, at.id).await?,
            year: input.year,
            task: task.to_owned(),
            due_on,
            version: 1,
            set_by: op.account_id().ok_or(Error::Unauthenticated)?,
            signed_on: None,
            signers: None,
            review: None,
            result: None,
            remark: None,
            consequence: None,
            reviewed_by: None,
            reviewed_on: None,
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        tx.insert(goal.clone()).await?;
        let id = goal.id;
        tx.commit(Event::Set(goal), id).await
    })
    .await
}

/// Somebody whose home is this federation.
async fn staff(tx: &Tx, id: AccountId, at: FederationId) -> Result<AccountId, Error> {
    let found = find_person(tx, id).await?;
    let known = found.filter(|account| account.federation_id == at);
    known.map(|_| id).ok_or(Error::NotFound("accountId".into()))
}

/// A goal that the caller sees, who they are to it, and their account.
async fn open(tx: &Tx, id: StaffGoalId) -> Result<(Model, Standing, AccountId), Error> {
    let caller = tx.op().account_id().ok_or(Error::Unauthenticated)?;
    let goal = store::seen(tx, id, caller).await?;
    let standing = Standing {
        is_own: goal.account_id == caller,
        assigns: tx.scope(Action::AssignPatches).holds(&goal.path),
    };
    Ok((goal, standing, caller))
}

/// Records the responsibility letter.
pub(super) async fn sign(op: &Op, input: &SignStaffGoal) -> Result<StaffGoalId, Error> {
    let digest = op.app().digest("signStaffGoal", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let (goal, standing, _) = open(&tx, StaffGoalId::parse(&input.id, "id")?).await?;
        rules::may_sign(&goal, standing, input.expected_version)?;
        let (signed_on, signers) = (input.signed_on.0, input.signers.trim());
        let mut faults = Faults::default();
        check_letter(&mut faults, goal.year, (signed_on, op.today()), signers);
        faults.refuse()?;
        let goal = Model {
            version: goal.version + 1,
            signed_on: Some(signed_on),
            signers: Some(signers.to_owned()),
            ..goal
        };
        let id = goal.id;
        tx.update(goal.clone()).await?;
        tx.commit(Event::Signed(goal), id).await
    })
    .await
}

/// Records what became of a goal.
pub(super) async fn review(op: &Op, input: &ReviewStaffGoal) -> Result<StaffGoalId, Error> {
    let digest = op.app().digest("reviewStaffGoal", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let (goal, standing, reviewer) = open(&tx, StaffGoalId::parse(&input.id, "id")?).await?;
        rules::may_review(&goal, standing, input.expected_version)?;
        let result = input.result.trim().to_owned();
        let remark = trimmed(input.remark.as_ref());
        let consequence = trimmed(input.consequence.as_ref());
        let others = [
            ("remark", remark.as_deref()),
            ("consequence", consequence.as_deref()),
        ];
        let mut faults = Faults::default();
        rules::check_review(&mut faults, &result, others);
        faults.refuse()?;
        let goal = Model {
            version: goal.version + 1,
            review: Some(input.review.into()),
            result: Some(result),
            remark,
            consequence,
            reviewed_by: Some(reviewer),
            reviewed_on: Some(op.today()),
            ..goal
        };
        let id = goal.id;
        tx.update(goal.clone()).await?;
        tx.commit(Event::Reviewed(goal), id).await
    })
    .await
}

/// Withdraws a goal that was set wrongly; a conflict once its letter is signed.
pub(super) async fn withdraw(op: &Op, input: &WithdrawStaffGoal) -> Result<StaffGoalId, Error> {
    let digest = op.app().digest("withdrawStaffGoal", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let (goal, standing, _) = open(&tx, StaffGoalId::parse(&input.id, "id")?).await?;
        rules::may_withdraw(&goal, standing, input.expected_version)?;
        let reason = reason(&input.reason).map_err(|why| invalid("reason", why))?;
        let id = goal.id;
        store::delete(&tx, id).await?;
        tx.commit(Event::Withdrawn(goal, reason), id).await
    })
    .await
}
