//! What the operator sees, kept for looking at: spans, and lines of the log.

use super::App;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Keeps spans instead of sending them anywhere.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Recorder {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl Recorder {
    /// Listens to the spans of a process from now on.
    pub fn of(app: &App) -> Recorder {
        let recorder = Recorder::default();
        app.process
            .telemetry
            .trace_to(recorder.clone(), app.process.process_id);
        recorder
    }

    /// What came in since this was last asked.
    pub async fn take(&self, app: &App) -> Vec<SpanData> {
        app.process.telemetry.flush().await;
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Keeps lines of the log.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

impl Lines {
    /// Writes what this thread logs, as the program does, until the answer is dropped.
    pub fn of_this_thread(&self) -> tracing::subscriber::DefaultGuard {
        self.of_this_thread_up_to(tracing::Level::INFO)
    }

    /// The same with what the program only says when it is asked to.
    pub fn of_this_thread_up_to(&self, level: tracing::Level) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .json()
            .with_span_list(false)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// What came in since this was last asked.
    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}
