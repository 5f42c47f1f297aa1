//! Takes connections in, and lets go of those who keep the service waiting.
//!
//! # Why not axum's own loop
//! It gives hyper no clock, so whoever sends nothing, or headers byte by byte, is held for ever; and it takes in as
//! many as come.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

/// The most that the headers of a request may hold.
const HEADERS_BYTES_MAX: usize = 64 << 10;
/// How long accepting rests when the system has no more files to give.
const BREATH: Duration = Duration::from_millis(200);

/// What clients may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the connection, or the answer before, to the last byte of a request's headers.
    pub headers: Duration,
    /// Open connections, sockets among them; further ones wait until one is closed.
    pub connections: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            headers: Duration::from_secs(10),
            connections: 10_000,
        }
    }
}

/// Serves until `stop`, then takes nobody in any more, and ends when the last connection does. A request that runs is
/// answered; connections that are idle are closed at once, sockets by whoever keeps them.
pub async fn run(listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(
        usize::try_from(limits.connections).unwrap_or(usize::MAX),
    ));
    let (end, ended) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let taken = tokio::select! {
            biased;
            () = &mut stop => break,
            taken = take(&listener, &places) => taken,
        };
        match taken {
            Some((held, peer)) => {
                let talk = talk(held, peer, router.clone(), limits.headers, ended.clone());
                tokio::spawn(talk);
            }
            None => tokio::time::sleep(BREATH).await,
        }
    }
    drop(listener);
    end.send_replace(true);
    let _all = places.acquire_many(limits.connections).await;
}

/// The next client, when there is a place for it; none if the system could not give it.
async fn take(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(Held, SocketAddr)> {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are written whole: waiting for more to send would only delay them.
            let _ = stream.set_nodelay(true);
            Some((
                Held {
                    stream,
                    _place: place,
                },
                peer,
            ))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be taken in");
            None
        }
    }
}

async fn talk(
    held: Held,
    peer: SocketAddr,
    router: Router,
    headers: Duration,
    mut ended: watch::Receiver<bool>,
) {
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(headers)
        .max_buf_size(HEADERS_BYTES_MAX)
        .serve_connection(TokioIo::new(held), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let talked = tokio::select! {
        talked = connection.as_mut() => Some(talked),
        _ = ended.wait_for(|ended| *ended) => None,
    };
    let talked = match talked {
        Some(talked) => talked,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = talked {
        tracing::debug!(%error, "a connection broke");
    }
}

/// A connection that keeps its place also when it becomes a socket.
struct Held {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
