//! GraphQL over HTTP (POST) and over WebSocket (graphql-transport-ws), at one address.

use super::engine::Engine;
use super::{guard, session, socket, sse};
use crate::kernel::error::{Error, LANGUAGE, Language, Text, text};
use crate::kernel::op::Op;
use async_graphql::{Request as GraphQLRequest, Response as GraphQLResponse};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State, WebSocketUpgrade};
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// The most that a request body may hold; files go to `/uploads`.
const BODY_BYTES_MAX: usize = 1 << 20;

pub(super) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A GraphQL error before any field was run.
pub(super) fn refusal(status: StatusCode, code: &str, text: &Text) -> Response {
    let body = serde_json::json!({ "errors": [guard::error(code, text)] });
    (
        status,
        [(CONTENT_TYPE, "application/json; charset=utf-8")],
        body.to_string(),
    )
        .into_response()
}

pub(super) fn refused(error: &Error) -> Response {
    error.log();
    let (code, text) = error.outside();
    let status = match error {
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::Forbidden => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::Conflict(_) | Error::IdempotencyKeyReused => StatusCode::CONFLICT,
        Error::Gone(_) | Error::Resync => StatusCode::GONE,
        Error::Unavailable | Error::Again(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    refusal(status, code, &text)
}

/// `POST /graphql`.
pub async fn post(State(engine): State<Engine>, headers: HeaderMap, body: Body) -> Response {
    let language = session::language(&headers);
    LANGUAGE
        .scope(language, answer(engine, headers, body, language))
        .await
}

async fn answer(engine: Engine, headers: HeaderMap, body: Body, language: Language) -> Response {
    let actor = match session::actor(&engine.app, &headers).await {
        Ok(actor) => actor,
        Err(error) => return refused(&error),
    };
    let request = match read(&headers, body).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    if sse::is_wanted(&headers) {
        return match session::peer(&engine.app, &headers) {
            Ok(peer) => sse::distinct(engine, peer, request).await,
            Err(error) => refused(&error),
        };
    }
    let op = Op::new(&engine.app, actor);
    let response = engine.run(&op, language, request).await;
    let mut answer = written(&response);
    if let Ok(id) = HeaderValue::try_from(op.request_id().to_string()) {
        answer.headers_mut().insert(REQUEST_ID.clone(), id);
    }
    answer
}

fn written(response: &GraphQLResponse) -> Response {
    match serde_json::to_string(response) {
        Ok(body) => ([(CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response(),
        Err(error) => refused(&error.into()),
    }
}

pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<GraphQLRequest, Response> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if !content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/json")
    {
        let text = text("Send application/json.", "请使用 application/json。");
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "BAD_REQUEST", &text));
    }
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        let text = text(
            "The body is larger than 1 MiB; files go to /uploads.",
            "请求体超过 1 MiB；文件请使用 /uploads。",
        );
        refusal(StatusCode::PAYLOAD_TOO_LARGE, "BAD_REQUEST", &text)
    })?;
    // serde would read an array as the members of a request in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(no_request());
    }
    serde_json::from_slice(&body).map_err(|_| no_request())
}

/// `GET /graphql`: a WebSocket, or an event stream; other queries come by POST, so that no link can make a browser run
/// one.
pub async fn get(State(engine): State<Engine>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    if let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        return socket::open(engine, &parts.headers, upgrade);
    }
    let language = session::language(&parts.headers);
    LANGUAGE.scope(language, sse::get(engine, &parts)).await
}

/// What is no request at all.
pub(super) fn no_request() -> Response {
    let text = text(
        "This is no GraphQL request in JSON.",
        "该请求不是 JSON 格式的 GraphQL 请求。",
    );
    refusal(StatusCode::BAD_REQUEST, "BAD_REQUEST", &text)
}

/// What is refused for its method.
pub(super) fn not_by_this_method(allow: &'static str) -> Response {
    let text = text("This is not done by this method.", "该请求方法不能用于此操作。");
    let mut refused = refusal(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", &text);
    refused
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    refused
}
