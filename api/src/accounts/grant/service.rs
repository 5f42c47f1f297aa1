//! Giving and ending grants, and elevations.

use super::types::{Elevate, EndGrant, GrantRole};
use super::{Event, rules, store};
use crate::accounts::account::rules::check_reason;
use crate::kernel::clock::begins;
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::event::Place;
use crate::kernel::gid::Gid;
use crate::kernel::op::{Actor, Op};
use crate::kernel::scope::Scope;
use crate::kernel::tx::{Committed, Tx};
use crate::policy::{Action, Role};
use chrono::TimeDelta;
use entity::accounts::{account, grant};
use entity::id::{AccountId, FederationId, GrantId};

/// Whether a grant lies where the caller may give and end its role.
pub(in crate::accounts) fn is_in_reach(tx: &Tx, scope: &Scope, held: &grant::Model) -> bool {
    let node = tx.tree().get(held.federation_id);
    // A role or place that is no longer known binds nobody.
    let (Some(role), Some(node)) = (Role::named(&held.role), node) else {
        return true;
    };
    rules::is_in_reach(
        role,
        scope.holds(&node.path),
        scope.holds_below_its_top(&node.path),
    )
}

/// Whether an account holds, or is to hold, a role that works only with a second factor.
pub(in crate::accounts) async fn holds_guarded_role(tx: &Tx, id: AccountId) -> Result<bool, Error> {
    let guarded = &tx.op().app().rules.access.otp_roles.0;
    let held = store::standing(tx, id).await?;
    Ok(held
        .iter()
        .filter_map(|held| Role::named(&held.role))
        .any(|role| guarded.contains(&role)))
}

/// Gives a new account its first role, without an end; for the operator.
pub(in crate::accounts) async fn give_first(
    tx: &Tx,
    id: AccountId,
    role: Role,
    federation_id: FederationId,
) -> Result<(), Error> {
    let op = tx.op();
    let grant = grant::Model {
        id: GrantId(op.id()),
        account_id: id,
        role: role.name().to_owned(),
        federation_id,
        valid_from: op.today(),
        valid_to: None,
        until: None,
        given_by: None,
        reason: String::new(),
    };
    store::insert(tx, grant).await
}

/// Gives a role. Refused to oneself, beside a role that excludes it, twice, and an administrator's except from above.
pub(super) async fn give(op: &Op, input: &GrantRole) -> Result<GrantId, Error> {
    op.write(|tx| async move {
        let account_id: AccountId = Gid::parse(&input.account_id, "accountId")?;
        let account = tx
            .authorize_row::<account::Entity>(Action::ReadAccounts, account_id, "accountId")
            .await?;
        let at = Gid::parse(&input.federation_id, "federationId")?;
        let node = tx.authorize(Action::GrantRoles, at, "federationId")?;
        let scope = tx.scope(Action::GrantRoles);
        let role = input.role;
        let is_in_reach = rules::is_in_reach(role, true, scope.holds_below_its_top(&node.path));
        if !is_in_reach || op.account_id() == Some(account_id) {
            return Err(Error::Forbidden);
        }
        let mut faults = Faults::default();
        check_reason(&mut faults, &input.reason);
        let (from, to) = (input.from.map(|date| date.0), input.to.map(|date| date.0));
        let period = rules::period(&mut faults, from, to, op.today());
        let fits = text(
            "People and machines hold roles of their own.",
            "人员与机器账号的角色不可互换。",
        );
        faults.unless(role.is_for_machines() == account.is_machine, "role", fits);
        let guarded = &op.app().rules.access.otp_roles.0;
        faults.take(
            "accountId",
            rules::may_hold(guarded.contains(&role), account.otp_set_at.is_some()),
        );
        faults.refuse()?;
        let standing = store::standing(&tx, account_id).await?;
        let lasting = standing.iter().filter(|held| held.until.is_none());
        let held = lasting.filter_map(|held| {
            Some(rules::Held {
                role: Role::named(&held.role)?,
                is_same_place: held.federation_id == node.id,
                period: (held.valid_from, held.valid_to),
            })
        });
        let held: Vec<_> = held.collect();
        rules::may_get(role, period, &held).map_err(|text| conflict("role", text))?;
        if held.len() >= rules::GRANTS_MAX {
            let text = text(
                "It holds 20 roles: end one first.",
                "该账号已有 20 项授权，请先终止一项。",
            );
            return Err(conflict("accountId", text));
        }
        let grant = grant::Model {
            id: GrantId(op.id()),
            account_id,
            role: role.name().to_owned(),
            federation_id: node.id,
            valid_from: period.0,
            valid_to: period.1,
            until: None,
            given_by: op.account_id(),
            reason: input.reason.trim().to_owned(),
        };
        let id = grant.id;
        store::insert(&tx, grant.clone()).await?;
        tx.commit(Event::Given(grant, Place::from(&*node)), id).await
    })
    .await
}

/// Where a grant is.
fn place(tx: &Tx, grant: &grant::Model) -> Place {
    let node = tx.tree().get(grant.federation_id);
    node.map_or_else(Place::everywhere, Place::from)
}

/// Ends a grant, today or on a later day, and what was elevated on it with it; an elevation at once, also by its owner.
pub(super) async fn end(op: &Op, input: &EndGrant) -> Result<GrantId, Error> {
    if matches!(op.actor(), Actor::Anonymous) {
        return Err(Error::Unauthenticated);
    }
    op.write(|tx| async move {
        let id = Gid::parse(&input.id, "id")?;
        let grant = store::find(&tx, id).await?;
        let grant = grant.ok_or(Error::NotFound("id".into()))?;
        let is_own = op.account_id() == Some(grant.account_id);
        if grant.until.is_some() {
            if !is_own {
                authorize_elevation(&tx, &grant).await?;
            }
            return end_elevation(tx, grant, input).await;
        }
        if is_own || !is_in_reach(&tx, &tx.scope(Action::GrantRoles), &grant) {
            return Err(Error::Forbidden);
        }
        let mut faults = Faults::default();
        check_reason(&mut faults, &input.reason);
        let period = (grant.valid_from, grant.valid_to);
        let to = rules::end(period, input.to.map(|date| date.0), op.today());
        let to = faults.take("to", to);
        faults.refuse()?;
        if to == grant.valid_to {
            return Ok(tx.unchanged(id));
        }
        let ended = grant::Model {
            valid_to: to,
            ..grant.clone()
        };
        let to_day = to.unwrap_or(op.today());
        store::end(&tx, id, to_day).await?;
        store::end_elevations_by(&tx, &grant, begins(to_day).max(op.now())).await?;
        let reason = input.reason.trim().to_owned();
        let event = Event::Ended(ended, place(&tx, &grant), grant.valid_to, reason);
        tx.commit(event, id).await
    })
    .await
}

/// A security administrator of the place of an elevation or of its owner's home may end it.
async fn authorize_elevation(tx: &Tx, grant: &grant::Model) -> Result<(), Error> {
    let account = tx
        .authorize_row::<account::Entity>(Action::ReadAccounts, grant.account_id, "id")
        .await?;
    let scope = tx.scope(Action::GrantRoles);
    if scope.holds(&account.path) || is_in_reach(tx, &scope, grant) {
        Ok(())
    } else {
        Err(Error::Forbidden)
    }
}

async fn end_elevation(tx: Tx, grant: grant::Model, input: &EndGrant) -> Result<Committed<GrantId>, Error> {
    let mut faults = Faults::default();
    check_reason(&mut faults, &input.reason);
    let at_once = text("An elevation ends at once.", "临时提权只能立即终止。");
    faults.unless(input.to.is_none(), "to", at_once);
    faults.refuse()?;
    let id = grant.id;
    if grant.until.is_some_and(|until| until <= tx.op().now()) {
        return Ok(tx.unchanged(id));
    }
    store::end_elevation(&tx, id).await?;
    let place = place(&tx, &grant);
    let event = Event::ElevationEnded(grant, place, input.reason.trim().to_owned());
    tx.commit(event, id).await
}

/// Takes the caller's role at the superior of a place where they hold it, for a few hours. One at a time.
pub(super) async fn elevate(op: &Op, input: &Elevate) -> Result<GrantId, Error> {
    let Actor::Account { id, grants, .. } = op.actor() else {
        return Err(Error::Unauthenticated);
    };
    op.write(|tx| async move {
        let (id, role) = (*id, input.role);
        let node = op.known(Gid::parse(&input.federation_id, "federationId")?, "federationId")?;
        let standing = store::standing(&tx, id).await?;
        // What counts is held for good, and does not sleep in this session.
        let carries = |held: &grant::Model| {
            let own = tx.tree().get(held.federation_id);
            let is_below = own.is_some_and(|own| own.parent_id == Some(node.id));
            let acts = grants
                .iter()
                .any(|acting| acting.role == role && acting.federation_id == held.federation_id);
            held.until.is_none() && held.role == role.name() && is_below && acts
        };
        let carrying: Vec<_> = standing.iter().filter(|held| carries(held)).collect();
        if !role.may_be_elevated() || carrying.is_empty() {
            return Err(Error::Forbidden);
        }
        let mut faults = Faults::default();
        rules::check_elevation(&mut faults, &input.reason);
        faults.refuse()?;
        if standing.iter().any(|held| held.until.is_some()) {
            let text = text(
                "One at a time: end the elevation that is on.",
                "每次只能有一项临时提权，请先终止现有的。",
            );
            return Err(conflict("", text));
        }
        let minutes = op.app().rules.access.elevation_minutes;
        let until = op.now() + TimeDelta::minutes(minutes.into());
        // It ends with what it stands on.
        let last = carrying
            .iter()
            .map(|held| held.valid_to.map_or(until, begins))
            .max();
        let grant = grant::Model {
            id: GrantId(op.id()),
            account_id: id,
            role: role.name().to_owned(),
            federation_id: node.id,
            valid_from: op.today(),
            valid_to: None,
            until: Some(last.map_or(until, |last| last.min(until))),
            given_by: Some(id),
            reason: input.reason.trim().to_owned(),
        };
        let grant_id = grant.id;
        store::insert(&tx, grant.clone()).await?;
        tx.commit(Event::Elevated(grant, Place::from(&node)), grant_id)
            .await
    })
    .await
}
