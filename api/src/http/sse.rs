//! GraphQL over server-sent events (graphql-sse), distinct connections: each operation answers with its own stream.

use super::engine::{Engine, Via};
use super::graphql;
use super::live::{self, Said, Watch};
use super::negotiate::Media;
use super::params::Params;
use super::refusal::Kind;
use super::session::Peer;
use crate::kernel::telemetry::Open;
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::{BoxFuture, FutureExt, pending};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::convert::Infallible;
use std::future::ready;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Keeps what stands between from closing a silent stream; the first also makes browsers take the stream for open.
const PING: &str = ":\n\n";
const COMPLETE: &str = "event: complete\ndata:\n\n";
/// Tells nginx to pass events on as they come.
static UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An operation as an event stream of its own.
pub(super) async fn distinct(engine: &Engine, peer: &Peer, params: Params, via: Via) -> Response {
    let begun = match engine.begin(peer, params, via).await {
        Ok(begun) => begun,
        Err(refusal) if is_for_later(refusal.kind) => {
            return graphql::written(Err(refusal), Media::EventStream, engine.transport.http_status);
        }
        Err(refusal) => {
            return streamed(Body::from(
                written(Said::refused(&refusal.errors)).unwrap_or_default(),
            ));
        }
    };
    let watch = Watch::new(engine, peer.clone(), begun.op.actor().clone());
    // What ends soon by itself is let go on to its end.
    let stopping = if begun.is_subscription {
        live::stopping(engine.clone()).boxed()
    } else {
        pending().boxed()
    };
    let events = live::tell(begun).scan((), |(), said| ready(written(said)));
    Events::new(engine, watch, events.boxed(), stopping).into_response()
}

/// What cannot begin just now may later, and what came the wrong way may come another: a stream would be the last word.
fn is_for_later(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Unauthenticated | Kind::Unavailable | Kind::Spent(_) | Kind::Method
    )
}

/// The events of what an operation says; none where the stream just ends, which makes clients come again.
fn written(said: Said) -> Option<String> {
    match said {
        Said::Next(result) => Some(format!("event: next\ndata: {result}\n\n")),
        Said::Refused(errors) => Some(format!(
            "event: next\ndata: {{\"errors\":{errors}}}\n\n{COMPLETE}"
        )),
        Said::Done => Some(COMPLETE.to_owned()),
        Said::Lost(_) => None,
    }
}

fn streamed(body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, Media::EventStream.content_type()),
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
    _open: Open,
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
            _open: engine.app.telemetry.metrics.opened("sse"),
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
