//! A port of this machine at which the service answers: what only a real connection shows.

use super::app::{App, Caller};
use api::config::{Live, Transport};
use axum::body::Bytes;
use axum::serve::Listener;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;

const JSON: (&str, &str) = ("content-type", "application/json");
const EVENT_STREAM: (&str, &str) = ("accept", "text/event-stream");

/// An open port.
#[derive(Clone, Copy)]
pub struct Door(SocketAddr);

/// Settings with other limits of sockets and event streams.
pub fn with(change: impl FnOnce(&mut Live)) -> Transport {
    let mut transport = Transport::default();
    change(&mut transport.live);
    transport
}

/// The least that the system gives a connection to hold what the other end has not read.
const BUFFER_BYTES: u32 = 4 << 10;

impl App {
    /// Opens a port.
    pub async fn listen(&self) -> Door {
        let listener = TcpSocket::new_v4().unwrap();
        listener.set_send_buffer_size(BUFFER_BYTES).unwrap();
        listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = listener.listen(64).unwrap();
        let address = TcpListener::local_addr(&listener).unwrap();
        let service = self.router().clone();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Door(address)
    }

    /// A way to connect that takes no port: a process has not enough of them for a thousand at both ends.
    pub fn listen_within(&self) -> impl Fn() -> DuplexStream {
        let (near, far) = mpsc::unbounded_channel();
        let service = self.router().clone();
        tokio::spawn(async move { axum::serve(Within(far), service).await });
        move || {
            let (client, service) = tokio::io::duplex(64 << 10);
            near.send(service).unwrap();
            client
        }
    }
}

struct Within(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for Within {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(stream) => (stream, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Door {
    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.0
    }

    /// A connection that holds little of what has not been read.
    pub async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(BUFFER_BYTES).unwrap();
        socket.connect(self.0).await.unwrap()
    }

    /// Sends a request; its answer, as far as its head.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Stream {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.0);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        let mut connection = self.connect().await;
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut reader = BufReader::new(connection);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await.unwrap();
            if line.trim_end().is_empty() {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &String| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        };
        let headers: HashMap<_, _> = lines[1..].iter().map(header).collect();
        let length = headers
            .get("content-length")
            .map(|length| length.parse().unwrap());
        let chunks = stream::unfold((reader, length), |(mut reader, length)| async move {
            let chunk = chunk(&mut reader, length).await?;
            Some((chunk, (reader, length.map(|_| 0))))
        });
        Stream {
            status,
            headers,
            chunks: chunks.boxed(),
            text: String::new(),
        }
    }
}

/// What comes next of a body: all of one whose length was told, else a chunk; none at the end.
async fn chunk(reader: &mut BufReader<TcpStream>, length: Option<usize>) -> Option<String> {
    let mut line = String::new();
    let size = match length {
        Some(length) => length,
        None => {
            reader.read_line(&mut line).await.unwrap();
            usize::from_str_radix(line.trim_end(), 16).unwrap()
        }
    };
    let mut bytes = vec![0; size];
    reader.read_exact(&mut bytes).await.unwrap();
    if length.is_none() {
        reader.read_line(&mut line).await.unwrap();
    }
    (size > 0).then(|| String::from_utf8(bytes).unwrap())
}

/// An answer that is read as it comes.
pub struct Stream {
    pub status: u16,
    pub headers: HashMap<String, String>,
    chunks: BoxStream<'static, String>,
    text: String,
}

impl Stream {
    /// All that is still to come.
    pub async fn rest(&mut self) -> String {
        let mut text = std::mem::take(&mut self.text);
        while let Some(chunk) = self.chunks.next().await {
            text.push_str(&chunk);
        }
        text
    }

    /// The rest as JSON.
    pub async fn json(&mut self) -> Value {
        let text = self.rest().await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }

    /// The next block of an event stream as it came; none at its end.
    pub async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = self.chunks.next().await?;
            self.text.push_str(&chunk);
        }
    }

    /// The next event, pings aside: its name and data.
    pub async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            let block = self.block().await?;
            if block == ":" {
                continue;
            }
            let (event, data) = block.split_once('\n').unwrap();
            let data = data.strip_prefix("data:").unwrap().trim();
            let data = if data.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(data).unwrap()
            };
            return Some((event.strip_prefix("event: ").unwrap().to_owned(), data));
        }
    }

    /// The data of the next event, which is a `next`.
    pub async fn next(&mut self) -> Value {
        let (event, data) = self.event().await.expect("the stream goes on");
        assert_eq!(event, "next", "{data}");
        data
    }

    /// Whether the stream ends here, and without an event that says so.
    pub async fn breaks_off(&mut self) -> bool {
        self.event().await.is_none()
    }
}

/// Somebody at a port.
pub struct Guest<'a>(&'a Caller, Door);

impl Guest<'_> {
    /// Sends a request with their token.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Stream {
        let send = async |headers: &[(&str, &str)]| self.1.request(method, path, headers, body).await;
        self.0.with_token(headers, send).await
    }

    /// Asks for an operation as an event stream of its own.
    pub async fn stream(&self, query: &str, variables: Value) -> Stream {
        let body = json!({"query": query, "variables": variables}).to_string();
        self.send("POST", "/graphql", &[JSON, EVENT_STREAM], &body).await
    }
}

impl Caller {
    /// The same one, at a port.
    pub fn via(&self, door: Door) -> Guest<'_> {
        Guest(self, door)
    }

    /// Asks for an operation as an event stream without a port: while nobody reads it, the service does not work on it.
    pub async fn unread_stream(&self, query: &str, variables: Value) -> Stream {
        let body = json!({"query": query, "variables": variables}).to_string();
        let begin = async |headers: &[(&str, &str)]| self.app.begin("POST", "/graphql", headers, body).await;
        let answer = self.with_token(&[JSON, EVENT_STREAM], begin).await;
        let text =
            |bytes: Result<Bytes, _>| async move { String::from_utf8(bytes.unwrap().to_vec()).unwrap() };
        Stream {
            status: answer.status().as_u16(),
            headers: HashMap::new(),
            chunks: answer.into_body().into_data_stream().then(text).boxed(),
            text: String::new(),
        }
    }
}
