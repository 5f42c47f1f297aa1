//! Bodies that come slowly, or for no use.

use axum::body::{Body, Bytes};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use std::io::{Error, ErrorKind};
use std::time::Duration;

/// How much and how long the rest of a refused body is still read: a sender who is cut off never sees why.
const LINGER_BYTES: usize = 4 << 20;
const LINGER: Duration = Duration::from_secs(60);

/// The bytes of a body as they come.
pub(super) type Bodied = BoxStream<'static, std::io::Result<Bytes>>;

/// The bytes of a body; `TimedOut` ends them where none comes for so long, any other error where the connection breaks.
pub(super) fn paced(body: Body, stall: Duration) -> Bodied {
    let chunks = stream::unfold(Some(body.into_data_stream()), move |chunks| async move {
        let mut chunks = chunks?;
        match tokio::time::timeout(stall, chunks.next()).await {
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(chunks))),
            Ok(Some(Err(error))) => Some((Err(Error::other(error)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(Error::from(ErrorKind::TimedOut)), None)),
        }
    });
    // It may be asked once more after its end: by whoever reads on where another one stopped.
    chunks.fuse().boxed()
}

/// Reads some more of a body that was refused, aside.
pub(super) fn linger(mut chunks: impl Stream<Item = std::io::Result<Bytes>> + Unpin + Send + 'static) {
    let reading = async move {
        let mut read = 0;
        while read < LINGER_BYTES
            && let Some(Ok(chunk)) = chunks.next().await
        {
            read += chunk.len();
        }
    };
    tokio::spawn(tokio::time::timeout(LINGER, reading));
}
