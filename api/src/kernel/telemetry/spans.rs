//! Brings spans to an exporter, a batch at a time, without letting anybody wait.

use opentelemetry_otlp::{ExporterBuildError, WithExportConfig};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prometheus_client::metrics::counter::Counter;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Spans that wait; one more is dropped and counted.
const WAITING_MAX: usize = 4_096;
const BATCH: usize = 512;
/// How long a span waits for others.
const LINGER: Duration = Duration::from_secs(2);

enum Sent {
    Span(Box<SpanData>),
    Flush(oneshot::Sender<()>),
}

/// The way to an exporter.
pub(super) struct Spans {
    sender: mpsc::Sender<Sent>,
    dropped: Counter,
}

impl Spans {
    pub(super) fn to(exporter: impl SpanExporter + 'static, dropped: Counter) -> Spans {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        tokio::spawn(export(exporter, receiver));
        Spans { sender, dropped }
    }

    pub(super) fn send(&self, span: SpanData) {
        if self.sender.try_send(Sent::Span(Box::new(span))).is_err() {
            self.dropped.inc();
        }
    }

    pub(super) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.sender.send(Sent::Flush(done)).await.is_ok() {
            let _ = flushed.await;
        }
    }
}

async fn export(exporter: impl SpanExporter, mut sent: mpsc::Receiver<Sent>) {
    let mut is_open = true;
    while is_open {
        let (mut batch, mut flushed) = (Vec::new(), None);
        let mut until = None;
        while batch.len() < BATCH && flushed.is_none() {
            let next = match until {
                None => sent.recv().await,
                Some(until) => match tokio::time::timeout_at(until, sent.recv()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            match next {
                Some(Sent::Span(span)) => batch.push(*span),
                Some(Sent::Flush(done)) => flushed = Some(done),
                None => {
                    is_open = false;
                    break;
                }
            }
            until.get_or_insert_with(|| Instant::now() + LINGER);
        }
        if !batch.is_empty()
            && let Err(error) = exporter.export(batch).await
        {
            tracing::warn!(%error, "spans could not be exported");
        }
        if let Some(done) = flushed {
            let _ = done.send(());
        }
    }
}

/// Sends spans to a collector by OTLP over HTTP (protobuf).
pub fn otlp(endpoint: &str) -> Result<impl SpanExporter + 'static, ExporterBuildError> {
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(endpoint)
        .build()
}
