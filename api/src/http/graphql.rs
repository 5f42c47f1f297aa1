//! GraphQL over HTTP (POST) and over WebSocket (graphql-transport-ws), at one address.

use super::engine::{Engine, Peer};
use super::{guard, session};
use crate::accounts::token;
use crate::kernel::error::{Error, LANGUAGE, Language, Text, text};
use crate::kernel::op::Op;
use async_graphql::http::{ALL_WEBSOCKET_PROTOCOLS, WebSocketProtocols};
use async_graphql::{Data, Request as GraphQLRequest, Response as GraphQLResponse};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State, WebSocketUpgrade};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// The most that a request body may hold; files go to `/uploads`.
const BODY_BYTES_MAX: usize = 1 << 20;

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
        Error::Gone(_) => StatusCode::GONE,
        Error::Unavailable | Error::Again(_) | Error::Timeout { .. } => StatusCode::SERVICE_UNAVAILABLE,
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
    let op = Op::new(&engine.app, actor);
    let response = engine.run(&op, language, request).await;
    written(&response)
}

fn written(response: &GraphQLResponse) -> Response {
    match serde_json::to_string(response) {
        Ok(body) => ([(CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response(),
        Err(error) => refused(&error.into()),
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<GraphQLRequest, Response> {
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
    let no_request = || {
        let text = text(
            "The body is no GraphQL request in JSON.",
            "请求体不是 JSON 格式的 GraphQL 请求。",
        );
        refusal(StatusCode::BAD_REQUEST, "BAD_REQUEST", &text)
    };
    // serde would read an array as the members of a request in their order.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(no_request());
    }
    serde_json::from_slice(&body).map_err(|_| no_request())
}

/// `GET /graphql`: a WebSocket; queries come by POST, so that no link can make a browser run one.
pub async fn socket(State(engine): State<Engine>, request: Request) -> Response {
    let headers = request.headers().clone();
    let language = session::language(&headers);
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let protocol = GraphQLProtocol::from_request_parts(&mut parts, &()).await;
    let (Ok(upgrade), Ok(protocol)) = (upgrade, protocol) else {
        let text = text(
            "Send POST, or open a graphql-transport-ws socket.",
            "请使用 POST，或建立 graphql-transport-ws 连接。",
        );
        let mut refused = refusal(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", &text);
        refused
            .headers_mut()
            .insert("allow", HeaderValue::from_static("POST"));
        return refused;
    };
    // Only the current protocol: the legacy one has no way to say that a token is no longer good.
    let wanted = ALL_WEBSOCKET_PROTOCOLS.iter().copied().filter(|name| {
        name.parse::<WebSocketProtocols>()
            .is_ok_and(|protocol| protocol == WebSocketProtocols::GraphQLWS)
    });
    upgrade
        .max_message_size(64 << 10)
        .protocols(wanted)
        .on_upgrade(move |socket| {
            let app = engine.app.clone();
            LANGUAGE.scope(
                language,
                GraphQLWebSocket::new(socket, engine, protocol)
                    .on_connection_init(move |payload| async move {
                        let token = payload
                            .get("authorization")
                            .or_else(|| payload.get("Authorization"));
                        let token = token.and_then(|token| token.as_str());
                        let token = token
                            .and_then(|token| token.split_once(' '))
                            .map(|(_, token)| token);
                        let claims = token.map(|token| token::read(&app, token)).transpose()?;
                        let peer = Peer { claims, language };
                        // Only to refuse a bad token at once: who acts is read anew for each operation.
                        peer.actor(&app).await.inspect_err(Error::log)?;
                        let mut data = Data::default();
                        data.insert(peer);
                        Ok(data)
                    })
                    .serve(),
            )
        })
}
