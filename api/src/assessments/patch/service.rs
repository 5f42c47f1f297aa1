//! Assigning and ending patches.

use super::types::{AssignPatch, EndPatch};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Faults};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::assessments::patch::{Entity, Model};
use entity::id::{AccountId, PatchId};

/// Says who is responsible for a federation.
pub(super) async fn assign(op: &Op, input: &AssignPatch) -> Result<PatchId, Error> {
    let digest = op.app().digest("assignPatch", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let at = Gid::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::AssignPatches, at, "federationId")?;
        let assigned_by = op.account_id().ok_or(Error::Unauthenticated)?;
        let account_id = match &input.account_id {
            Some(id) => colleague(&tx, AccountId::parse(id, "accountId")?).await?,
            None => assigned_by,
        };
        let time = (input.from.0, input.to.map(|day| day.0));
        let mut faults = Faults::default();
        rules::check(&mut faults, (&input.purpose, input.group_name.as_deref()), time);
        faults.refuse()?;
        rules::check_free(&store::of_account(&tx, account_id, at.id).await?, time)?;
        let patch = Model {
            id: PatchId(op.id()),
            account_id,
            group_name: input.group_name.as_ref().map(|name| name.trim().to_owned()),
            purpose: input.purpose.trim().to_owned(),
            valid_from: time.0,
            valid_to: time.1,
            assigned_by,
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        tx.insert(patch.clone()).await?;
        let id = patch.id;
        tx.commit(Event::Assigned(patch), id).await
    })
    .await
}

/// Somebody who works where the caller may assign patches, or the caller.
async fn colleague(tx: &Tx, id: AccountId) -> Result<AccountId, Error> {
    let scope = tx.scope(Action::AssignPatches);
    let found = store::find_person(tx, id).await?;
    let known = found.filter(|account| scope.holds(&account.path) || tx.op().account_id() == Some(id));
    known
        .map(|account| account.id)
        .ok_or(Error::NotFound("accountId".into()))
}

/// Ends a patch, or ends it earlier. The same day again changes nothing.
pub(super) async fn end(op: &Op, input: &EndPatch) -> Result<PatchId, Error> {
    op.write(|tx| async move {
        let id = PatchId::parse(&input.id, "id")?;
        let patch = tx
            .authorize_row::<Entity>(Action::AssignPatches, id, "id")
            .await?
            .into_inner();
        if !rules::may_end(&patch, input.to.0)? {
            return Ok(tx.unchanged(id));
        }
        let patch = Model {
            valid_to: Some(input.to.0),
            ..patch
        };
        tx.update(patch.clone()).await?;
        tx.commit(Event::Ended(patch), id).await
    })
    .await
}
