//! Judging what a machine client brings to prove which one it is.

use super::assertion::{self, Said, Used};
use super::{rules, store};
use crate::accounts::proof::rules::wrong_client;
use crate::accounts::proof::service::{Attempt, Claim, Factor, Proved, counted, told};
use crate::accounts::proof::store::find;
use crate::accounts::token;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use entity::accounts::client_credential::{Kind, Model};
use entity::id::AccountId;
use uuid::Uuid;

/// Judges client id and secret; one refusal for a wrong id and a wrong secret.
pub(super) async fn by_secret(op: &Op, client_id: &str, secret: String) -> Result<Proved, Error> {
    let judged = judge_secret(op, client_id, secret).await;
    told(op, (client_id, true), judged)
}

async fn judge_secret(op: &Op, client_id: &str, secret: String) -> Result<Proved, Error> {
    let Claim { account, attempt } = Claim::begin(op, client_id, &secret, true).await?;
    // Looked for also where there is no such client: nobody learns it from the time.
    let id = account
        .as_ref()
        .map_or(AccountId(Uuid::nil()), |account| account.id);
    let held = store::standing(op, id, Kind::Secret).await?;
    let mut fitting = None;
    // As many are looked at for a client that has fewer, or that is none.
    for place in 0..rules::IN_FORCE_MAX {
        let credential = held.get(place);
        let hash = credential.and_then(|credential| credential.secret_hash.clone());
        if token::is_right(secret.clone(), hash).await? {
            fitting = credential;
        }
    }
    let (account, fitting) = account.zip(fitting).ok_or_else(wrong_client)?;
    Ok(Proved {
        credential_id: Some(fitting.id),
        ..Proved::plainly(account, attempt)
    })
}

/// Judges a signed assertion, which is good once and for this service.
pub(super) async fn by_assertion(op: &Op, client_id: Option<&str>, assertion: &str) -> Result<Proved, Error> {
    let Some(said) = assertion::look(assertion) else {
        return counted(op, Err(wrong_client()));
    };
    let judged = judge_assertion(op, client_id, (assertion, &said)).await;
    told(op, (&said.client_id, true), judged)
}

async fn judge_assertion(
    op: &Op,
    client_id: Option<&str>,
    (assertion, said): (&str, &Said),
) -> Result<Proved, Error> {
    if client_id.is_some_and(|client_id| client_id != said.client_id) {
        return Err(wrong_client());
    }
    // A signature cannot be guessed: from wherever it comes, failing keeps nobody out but whoever fails.
    let attempt = Attempt::begin(op, &said.client_id)?;
    let account = find(op, &said.client_id, true).await?;
    let id = account
        .as_ref()
        .map_or(AccountId(Uuid::nil()), |account| account.id);
    let held = store::standing(op, id, Kind::PublicKey).await?;
    let issuer = &op.app().rules.access.issuer;
    let audience = [issuer.clone(), token::endpoint(issuer)];
    let is_meant = |credential: &&Model| said.key_id.is_none() || said.key_id == credential.key_id;
    let read = |credential: &Model| {
        let jwk = credential.public_key.as_deref()?;
        let used = assertion::read(assertion, jwk, &audience, op.now())?;
        Some((credential.id, used))
    };
    let fitting = held.iter().filter(is_meant).find_map(read);
    let (account, (id, Used { hash, until })) = account.zip(fitting).ok_or_else(wrong_client)?;
    Ok(Proved {
        credential_id: Some(id),
        factor: Some(Factor::Assertion { hash, until }),
        ..Proved::plainly(account, attempt)
    })
}
