//! Signing in by an identity provider, and linking accounts to it.

use super::types::{BindProvider, LinkProvider};
use super::{Event, exchange, rules, store};
use crate::accounts::account::rules::check_reason;
use crate::accounts::account::store::administrated;
use crate::accounts::grant;
use crate::accounts::proof::service::{self as proof, Attempt, Proved};
use crate::accounts::proof::store::find_linked;
use crate::accounts::session::service::{Tokens, open};
use crate::accounts::token;
use crate::config::Provider;
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::{Actor, Op};
use crate::policy::Action;
use entity::accounts::session::Kind;
use entity::id::AccountId;

/// A login that has begun.
pub(super) struct Begun {
    /// Where the person goes.
    pub(super) url: String,
    /// Names the login, also to the provider.
    pub(super) state: String,
    /// Proves who began it.
    pub(super) secret: String,
}

/// What a front end brings back.
pub(super) struct Back {
    /// As the provider sent it.
    pub(super) state: String,
    /// As the provider sent it.
    pub(super) code: String,
    /// As it was given when the login began, and to nobody else.
    pub(super) secret: String,
}

fn provider(op: &Op) -> Result<Provider, Error> {
    let oidc = &op.app().rules.access.oidc;
    oidc.provider().ok_or_else(rules::none_set_up)
}

fn taken() -> Error {
    let en = "Another account is linked to this subject.";
    conflict("subject", text(en, "该身份已关联其他账号。"))
}

/// Begins a login; of somebody who is signed in, one that links their account.
pub(super) async fn begin(op: &Op, kind: Kind) -> Result<Begun, Error> {
    let provider = &provider(op)?;
    proof::count_address(op)?;
    let secret = token::secret(op.app());
    let state = exchange::state(op, &secret);
    let url = exchange::address(op, provider, &secret).await?;
    store::begin(op, &state, kind).await?;
    Ok(Begun { url, state, secret })
}

/// Signs a person in who comes back from the provider. One refusal for whatever does not fit.
pub(super) async fn login(op: &Op, back: Back, otp: Option<&str>) -> Result<Tokens, Error> {
    let provider = &provider(op)?;
    let address = proof::count_address(op)?;
    let proved = proof::counted(op, judge(op, provider, back).await)?;
    if let Some(address) = address {
        op.app().attempts.put_back(&address, 1);
    }
    let (proved, kind) = proved;
    let proved = if proved.is_strong {
        proved
    } else {
        proof::with_second_factor(op, proved, otp).await?
    };
    open(op, proved, kind.into()).await
}

async fn judge(op: &Op, provider: &Provider, back: Back) -> Result<(Proved, Kind), Error> {
    let pending = taken_up(op, &back).await?;
    if pending.account_id.is_some() {
        return Err(rules::refused());
    }
    let somebody = exchange::who(op, provider, back).await?;
    let account = find_linked(op, &provider.issuer, &somebody.subject).await?;
    let account = account.ok_or_else(rules::refused)?;
    let attempt = Attempt::begin(op, &account.id.to_string());
    let attempt = attempt.inspect_err(|error| account.note(op, error))?;
    let proved = Proved {
        is_strong: somebody.is_strong,
        link: Some((provider.issuer.clone(), somebody.subject)),
        ..Proved::plainly(account, attempt)
    };
    Ok((proved, pending.kind))
}

/// Takes up a login where it was left: by whoever began it, not by somebody who saw the address that the provider sent
/// them back to.
async fn taken_up(op: &Op, back: &Back) -> Result<store::Pending, Error> {
    if !rules::may_be(&back.state, &back.code) || back.state != exchange::state(op, &back.secret) {
        return Err(rules::refused());
    }
    store::take(op, &back.state).await?.ok_or_else(rules::refused)
}

/// Who an account is to be linked to.
async fn whom(op: &Op, provider: &Provider, id: AccountId, back: Back) -> Result<exchange::Somebody, Error> {
    let pending = taken_up(op, &back).await?;
    if pending.account_id != Some(id) {
        return Err(rules::refused());
    }
    exchange::who(op, provider, back).await
}

/// Links the caller's account to whom they are at the provider. The password is asked again, and the second factor: a
/// session left open or stolen is not enough to make another way in.
pub(super) async fn link(op: &Op, input: LinkProvider) -> Result<AccountId, Error> {
    let provider = &provider(op)?;
    let id = match op.actor() {
        Actor::Account { is_machine: true, .. } => return Err(Error::Forbidden),
        Actor::Account { id, .. } => *id,
        Actor::Anonymous | Actor::System => return Err(Error::Unauthenticated),
    };
    let username = crate::accounts::account::store::own(op, id).await?.username;
    let proved = &proof::by_factors(op, &username, input.password, input.otp.as_deref()).await?;
    let back = Back {
        state: input.state,
        code: input.code,
        secret: input.secret,
    };
    let somebody = whom(op, provider, id, back).await;
    if somebody.is_err() {
        proved.take_back(op);
    }
    let somebody = &somebody?;
    op.write(|tx| async move {
        proved.spend(&tx).await?;
        if !store::link(&tx, id, &provider.issuer, &somebody.subject).await? {
            return Err(taken());
        }
        tx.commit(Event::Linked(id, proved.account.place()), ()).await
    })
    .await?;
    proved.forgive(op);
    Ok(id)
}

/// Binds an account to somebody at the provider, before anybody has signed in to it. Once: a subject that was wrong goes
/// with a reset of the password.
pub(super) async fn bind(op: &Op, input: &BindProvider) -> Result<AccountId, Error> {
    let id: AccountId = Gid::parse(&input.account_id, "accountId")?;
    op.write(|tx| async move {
        let account = administrated(&tx, Action::ManageAccounts, id, "accountId").await?;
        let mut faults = Faults::default();
        check_reason(&mut faults, &input.reason);
        rules::check_subject(&mut faults, &input.subject);
        let is_new = !account.is_machine && account.password_set_at.is_none() && account.otp_set_at.is_none();
        let is_new = is_new && !store::has_link(&tx, id).await?;
        let en = "Only somebody who is INVITED, has no second factor and is bound to nobody: others link their account \
                  themselves.";
        faults.unless(
            is_new,
            "accountId",
            text(en, "仅限待激活、无动态口令且尚未关联的人员账号，其他人员请自行关联。"),
        );
        let holds = grant::service::holds_guarded_role(&tx, id).await?;
        let en = "It holds a role that needs a second factor: whoever holds it links the account themselves.";
        faults.unless(
            !holds,
            "accountId",
            text(en, "该账号持有须双因素鉴别的角色，须由本人关联。"),
        );
        faults.refuse()?;
        let provider = &provider(op)?;
        if !store::link(&tx, id, &provider.issuer, &input.subject).await? {
            return Err(taken());
        }
        let event = Event::Bound(id, account.place(), input.reason.trim().to_owned());
        tx.commit(event, id).await
    })
    .await
}
