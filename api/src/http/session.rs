//! From a token to who acts, and from headers to a language.

use super::engine::Peer;
use crate::accounts::token::Claims;
use crate::accounts::{store, token};
use crate::kernel::app::App;
use crate::kernel::error::{Error, Language};
use crate::kernel::op::Actor;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};

/// Who acts by a token that was read earlier; Unauthenticated if it, its session or its account is over by now.
pub async fn acts_as(app: &App, claims: &Claims) -> Result<Actor, Error> {
    if claims.is_over(app.clock.now()) {
        return Err(Error::Unauthenticated);
    }
    store::actor(app, claims.sid).await
}

/// The token of a bearer's authorization.
fn bearer(authorization: &str) -> Result<&str, Error> {
    let (scheme, token) = authorization.split_once(' ').ok_or(Error::Unauthenticated)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(Error::Unauthenticated)
    }
}

/// What the token of a bearer's authorization says.
pub fn claims(app: &App, authorization: &str) -> Result<Claims, Error> {
    token::read(app, bearer(authorization)?)
}

fn authorization(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let text = headers.get(AUTHORIZATION).map(|value| value.to_str());
    text.transpose().map_err(|_| Error::Unauthenticated)
}

/// Who sends a request that may be answered for long: nobody without a token.
pub fn peer(app: &App, headers: &HeaderMap) -> Result<Peer, Error> {
    let claims = authorization(headers)?
        .map(|text| claims(app, text))
        .transpose()?;
    let language = language(headers);
    Ok(Peer { claims, language })
}

/// Who a request acts as: nobody without a token.
pub async fn actor(app: &App, headers: &HeaderMap) -> Result<Actor, Error> {
    peer(app, headers)?.actor(app).await
}

/// The language that the caller reads: the first of `Accept-Language` that is Chinese or English, else English.
pub fn language(headers: &HeaderMap) -> Language {
    let wanted = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let known = wanted.split(',').find_map(|part| {
        let tag = part.trim().to_ascii_lowercase();
        match tag.get(..2) {
            Some("zh") => Some(Language::Chinese),
            Some("en") => Some(Language::English),
            _ => None,
        }
    });
    known.unwrap_or(Language::English)
}
