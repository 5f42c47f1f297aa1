//! A front end that listens: graphql-transport-ws over a real socket.

use super::{App, Caller};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// An open subscription.
pub struct Subscription {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl App {
    /// Serves on a free port of this machine until the test ends.
    pub async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address.to_string()
    }
}

impl Caller {
    /// Subscribes over a socket of their own.
    pub async fn subscribe(&self, query: &str, variables: Value) -> Subscription {
        let address = self.app.listen().await;
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut subscription = Subscription { socket };
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        subscription
            .send(json!({"type": "connection_init", "payload": {"authorization": token}}))
            .await;
        assert_eq!(subscription.receive().await["type"], "connection_ack");
        let payload = json!({"query": query, "variables": variables});
        subscription
            .send(json!({"type": "subscribe", "id": "1", "payload": payload}))
            .await;
        subscription
    }
}

impl Subscription {
    async fn send(&mut self, message: Value) {
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn receive(&mut self) -> Value {
        let next = tokio::time::timeout(Duration::from_secs(20), self.socket.next());
        match next
            .await
            .expect("a message comes")
            .expect("the socket stays open")
            .unwrap()
        {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("not a text message: {other:?}"),
        }
    }

    /// The payload of the next result.
    pub async fn next(&mut self) -> Value {
        let mut message = self.receive().await;
        assert_eq!(message["type"], "next", "{message:#}");
        message["payload"].take()
    }

    /// The end, which the service says.
    pub async fn end(&mut self) {
        assert_eq!(self.receive().await["type"], "complete");
    }
}
