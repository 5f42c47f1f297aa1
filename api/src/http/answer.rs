//! What is done with every answer of the engine before it leaves: codes, the request's name, masks, and its cost.

use super::refusal::{Refusal, led};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::telemetry::{Cost, Ended, Meter};
use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError, Value};
use std::sync::Arc;

/// What the engine says of a wrong scalar, and what it leaves out.
const MEANINGS: [(&str, &str); 2] = [
    (
        "expected type \"Date\"",
        ": a day that exists, YYYY-MM-DD, from 1900 to 2200",
    ),
    (
        "expected type \"DateTime\"",
        ": an RFC 3339 instant with its offset, from 1900 to 2200",
    ),
];

/// Whether no field was run: then there is no data, and no error that belongs to a field.
pub(super) fn is_request_error(response: &Response) -> bool {
    let has_no_path = |error: &ServerError| error.path.is_empty();
    response.data == Value::Null && !response.errors.is_empty() && response.errors.iter().all(has_no_path)
}

/// Readies an answer to leave: each error names the request and has a code, and what is inside stays there.
pub(super) fn finish(response: &mut Response, op: &Op) {
    log(op, response);
    for error in &mut response.errors {
        if error.source::<Error>().is_none() {
            mask(error, op);
        }
        name(error, op);
    }
}

/// What the engine itself says has no code; what anything else says is not for the outside.
fn mask(error: &mut ServerError, op: &Op) {
    if error.source.is_some() {
        let _request = op.request().log_span().entered();
        let internal = Error::from(anyhow::anyhow!("{}", error.message));
        internal.log();
        let (code, text) = internal.outside();
        error.message = text.said();
        error.extensions.get_or_insert_default().set("code", code);
        return;
    }
    let code = if error.path.is_empty() {
        "GRAPHQL_VALIDATION_FAILED"
    } else {
        "BAD_USER_INPUT"
    };
    error.extensions.get_or_insert_default().set("code", code);
    let meaning = MEANINGS
        .iter()
        .find(|(ending, _)| error.message.ends_with(ending));
    if let Some((_, meaning)) = meaning {
        error.message.push_str(meaning);
    }
    error.message = led(&without_values(&error.message));
}

/// What the engine says of an input without what was put in: that may be personal, and errors are kept in many places.
/// The name of a field that there is not is told if it can be one.
fn without_values(message: &str) -> String {
    if let Some((before, _)) = message.split_once(" does not contain the value \"") {
        return format!("{before} does not contain this value");
    }
    if let Some((before, _)) = message.split_once("\", found ") {
        return format!("{before}\"");
    }
    let named = message.split_once("unknown field \"").and_then(|(before, rest)| {
        let (name, kind) = rest.rsplit_once("\" of type ")?;
        Some((before, name, kind))
    });
    let is_name = |name: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.len() <= 60 && name.chars().all(good) && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    match named {
        Some((before, name, kind)) if !is_name(name) => format!("{before}unknown field of type {kind}"),
        _ => message.to_owned(),
    }
}

fn name(error: &mut ServerError, op: &Op) {
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("requestId", op.request_id());
}

pub(super) fn named(mut refusal: Refusal, op: &Op) -> Refusal {
    refusal.errors.iter_mut().for_each(|error| name(error, op));
    refusal
}

/// Objects in an answer.
pub(super) fn objects(data: &Value) -> u64 {
    match data {
        Value::Object(fields) => fields
            .values()
            .fold(1, |sum: u64, value| sum.saturating_add(objects(value))),
        Value::List(items) => items
            .iter()
            .fold(0, |sum: u64, item| sum.saturating_add(objects(item))),
        _ => 0,
    }
}

/// Logs each internal error of an answer once, though many fields may have met it.
pub(super) fn log(op: &Op, response: &Response) {
    let _request = op.request().log_span().entered();
    let mut logged = Vec::new();
    for error in response.errors.iter().filter_map(|error| error.source::<Error>()) {
        let Error::Internal(cause) = error else { continue };
        if !logged.iter().any(|earlier| Arc::ptr_eq(*earlier, cause)) {
            logged.push(cause);
            error.log();
        }
    }
}

/// What the operator hears of an operation beside its measures.
#[derive(Default)]
pub(super) struct Told {
    /// What it is; none if that is not known.
    pub(super) kind: Option<OperationType>,
    /// Its registered document.
    pub(super) document: Option<Arc<str>>,
    /// Its name.
    pub(super) name: Option<String>,
}

/// Tells the operator of an operation, or a message of a subscription, that is over.
pub(super) fn note(meter: &Meter, told: &Told, errors: &[ServerError], cost: Option<Cost>) {
    let code = errors
        .first()
        .and_then(|error| error.extensions.as_ref()?.get("code"));
    let ended = Ended {
        kind: match told.kind {
            Some(OperationType::Query) => "query",
            Some(OperationType::Mutation) => "mutation",
            Some(OperationType::Subscription) => "subscription",
            None => "none",
        },
        code: match code {
            Some(Value::String(code)) => code,
            _ => "OK",
        },
        document_id: told.document.as_deref(),
        name: told.name.as_deref(),
        cost,
    };
    meter.tell(&ended);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_repeat_what_was_put_in() {
        for (message, expected) in [
            (
                "Invalid value for argument \"input.kind\", enumeration type \"Kind\" does not contain the value \"王小明\"",
                "Invalid value for argument \"input.kind\", enumeration type \"Kind\" does not contain this value",
            ),
            (
                "Expected input type \"Basis\", found \"a\", found \"b\". (occurred while parsing \"Input\")",
                "Expected input type \"Basis\"",
            ),
            (
                "Invalid value for argument \"input\", unknown field \"王小明\" of type \"Input\"",
                "Invalid value for argument \"input\", unknown field of type \"Input\"",
            ),
            (
                "Invalid value for argument \"input\", unknown field \"idNumbre\" of type \"Input\"",
                "Invalid value for argument \"input\", unknown field \"idNumbre\" of type \"Input\"",
            ),
            ("Unknown field \"x\"", "Unknown field \"x\""),
        ] {
            assert_eq!(without_values(message), expected);
        }
    }
}
