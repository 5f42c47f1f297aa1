//! From a token to who acts, and from headers to a language.

use crate::accounts::token::Claims;
use crate::accounts::{store, token};
use crate::kernel::app::App;
use crate::kernel::error::{Error, Language};
use crate::kernel::op::Actor;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};

/// Who a bearer token acts as; Unauthenticated if it is no longer good.
pub async fn actor_of(app: &App, token: &str) -> Result<Actor, Error> {
    acts_as(app, &token::read(app, token)?).await
}

/// Who acts by a token that was read earlier; Unauthenticated if it, its session or its account is over by now.
pub async fn acts_as(app: &App, claims: &Claims) -> Result<Actor, Error> {
    if claims.is_over(app.clock.now()) {
        return Err(Error::Unauthenticated);
    }
    store::actor(app, claims.sid).await
}

/// Who a request acts as: nobody without a token.
pub async fn actor(app: &App, headers: &HeaderMap) -> Result<Actor, Error> {
    match headers.get(AUTHORIZATION) {
        None => Ok(Actor::Anonymous),
        Some(value) => {
            let text = value.to_str().map_err(|_| Error::Unauthenticated)?;
            let (scheme, token) = text.split_once(' ').ok_or(Error::Unauthenticated)?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(Error::Unauthenticated);
            }
            actor_of(app, token.trim()).await
        }
    }
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
