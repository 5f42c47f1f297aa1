//! The pages of `api/web`, embedded when they were built; without them a page that says what to run. In production the
//! ones that show the schema ask for the password of somebody who runs the service.

use super::engine::Engine;
use super::graphql::refused;
use super::session::Address;
use super::token::basic;
use crate::accounts::proof::service;
use crate::kernel::error::Error;
use crate::kernel::op::{Actor, Op};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

/// What `npm run build` wrote; empty where nobody ran it.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Pages;

/// No page makes a request off this machine: union networks have no internet.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; \
                      img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

const UNBUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gonghui 工会</title>\
    <h1>Gonghui 工会</h1><p>One GraphQL API for a federation of trade unions. It listens at <code>POST /graphql</code>; \
    its contract is <a href=\"/schema.graphql\">schema.graphql</a>.</p><p>The pages with GraphiQL are not in this \
    binary. With Node 20: <code>cd api/web &amp;&amp; npm ci &amp;&amp; npm run build</code>, then build the server \
    again.</p></html>";

fn page(name: &str) -> Response {
    match Pages::get(name) {
        Some(file) => ([(CONTENT_SECURITY_POLICY, POLICY)], Html(file.data)).into_response(),
        None => ([(CONTENT_SECURITY_POLICY, POLICY)], Html(UNBUILT)).into_response(),
    }
}

/// `/`.
pub async fn front() -> Response {
    page("index.html")
}

/// `/graphiql`.
pub async fn graphiql(State(engine): State<Engine>, address: Address, headers: HeaderMap) -> Response {
    match open(&engine, "GET /graphiql", address, &headers).await {
        Ok(()) => page("graphiql.html"),
        Err(answer) => answer,
    }
}

/// Lets in whom the schema is open to.
async fn open(
    engine: &Engine,
    operation: &str,
    Address(address): Address,
    headers: &HeaderMap,
) -> Result<(), Response> {
    if engine.is_open_to(&Actor::Anonymous) {
        return Ok(());
    }
    let ask = || {
        let realm = [(WWW_AUTHENTICATE, "Basic realm=\"Gonghui\", charset=\"UTF-8\"")];
        (StatusCode::UNAUTHORIZED, realm).into_response()
    };
    let (username, password) = basic(headers).ok_or_else(ask)?;
    let op = Op::arriving(&engine.app, Actor::Anonymous, address);
    op.performs(operation);
    match service::person(&op, &username, password).await {
        Ok(actor) if engine.is_open_to(&actor) => Ok(()),
        Ok(_) | Err(Error::Invalid(_)) => Err(ask()),
        Err(error) => Err(refused(&error)),
    }
}

/// `/assets/…`: names with a hash in them never change what they hold.
pub async fn asset(uri: Uri) -> Response {
    let name = uri.path().trim_start_matches('/');
    match Pages::get(name) {
        Some(file) => {
            let kind = file.metadata.mimetype().to_owned();
            let is_hashed = name.ends_with(".js") || name.ends_with(".css");
            let keep = if is_hashed {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            };
            ([(CONTENT_TYPE, kind.as_str()), (CACHE_CONTROL, keep)], file.data).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `/schema.graphql`.
pub async fn schema(State(engine): State<Engine>, address: Address, headers: HeaderMap) -> Response {
    let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    match open(&engine, "GET /schema.graphql", address, &headers).await {
        Ok(()) => (kind, crate::schema::sdl()).into_response(),
        Err(answer) => answer,
    }
}
