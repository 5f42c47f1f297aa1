//! GraphQL over HTTP at `/graphql`: POST, GET for queries, and what opens a WebSocket or an event stream.

use super::answer;
use super::engine::{Engine, Via};
use super::multipart;
use super::negotiate::{self, Media};
use super::params::{Params, no_json};
use super::refusal::{Kind, Refusal, error};
use super::{session, socket, sse};
use crate::config::StatusCodes;
use crate::kernel::error::{Error, LANGUAGE, Text, text};
use crate::kernel::op::Op;
use async_graphql::{Response as GraphQLResponse, Value};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Query, Request, State, WebSocketUpgrade};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use std::collections::HashMap;

/// The most that a request body may hold; files go to `/uploads`.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Data with errors, in the draft of 2026.
const PARTIAL: u16 = 294;

/// A GraphQL error before any field was run, outside `/graphql`.
pub(super) fn refusal(status: StatusCode, code: &str, text: &Text) -> Response {
    let body = serde_json::json!({ "errors": [error(code, text)] });
    let kind = [(CONTENT_TYPE, Media::Json.content_type())];
    (status, kind, body.to_string()).into_response()
}

/// An error outside `/graphql`.
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
        Error::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable | Error::Again(_) | Error::Timeout { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut answer = refusal(status, code, &text);
    if let Error::TooOften(seconds) = error {
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(*seconds));
    }
    answer
}

/// `/graphql`.
pub async fn serve(State(engine): State<Engine>, request: Request) -> Response {
    let language = session::language(request.headers());
    LANGUAGE.scope(language, answer(engine, request)).await
}

async fn answer(engine: Engine, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    if let Ok(upgrade) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        return socket::open(engine, &parts, upgrade);
    }
    let codes = engine.transport.http_status;
    let Some(media) = negotiate::accepted(&parts.headers) else {
        let text = text(
            "Accept application/graphql-response+json, application/json or text/event-stream.",
            "请接受 application/graphql-response+json、application/json 或 text/event-stream。",
        );
        let refusal = Refusal::new(Kind::Unacceptable, "BAD_REQUEST", &text);
        return written(Err(refusal), Media::Json, codes);
    };
    let is_stream = media == Media::EventStream;
    let via = match parts.method {
        Method::GET if is_stream => Via::StreamByGet,
        Method::POST if is_stream => Via::Stream,
        Method::GET => Via::Get,
        Method::POST => Via::Post,
        _ => {
            let text = text("Send GET or POST.", "请使用 GET 或 POST。");
            let refusal = Refusal::new(Kind::Method, "BAD_REQUEST", &text);
            return written(Err(refusal), media, codes);
        }
    };
    let peer = match session::peer(&engine, &parts) {
        Ok(peer) => peer,
        Err(error) => return written(Err(error.into()), media, codes),
    };
    let op = match peer.op(&engine.app).await {
        Ok(op) => op,
        Err(error) => return written(Err(error.into()), media, codes),
    };
    let params = read(&engine, &op, &parts, body).await;
    let mut answer = match params {
        Ok(params) if is_stream => sse::distinct(&engine, &peer, params, via).await,
        Ok(params) => written(engine.answer(&op, params, via).await, media, codes),
        Err(stop) => stop.answer(&op, media, codes),
    };
    let class = Engine::class(op.actor());
    answer.extensions_mut().insert(class);
    answer
}

/// What ends a request early.
pub(super) enum Stop {
    /// What is wrong with it.
    Refusal(Refusal),
    /// Nothing that GraphQL has a word for.
    Answer(Response),
}

impl Stop {
    /// As HTTP.
    pub(super) fn answer(self, op: &Op, media: Media, codes: StatusCodes) -> Response {
        match self {
            Stop::Refusal(refusal) => written(Err(answer::named(refusal, op)), media, codes),
            Stop::Answer(answer) => answer,
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refusal(refusal)
    }
}

/// An answer as HTTP. A refusal has no `data`: no field was run.
pub(super) fn written(
    answered: Result<GraphQLResponse, Refusal>,
    media: Media,
    codes: StatusCodes,
) -> Response {
    let is_plain_json = media != Media::GraphqlResponse;
    let (status, body) = match &answered {
        Ok(response) => {
            let is_partial = !response.errors.is_empty() && response.data != Value::Null;
            let has_word = codes == StatusCodes::Draft2026 && !is_plain_json;
            let partial = StatusCode::from_u16(PARTIAL).ok();
            let status = partial.filter(|_| is_partial && has_word);
            (status.unwrap_or(StatusCode::OK), serde_json::to_string(response))
        }
        Err(refusal) => {
            let body = serde_json::json!({ "errors": refusal.errors });
            let status = refusal.kind.status(codes, is_plain_json);
            (status, serde_json::to_string(&body))
        }
    };
    let body = match body {
        Ok(body) => body,
        Err(error) => return refused(&error.into()),
    };
    let kind = match media {
        Media::EventStream => Media::Json,
        media => media,
    };
    let head = [(CONTENT_TYPE, kind.content_type()), (CACHE_CONTROL, "no-store")];
    let mut answer = (status, head, body).into_response();
    let (name, value) = match answered.err().map(|refusal| refusal.kind) {
        Some(Kind::Spent(seconds)) => (RETRY_AFTER, HeaderValue::from(seconds)),
        Some(Kind::Method) => (ALLOW, HeaderValue::from_static("GET, POST")),
        Some(Kind::Unauthenticated) => (WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        _ => return answer,
    };
    answer.headers_mut().insert(name, value);
    answer
}

/// Reads a request: its address if it is a GET, else its body.
pub(super) async fn read(engine: &Engine, op: &Op, parts: &Parts, body: Body) -> Result<Params, Stop> {
    if parts.method == Method::GET {
        Ok(read_uri(&parts.uri)?)
    } else {
        read_body(engine, op, &parts.headers, body).await
    }
}

fn read_uri(uri: &Uri) -> Result<Params, Refusal> {
    let pairs: Result<Query<HashMap<String, String>>, _> = Query::try_from_uri(uri);
    let pairs = pairs.map_err(|_| {
        let text = text("The query string cannot be read.", "无法读取查询字符串。");
        Refusal::new(Kind::Malformed, "BAD_REQUEST", &text)
    })?;
    Params::read_query(pairs.0)
}

/// Reads a body to its end.
async fn read_body(engine: &Engine, op: &Op, headers: &HeaderMap, body: Body) -> Result<Params, Stop> {
    if multipart::is_form(headers) {
        let form = multipart::read(engine, op, headers, body).await;
        return Ok(Params::read(form.map_err(Stop::Answer)?)?);
    }
    let stop = |status, text: Text| Stop::Answer(refusal(status, "BAD_REQUEST", &text));
    if !negotiate::is_json(headers) {
        let text = text(
            "Send application/json in UTF-8.",
            "请使用 UTF-8 编码的 application/json。",
        );
        return Err(stop(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let body = tokio::time::timeout(engine.transport.stall, to_bytes(body, BODY_BYTES_MAX)).await;
    let body = body.map_err(|_| {
        let text = text("The body did not come in time.", "请求体接收超时。");
        stop(StatusCode::REQUEST_TIMEOUT, text)
    })?;
    let body = body.map_err(|error| {
        let cause = std::error::Error::source(&error);
        if !cause.is_some_and(|cause| cause.is::<LengthLimitError>()) {
            let text = text("The body broke off.", "请求体传输中断。");
            return stop(StatusCode::BAD_REQUEST, text);
        }
        let text = text(
            "The body is larger than 1 MiB; files go to /uploads.",
            "请求体超过 1 MiB；文件请使用 /uploads。",
        );
        stop(StatusCode::PAYLOAD_TOO_LARGE, text)
    })?;
    let request = serde_json::from_slice(&body).map_err(|_| no_json())?;
    Ok(Params::read(request)?)
}
