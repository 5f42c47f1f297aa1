//! Signing in and out, and making accounts.

use super::store::Credentials;
use super::{Event, rules, store, token};
use crate::kernel::error::{Error, conflict, invalid, text};
use crate::kernel::event::Place;
use crate::kernel::keys::sha256;
use crate::kernel::op::{Actor, Op};
use crate::kernel::tree::Tree;
use crate::kernel::tx::{Committed, Tx};
use crate::policy::Role;
use chrono::{DateTime, Utc};
use entity::accounts::{account, grant, session};
use entity::id::{AccountId, FederationId, GrantId, SessionId};
use uuid::Uuid;

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

fn place(tree: &Tree, federation_id: Option<Uuid>) -> Place {
    let node = federation_id.and_then(|id| tree.get(FederationId(id)));
    node.map_or_else(Place::everywhere, Place::from)
}

/// Signs a person in; one refusal for a wrong name and a wrong password.
pub(super) async fn login(op: &Op, username: &str, password: String) -> Result<Tokens, Error> {
    sign_in(op, username, password, false).await
}

/// Signs a machine in with its client credentials.
pub async fn sign_in_client(op: &Op, client_id: &str, client_secret: String) -> Result<Tokens, Error> {
    sign_in(op, client_id, client_secret, true).await
}

/// Counts an attempt to sign in, by the account that is tried and by the address that tries; what to give back when it
/// turns out right. Each attempt counts, however many one request holds.
///
/// # Errors
/// If there were too many lately.
fn attempt(op: &Op, username: &str) -> Result<Vec<String>, Error> {
    let address = op.address().map(|address| format!("address {address}"));
    let account = format!("account {}", sha256(username.as_bytes()));
    let limits = [
        (address, rules::ADDRESS_ATTEMPTS),
        (Some(account), rules::ACCOUNT_ATTEMPTS),
    ];
    let mut taken = Vec::new();
    for (key, rate) in limits {
        let Some(key) = key else { continue };
        let tried = op.app().attempts.take(key.clone(), rate, 1, op.now());
        tried.map_err(Error::TooOften)?;
        taken.push(key);
    }
    Ok(taken)
}

/// The account whose name and secret these are; one refusal for a wrong name and a wrong secret.
async fn authenticate(
    op: &Op,
    username: &str,
    secret: String,
    is_machine: bool,
) -> Result<Credentials, Error> {
    let found = find(op, username, secret, is_machine).await;
    if let Err(Error::Invalid(_) | Error::TooOften(_)) = found {
        op.app().telemetry.metrics.logins_refused.inc();
    }
    found
}

async fn find(op: &Op, username: &str, secret: String, is_machine: bool) -> Result<Credentials, Error> {
    let attempt = attempt(op, username)?;
    if secret.chars().count() > rules::SECRET_MAX {
        return Err(invalid("password", rules::wrong_credentials()));
    }
    let found = store::find_credentials(op.app(), username, is_machine).await?;
    let hash = found.as_ref().map(|found| found.secret_hash.clone());
    let is_right = token::is_right(secret, hash).await?;
    let found = found
        .filter(|_| is_right)
        .ok_or_else(|| invalid("password", rules::wrong_credentials()))?;
    for key in &attempt {
        op.app().attempts.put_back(key, 1);
    }
    Ok(found)
}

/// Who a person acts as, without signing in: for pages that a browser asks a password for.
pub(crate) async fn person(op: &Op, username: &str, password: String) -> Result<Actor, Error> {
    let found = authenticate(op, username, password, false).await?;
    store::actor_of(op.app(), found.id).await
}

async fn sign_in(op: &Op, username: &str, secret: String, is_machine: bool) -> Result<Tokens, Error> {
    let found = authenticate(op, username, secret, is_machine).await?;
    let session_id = SessionId(op.id());
    let refresh = (!is_machine).then(|| token::secret(op.app()));
    let (refresh, found) = (&refresh, &found);
    op.write(|tx| async move {
        let expires_at = op.now()
            + if is_machine {
                rules::ACCESS_TOKEN
            } else {
                rules::REFRESH_TOKEN
            };
        let refresh_hash = refresh
            .as_deref()
            .map(|refresh| sha256(refresh.as_bytes()))
            .unwrap_or_default();
        let session = session::Model {
            id: session_id,
            account_id: found.id,
            refresh_hash,
            previous_hash: String::new(),
            expires_at,
            ended_at: None,
        };
        store::insert_session(&tx, session).await?;
        let place = place(tx.tree(), found.federation_id);
        tx.commit(Event::SignedIn(found.id, place), ()).await
    })
    .await?;
    tokens(op, found.id, session_id, refresh.clone())
}

fn tokens(op: &Op, id: AccountId, session_id: SessionId, refresh: Option<String>) -> Result<Tokens, Error> {
    let expires_at = op.now() + rules::ACCESS_TOKEN;
    let access = token::sign(op.app(), id, session_id, expires_at)?;
    Ok(Tokens {
        access,
        refresh,
        expires_at,
        session_id,
    })
}

/// Goes on with a session; the refresh token is good once, and a used one that comes again ends the session.
pub(super) async fn refresh(op: &Op, refresh_token: &str) -> Result<Tokens, Error> {
    let next = token::secret(op.app());
    let (used_hash, next_hash) = (&sha256(refresh_token.as_bytes()), &sha256(next.as_bytes()));
    let goes_on = op
        .write(|tx| async move {
            let Some(found) = store::find_refreshable(&tx, used_hash, op.now()).await? else {
                return end_reused(tx, used_hash).await;
            };
            // Not when the operation began: what began before now and comes after it raced, and is no thief.
            let until = op.app().clock.now() + rules::REFRESH_TOKEN;
            store::rotate(&tx, found.id, next_hash, until).await?;
            let place = place(tx.tree(), found.federation_id);
            let event = Event::SessionRefreshed(found.account_id, place);
            tx.commit(event, Some((found.account_id, found.id))).await
        })
        .await?;
    let over = || text("The refresh token is no longer good.", "刷新令牌已失效。");
    let (account_id, session_id) = goes_on.ok_or_else(|| invalid("refreshToken", over()))?;
    tokens(op, account_id, session_id, Some(next))
}

/// Ends the session that a used refresh token belonged to: its owner and somebody else both had it (RFC 9700 §4.14).
/// Of two requests that ran at the same time the later one is only refused: an owner with two windows does that.
async fn end_reused<T>(tx: Tx, used_hash: &str) -> Result<Committed<Option<T>>, Error> {
    let began = tx.op().now();
    let Some(found) = store::find_reused(&tx, used_hash, began + rules::REFRESH_TOKEN).await? else {
        return Ok(tx.unchanged(None));
    };
    store::end_session(&tx, found.id).await?;
    let place = place(tx.tree(), found.federation_id);
    tx.commit(Event::RefreshTokenReused(found.account_id, place), None)
        .await
}

/// Ends the caller's session: its access token is no good from now on.
pub(super) async fn logout(op: &Op) -> Result<(), Error> {
    let Actor::Account {
        id,
        session_id,
        grants,
        ..
    } = op.actor()
    else {
        return Err(Error::Unauthenticated);
    };
    op.write(|tx| async move {
        store::end_session(&tx, *session_id).await?;
        let place = place(tx.tree(), grants.first().map(|grant| grant.federation_id.0));
        tx.commit(Event::SignedOut(*id, place), ()).await
    })
    .await
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
    rules::check_account(&new.username, &new.display_name, &new.secret).refuse()?;
    let secret_hash = &token::hash(op.app(), new.secret.clone()).await?;
    let new = &new;
    op.write(|tx| async move {
        if store::is_taken(&tx, &new.username).await? {
            return Err(conflict(
                "username",
                text("This name is taken.", "用户名已存在。"),
            ));
        }
        let id = AccountId(op.id());
        let account = account::Model {
            id,
            username: new.username.clone(),
            display_name: new.display_name.clone(),
            secret_hash: secret_hash.clone(),
            is_machine: new.role.is_for_machines(),
            disabled_at: None,
            created_at: op.now(),
        };
        let grant = grant::Model {
            id: GrantId(op.id()),
            account_id: id,
            role: new.role.name().to_owned(),
            federation_id: new.federation_id,
            valid_from: op.today(),
            valid_to: None,
        };
        store::insert(&tx, account).await?;
        store::insert_grant(&tx, grant).await?;
        let place = place(tx.tree(), Some(new.federation_id.0));
        tx.commit(Event::AccountAdded(id, place, new.role.name()), id)
            .await
    })
    .await
}
