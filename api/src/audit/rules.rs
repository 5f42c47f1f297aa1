//! How the particulars of an event are told.

use crate::kernel::error::{Text, text};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The most names in a filter.
const NAMES_MAX: usize = 20;

/// Which entries somebody wants; what is not said does not matter.
#[derive(Debug, Default)]
pub struct Wanted {
    /// At this instant or later.
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub to: Option<DateTime<Utc>>,
    /// Of these kinds.
    pub kinds: Option<Vec<String>>,
    /// By these operations.
    pub operations: Option<Vec<String>>,
    /// By this account.
    pub actor_id: Option<Uuid>,
    /// Of this record.
    pub subject_id: Option<Uuid>,
    /// Whether it was refused.
    pub is_refused: Option<bool>,
}

/// Names that a filter may hold: at most 20, without the character that no database keeps.
pub fn names(names: Vec<String>) -> Result<Vec<String>, Text> {
    if names.len() > NAMES_MAX {
        return Err(text("At most 20.", "最多 20 个。"));
    }
    if names.iter().any(|name| name.contains('\0')) {
        return Err(text("The text holds a NUL.", "文本含有 NUL 字符。"));
    }
    Ok(names)
}

/// A particular of an entry: its name, what it was and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Which.
    pub name: String,
    /// What it was; none for something new.
    pub before: Option<String>,
    /// What it is; none for something that is gone.
    pub after: Option<String>,
}

/// What an event's particulars say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Why it was done, in the words of whoever did it.
    pub reason: Option<String>,
    /// Why it was refused: a code.
    pub code: Option<String>,
    /// The rest.
    pub details: Vec<Detail>,
}

fn said(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// Reads the particulars: `reason` and `code` stand apart, `before` and `after` are put side by side.
pub fn told(body: &str) -> Told {
    let mut body = object(serde_json::from_str(body).ok());
    let mut told = Told {
        reason: body.remove("reason").and_then(said),
        code: body.remove("code").and_then(said),
        details: Vec::new(),
    };
    let (mut before, after) = (object(body.remove("before")), object(body.remove("after")));
    for (name, after) in after {
        let before = before.remove(&name).and_then(said);
        told.details.push(Detail {
            name,
            before,
            after: said(after),
        });
    }
    told.details
        .extend(before.into_iter().map(|(name, before)| Detail {
            name,
            before: said(before),
            after: None,
        }));
    told.details.extend(body.into_iter().map(|(name, value)| Detail {
        name,
        before: None,
        after: said(value),
    }));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particulars_are_told_side_by_side() {
        for (body, reason, code, details) in [
            ("{}", None, None, vec![]),
            ("no json", None, None, vec![]),
            (
                r#"{"reason":"年度审计","purpose":"CARE"}"#,
                Some("年度审计"),
                None,
                vec![("purpose", None, Some("CARE"))],
            ),
            (
                r#"{"code":"NOT_FOUND","field":"id"}"#,
                None,
                Some("NOT_FOUND"),
                vec![("field", None, Some("id"))],
            ),
            (
                r#"{"before":{"employees":3,"to":null,"gone":1},"after":{"employees":4,"to":"2026-06-01"}}"#,
                None,
                None,
                vec![
                    ("employees", Some("3"), Some("4")),
                    ("to", None, Some("2026-06-01")),
                    ("gone", Some("1"), None),
                ],
            ),
        ] {
            let told = told(body);
            assert_eq!(
                (told.reason.as_deref(), told.code.as_deref()),
                (reason, code),
                "{body}"
            );
            let found: Vec<_> = told
                .details
                .iter()
                .map(|detail| {
                    (
                        detail.name.as_str(),
                        detail.before.as_deref(),
                        detail.after.as_deref(),
                    )
                })
                .collect();
            assert_eq!(found, details, "{body}");
        }
    }
}
