//! Every address of the service.

use super::engine::Engine;
use super::{files, graphql, metrics, observe, pages, token};
use crate::config::Transport;
use crate::kernel::app::App;
use crate::kernel::tree::Tree;
use crate::schema;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post, put};
use std::sync::Arc;

/// Builds the service on its process; it needs no socket.
pub fn router(app: Arc<App>, transport: Arc<Transport>) -> Router {
    let engine = Engine {
        schema: schema::build(),
        app,
        transport,
    };
    Router::new()
        .route("/graphql", post(graphql::post).get(graphql::socket))
        .route("/oauth/token", post(token::issue))
        .route("/uploads/{id}", put(files::receive))
        .route("/files/{id}", get(files::send))
        .route("/", get(pages::front))
        .route("/graphiql", get(pages::graphiql))
        .route("/schema.graphql", get(pages::schema))
        .route("/assets/{*path}", get(pages::asset))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics::show))
        .layer(middleware::from_fn_with_state(engine.clone(), observe::around))
        .with_state(engine)
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
