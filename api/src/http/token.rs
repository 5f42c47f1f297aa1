//! `POST /oauth/token`: client credentials (RFC 6749 §4.4) for machines.

use super::engine::Engine;
use super::session::Address;
use crate::accounts::session::{rules, service};
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
    let Some((id, secret)) = basic(&headers).or(form.client_id.zip(form.client_secret)) else {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    };
    // PostgreSQL stores no NUL character, so no client has one.
    if id.contains('\0') {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let op = Op::arriving(&engine.app, Actor::Anonymous, address);
    match service::sign_in_client(&op, &id, secret).await {
        Ok(tokens) => {
            let seconds = rules::ACCESS_TOKEN.num_seconds();
            let body = json!({"access_token": tokens.access, "token_type": "Bearer", "expires_in": seconds});
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
