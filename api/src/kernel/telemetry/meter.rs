//! Measures one operation.

use super::super::app::App;
use super::super::op::Op;
use super::SQL_CHARS_MAX;
use super::metrics::Ended;
use super::request::Request;
use opentelemetry::trace::{SpanContext, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue, SpanId};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use sea_orm::DbBackend;
use std::borrow::Cow;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

tokio::task_local! {
    /// The operation that runs here.
    pub static METER: Meter;
}

/// Counts what one operation does, and makes its spans if somebody listens.
#[derive(Clone)]
pub struct Meter {
    operation: Arc<Operation>,
    /// What is done from here on belongs to this span.
    within: SpanId,
}

struct Operation {
    app: Arc<App>,
    request: Request,
    /// Unset while it waits for what it is about.
    began: OnceLock<Instant>,
    span_id: SpanId,
    parent: Option<SpanId>,
    statements: AtomicU64,
}

/// How long the operation that runs here has run; none outside of operations.
pub fn elapsed() -> Option<Duration> {
    METER.try_with(Meter::elapsed).ok()
}

/// Runs a loader's batch of so many keys, measured as a part of the operation that runs here.
pub async fn batch<F: Future>(loader: &'static str, keys: usize, load: F) -> F::Output {
    let Ok(meter) = METER.try_with(Meter::clone) else {
        return load.await;
    };
    meter.operation.app.telemetry.metrics.batch(loader, keys);
    let Some(child) = meter.child() else {
        return load.await;
    };
    let began = Instant::now();
    let span_id = child.within;
    let answer = METER.scope(child, load).await;
    let keys = i64::try_from(keys).unwrap_or(i64::MAX);
    meter.send(Made {
        span_id,
        parent: Some(meter.within),
        kind: SpanKind::Internal,
        name: format!("load {loader}").into(),
        took: began.elapsed(),
        attributes: vec![KeyValue::new("gonghui.loader.keys", keys)],
        status: Status::Unset,
    });
    answer
}

impl Meter {
    /// Begins to measure an operation.
    pub fn begin(op: &Op) -> Meter {
        let meter = Meter::awaiting(op);
        meter.operation.began.get_or_init(Instant::now);
        meter
    }

    /// Measures the next message of a subscription: from when something is done for it.
    pub fn awaiting(op: &Op) -> Meter {
        let app = op.app();
        let request = op.request().clone();
        let (span_id, parent) = request.take(app);
        Meter {
            within: span_id,
            operation: Arc::new(Operation {
                began: OnceLock::new(),
                span_id,
                parent,
                statements: AtomicU64::new(0),
                request,
                app: Arc::clone(app),
            }),
        }
    }

    /// SQL statements of the operation so far.
    pub fn statements(&self) -> u64 {
        self.operation.statements.load(Ordering::Relaxed)
    }

    /// How long it has run.
    pub fn elapsed(&self) -> Duration {
        let began = self.operation.began.get();
        began.map(Instant::elapsed).unwrap_or_default()
    }

    pub(super) fn statement(&self, backend: DbBackend, sql: &str, (took, failed): (Duration, bool)) {
        self.operation.statements.fetch_add(1, Ordering::Relaxed);
        let began = || Instant::now().checked_sub(took).unwrap_or_else(Instant::now);
        self.operation.began.get_or_init(began);
        let Some(child) = self.child() else { return };
        let system = match backend {
            DbBackend::Sqlite => "sqlite",
            _ => "postgresql",
        };
        let text: String = sql.chars().take(SQL_CHARS_MAX).collect();
        let verb = super::metrics::verb(sql);
        self.send(Made {
            span_id: child.within,
            parent: Some(self.within),
            kind: SpanKind::Client,
            name: verb.into(),
            took,
            attributes: vec![
                KeyValue::new("db.system.name", system),
                KeyValue::new("db.operation.name", verb),
                KeyValue::new("db.query.text", text),
            ],
            status: if failed { Status::error("") } else { Status::Unset },
        });
    }

    /// Tells what came of the operation: its numbers, and its span.
    pub fn tell(&self, ended: &Ended<'_>) {
        self.operation.app.telemetry.metrics.operation_ended(self, ended);
        if self.is_traced() {
            self.end(ended);
        }
    }

    fn end(&self, ended: &Ended<'_>) {
        let mut attributes = vec![KeyValue::new("graphql.operation.type", ended.kind)];
        let mut said = |key, value: Option<&str>| {
            attributes.extend(value.map(|value| KeyValue::new(key, value.to_owned())));
        };
        said("gonghui.document.id", ended.document_id);
        // A name in an ad-hoc document is whatever its sender writes.
        said(
            "graphql.operation.name",
            ended.name.filter(|_| ended.document_id.is_some()),
        );
        let has_failed = ended.code != "OK";
        said("error.type", has_failed.then_some(ended.code));
        let statements = i64::try_from(self.statements()).unwrap_or(i64::MAX);
        attributes.push(KeyValue::new("gonghui.statements", statements));
        let is_ours = ["INTERNAL", "TIMEOUT", "UNAVAILABLE"].contains(&ended.code);
        self.send(Made {
            span_id: self.operation.span_id,
            parent: self.operation.parent,
            kind: SpanKind::Server,
            name: ended.kind.into(),
            took: self.elapsed(),
            attributes,
            status: if is_ours { Status::error("") } else { Status::Unset },
        });
    }

    fn is_traced(&self) -> bool {
        self.operation.request.span().is_sampled()
    }

    /// The same operation with a new span to stand in; none if nobody listens.
    fn child(&self) -> Option<Meter> {
        self.is_traced().then(|| {
            let (_, low) = self.operation.app.clock.id().as_u64_pair();
            Meter {
                operation: Arc::clone(&self.operation),
                within: SpanId::from_bytes(low.to_be_bytes()),
            }
        })
    }

    fn send(&self, made: Made) {
        let operation = &self.operation;
        let Some(spans) = operation.app.telemetry.spans.get() else {
            return;
        };
        let end_time = SystemTime::from(operation.app.clock.now());
        let trace = operation.request.span();
        let context = SpanContext::new(
            trace.trace_id(),
            made.span_id,
            trace.trace_flags(),
            false,
            trace.trace_state().clone(),
        );
        spans.send(SpanData {
            span_context: context,
            parent_span_id: made.parent.unwrap_or(SpanId::INVALID),
            parent_span_is_remote: made.parent.is_some() && made.parent == operation.request.parent(),
            span_kind: made.kind,
            name: made.name,
            start_time: end_time.checked_sub(made.took).unwrap_or(end_time),
            end_time,
            attributes: made.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: made.status,
            instrumentation_scope: InstrumentationScope::builder("gonghui").build(),
        });
    }
}

/// A span that is over now.
struct Made {
    span_id: SpanId,
    parent: Option<SpanId>,
    kind: SpanKind,
    name: Cow<'static, str>,
    took: Duration,
    attributes: Vec<KeyValue>,
    status: Status,
}
