//! A WebSocket to the service, spoken as a front end speaks it: graphql-transport-ws.

use super::app::{Caller, code_of};
use super::door::Door;
use axum::http::StatusCode;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

/// An open socket.
pub struct Socket<S = TcpStream>(WebSocketStream<S>);

/// What came in.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// A message of the protocol.
    Message(Value),
    /// The service closed the socket, with this code.
    Closed(u16),
    /// The connection is gone without a word.
    Gone,
}

/// What the service says to somebody who may come in.
pub fn ack() -> Said {
    Said::Message(json!({"type": "connection_ack"}))
}

impl Door {
    /// Opens a socket with these headers only, and says nothing; else the status code that refuses it.
    pub async fn open(&self, headers: &[(&'static str, &str)]) -> Result<Socket, StatusCode> {
        Socket::over(self.connect().await, &self.address().to_string(), headers).await
    }

    /// Opens a socket and says nothing.
    pub async fn socket(&self) -> Socket {
        self.open(&[PROTOCOL]).await.expect("the socket opens")
    }
}

impl Caller {
    /// Opens a socket and signs in on it with their token, if they have one; what the service says to that.
    pub async fn open_socket(&self) -> (Socket, Said) {
        let door = self.app.listen().await;
        self.open_socket_at(door).await
    }

    /// The same at a port.
    pub async fn open_socket_at(&self, door: Door) -> (Socket, Said) {
        let language = ("accept-language", self.language.unwrap_or("en"));
        let mut socket = door.open(&[PROTOCOL, language]).await.expect("the socket opens");
        let said = self.sign_in_on(&mut socket).await;
        (socket, said)
    }

    /// Opens a socket over a connection that is there already, and signs in on it.
    pub async fn open_socket_over<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Socket<S> {
        let mut socket = Socket::over(stream, "localhost", &[PROTOCOL])
            .await
            .expect("the socket opens");
        assert_eq!(self.sign_in_on(&mut socket).await, ack());
        socket
    }

    async fn sign_in_on<S: AsyncRead + AsyncWrite + Unpin>(&self, socket: &mut Socket<S>) -> Said {
        let payload = match &self.token {
            Some(token) => json!({"authorization": format!("Bearer {token}")}),
            None => json!({}),
        };
        socket
            .send(json!({"type": "connection_init", "payload": payload}))
            .await;
        socket.hear().await
    }

    /// Subscribes over a socket of their own; then `next` gives what comes.
    pub async fn subscribe(&self, query: &str, variables: Value) -> Socket {
        let door = self.app.listen().await;
        self.subscribe_at(door, query, variables).await
    }

    /// The same at a port.
    pub async fn subscribe_at(&self, door: Door, query: &str, variables: Value) -> Socket {
        let (mut socket, said) = self.open_socket_at(door).await;
        assert_eq!(said, ack());
        socket.subscribe("1", query, variables).await;
        socket
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    async fn over(stream: S, host: &str, headers: &[(&'static str, &str)]) -> Result<Socket<S>, StatusCode> {
        let mut request = format!("ws://{host}/graphql").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((stream, _)) => Ok(Socket(stream)),
            Err(Error::Http(response)) => Err(response.status()),
            Err(other) => panic!("{other}"),
        }
    }

    /// Sends a message of the protocol.
    pub async fn send(&mut self, message: Value) {
        self.send_as_it_is(Message::text(message.to_string())).await;
    }

    /// Sends whatever one likes. That the service has closed the socket already is no failure.
    pub async fn send_as_it_is(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    /// Waits for what comes in, pings aside.
    pub async fn hear(&mut self) -> Said {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Said::Message(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    return Said::Closed(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Said::Gone,
            }
        }
    }

    /// Waits for a ping.
    pub async fn is_pinged(&mut self) {
        match self.0.next().await {
            Some(Ok(Message::Ping(_))) => {}
            other => panic!("no ping: {other:?}"),
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> Value {
        match self.hear().await {
            Said::Message(message) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    /// The code with which the service closes the socket, and how many messages came before.
    pub async fn closed(&mut self) -> (u16, usize) {
        let mut messages = 0;
        loop {
            match self.hear().await {
                Said::Message(_) => messages += 1,
                Said::Closed(code) => return (code, messages),
                Said::Gone => panic!("gone without a word"),
            }
        }
    }

    /// Starts an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({"query": query, "variables": variables});
        self.send(json!({"id": id, "type": "subscribe", "payload": payload}))
            .await;
    }

    /// The payload of the next answer.
    pub async fn next(&mut self) -> Value {
        let mut message = self.message().await;
        assert_eq!(message["type"], "next", "{message}");
        message["payload"].take()
    }

    /// The data of the next answer, which has no errors.
    pub async fn data(&mut self) -> Value {
        let mut payload = self.next().await;
        assert!(payload.get("errors").is_none(), "{payload:#}");
        payload["data"].take()
    }

    /// The codes of the errors instead of an answer.
    pub async fn refused(&mut self) -> Vec<String> {
        let message = self.message().await;
        assert_eq!(message["type"], "error", "{message}");
        let errors = message["payload"].as_array().expect("errors are an array").iter();
        errors.map(code_of).collect()
    }

    /// Whether the service says that the operation is over.
    pub async fn is_over(&mut self) -> bool {
        matches!(self.hear().await, Said::Message(message) if message["type"] == "complete")
    }

    /// The result of the operation, or its errors instead.
    pub async fn answer(&mut self) -> Value {
        let mut message = self.message().await;
        match message["type"].as_str() {
            Some("next") => message["payload"].take(),
            Some("error") => json!({"errors": message["payload"]}),
            _ => panic!("no answer: {message}"),
        }
    }

    /// The connection below, which from now on says and hears nothing by itself.
    pub fn into_connection(self) -> S {
        self.0.into_inner()
    }
}

impl Socket {
    /// Sends bytes that may be no frame.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }

    /// Waits until something has come in, and leaves it unread.
    pub async fn has_something_to_hear(&self) {
        self.0.get_ref().readable().await.unwrap();
    }
}
