//! What machines look up: the keys that check tokens (RFC 7517), and how to get a token (RFC 8414).

use super::engine::Engine;
use crate::accounts::token;
use crate::policy::Action;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

/// A new key is published longer than this before it signs.
const KEPT: &str = "public, max-age=300";

/// Where the keys are published.
pub(super) const KEYS: &str = "/.well-known/jwks.json";

fn cacheable(body: Value) -> Response {
    ([(CACHE_CONTROL, KEPT)], Json(body)).into_response()
}

/// The keys that may have signed a token, and the one that will sign next.
pub async fn keys(State(engine): State<Engine>) -> Response {
    let app = &engine.app;
    cacheable(app.keys.with(|ring| ring.jwks(app.clock.now())))
}

/// How a machine gets a token.
pub async fn metadata(State(engine): State<Engine>) -> Response {
    let issuer = &engine.app.rules.access.issuer;
    let scopes = Action::all().map(Action::scope_name);
    cacheable(json!({
        "issuer": issuer,
        "token_endpoint": token::endpoint(issuer),
        "jwks_uri": format!("{issuer}{KEYS}"),
        "scopes_supported": scopes.collect::<Vec<_>>(),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["EdDSA", "ES256"],
    }))
}
