//! One request: its id, and its place in a trace (W3C Trace Context).

use super::super::app::App;
use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use opentelemetry::{SpanId, TraceId};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

tokio::task_local! {
    /// The request being answered.
    pub static REQUEST: Request;
}

/// The most that an id from outside may hold.
const ID_CHARS_MAX: usize = 64;

/// What the caller's headers say; only a trusted proxy's `x-request-id` is passed on here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried<'a> {
    /// `x-request-id`: at most 64 of letters, digits and `-`, else another id is made.
    pub id: Option<&'a str>,
    /// `traceparent`; without a valid one the trace begins here.
    pub traceparent: Option<&'a str>,
    /// `tracestate`.
    pub tracestate: Option<&'a str>,
}

/// One request, or one operation of a socket.
#[derive(Clone, Debug)]
pub struct Request(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    span: SpanContext,
    /// The caller's span.
    parent: Option<SpanId>,
    /// Whether an operation has made the request's span its own.
    is_taken: AtomicBool,
}

impl Request {
    /// Begins a request. Without a caller's trace its id also names the trace, so that one leads to the other.
    pub fn begin(app: &App, carried: Carried<'_>) -> Request {
        let own = app.clock.id();
        let id = carried.id.filter(|id| is_sane(id));
        let id = id.map_or_else(|| own.to_string(), str::to_owned);
        let caller = carried.traceparent.and_then(parse);
        let trace_id = caller.as_ref().map(|caller| caller.trace_id);
        let is_sampled = app.telemetry.traces() && caller.as_ref().is_none_or(|caller| caller.is_sampled);
        let state = caller.as_ref().and(carried.tracestate).map(TraceState::from_str);
        let (_, low) = own.as_u64_pair();
        let span = SpanContext::new(
            trace_id.unwrap_or(TraceId::from_bytes(own.into_bytes())),
            SpanId::from_bytes(low.to_be_bytes()),
            TraceFlags::NOT_SAMPLED.with_sampled(is_sampled),
            false,
            state.and_then(Result::ok).unwrap_or_default(),
        );
        Request(Arc::new(Inner {
            id,
            span,
            parent: caller.map(|caller| caller.span_id),
            is_taken: AtomicBool::new(false),
        }))
    }

    /// The request being answered; a new one where none is.
    pub fn current(app: &App) -> Request {
        REQUEST
            .try_with(Request::clone)
            .unwrap_or_else(|_| Request::begin(app, Carried::default()))
    }

    /// Names it in logs and answers.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The header that lets others go on with the trace.
    pub fn traceparent(&self) -> String {
        let span = &self.0.span;
        let flags = if span.is_sampled() { "01" } else { "00" };
        format!("00-{}-{}-{flags}", span.trace_id(), span.span_id())
    }

    /// The fields that each log line of it has.
    pub fn log_span(&self) -> tracing::Span {
        tracing::error_span!("request", request_id = self.id(), trace_id = %self.0.span.trace_id())
    }

    pub(super) fn span(&self) -> &SpanContext {
        &self.0.span
    }

    /// The caller's span.
    pub(super) fn parent(&self) -> Option<SpanId> {
        self.0.parent
    }

    /// The span of an operation and the one above it: the first operation has the request's own, the others stand
    /// below it.
    pub(super) fn take(&self, app: &App) -> (SpanId, Option<SpanId>) {
        if self.0.is_taken.swap(true, Ordering::Relaxed) {
            let (_, low) = app.clock.id().as_u64_pair();
            (SpanId::from_bytes(low.to_be_bytes()), Some(self.0.span.span_id()))
        } else {
            (self.0.span.span_id(), self.0.parent)
        }
    }
}

fn is_sane(id: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(is_known)
}

#[derive(Debug, PartialEq)]
struct Caller {
    trace_id: TraceId,
    span_id: SpanId,
    is_sampled: bool,
}

/// Reads a `traceparent`. Versions to come may say more after the flags, version 0 may not.
fn parse(header: &str) -> Option<Caller> {
    let mut parts = header.trim_matches([' ', '\t']).split('-');
    let mut hex = |digits: usize| {
        let part = parts.next()?;
        let is_hex =
            part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hex.then_some(part)
    };
    let (version, trace_id, span_id, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    if version == "ff" || version == "00" && parts.next().is_some() {
        return None;
    }
    let caller = Caller {
        trace_id: TraceId::from_hex(trace_id).ok()?,
        span_id: SpanId::from_hex(span_id).ok()?,
        is_sampled: TraceFlags::new(u8::from_str_radix(flags, 16).ok()?).is_sampled(),
    };
    (caller.trace_id != TraceId::INVALID && caller.span_id != SpanId::INVALID).then_some(caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_the_w3c_says() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        for (header, sampled) in [
            (format!("{good}-01"), Some(true)),
            (format!("{good}-00"), Some(false)),
            (format!("{good}-03"), Some(true)),
            (format!(" {good}-01\t"), Some(true)),
            (format!("cc{}-01", &good[2..]), Some(true)),
            (format!("cc{}-01-what-comes", &good[2..]), Some(true)),
            (format!("{good}-01-more"), None),
            (format!("{good}-01-"), None),
            (format!("ff{}-01", &good[2..]), None),
            (good.to_owned(), None),
            (format!("{good}-1"), None),
            (format!("{good}-0x"), None),
            (format!("{}-01", good.to_uppercase()), None),
            (
                format!(
                    "{}-01",
                    good.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32))
                ),
                None,
            ),
            (
                format!("{}-01", good.replace("00f067aa0ba902b7", &"0".repeat(16))),
                None,
            ),
            (String::new(), None),
            ("00-é".to_owned(), None),
        ] {
            let caller = parse(&header);
            assert_eq!(
                caller.as_ref().map(|caller| caller.is_sampled),
                sampled,
                "{header}"
            );
            if let Some(caller) = caller {
                assert_eq!(caller.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
                assert_eq!(caller.span_id.to_string(), "00f067aa0ba902b7");
            }
        }
    }

    #[test]
    fn an_id_from_outside_holds_nothing_that_could_do_harm() {
        let long = "x".repeat(64);
        for (id, expected) in [
            ("a-1", true),
            (long.as_str(), true),
            ("", false),
            (&format!("{long}x"), false),
            ("a b", false),
            ("a\n", false),
            ("工会", false),
            ("<a>", false),
        ] {
            assert_eq!(is_sane(id), expected, "{id}");
        }
    }
}
