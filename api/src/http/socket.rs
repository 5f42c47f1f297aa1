//! GraphQL over a WebSocket: graphql-transport-ws, with its close codes.
//!
//! A socket is one task, which alone reads and writes it; each operation is a task of its own. A closed socket is no
//! loss: clients come back by themselves after 1012, 1013 and 4403, and go on after their last cursor. Hence nothing
//! is ever said to be complete that is not.

use super::engine::{Engine, Via};
use super::graphql;
use super::live::{self, Ending, Line, Operations, Refused, Said, Watch};
use super::message::Message;
use super::params::Params;
use super::refusal::{self, Refusal};
use super::session::{self, Peer};
use crate::accounts::token;
use crate::kernel::error::{Error, LANGUAGE, Text, text};
use crate::kernel::op::Actor;
use crate::kernel::telemetry::{REQUEST, Request};
use axum::body::Bytes;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{self, CloseFrame, WebSocket};
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};

const PROTOCOL: &str = "graphql-transport-ws";
/// The longest message of a client.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// Every socket holds one, and most are silent.
const READ_BUFFER_BYTES: usize = 2 << 10;
/// What WebSocket leaves for a reason.
const REASON_BYTES_MAX: usize = 123;
/// What WebSocket calls the end of a socket without a word.
const GONE: u16 = 1006;
/// Pings in a row to which a client may say nothing.
const SILENT_PINGS_MAX: u32 = 2;

/// How a socket ended: with what the client is to hear, or nothing if it has gone.
type Ended = Option<CloseFrame>;

fn close(code: u16, reason: &str) -> Ended {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    let reason = reason.get(..end).unwrap_or_default().into();
    Some(CloseFrame { code, reason })
}

fn close_with(code: u16, reason: &Text) -> Ended {
    close(code, &reason.said())
}

fn closed_by(ending: &Ending) -> Ended {
    match ending {
        Ending::Denied(reason) => close(4403, reason),
        Ending::Busy => close_with(
            1013,
            &text("Busy: connect again shortly.", "系统繁忙，请稍后重新连接。"),
        ),
        Ending::Stopping => close_with(
            1012,
            &text("Restarting: connect again.", "服务重启，请重新连接。"),
        ),
    }
}

fn too_slow() -> Ended {
    close_with(
        1013,
        &text("Messages are not taken fast enough.", "客户端接收消息过慢。"),
    )
}

/// Whether the page that opens a socket may: browsers let every page open one, whatever CORS says.
fn is_welcome(origins: &[String], headers: &HeaderMap) -> bool {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if origins.is_empty() || !headers.contains_key(ORIGIN) {
        return true;
    }
    let origin = said(ORIGIN).unwrap_or_default();
    let host = origin.split_once("://").map(|(_, host)| host);
    let is_own = host
        .zip(said(HOST))
        .is_some_and(|(from, to)| from.eq_ignore_ascii_case(to));
    let is_listed = |known: &String| known == "*" || known.eq_ignore_ascii_case(origin);
    is_own || origins.iter().any(is_listed)
}

/// Opens a socket.
pub(super) fn open(engine: Engine, parts: &Parts, upgrade: WebSocketUpgrade) -> Response {
    if !is_welcome(&engine.transport.cors_origins, &parts.headers) {
        let text = text(
            "Pages of this origin may not open a socket here.",
            "不允许来自该来源的网页建立连接。",
        );
        return graphql::refusal(StatusCode::FORBIDDEN, "FORBIDDEN", &text);
    }
    let stranger = session::stranger(&engine, parts);
    let request = Request::current(&engine.app);
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| {
            let serving = LANGUAGE.scope(stranger.language, serve(engine, stranger, socket));
            REQUEST.scope(request, serving)
        })
}

async fn serve(engine: Engine, stranger: Peer, mut socket: WebSocket) {
    let (app, farewell) = (Arc::clone(&engine.app), engine.transport.live.farewell);
    let metrics = &app.telemetry.metrics;
    let _open = metrics.opened("websocket");
    let ended = match welcome(engine, stranger, &mut socket).await {
        Ok(mut conversation) => {
            let Err(ended) = conversation.go_on(&mut socket).await;
            ended
        }
        Err(ended) => ended,
    };
    metrics.closed("websocket", ended.as_ref().map_or(GONE, |frame| frame.code));
    let _ = timeout(farewell, part(&mut socket, ended)).await;
}

/// Waits for the client's answer: a connection that is dropped at once may lose what was said last.
async fn part(socket: &mut WebSocket, ended: Ended) {
    let Some(frame) = ended else {
        // Lets out the answer to the client's own close.
        while let Some(Ok(_)) = socket.recv().await {}
        return;
    };
    if socket.send(ws::Message::Close(Some(frame))).await.is_err() {
        return;
    }
    loop {
        match socket.recv().await {
            Some(Ok(ws::Message::Close(_))) => return,
            Some(Ok(_)) => {}
            // After what cannot be read, nothing can. The client may well hear.
            Some(Err(_)) | None => std::future::pending().await,
        }
    }
}

/// What a frame says; nothing if it only shows that the client is there.
fn understood(frame: Option<Result<ws::Message, axum::Error>>) -> Result<Option<Message>, Ended> {
    let wrong = || {
        let (en, zh) = ("This is no message of", "消息不符合协议：");
        let limit = MESSAGE_BYTES_MAX >> 10;
        close_with(
            4400,
            &text(
                format!("{en} {PROTOCOL}, of at most {limit} KiB."),
                format!("{zh}{PROTOCOL}，至多 {limit} KiB。"),
            ),
        )
    };
    match frame {
        None | Some(Ok(ws::Message::Close(_))) => Err(None),
        Some(Ok(ws::Message::Ping(_) | ws::Message::Pong(_))) => Ok(None),
        Some(Ok(ws::Message::Text(text))) => Message::read(&text).map(Some).ok_or_else(wrong),
        Some(Ok(ws::Message::Binary(_)) | Err(_)) => Err(wrong()),
    }
}

async fn send(socket: &mut WebSocket, message: ws::Message, deadline: Instant) -> Result<(), Ended> {
    match timeout_at(deadline, socket.send(message)).await {
        Ok(sent) => sent.map_err(|_| None),
        Err(_) => Err(too_slow()),
    }
}

fn pong(payload: Option<Map<String, Value>>) -> String {
    match payload {
        Some(payload) => json!({"type": "pong", "payload": payload}),
        None => json!({"type": "pong"}),
    }
    .to_string()
}

/// Waits until the client has said who it is.
async fn welcome(engine: Engine, stranger: Peer, socket: &mut WebSocket) -> Result<Conversation, Ended> {
    if socket.protocol().is_none() {
        return Err(close_with(
            4406,
            &text(format!("Speak {PROTOCOL}."), format!("请使用 {PROTOCOL}。")),
        ));
    }
    let live = &engine.transport.live;
    let deadline = Instant::now() + live.init;
    let payload = loop {
        let late = |_| {
            close_with(
                4408,
                &text("No connection_init came.", "未收到 connection_init。"),
            )
        };
        let frame = timeout_at(deadline, socket.recv()).await.map_err(late)?;
        match understood(frame)? {
            Some(Message::Init(payload)) => break payload,
            Some(Message::Ping(payload)) => {
                send(
                    socket,
                    ws::Message::text(pong(payload)),
                    Instant::now() + live.patience,
                )
                .await?;
            }
            Some(Message::Subscribe(..)) => {
                return Err(close_with(
                    4401,
                    &text("Send connection_init first.", "请先发送 connection_init。"),
                ));
            }
            Some(Message::Pong | Message::Complete(_)) | None => {}
        }
    };
    let (peer, actor) = signed_in(&engine, stranger, &payload).await.map_err(|error| {
        error.log();
        match error {
            Error::Unauthenticated => close_with(4403, &error.outside().1),
            _ => closed_by(&Ending::Busy),
        }
    })?;
    let ack = ws::Message::text(json!({"type": "connection_ack"}).to_string());
    send(socket, ack, Instant::now() + live.patience).await?;
    let (operations, lines) = Operations::new(live.queue);
    Ok(Conversation {
        watch: Watch::new(&engine, peer.clone(), actor),
        engine,
        peer,
        operations,
        lines,
        silent_pings: 0,
    })
}

/// Who the client is: nobody only if it says nothing of it.
async fn signed_in(
    engine: &Engine,
    stranger: Peer,
    payload: &Map<String, Value>,
) -> Result<(Peer, Actor), Error> {
    let mut peer = stranger;
    for (name, said) in payload {
        if name.eq_ignore_ascii_case("authorization") {
            let text = said.as_str().ok_or(Error::Unauthenticated)?;
            peer.claims = Some(token::read(&engine.app, session::bearer(text)?)?);
        }
    }
    let actor = peer.actor(&engine.app).await?;
    Ok((peer, actor))
}

/// A socket whose client is known.
struct Conversation {
    engine: Engine,
    peer: Peer,
    watch: Watch,
    operations: Operations,
    lines: mpsc::Receiver<Line>,
    silent_pings: u32,
}

impl Conversation {
    async fn go_on(&mut self, socket: &mut WebSocket) -> Result<Infallible, Ended> {
        let every = self.engine.transport.live.ping;
        let mut pings = interval_at(Instant::now() + every, every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = pin!(live::stopping(self.engine.clone()));
        loop {
            tokio::select! {
                frame = socket.recv() => {
                    self.silent_pings = 0;
                    if let Some(message) = understood(frame)?
                        && let Some(answer) = self.answer(message)?
                    {
                        self.send(socket, answer, Instant::now()).await?;
                    }
                }
                Some(line) = self.lines.recv() => self.tell(socket, line).await?,
                _ = pings.tick() => self.ping(socket).await?,
                () = &mut stopping => return Err(closed_by(&Ending::Stopping)),
            }
        }
    }

    async fn send(&self, socket: &mut WebSocket, text: String, since: Instant) -> Result<(), Ended> {
        let deadline = since + self.engine.transport.live.patience;
        send(socket, ws::Message::text(text), deadline).await
    }

    async fn tell(&mut self, socket: &mut WebSocket, line: Line) -> Result<(), Ended> {
        if !self.operations.pass(&line) {
            return Ok(());
        }
        let id = json!(&*line.id);
        let message = match line.said {
            Said::Next(result) => format!(r#"{{"id":{id},"type":"next","payload":{result}}}"#),
            Said::Refused(errors) => format!(r#"{{"id":{id},"type":"error","payload":{errors}}}"#),
            Said::Done => format!(r#"{{"id":{id},"type":"complete"}}"#),
            Said::Lost(ending) => return Err(closed_by(&ending)),
        };
        self.send(socket, message, line.since).await
    }

    /// A client that says nothing, not even to pings, has gone without a word.
    async fn ping(&mut self, socket: &mut WebSocket) -> Result<(), Ended> {
        if self.silent_pings >= SILENT_PINGS_MAX {
            return Err(None);
        }
        if let Some(ending) = self.watch.ending().await {
            return Err(closed_by(&ending));
        }
        self.silent_pings += 1;
        let deadline = Instant::now() + self.engine.transport.live.patience;
        send(socket, ws::Message::Ping(Bytes::new()), deadline).await
    }

    /// What is said to a message at once.
    fn answer(&mut self, message: Message) -> Result<Option<String>, Ended> {
        match message {
            Message::Init(_) => Err(close_with(
                4429,
                &text("connection_init came again.", "重复发送 connection_init。"),
            )),
            Message::Ping(payload) => Ok(Some(pong(payload))),
            Message::Pong => Ok(None),
            Message::Subscribe(id, params) => self.subscribe(&id, *params),
            Message::Complete(id) => {
                self.operations.stop(&id);
                Ok(None)
            }
        }
    }

    fn subscribe(&mut self, id: &str, params: Result<Params, Refusal>) -> Result<Option<String>, Ended> {
        let (engine, peer) = (self.engine.clone(), self.peer.clone());
        let max = engine.transport.live.operations;
        let started = self.operations.start(id, max, |outlet| async move {
            let begun = match params {
                Ok(params) => engine.begin(&peer, params, Via::Stream).await,
                Err(refusal) => Err(refusal),
            };
            match begun {
                Ok(begun) => outlet.tell(begun).await,
                Err(refusal) => drop(outlet.say(Said::refused(&refusal.errors)).await),
            }
        });
        match started {
            Ok(()) => Ok(None),
            Err(Refused::Taken) => {
                let taken = text(
                    format!("Subscriber for {id} already exists"),
                    format!("编号已被使用：{id}"),
                );
                Err(close_with(4409, &taken))
            }
            Err(Refused::TooMany) => {
                let error = refusal::error("RATE_LIMITED", &live::too_many(max));
                Ok(Some(
                    json!({"id": id, "type": "error", "payload": [error]}).to_string(),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_reason_is_cut_between_characters() {
        for (reason, bytes) in [
            ("", 0),
            ("busy", 4),
            (&"x".repeat(200), 123),
            (&"忙".repeat(50), 123),
            (&"é".repeat(70), 122),
        ] {
            assert_eq!(
                close(4400, reason).map(|frame| frame.reason.len()),
                Some(bytes),
                "{reason}"
            );
        }
    }

    #[test]
    fn a_page_opens_a_socket_if_it_is_ours_or_listed() {
        let listed = ["https://app.example.cn".to_owned()];
        let any = ["*".to_owned()];
        for (origins, origin, is_welcome) in [
            (&listed[..0], "https://evil.example", true),
            (&listed[..], "", true),
            (&listed[..], "https://app.example.cn", true),
            (&listed[..], "HTTPS://APP.example.cn", true),
            (&listed[..], "https://union.example.cn:8000", true),
            (&listed[..], "https://union.example.cn", false),
            (&listed[..], "https://evil.example", false),
            (&listed[..], "http://app.example.cn", false),
            (&listed[..], "https://app.example.cn.evil.example", false),
            (&listed[..], "null", false),
            (&any[..], "https://evil.example", true),
        ] {
            let mut headers =
                HeaderMap::from_iter([(HOST, HeaderValue::from_static("union.example.cn:8000"))]);
            if !origin.is_empty() {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(super::is_welcome(origins, &headers), is_welcome, "{origin}");
        }
    }
}
