//! GraphQL over server-sent events (graphql-sse), one stream for many operations: for browsers, which open only six
//! connections to a server without HTTP/2.
//!
//! `PUT` reserves a stream and answers its token; `GET` with the token opens it; `POST` starts an operation whose
//! events it carries; `DELETE` ends one. A reservation lives in this process: with several processes all requests of a
//! client have to reach the same one.

use super::engine::{Engine, Via};
use super::live::{self, Line, Operations, Refused, Said, Watch};
use super::negotiate::{self, Media};
use super::params::Params;
use super::session::{self, Peer};
use super::{graphql, sse};
use crate::accounts::token::secret;
use crate::kernel::error::{Error, LANGUAGE, Text, text};
use crate::kernel::op::Actor;
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use entity::id::SessionId;
use futures_util::future::FutureExt;
use futures_util::stream::{self, StreamExt};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

const TOKEN: &str = "x-graphql-event-stream-token";
const METHODS: &str = "GET, POST, PUT, DELETE";

struct Reservation {
    peer: Peer,
    actor: Actor,
    operations: Operations,
    /// What the operations say, until the stream is opened.
    lines: Option<mpsc::Receiver<Line>>,
}

impl Reservation {
    fn owner(&self) -> Owner {
        owner_of(&self.peer)
    }
}

/// Whose a stream is: of strangers each address is one.
type Owner = (Option<SessionId>, Option<IpAddr>);

fn owner_of(peer: &Peer) -> Owner {
    match &peer.claims {
        Some(claims) => (Some(claims.sid), None),
        None => (None, peer.address),
    }
}

/// The reserved streams of this process, by their tokens.
struct Streams {
    engine: Engine,
    reserved: Mutex<HashMap<String, Reservation>>,
}

/// `/graphql/stream`: both ways of graphql-sse.
pub(super) fn route<S: Clone + Send + Sync + 'static>(engine: Engine) -> Router<S> {
    let streams = Streams {
        engine,
        reserved: Mutex::default(),
    };
    Router::new()
        .route("/graphql/stream", any(answer))
        .with_state(Arc::new(streams))
}

async fn answer(State(streams): State<Arc<Streams>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let language = session::language(&parts.headers);
    let answering = LANGUAGE.scope(language, streams.answer(&parts, body));
    answering.await.unwrap_or_else(|refused| *refused)
}

type Refusal = Box<Response>;

fn refusal(status: StatusCode, text: &Text) -> Refusal {
    Box::new(graphql::refusal(status, "BAD_REQUEST", text))
}

fn refused(error: Error) -> Refusal {
    Box::new(graphql::refused(&error))
}

fn too_many(text: &Text) -> Refusal {
    Box::new(graphql::refusal(
        StatusCode::TOO_MANY_REQUESTS,
        "RATE_LIMITED",
        text,
    ))
}

fn unknown() -> Refusal {
    refusal(
        StatusCode::NOT_FOUND,
        &text("There is no such stream.", "没有该事件流。"),
    )
}

fn no_operation_id() -> Refusal {
    let text = text("`operationId` is missing.", "缺少 operationId。");
    refusal(StatusCode::BAD_REQUEST, &text)
}

fn not_acceptable() -> Refusal {
    let text = text("Nothing of this media type is here.", "不提供所要求的媒体类型。");
    refusal(StatusCode::NOT_ACCEPTABLE, &text)
}

/// Whether a token, which is plain text, is taken as an answer.
fn takes_text(headers: &HeaderMap) -> bool {
    let said = headers.get_all(ACCEPT).iter();
    let mut ranges = said
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim());
    !headers.contains_key(ACCEPT) || ranges.any(|range| ["text/plain", "text/*", "*/*"].contains(&range))
}

fn parameters(parts: &Parts) -> HashMap<String, String> {
    let query = Query::<HashMap<String, String>>::try_from_uri(&parts.uri);
    query.map(|Query(parameters)| parameters).unwrap_or_default()
}

impl Streams {
    fn reserved(&self) -> MutexGuard<'_, HashMap<String, Reservation>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, parts: &Parts, body: Body) -> Result<Response, Refusal> {
        let (method, headers) = (&parts.method, &parts.headers);
        if ![Method::GET, Method::POST, Method::PUT, Method::DELETE].contains(method) {
            let text = text("This is not done by this method.", "该请求方法不能用于此操作。");
            let mut refused = refusal(StatusCode::METHOD_NOT_ALLOWED, &text);
            refused
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(METHODS));
            return Err(refused);
        }
        let peer = session::peer(&self.engine, parts).map_err(refused)?;
        let mut parameters = parameters(parts);
        let token = headers.get(TOKEN).and_then(|token| token.to_str().ok());
        let token = token.map(str::to_owned).or_else(|| parameters.remove("token"));
        if method == Method::PUT {
            return self.reserve(peer, headers).await;
        }
        if method == Method::DELETE {
            let id = parameters.remove("operationId");
            return self.end(&peer, &token.ok_or_else(unknown)?, id);
        }
        let media = negotiate::accepted(headers).ok_or_else(not_acceptable)?;
        match token {
            Some(token) if media == Media::EventStream => self.open(&peer, &token),
            Some(token) => self.start(peer, &token, parts, body).await,
            None if media == Media::EventStream => self.distinct(&peer, parts, body).await,
            None => Err(unknown()),
        }
    }

    async fn read(&self, peer: &Peer, parts: &Parts, body: Body) -> Result<(Params, Via), Refusal> {
        let op = peer.op(&self.engine.app).await.map_err(refused)?;
        let codes = self.engine.transport.http_status;
        let read = graphql::read(&self.engine, &op, parts, body).await;
        let params = read.map_err(|stop| Box::new(stop.answer(&op, Media::Json, codes)))?;
        let is_link = parts.method == Method::GET;
        Ok((params, if is_link { Via::StreamByGet } else { Via::Stream }))
    }

    async fn distinct(&self, peer: &Peer, parts: &Parts, body: Body) -> Result<Response, Refusal> {
        let (params, via) = self.read(peer, parts, body).await?;
        Ok(sse::distinct(&self.engine, peer, params, via).await)
    }

    /// Does something with a reservation of the caller's; another's is none.
    fn with<T>(&self, peer: &Peer, token: &str, work: impl FnOnce(&mut Reservation) -> T) -> Option<T> {
        let mut reserved = self.reserved();
        let reservation = reserved.get_mut(token)?;
        (reservation.owner() == owner_of(peer)).then(|| work(reservation))
    }

    async fn reserve(self: Arc<Self>, peer: Peer, headers: &HeaderMap) -> Result<Response, Refusal> {
        if !takes_text(headers) {
            return Err(not_acceptable());
        }
        let (app, live) = (&self.engine.app, &self.engine.transport.live);
        let actor = peer.actor(app).await.map_err(refused)?;
        let token = secret(app);
        let (operations, lines) = Operations::new(live.queue);
        let reservation = Reservation {
            peer,
            actor,
            operations,
            lines: Some(lines),
        };
        {
            let mut reserved = self.reserved();
            let owner = reservation.owner();
            let count = reserved.values().filter(|other| other.owner() == owner).count();
            if count >= live.reservations {
                let text = text(
                    "Too many event streams: close one first.",
                    "事件流过多，请先关闭其他事件流。",
                );
                return Err(too_many(&text));
            }
            reserved.insert(token.clone(), reservation);
        }
        let (time, forgotten) = (live.reservation, token.clone());
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            let is_waiting = |reservation: &mut Reservation| reservation.lines.is_some();
            let mut reserved = self.reserved();
            if reserved.get_mut(&forgotten).is_some_and(is_waiting) {
                reserved.remove(&forgotten);
            }
        });
        let headers = [
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
        ];
        Ok((StatusCode::CREATED, headers, token).into_response())
    }

    /// Opens a reserved stream. A browser's EventSource sends no authorization: its token is its ticket.
    fn open(self: Arc<Self>, peer: &Peer, token: &str) -> Result<Response, Refusal> {
        let (lines, watch) = {
            let mut reserved = self.reserved();
            let reservation = reserved.get_mut(token).ok_or_else(unknown)?;
            if peer.claims.is_some() && owner_of(peer) != reservation.owner() {
                return Err(unknown());
            }
            let open = || {
                let text = text("The stream is open already.", "该事件流已打开。");
                refusal(StatusCode::CONFLICT, &text)
            };
            let lines = reservation.lines.take().ok_or_else(open)?;
            let (peer, actor) = (reservation.peer.clone(), reservation.actor.clone());
            (lines, Watch::new(&self.engine, peer, actor))
        };
        let engine = self.engine.clone();
        let open = Open {
            streams: self,
            token: token.to_owned(),
            lines,
        };
        let events = stream::unfold(open, |mut open| async move { Some((open.next().await?, open)) });
        let stopping = live::stopping(engine.clone()).boxed();
        Ok(sse::Events::new(&engine, watch, events.boxed(), stopping).into_response())
    }

    async fn start(&self, peer: Peer, token: &str, parts: &Parts, body: Body) -> Result<Response, Refusal> {
        // Before anything is read for a stream that is not theirs.
        self.with(&peer, token, |_| ()).ok_or_else(unknown)?;
        let (params, via) = self.read(&peer, parts, body).await?;
        let id = params.extensions.get("operationId").and_then(|id| id.as_str());
        let id = id
            .filter(|id| !id.is_empty())
            .ok_or_else(no_operation_id)?
            .to_owned();
        let max = self.engine.transport.live.operations;
        let (tell_begun, begun) = oneshot::channel();
        let (engine, caller) = (self.engine.clone(), peer.clone());
        let work = |outlet: live::Outlet| async move {
            match engine.begin(&caller, params, via).await {
                Ok(begun) => {
                    let _ = tell_begun.send(None);
                    outlet.tell(begun).await;
                }
                Err(refusal) => drop(tell_begun.send(Some(refusal))),
            }
        };
        let started = self.with(&peer, token, |reservation| {
            reservation.operations.start(&id, max, work)
        });
        started.ok_or_else(unknown)?.map_err(|refused| match refused {
            Refused::Taken => {
                let text = text("An operation with this id goes on.", "该编号的操作正在进行。");
                refusal(StatusCode::CONFLICT, &text)
            }
            Refused::TooMany => too_many(&live::too_many(max)),
        })?;
        // Without an answer it was stopped meanwhile, which is no fault.
        let Ok(Some(refusal)) = begun.await else {
            return Ok(StatusCode::ACCEPTED.into_response());
        };
        self.with(&peer, token, |reservation| reservation.operations.stop(&id));
        // Its status code has to tell it from one that has begun, whatever the client takes.
        let mut refused = graphql::written(
            Err(refusal),
            Media::GraphqlResponse,
            self.engine.transport.http_status,
        );
        let content_type = HeaderValue::from_static(Media::Json.content_type());
        refused.headers_mut().insert(CONTENT_TYPE, content_type);
        Err(Box::new(refused))
    }

    fn end(&self, peer: &Peer, token: &str, id: Option<String>) -> Result<Response, Refusal> {
        let id = id.filter(|id| !id.is_empty());
        let ended = self.with(peer, token, |reservation| match &id {
            Some(id) => {
                reservation.operations.stop(id);
                Ok(StatusCode::OK.into_response())
            }
            None => Err(no_operation_id()),
        });
        ended.ok_or_else(unknown)?
    }
}

/// An open stream; with it go its reservation and its operations.
struct Open {
    streams: Arc<Streams>,
    token: String,
    lines: mpsc::Receiver<Line>,
}

impl Open {
    async fn next(&mut self) -> Option<String> {
        loop {
            let line = self.lines.recv().await?;
            let passes = {
                let mut reserved = self.streams.reserved();
                reserved.get_mut(&self.token)?.operations.pass(&line)
            };
            if passes {
                return written(&line.id, line.said);
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.streams.reserved().remove(&self.token);
    }
}

/// The events of what an operation says; none where the whole stream ends, which makes clients come again.
fn written(id: &str, said: Said) -> Option<String> {
    let id = serde_json::json!(id);
    let next = |result: &str| format!("event: next\ndata: {{\"id\":{id},\"payload\":{result}}}\n\n");
    let complete = format!("event: complete\ndata: {{\"id\":{id}}}\n\n");
    match said {
        Said::Next(result) => Some(next(&result)),
        Said::Refused(errors) => Some(next(&format!("{{\"errors\":{errors}}}")) + &complete),
        Said::Done => Some(complete),
        Said::Lost(_) => None,
    }
}
