//! What the service tells its operator: numbers (metrics), who called whom for how long (traces), names for log lines.
//!
//! A [`Request`] has an id and a place in a trace. [`Meter`] measures one operation of it; while the operation runs in
//! `METER.scope(…)`, the database and the loaders report to it. Whoever runs operations does this:
//!
//! ```text
//! let meter = Meter::begin(&op);
//! let response = METER.scope(meter.clone(), drive(&op, running)).await;
//! meter.statements(); // how many the operation needed
//! meter.tell(&Ended { kind: "query", document_id, name, code: "OK", .. });
//! ```
//!
//! A message of a subscription is measured as an operation of its own, with `Meter::awaiting`.
//!
//! # What is never told
//! Variables, values of statements, user names, texts of ad-hoc documents. Labels come from lists of ours, and each
//! metric stops at [`metrics::SERIES_MAX`] of them.
//!
//! # Why spans are made at their end
//! The database says what a statement took when it is over, and one struct sent down a channel is all that a request
//! pays for. Where nobody listens, nothing is made.

mod meter;
pub mod metrics;
mod request;
mod spans;

pub use meter::{METER, Meter, batch, elapsed};
pub use metrics::{Cost, Ended, Open, Statements};
pub use request::{Carried, REQUEST, Request};
pub use spans::otlp;

use metrics::Metrics;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter;
use spans::Spans;
use std::sync::OnceLock;
use uuid::Uuid;

/// The most of a statement's text that is told.
pub const SQL_CHARS_MAX: usize = 300;

/// What one process tells of itself.
pub struct Telemetry {
    /// Its numbers.
    pub metrics: Metrics,
    spans: OnceLock<Spans>,
}

impl Telemetry {
    pub(super) fn new(statements: &Statements) -> Telemetry {
        Telemetry {
            metrics: Metrics::new(statements),
            spans: OnceLock::new(),
        }
    }

    /// From now on spans go to an exporter. Said once; a second exporter is not heard.
    pub fn trace_to(&self, mut exporter: impl SpanExporter + 'static, process_id: Uuid) {
        let resource = Resource::builder()
            .with_service_name("gonghui")
            .with_attribute(opentelemetry::KeyValue::new(
                "service.version",
                env!("CARGO_PKG_VERSION"),
            ))
            .with_attribute(opentelemetry::KeyValue::new(
                "service.instance.id",
                process_id.to_string(),
            ))
            .build();
        exporter.set_resource(&resource);
        self.spans
            .get_or_init(|| Spans::to(exporter, self.metrics.spans_dropped.clone()));
    }

    /// Whether anybody listens to spans.
    fn traces(&self) -> bool {
        self.spans.get().is_some()
    }

    /// Waits until all spans made so far are exported.
    pub async fn flush(&self) {
        if let Some(spans) = self.spans.get() {
            spans.flush().await;
        }
    }
}
