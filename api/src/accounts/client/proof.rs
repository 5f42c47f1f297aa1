//! Judging what a machine client brings to prove which one it is.

use super::assertion::{self, Used};
use super::{rules, store};
use crate::accounts::proof::rules::wrong_credentials;
use crate::accounts::proof::service::{Attempt, Claim, Factor, Proved, counted};
use crate::accounts::proof::store::find;
use crate::accounts::token;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use entity::accounts::client_credential::{Kind, Model};

/// Judges client id and secret; one refusal for a wrong id and a wrong secret.
pub(super) async fn by_secret(op: &Op, client_id: &str, secret: String) -> Result<Proved, Error> {
    counted(op, judge_secret(op, client_id, secret).await)
}

async fn judge_secret(op: &Op, client_id: &str, secret: String) -> Result<Proved, Error> {
    let Claim { account, attempt } = Claim::begin(op, client_id, &secret, true).await?;
    let held = match &account {
        Some(account) => store::standing(op, account.id, Kind::Secret).await?,
        None => Vec::new(),
    };
    let mut fitting = None;
    // As many are looked at for a client that has fewer, or that is none: nobody learns it from the time.
    for place in 0..rules::IN_FORCE_MAX {
        let credential = held.get(place);
        let hash = credential.and_then(|credential| credential.secret_hash.clone());
        if token::is_right(secret.clone(), hash).await? {
            fitting = credential;
        }
    }
    let (account, fitting) = account.zip(fitting).ok_or_else(wrong_credentials)?;
    Ok(Proved {
        credential_id: Some(fitting.id),
        ..Proved::plainly(account, attempt)
    })
}

/// Judges a signed assertion, which is good once and for this service.
pub(super) async fn by_assertion(op: &Op, client_id: Option<&str>, assertion: &str) -> Result<Proved, Error> {
    counted(op, judge_assertion(op, client_id, assertion).await)
}

async fn judge_assertion(op: &Op, client_id: Option<&str>, assertion: &str) -> Result<Proved, Error> {
    let said = assertion::look(assertion).ok_or_else(wrong_credentials)?;
    if client_id.is_some_and(|client_id| client_id != said.client_id) {
        return Err(wrong_credentials());
    }
    // A signature cannot be guessed: from wherever it comes, failing keeps nobody out but whoever fails.
    let attempt = Attempt::begin(op, &said.client_id)?;
    let account = find(op, &said.client_id, true)
        .await?
        .ok_or_else(wrong_credentials)?;
    let held = store::standing(op, account.id, Kind::PublicKey).await?;
    let issuer = &op.app().rules.access.issuer;
    let audience = [issuer.clone(), token::endpoint(issuer)];
    let is_meant = |credential: &&Model| said.key_id.is_none() || said.key_id == credential.key_id;
    let read = |credential: &Model| {
        let jwk = credential.public_key.as_deref()?;
        let used = assertion::read(assertion, jwk, &audience, op.now())?;
        Some((credential.id, used))
    };
    let fitting = held.iter().filter(is_meant).find_map(read);
    let (id, Used { hash, until }) = fitting.ok_or_else(wrong_credentials)?;
    Ok(Proved {
        credential_id: Some(id),
        factor: Some(Factor::Assertion { hash, until }),
        ..Proved::plainly(account, attempt)
    })
}
