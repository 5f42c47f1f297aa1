//! `POST /oauth/token`: client credentials (RFC 6749 §4.4) for machines, which say who they are by a secret in the
//! header or in the form, or by a signed assertion (RFC 7523).

use super::engine::Engine;
use super::session::Address;
use crate::accounts::client::rules as scopes;
use crate::accounts::client::service::{self, Brought, SignedIn};
use crate::accounts::session::rules;
use crate::kernel::error::Error;
use crate::kernel::op::{Actor, Op};
use axum::Form;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// The form of the request; other members are ignored.
#[derive(serde::Deserialize)]
pub struct TokenRequest {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    client_assertion_type: Option<String>,
    client_assertion: Option<String>,
    scope: Option<String>,
}

/// The one type of assertion.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client brings: one thing only (RFC 6749 §2.3); else why it is refused.
fn brought(headers: &HeaderMap, form: TokenRequest) -> Result<Brought, (StatusCode, &'static str)> {
    let in_header = basic(headers);
    let in_form = form.client_secret.is_some();
    match (in_header, form.client_assertion) {
        (None, Some(assertion)) if !in_form && form.client_assertion_type.as_deref() == Some(JWT_BEARER) => {
            Ok(Brought::Assertion(form.client_id, assertion))
        }
        (Some((id, secret)), None) if !in_form => Ok(Brought::Secret(id, secret)),
        (None, None) => {
            let both = form.client_id.zip(form.client_secret);
            let (id, secret) = both.ok_or((StatusCode::UNAUTHORIZED, "invalid_client"))?;
            Ok(Brought::Secret(id, secret))
        }
        _ => Err((StatusCode::BAD_REQUEST, "invalid_request")),
    }
}

/// Id and secret of HTTP Basic; each is form-encoded inside (RFC 6749 §2.3.1).
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text
        .split_once(':')
        .filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn refused(status: StatusCode, error: &str) -> Response {
    let body = Json(json!({ "error": error }));
    let mut response = (status, [(CACHE_CONTROL, "no-store")], body).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, axum::http::HeaderValue::from_static("Basic"));
    }
    response
}

/// Gives a machine its access token.
pub async fn issue(State(engine): State<Engine>, Address(address): Address, request: Request) -> Response {
    let headers = request.headers().clone();
    let form = Form::<TokenRequest>::from_request(request, &());
    let form = match tokio::time::timeout(engine.transport.stall, form).await {
        Ok(Ok(Form(form))) => form,
        Ok(Err(_)) => return refused(StatusCode::BAD_REQUEST, "invalid_request"),
        Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, "invalid_request"),
    };
    if form.grant_type != "client_credentials" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let only = match form.scope.as_deref().map(scopes::scope) {
        None => None,
        Some(Some(only)) => Some(only),
        Some(None) => return refused(StatusCode::BAD_REQUEST, "invalid_scope"),
    };
    let brought = match brought(&headers, form) {
        Ok(brought) => brought,
        Err((status, error)) => return refused(status, error),
    };
    // PostgreSQL stores no NUL character, so no client has one.
    if matches!(&brought, Brought::Secret(id, _) if id.contains('\0')) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let op = Op::arriving(&engine.app, Actor::Anonymous, address);
    op.performs("POST /oauth/token");
    match service::sign_in(&op, brought, only).await {
        Ok(SignedIn { tokens, scope }) => {
            let seconds = rules::ACCESS_TOKEN.num_seconds();
            let body = json!({
                "access_token": tokens.access,
                "token_type": "Bearer",
                "expires_in": seconds,
                "scope": scope,
            });
            ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err(Error::Invalid(_)) => refused(StatusCode::UNAUTHORIZED, "invalid_client"),
        Err(Error::TooOften(seconds)) => {
            let mut answer = refused(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable");
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
            answer
        }
        Err(error) => super::graphql::refused(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::form_decoded;

    #[test]
    fn ids_are_form_encoded_inside_basic() {
        assert_eq!(form_decoded("a%3Ab+c").as_deref(), Some("a:b c"));
        assert_eq!(form_decoded("%e5%b7%a5").as_deref(), Some("工"));
        assert_eq!(form_decoded("%e5"), None);
        assert_eq!(form_decoded("%zz"), None);
    }
}
