//! A WebSocket to the service, spoken as a front end speaks it: graphql-transport-ws over a port of this machine.

use super::app::Caller;
use api::http::router::router;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// An open socket.
pub struct Socket(WebSocketStream<TcpStream>);

/// What came in.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// A message of the protocol.
    Message(Value),
    /// The service closed the socket, with this code.
    Closed(u16),
}

impl Caller {
    /// Opens a socket and signs in on it with their token, if they have one; what the service says to that.
    pub async fn open_socket(&self) -> (Socket, Said) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router(self.app.engine.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        if let Some(language) = self.language {
            headers.insert("accept-language", language.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (stream, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        let mut socket = Socket(stream);
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        socket
            .send(json!({"type": "connection_init", "payload": {"authorization": token}}))
            .await;
        let said = socket.hear().await;
        (socket, said)
    }

    /// Subscribes over a socket of their own; then `next` gives what comes.
    pub async fn subscribe(&self, query: &str, variables: Value) -> Socket {
        let (mut socket, said) = self.open_socket().await;
        assert_eq!(said, Said::Message(json!({"type": "connection_ack"})));
        socket.subscribe("1", query, variables).await;
        socket
    }
}

impl Socket {
    /// Sends a message of the protocol.
    pub async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Waits for what comes in, pings aside.
    pub async fn hear(&mut self) -> Said {
        loop {
            match self.0.next().await.expect("the socket is open").unwrap() {
                Message::Text(text) => return Said::Message(serde_json::from_str(&text).unwrap()),
                Message::Close(frame) => return Said::Closed(frame.map_or(1005, |frame| frame.code.into())),
                _ => {}
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
        match self.hear().await {
            Said::Message(mut message) if message["type"] == "next" => message["payload"].take(),
            other => panic!("no answer: {other:?}"),
        }
    }

    /// The data of the next answer, which has no errors.
    pub async fn data(&mut self) -> Value {
        let mut payload = self.next().await;
        assert!(payload.get("errors").is_none(), "{payload:#}");
        payload["data"].take()
    }

    /// Whether the service says that the operation is over.
    pub async fn is_over(&mut self) -> bool {
        matches!(self.hear().await, Said::Message(message) if message["type"] == "complete")
    }
}
