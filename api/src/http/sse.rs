//! GraphQL over server-sent events (graphql-sse), distinct connections: each operation answers with its own stream.

use super::engine::{Engine, Peer, operation_type};
use super::live::{self, Ending, Said, Watch};
use super::{graphql, guard, message, session};
use crate::kernel::error::Error;
use async_graphql::Request;
use async_graphql::parser::types::OperationType;
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::future::{BoxFuture, FutureExt, pending};
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::convert::Infallible;
use std::future::ready;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Keeps what stands between from closing a silent stream; the first also makes browsers take the stream for open.
const PING: &str = ":\n\n";
const COMPLETE: &str = "event: complete\ndata:\n\n";
/// Tells nginx to pass events on as they come.
static UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Whether a request names one of these media types or ranges as what it takes.
pub(super) fn takes(headers: &HeaderMap, media: &[&str]) -> bool {
    let said = headers.get_all(ACCEPT).iter();
    let mut ranges = said.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    ranges.any(|range| {
        let name = range.split(';').next().unwrap_or_default().trim();
        media.iter().any(|media| media.eq_ignore_ascii_case(name))
    })
}

/// Whether an event stream is asked for.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    takes(headers, &["text/event-stream"])
}

/// The parameters of an address.
pub(super) fn parameters(uri: &Uri) -> HashMap<String, String> {
    let query = Query::<HashMap<String, String>>::try_from_uri(uri);
    query.map(|Query(parameters)| parameters).unwrap_or_default()
}

/// The GraphQL request of an address. A link must not make a browser change anything, so it is no mutation.
pub(super) fn by_get(parameters: HashMap<String, String>) -> Result<Request, Box<Response>> {
    let member = |(name, text): (String, String)| match &*name {
        "query" | "operationName" => Some((name, Value::String(text))),
        "variables" | "extensions" => Some((name, serde_json::from_str(&text).unwrap_or(Value::Bool(false)))),
        _ => None,
    };
    let members: Map<String, Value> = parameters
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .filter_map(member)
        .collect();
    let mut request = message::request(members).ok_or_else(|| Box::new(graphql::no_request()))?;
    // What must not be parsed is not asked what it is; the engine refuses it.
    if guard::check(&request).is_ok() && operation_type(&mut request) == Some(OperationType::Mutation) {
        return Err(Box::new(graphql::not_by_this_method("POST")));
    }
    Ok(request)
}

/// `GET` with an operation in the address.
pub(super) async fn get(engine: Engine, parts: &Parts) -> Response {
    if !is_wanted(&parts.headers) {
        return graphql::not_by_this_method("POST");
    }
    let peer = match session::peer(&engine.app, &parts.headers) {
        Ok(peer) => peer,
        Err(error) => return graphql::refused(&error),
    };
    match by_get(parameters(&parts.uri)) {
        Ok(request) => distinct(engine, peer, request).await,
        Err(refused) => *refused,
    }
}

/// An operation as an event stream of its own.
pub(super) async fn distinct(engine: Engine, peer: Peer, request: Request) -> Response {
    let begun = match engine.begin(&peer, request).await {
        Ok(begun) => begun,
        Err(response) => {
            return match live::refusal(&response) {
                Ok(errors) => streamed(Body::from(refused_with(&errors))),
                Err(ending) => refused(&ending),
            };
        }
    };
    let id = HeaderValue::try_from(begun.op.request_id().to_string());
    let watch = Watch::new(&engine, peer, begun.op.actor().clone());
    // What ends soon by itself is let go on to its end.
    let stopping = if begun.is_subscription {
        live::stopping(engine.clone()).boxed()
    } else {
        pending().boxed()
    };
    let events = live::tell(begun).scan((), |(), said| ready(written(said)));
    let mut response = Events::new(&engine, watch, events.boxed(), stopping).into_response();
    if let Ok(id) = id {
        response.headers_mut().insert(graphql::REQUEST_ID.clone(), id);
    }
    response
}

/// What cannot begin just now may later, so it is not said in a stream, which would be the last word.
pub(super) fn refused(ending: &Ending) -> Response {
    graphql::refused(&match ending {
        Ending::Denied(_) => Error::Unauthenticated,
        Ending::Busy | Ending::Stopping => Error::Unavailable,
    })
}

/// The events of what an operation says; none where the stream just ends, which makes clients come again.
fn written(said: Said) -> Option<String> {
    match said {
        Said::Next(result) => Some(format!("event: next\ndata: {result}\n\n")),
        Said::Refused(errors) => Some(refused_with(&errors)),
        Said::Done => Some(COMPLETE.to_owned()),
        Said::Lost(_) => None,
    }
}

fn refused_with(errors: &str) -> String {
    format!("event: next\ndata: {{\"errors\":{errors}}}\n\n{COMPLETE}")
}

fn streamed(body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (UNBUFFERED.clone(), "no"),
    ];
    (StatusCode::OK, headers, body).into_response()
}

/// An event stream with its pings.
pub(super) struct Events {
    watch: Watch,
    events: BoxStream<'static, String>,
    stopping: BoxFuture<'static, ()>,
    pings: Interval,
}

impl Events {
    /// Sends events until there are no more, or the stream has to end.
    pub(super) fn new(
        engine: &Engine,
        watch: Watch,
        events: BoxStream<'static, String>,
        stopping: BoxFuture<'static, ()>,
    ) -> Events {
        let every = engine.transport.live.ping;
        let mut pings = interval_at(Instant::now() + every, every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Events {
            watch,
            events,
            stopping,
            pings,
        }
    }

    async fn next(&mut self) -> Option<String> {
        tokio::select! {
            biased;
            _ = self.pings.tick() => match self.watch.ending().await {
                Some(_) => None,
                None => Some(PING.to_owned()),
            },
            () = &mut self.stopping => None,
            event = self.events.next() => event,
        }
    }
}

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        let events = stream::unfold(
            self,
            |mut events| async move { Some((events.next().await?, events)) },
        );
        let opened = stream::once(ready(PING.to_owned()));
        let bytes = opened
            .chain(events)
            .map(|event| Ok::<_, Infallible>(Bytes::from(event)));
        streamed(Body::from_stream(bytes))
    }
}
