//! Setting, changing and resetting passwords.

use super::{Event, rules, store};
use crate::accounts::account::rules::check_reason;
use crate::accounts::account::service::set_disabled;
use crate::accounts::account::store::{administrated, find_named};
use crate::accounts::{code, grant, otp, proof, provider, session, token};
use crate::kernel::error::{Error, Faults, invalid, text};
use crate::kernel::op::{Actor, Op};
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::{DateTime, Utc};
use entity::accounts::account;
use entity::id::AccountId;

/// A code with which a password is set.
pub struct Invitation {
    /// Whose.
    pub account_id: AccountId,
    /// The code; kept nowhere.
    pub code: String,
    /// It is good until.
    pub until: DateTime<Utc>,
}

impl Invitation {
    /// A new code for an account.
    pub(in crate::accounts) fn new(op: &Op, account_id: AccountId) -> Invitation {
        Invitation {
            account_id,
            code: code::write(op.app().clock.random()),
            until: op.now() + rules::INVITATION,
        }
    }

    /// What is kept of the code.
    pub(in crate::accounts) fn hash(&self) -> String {
        code::hash(&self.code).unwrap_or_default()
    }
}

/// Hashes a new password, if the rules allow it for the account.
async fn accepted(
    op: &Op,
    id: AccountId,
    username: &str,
    (field, password): (&'static str, String),
) -> Result<String, Error> {
    rules::check(op.app().rules.access.password_min, username, &password)
        .map_err(|text| invalid(field, text))?;
    for former in store::former(op, id).await? {
        if token::is_right(password.clone(), Some(former)).await? {
            return Err(invalid(field, rules::came_again()));
        }
    }
    token::hash(op.app(), password).await
}

/// Sets the first password of whoever has the code of an invitation; the user name.
pub(super) async fn accept(op: &Op, code: &str, password: String) -> Result<String, Error> {
    let address = proof::service::count_address(op)?;
    let unknown = || {
        let text = text("The code is wrong or no longer good.", "邀请码错误或已失效。");
        invalid("code", text)
    };
    let code_hash = &code::hash(code).ok_or_else(unknown)?;
    let account = &store::find_invited(op, code_hash).await?.ok_or_else(unknown)?;
    let secret_hash = &accepted(op, account.id, &account.username, ("password", password)).await?;
    op.write(|tx| async move {
        if !store::is_invited(&tx, account.id, code_hash).await? {
            return Err(unknown());
        }
        store::set(&tx, account.id, secret_hash).await?;
        tx.commit(Event::InvitationAccepted(account.id, account.place()), ())
            .await
    })
    .await?;
    if let Some(address) = address {
        op.app().attempts.put_back(&address, 1);
    }
    Ok(account.username.clone())
}

/// What a change of password takes.
pub(super) struct Change {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) new_password: String,
    pub(super) otp: Option<String>,
}

/// Changes a password, by whoever knows the present one, signed in or not. The account's other sessions end.
pub(super) async fn change(op: &Op, change: Change) -> Result<(), Error> {
    let otp = change.otp.as_deref();
    let proved = &proof::service::by_factors(op, &change.username, change.password, otp).await?;
    let id = proved.account.id;
    let new_password = ("newPassword", change.new_password);
    let secret_hash = accepted(op, id, &change.username, new_password).await;
    if secret_hash.is_err() {
        proved.take_back(op);
    }
    let secret_hash = &secret_hash?;
    let own = match op.actor() {
        Actor::Account { session_id, .. } => Some(*session_id),
        Actor::Anonymous | Actor::System => None,
    };
    op.write(|tx| async move {
        proved.spend(&tx).await?;
        store::set(&tx, id, secret_hash).await?;
        session::store::end_all(&tx, id, own).await?;
        tx.commit(Event::PasswordChanged(id, proved.account.place()), ())
            .await
    })
    .await?;
    proved.forgive(op);
    Ok(())
}

/// Voids a password, ends all sessions and elevations, and gives out a code for a new one.
pub(super) async fn reset(op: &Op, id: AccountId, reason: &str) -> Result<Invitation, Error> {
    let invitation = Invitation::new(op, id);
    let new = &invitation;
    op.write(|tx| async move {
        let account = administrated(&tx, Action::ManageAccounts, id, "accountId").await?;
        let mut faults = Faults::default();
        check_reason(&mut faults, reason);
        faults.unless(!account.is_machine, "accountId", rules::machine());
        let is_on = account.disabled_at.is_none();
        faults.unless(
            is_on,
            "accountId",
            text("It is disabled: enable it first.", "该账号已停用，请先启用。"),
        );
        let holds = grant::service::holds_guarded_role(&tx, id).await?;
        if !matches!(op.actor(), Actor::System) {
            faults.take("accountId", rules::may_reset(account.otp_set_at.is_some(), holds));
        }
        faults.refuse()?;
        begin_anew(&tx, &account, new).await?;
        let event = Event::PasswordReset(id, account.place(), reason.trim().to_owned());
        tx.commit(event, ()).await
    })
    .await?;
    Ok(invitation)
}

async fn begin_anew(tx: &Tx, account: &account::Model, new: &Invitation) -> Result<(), Error> {
    store::void(tx, account.id, &new.hash(), new.until).await?;
    provider::store::unlink(tx, account.id).await?;
    grant::store::end_elevations(tx, account.id).await?;
    session::store::end_all(tx, account.id, None).await
}

/// The operator's way back in: a code for a person by name, enabled again, and without a second factor if it is lost
/// too.
pub async fn reset_named(op: &Op, username: &str, without_otp: bool) -> Result<Invitation, Error> {
    if !matches!(op.actor(), Actor::System) {
        return Err(Error::Forbidden);
    }
    let account = find_named(op, username).await?;
    let account = account.ok_or(Error::NotFound("username".into()))?;
    if account.is_machine {
        return Err(invalid("username", rules::machine()));
    }
    let reason = "by the operator at the command line";
    set_disabled(op, account.id, reason, false).await?;
    if without_otp {
        otp::service::reset(op, account.id, reason).await?;
    }
    reset(op, account.id, reason).await
}
