//! What nobody would send on purpose, thrown at the whole way of a request: nothing aborts, hangs, or answers with what
//! is inside.

use crate::support::socket::{Said, ack};
use crate::support::tree::*;
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// No single request takes so long, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(20);
const REQUESTS: usize = 400;
const SOCKETS: usize = 80;

/// Names that a request knows, and some that it does not.
fn members() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "query",
        "documentId",
        "operationName",
        "variables",
        "extensions",
        "input",
        "persistedQuery",
        "sha256Hash",
        "code",
        "\\u0000",
    ];
    prop_oneof![prop::sample::select(KNOWN).prop_map(str::to_owned), ".{0,6}"]
}

/// Texts that are documents, nearly.
fn texts() -> impl Strategy<Value = String> {
    const WHOLE: &[&str] = &[
        "{ __typename }",
        "query($code: DivisionCode!) { federation(code: $code) { name children(first: 3) { nodes { name } } } }",
        "mutation($input: LoginInput!) { login(input: $input) { userErrors { code } } }",
        "{ nodes(ids: [\"x\", \"\\u{1F6A8}\"]) { id } }",
        "subscription { visitRecorded(federationId: \"x\") { cursor } }",
        "{ ...F } fragment F on Query { ...F }",
        "",
    ];
    let cut = (prop::sample::select(WHOLE), 0_usize..120, ".{0,3}");
    let cut = cut.prop_map(|(text, at, more)| {
        let at = (0..=at.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap();
        format!("{}{more}{}", &text[..at], &text[at..])
    });
    prop_oneof![3 => prop::sample::select(WHOLE).prop_map(str::to_owned), 3 => cut, 2 => "\\PC{0,40}", 1 => "[\\[{(\"#@:.$a ]{0,400}"]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        texts().prop_map(Value::from),
        Just(json!(XIANGXIANG)),
        Just(json!("#__graphql_file__:0")),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((members(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().collect::<Value>()),
        ]
    })
}

/// Bodies: requests with odd members, JSON cut off, and bytes.
pub fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let request = (texts(), values()).prop_map(|(query, variables)| {
        json!({"query": query, "variables": variables})
            .to_string()
            .into_bytes()
    });
    let cut = (values(), 0_usize..200).prop_map(|(value, at)| {
        let text = value.to_string().into_bytes();
        text[..at.min(text.len())].to_vec()
    });
    prop_oneof![
        4 => request,
        2 => values().prop_map(|value| value.to_string().into_bytes()),
        2 => cut,
        1 => prop::collection::vec(any::<u8>(), 0..300),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    const NAMES: &[&str] = &[
        "accept",
        "content-type",
        "authorization",
        "accept-language",
        "traceparent",
        "tracestate",
        "x-request-id",
        "x-forwarded-for",
        "content-encoding",
        "graphql-require-preflight",
        "upgrade",
        "connection",
        "sec-websocket-version",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "origin",
        "x-graphql-event-stream-token",
        "content-length",
        "upload-offset",
        "repr-digest",
    ];
    const KINDS: &[&str] = &[
        "application/json",
        "application/graphql-response+json",
        "text/event-stream",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "*/*;q=zz",
        "Bearer x.y.z",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "zh-CN",
        "websocket",
        "Upgrade",
        "13",
        "1",
        "?1",
        "sha-256=:AAAA:",
    ];
    let value = prop_oneof![3 => prop::sample::select(KINDS).prop_map(|kind| kind.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..30)];
    prop::collection::vec((prop::sample::select(NAMES).prop_map(str::to_owned), value), 0..6)
}

fn is_quiet(text: &str) -> bool {
    !["panicked", "SELECT ", "sqlx", "src/", "Err("]
        .iter()
        .any(|inside| text.contains(inside))
}

both! {
    async fn whatever_is_sent_is_answered_soon_and_says_nothing_of_the_inside(app: App) {
        let token = app.person("CADRE", XIANGXIANG).await.token.unwrap();
        const METHODS: &[&str] = &["POST", "POST", "POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"];
        const PATHS: &[&str] = &["/graphql", "/graphql", "/graphql", "/graphql?query=%7B__typename%7D", "/graphql?variables=%5B&query=%zz", "/graphql/stream", "/oauth/token", "/uploads/0197c3a0-0000-7000-8000-000000000001", "/uploads/x", "/files/x"];
        let strategy = (prop::sample::select(METHODS), prop::sample::select(PATHS), headers(), bodies(), any::<(bool, bool)>());
        let mut runner = TestRunner::deterministic();
        for _ in 0..REQUESTS {
            let (method, path, headers, body, (is_json, is_known)) = strategy.new_tree(&mut runner).unwrap().current();
            let mut request = axum::http::Request::new(axum::body::Body::from(body.clone()));
            *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
            *request.uri_mut() = path.parse::<Uri>().unwrap();
            if is_json {
                request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
            }
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    request.headers_mut().insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
                }
            }
            if is_known {
                request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
            }
            let said = format!("{method} {path} {:?} {}", request.headers(), String::from_utf8_lossy(&body));
            let answer = tokio::time::timeout(PATIENCE, app.send_request(request)).await;
            let (status, text) = answer.unwrap_or_else(|_| panic!("no answer to {said}"));
            assert!(status < 500, "{status} to {said}: {text}");
            assert!(is_quiet(&text), "{status} to {said}: {text}");
            // So that no budget ends; the token lasts as long as the story.
            app.advance(chrono::TimeDelta::seconds(2));
        }
        assert_eq!(app.anonymous().data("{ __typename }", json!({})).await, json!({"__typename": "Query"}));
    }

    async fn whatever_comes_on_a_socket_it_answers_or_closes_and_the_next_one_is_served(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let door = app.listen().await;
        const TYPES: &[&str] = &["connection_init", "subscribe", "complete", "ping", "pong", "next", "start"];
        let message = (prop::sample::select(TYPES), "[1-3]?", values(), texts(), any::<bool>()).prop_map(|(kind, id, payload, query, is_right)| {
            let payload = if is_right { json!({"query": query, "variables": payload}) } else { payload };
            json!({"type": kind, "id": id, "payload": payload}).to_string().into_bytes()
        });
        let frames = prop_oneof![4 => message, 1 => bodies()];
        let strategy = prop::collection::vec((frames, any::<bool>()), 1..8);
        let mut runner = TestRunner::deterministic();
        for _ in 0..SOCKETS {
            let frames = strategy.new_tree(&mut runner).unwrap().current();
            let (mut socket, said) = cadre.open_socket_at(door).await;
            assert_eq!(said, ack());
            for (frame, is_text) in &frames {
                let message = match std::str::from_utf8(frame) {
                    Ok(text) if *is_text => Message::text(text),
                    _ => Message::binary(frame.clone()),
                };
                socket.send_as_it_is(message).await;
            }
            socket.send(json!({"type": "ping", "payload": {"last": true}})).await;
            let last = json!({"type": "pong", "payload": {"last": true}});
            let end = tokio::time::timeout(PATIENCE, async {
                loop {
                    match socket.hear().await {
                        Said::Message(message) if message == last => return None,
                        Said::Message(message) => assert!(is_quiet(&message.to_string()), "{message} after {frames:?}"),
                        Said::Closed(code) => return Some(code),
                        Said::Gone => return Some(0),
                    }
                }
            });
            let code = end.await.unwrap_or_else(|_| panic!("no end after {frames:?}"));
            assert!([None, Some(4400), Some(4409), Some(4429)].contains(&code), "{code:?} after {frames:?}");
            app.advance(chrono::TimeDelta::seconds(10));
        }
        assert_eq!(app.anonymous().data("{ __typename }", json!({})).await, json!({"__typename": "Query"}));
    }
}
