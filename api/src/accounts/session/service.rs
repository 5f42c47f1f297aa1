//! Signing in and out, and going on.

use super::{Event, rules, store};
use crate::accounts::account::store::{administrated, home};
use crate::accounts::password::rules as passwords;
use crate::accounts::proof::service::{self as proof, Proved};
use crate::accounts::token;
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::op::{Actor, Op};
use crate::policy::Action;
use chrono::{DateTime, Utc};
use entity::accounts::session::{self, Kind};
use entity::id::{AccountId, SessionId};

/// What a session acts with.
pub struct Tokens {
    /// Sent with every request.
    pub access: String,
    /// Good once, for the next pair; machines have none.
    pub refresh: Option<String>,
    /// The access token is good until.
    pub expires_at: DateTime<Utc>,
    /// The session.
    pub session_id: SessionId,
}

/// Who signs in, and on what.
pub(super) struct Login<'a> {
    pub(super) username: &'a str,
    pub(super) password: String,
    pub(super) otp: Option<&'a str>,
    pub(super) kind: Kind,
}

/// Signs a person in. One refusal for a wrong name and a wrong password; what else is missing hears only who knows the
/// password.
pub(super) async fn login(op: &Op, login: Login<'_>) -> Result<Tokens, Error> {
    let proved = proof::by_factors(op, login.username, login.password, login.otp).await?;
    let days = op.app().rules.access.password_days;
    if passwords::is_too_old(proved.account.password_set_at, days, op.now()) {
        proved.take_back(op);
        return Err(passwords::too_old(days));
    }
    open(op, proved, login.kind.into()).await
}

/// How a session is opened.
pub(in crate::accounts) struct Opening {
    /// On what.
    pub(in crate::accounts) kind: Kind,
    /// The actions that it is for; none for all.
    pub(in crate::accounts) scope: Option<String>,
}

impl From<Kind> for Opening {
    fn from(kind: Kind) -> Opening {
        Opening { kind, scope: None }
    }
}

/// Opens a session for whoever proved to be an account.
pub(in crate::accounts) async fn open(op: &Op, proved: Proved, opening: Opening) -> Result<Tokens, Error> {
    let Opening { kind, scope } = opening;
    let proved = &proved;
    let opened = &session::Model {
        id: SessionId(op.id()),
        account_id: proved.account.id,
        kind,
        address: proof::address(op),
        is_strong: proved.is_strong,
        credential_id: proved.credential_id,
        scope,
        generation: 1,
        opened_at: op.now(),
        seen_at: op.now(),
        expires_at: rules::good_until(&op.app().rules.access, kind, op.now(), op.now()),
        ended_at: None,
    };
    op.write(|tx| async move {
        proved.spend(&tx).await?;
        store::insert(&tx, opened.clone()).await?;
        let event = Event::SignedIn(opened.clone(), proved.account.place());
        tx.commit(event, ()).await
    })
    .await?;
    proved.forgive(op);
    tokens(op, opened)
}

fn tokens(op: &Op, session: &session::Model) -> Result<Tokens, Error> {
    let expires_at = (op.now() + rules::ACCESS_TOKEN).min(session.expires_at);
    let refresh = (session.kind != Kind::Machine)
        .then(|| token::refresh_token(op.app(), session.id, session.generation));
    Ok(Tokens {
        access: token::sign(op.app(), session.account_id, session.id, expires_at)?,
        refresh,
        expires_at,
        session_id: session.id,
    })
}

/// Goes on with a session. The refresh token is good once, and a used one that comes again ends the session: its owner
/// and somebody else both had it. Of two requests that ran at the same time the later one is only refused: an owner
/// with two windows does that.
pub(super) async fn refresh(op: &Op, refresh_token: &str) -> Result<Tokens, Error> {
    let over = || {
        let text = text("The refresh token is no longer good.", "刷新令牌已失效。");
        invalid("refreshToken", text)
    };
    let (id, generation) = token::read_refresh(op.app(), refresh_token).ok_or_else(over)?;
    let goes_on = op
        .write(|tx| async move {
            let Some(found) = store::find_open(&tx, id).await? else {
                return Ok(tx.unchanged(None));
            };
            let home = home(&tx, found.account_id).await?;
            if generation < found.generation && found.seen_at < op.now() {
                store::end(&tx, id).await?;
                let event = Event::TokenReused(found.account_id, home);
                return tx.commit(event, None).await;
            }
            if generation != found.generation || found.expires_at <= op.now() {
                return Ok(tx.unchanged(None));
            }
            // Not when the operation began: what began before now and comes after it raced, and is no thief.
            let now = op.app().clock.now();
            let next = session::Model {
                generation: generation + 1,
                seen_at: now,
                expires_at: rules::good_until(&op.app().rules.access, found.kind, found.opened_at, now),
                ..found
            };
            store::refresh(&tx, &next).await?;
            let event = Event::Refreshed(next.account_id, home);
            tx.commit(event, Some(next)).await
        })
        .await?;
    tokens(op, &goes_on.ok_or_else(over)?)
}

/// The account that acts, and by which session.
fn caller(op: &Op) -> Result<(AccountId, SessionId), Error> {
    match op.actor() {
        Actor::Account { id, session_id, .. } => Ok((*id, *session_id)),
        Actor::Anonymous | Actor::System => Err(Error::Unauthenticated),
    }
}

/// Ends the caller's session: its access token is no good from now on.
pub(super) async fn logout(op: &Op) -> Result<(), Error> {
    let (id, session_id) = caller(op)?;
    op.write(|tx| async move {
        store::end(&tx, session_id).await?;
        let home = home(&tx, id).await?;
        tx.commit(Event::SignedOut(id, home), ()).await
    })
    .await
}

/// Ends a session: one's own, or that of somebody whom the caller administrates. One that is over stays so.
pub(super) async fn end(op: &Op, id: SessionId) -> Result<(), Error> {
    let (own_id, _) = caller(op)?;
    op.write(|tx| async move {
        let found = store::find(&tx, id).await?;
        let found = found.ok_or(Error::NotFound("id".into()))?;
        if found.account_id != own_id {
            administrated(&tx, Action::GrantRoles, found.account_id, "id").await?;
        }
        if found.ended_at.is_some() {
            return Ok(tx.unchanged(()));
        }
        store::end(&tx, id).await?;
        let home = home(&tx, found.account_id).await?;
        tx.commit(Event::Ended(found.account_id, home, id), ()).await
    })
    .await
}
