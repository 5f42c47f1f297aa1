//! What is told of each HTTP request: its id and trace to the caller, one line to the log, its time to the metrics.

use super::engine::Engine;
use super::{address, graphql, session};
use crate::kernel::error::{Error, LANGUAGE};
use crate::kernel::telemetry::{Carried, REQUEST, Request as Named};
use crate::policy::CallerClass;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::Instrument;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Asked every few seconds: a good answer is no news.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Stands round every route.
pub async fn around(State(engine): State<Engine>, request: Request, next: Next) -> Response {
    let (app, began) = (&engine.app, Instant::now());
    let headers = request.headers();
    let header = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_by_proxy = address::is_by_proxy(&engine.transport, request.extensions());
    let carried = Carried {
        id: header(&REQUEST_ID).filter(|_| is_by_proxy),
        traceparent: header(&TRACEPARENT),
        tracestate: header(&TRACESTATE),
    };
    let named = Named::begin(app, carried);
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let language = session::language(headers);

    let metrics = &app.telemetry.metrics;
    let span = named.log_span();
    let _active = metrics.active();
    let answering = AssertUnwindSafe(REQUEST.scope(named.clone(), next.run(request))).catch_unwind();
    let answer = answering.instrument(span.clone()).await;
    let mut response = match answer {
        Ok(response) => response,
        Err(_) => REQUEST.sync_scope(named.clone(), || LANGUAGE.sync_scope(language, broken)),
    };

    tell(response.headers_mut(), &REQUEST_ID, named.id());
    tell(response.headers_mut(), &TRACEPARENT, &named.traceparent());
    let (status, took) = (response.status().as_u16(), began.elapsed());
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let caller = response
        .extensions()
        .get::<CallerClass>()
        .map(|class| class.name());
    span.in_scope(|| {
        if PROBES.contains(&route.as_str()) && status == 200 {
            tracing::debug!(method, route, status, millis, "answered");
        } else {
            tracing::info!(method, route, status, millis, caller, "answered");
        }
    });
    metrics.request_ended(method, route, (status, took));
    response
}

/// A method that is a label: anybody can make up others.
fn known(method: &Method) -> &'static str {
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let known = METHODS.into_iter().find(|name| *name == method.as_str());
    known.unwrap_or("other")
}

fn tell(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The answer of a handler that panicked. The panic itself was logged where it happened.
fn broken() -> Response {
    let (code, text) = Error::from(anyhow::anyhow!("a panic")).outside();
    graphql::refusal(StatusCode::INTERNAL_SERVER_ERROR, code, &text)
}
