//! `/metrics`, for those who watch over the service.

use super::address;
use super::engine::Engine;
use crate::config::Profile;
use crate::jobs;
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::feed;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// What Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`: in the production profile there is none for strangers.
pub(super) async fn show(State(engine): State<Engine>, request: Request) -> Response {
    let transport = &engine.transport;
    let caller = address::caller(transport, request.extensions(), request.headers());
    let may = caller.is_some_and(|caller| address::is_in(&transport.metrics_from, caller));
    if transport.profile == Profile::Production && !may {
        return StatusCode::NOT_FOUND.into_response();
    }
    // What the process itself knows is told also when the database does not answer.
    if let Err(error) = look(&engine.app).await {
        error.log();
    }
    (
        [(CONTENT_TYPE, OPEN_METRICS)],
        engine.app.telemetry.metrics.text(),
    )
        .into_response()
}

/// Asks the database for what only it knows.
async fn look(app: &App) -> Result<(), Error> {
    let metrics = &app.telemetry.metrics;
    metrics.set_connections(app.db.connections());
    let (position, waiting) = feed::lag(&app.db).await?;
    metrics.feed_position.set(position);
    metrics.feed_waiting.set(waiting);
    metrics.set_jobs(jobs::waiting(app).await?);
    Ok(())
}
