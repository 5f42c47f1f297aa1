//! From headers to who sent a request, and in which language.

use super::address;
use super::engine::Engine;
use crate::accounts::token::Claims;
use crate::accounts::{store, token};
use crate::kernel::app::App;
use crate::kernel::error::{Error, Language};
use crate::kernel::op::{Actor, Op};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

/// Who is on the other end, and in which language.
///
/// It holds what the token says and not who acts: a socket stays open for days, and signing out, an ended grant and a
/// disabled account take effect at once.
#[derive(Clone)]
pub struct Peer {
    /// What the token says; nobody without one.
    pub claims: Option<Claims>,
    /// Language of messages.
    pub language: Language,
    /// Where the request comes from, if it came over a socket.
    pub address: Option<IpAddr>,
    /// Whether the front end says that it is the app for field visits.
    pub is_phone: bool,
}

impl Peer {
    /// Who acts now; Unauthenticated if the token is no longer good.
    pub async fn actor(&self, app: &App) -> Result<Actor, Error> {
        match &self.claims {
            Some(claims) => acts_as(app, claims).await,
            None => Ok(Actor::Anonymous),
        }
    }

    /// Begins an operation of theirs.
    pub async fn op(&self, app: &Arc<App>) -> Result<Op, Error> {
        Ok(Op::arriving(app, self.actor(app).await?, self.address))
    }
}

/// What a front end says of itself; the app for field visits says `phone`.
const CLIENT: &str = "x-gonghui-client";

/// The token of an `Authorization: Bearer …`; anything else in its place is refused, only its absence is nobody.
pub(super) fn bearer(authorization: &str) -> Result<&str, Error> {
    let (scheme, token) = authorization.split_once(' ').ok_or(Error::Unauthenticated)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(Error::Unauthenticated)
    }
}

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

fn claims(app: &App, headers: &HeaderMap) -> Result<Option<Claims>, Error> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let value = value.to_str().map_err(|_| Error::Unauthenticated)?;
    token::read(app, bearer(value)?).map(Some)
}

/// Who a request acts as: nobody without a token.
pub async fn actor(app: &App, headers: &HeaderMap) -> Result<Actor, Error> {
    match claims(app, headers)? {
        None => Ok(Actor::Anonymous),
        Some(claims) => acts_as(app, &claims).await,
    }
}

/// Who is on the other end of a request.
///
/// # Errors
/// Unauthenticated, if it comes with an authorization that is not ours.
pub(super) fn peer(engine: &Engine, parts: &Parts) -> Result<Peer, Error> {
    Ok(Peer {
        claims: claims(&engine.app, &parts.headers)?,
        ..stranger(engine, parts)
    })
}

/// Who is on the other end of a request, as far as it is known before they say who they are.
pub(super) fn stranger(engine: &Engine, parts: &Parts) -> Peer {
    let headers = &parts.headers;
    Peer {
        claims: None,
        language: language(headers),
        address: address_of(engine, parts),
        is_phone: headers
            .get(CLIENT)
            .is_some_and(|client| client.as_bytes().eq_ignore_ascii_case(b"phone")),
    }
}

fn address_of(engine: &Engine, parts: &Parts) -> Option<IpAddr> {
    address::caller(&engine.transport, &parts.extensions, &parts.headers).map(address::budget)
}

/// Where a request comes from, if it came over a socket.
pub struct Address(pub Option<IpAddr>);

impl FromRequestParts<Engine> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, engine: &Engine) -> Result<Address, Infallible> {
        Ok(Address(address_of(engine, parts)))
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
