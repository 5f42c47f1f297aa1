//! Making accounts, and disabling them.

use super::types::InviteAccount;
use super::{Event, rules, store};
use crate::accounts::client::service::secret;
use crate::accounts::client::store as clients;
use crate::accounts::password::rules as passwords;
use crate::accounts::password::service::Invitation;
use crate::accounts::password::store::remember;
use crate::accounts::{grant, session, token};
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::{Actor, Op};
use crate::kernel::tree::Node;
use crate::policy::{Action, Role};
use entity::accounts::{account, credential};
use entity::id::{AccountId, FederationId};

/// The refusal of a name that somebody has.
pub(in crate::accounts) fn name_taken(field: &'static str) -> Error {
    conflict(field, text("This name is taken.", "用户名已存在。"))
}

/// An account without anything to sign in with.
pub(in crate::accounts) fn blank(op: &Op, id: AccountId, home: &Node) -> (account::Model, credential::Model) {
    let account = account::Model {
        id,
        username: String::new(),
        display_name: String::new(),
        is_machine: false,
        disabled_at: None,
        password_set_at: None,
        otp_set_at: None,
        created_at: op.now(),
        federation_id: home.id,
        path: home.path.to_string(),
        county_id: home.county_id,
    };
    let credential = credential::Model {
        account_id: id,
        secret_hash: String::new(),
        invitation_hash: None,
        invitation_until: None,
        otp_secret: None,
        otp_pending: None,
        otp_step: 0,
    };
    (account, credential)
}

/// An account to be made.
pub struct NewAccount {
    /// User name or client id.
    pub username: String,
    /// What others see.
    pub display_name: String,
    /// Password or client secret.
    pub secret: String,
    /// Which role.
    pub role: Role,
    /// Where.
    pub federation_id: FederationId,
}

/// Makes an account with one grant from today; for the operator at the command line. Refused if the name is taken.
pub async fn add(op: &Op, new: NewAccount) -> Result<AccountId, Error> {
    if !matches!(op.actor(), Actor::System) {
        return Err(Error::Forbidden);
    }
    let mut faults = Faults::default();
    rules::check_username(&mut faults, "username", &new.username);
    rules::check_name(&mut faults, "displayName", &new.display_name);
    let shortest = op.app().rules.access.password_min;
    faults.take("password", passwords::check(shortest, &new.username, &new.secret));
    faults.refuse()?;
    let secret_hash = &token::hash(op.app(), new.secret.clone()).await?;
    let new = &new;
    op.write(|tx| async move {
        if store::is_taken(&tx, &new.username).await? {
            return Err(name_taken("username"));
        }
        let home = tx.tree().get(new.federation_id).cloned();
        let home = home.ok_or(Error::NotFound("federation".into()))?;
        let id = AccountId(op.id());
        let (mut account, mut credential) = blank(op, id, &home);
        account.username.clone_from(&new.username);
        account.display_name.clone_from(&new.display_name);
        account.is_machine = new.role.is_for_machines();
        if account.is_machine {
            store::insert(&tx, account, credential).await?;
            clients::insert(&tx, secret(op, id, secret_hash.clone())).await?;
        } else {
            account.password_set_at = Some(op.now());
            credential.secret_hash.clone_from(secret_hash);
            store::insert(&tx, account, credential).await?;
            remember(&tx, id, secret_hash).await?;
        }
        grant::service::give_first(&tx, id, new.role, home.id).await?;
        tx.commit(Event::Added(id, (&home).into(), new.role.name()), id)
            .await
    })
    .await
}

/// Invites a person to a home. They may do nothing until a security administrator gives them a role.
pub(super) async fn invite(op: &Op, input: &InviteAccount) -> Result<Invitation, Error> {
    let invitation = Invitation::new(op, AccountId(op.id()));
    let new = &invitation;
    op.write(|tx| async move {
        let at = Gid::parse(&input.federation_id, "federationId")?;
        let home = tx.authorize(Action::ManageAccounts, at, "federationId")?;
        let mut faults = Faults::default();
        rules::check_username(&mut faults, "username", &input.username);
        rules::check_name(&mut faults, "name", &input.name);
        faults.refuse()?;
        if store::is_taken(&tx, &input.username).await? {
            return Err(name_taken("username"));
        }
        let (mut account, mut credential) = blank(op, new.account_id, &home);
        account.username.clone_from(&input.username);
        account.display_name = input.name.trim().to_owned();
        credential.invitation_hash = Some(new.hash());
        credential.invitation_until = Some(new.until);
        store::insert(&tx, account, credential).await?;
        tx.commit(Event::Invited(new.account_id, (&*home).into()), ())
            .await
    })
    .await?;
    Ok(invitation)
}

/// Disables an account, which ends its sessions and elevations at once, or enables it. Asked again, it stays so.
pub(in crate::accounts) async fn set_disabled(
    op: &Op,
    id: AccountId,
    reason: &str,
    is_disabled: bool,
) -> Result<AccountId, Error> {
    op.write(|tx| async move {
        let account = store::administrated(&tx, Action::ManageAccounts, id, "accountId").await?;
        let mut faults = Faults::default();
        rules::check_reason(&mut faults, reason);
        faults.refuse()?;
        if account.disabled_at.is_some() == is_disabled {
            return Ok(tx.unchanged(id));
        }
        let (place, reason) = (account.place(), reason.trim().to_owned());
        let event = if is_disabled {
            store::set_disabled(&tx, id, Some(op.now())).await?;
            grant::store::end_elevations(&tx, id).await?;
            session::store::end_all(&tx, id, None).await?;
            Event::Disabled(id, place, reason)
        } else {
            store::set_disabled(&tx, id, None).await?;
            Event::Enabled(id, place, reason)
        };
        tx.commit(event, id).await
    })
    .await
}
