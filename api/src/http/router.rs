//! Every address of the service.

use super::engine::Engine;
use super::{files, graphql, metrics, observe, pages, single, token, uploads, wellknown};
use crate::kernel::tree::Tree;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::routing::{any, get, post, put};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may remember what it may send.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

/// Builds the service; it needs no socket.
pub fn router(engine: Engine) -> Router {
    let origins = engine.transport.cors_origins.clone();
    let router = Router::new()
        .route("/graphql", any(graphql::serve))
        .merge(single::route(engine.clone()))
        .route("/oauth/token", post(token::issue))
        .route(wellknown::KEYS, get(wellknown::keys))
        .route(
            "/.well-known/oauth-authorization-server",
            get(wellknown::metadata),
        )
        .route("/uploads/{id}", put(uploads::receive).head(uploads::stand))
        .route("/files/{id}", get(files::send))
        .route("/", get(pages::front))
        .route("/graphiql", get(pages::graphiql))
        .route("/schema.graphql", get(pages::schema))
        .route("/assets/{*path}", get(pages::asset))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::show))
        .layer(middleware::from_fn_with_state(engine.clone(), observe::around))
        .with_state(engine);
    if origins.is_empty() {
        router
    } else {
        router.layer(cors(&origins))
    }
}

/// Lets front ends on other origins in. There are no cookies: nobody is signed in who does not send a token.
fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        let origins = origins
            .iter()
            .filter_map(|origin| HeaderValue::try_from(origin).ok());
        AllowOrigin::list(origins)
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::HEAD,
            Method::DELETE,
        ])
        .allow_headers([
            header::ACCEPT,
            header::ACCEPT_LANGUAGE,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
            HeaderName::from_static("x-graphql-event-stream-token"),
            HeaderName::from_static("graphql-require-preflight"),
            HeaderName::from_static("apollo-require-preflight"),
            HeaderName::from_static("x-apollo-operation-name"),
            HeaderName::from_static("upload-offset"),
            HeaderName::from_static("upload-complete"),
            HeaderName::from_static("repr-digest"),
            HeaderName::from_static("content-digest"),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("upload-offset"),
            HeaderName::from_static("upload-complete"),
        ])
        .max_age(PREFLIGHT_KEPT)
}

/// Ready when the database answers, and until the process is about to end.
async fn ready(State(engine): State<Engine>) -> (StatusCode, &'static str) {
    if engine.app.drain.has_begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    match Tree::version(engine.app.db.reader()).await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
