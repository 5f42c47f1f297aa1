//! How the particulars of an event are told, and how entries stand in a file.

use crate::kernel::audit::REFUSED;
use crate::kernel::error::{Text, text};
use chrono::{DateTime, SecondsFormat, Utc};
use entity::audit::event::Model;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The most names in a filter.
const NAMES_MAX: usize = 20;
/// Characters of such a name.
const NAME_MAX: usize = 64;

/// Which entries somebody wants; what is not said does not matter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// At this instant or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Of these kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
    /// By these operations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<String>>,
    /// By this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<Uuid>,
    /// Of this record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<Uuid>,
    /// Whether it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_refused: Option<bool>,
}

/// Names that a filter may hold: at most 20. They stand in the entry of an export, so nothing else fits into one.
pub fn names(names: Vec<String>) -> Result<Vec<String>, Text> {
    if names.len() > NAMES_MAX {
        return Err(text("At most 20.", "最多 20 个。"));
    }
    let is_of_name = |c: char| c.is_ascii_alphabetic() || ['_', ' ', '/', '.', '{', '}'].contains(&c);
    let is_name = |name: &String| name.len() <= NAME_MAX && name.chars().all(is_of_name);
    if !names.iter().all(is_name) {
        return Err(text("Not a name.", "不是有效的名称。"));
    }
    Ok(names)
}

/// What an export was asked to hold: the input of its job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// Which entries.
    pub wanted: Wanted,
    /// The last number that there was: what is asked for does not grow.
    pub through: i64,
    /// The number under which it was asked for.
    pub number: String,
}

/// The columns of a file, as its head names them.
pub const COLUMNS: [&str; 18] = [
    "number",
    "at",
    "actor",
    "operation",
    "kind",
    "result",
    "code",
    "reason",
    "federation",
    "origin",
    "body",
    "actor_id",
    "subject_id",
    "id",
    "path",
    "county_id",
    "federation_id",
    "hash",
];

/// An entry as a row of a file. `body` and what stands beside it are as the hash takes them.
pub fn row(event: Model, actor: &str, federation: &str) -> Vec<String> {
    let Told { reason, code, .. } = told(&event.body);
    let result = if event.kind == REFUSED { "REFUSED" } else { "DONE" };
    vec![
        event.seq.unwrap_or_default().to_string(),
        event.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        actor.to_owned(),
        event.operation.unwrap_or_default(),
        event.kind,
        result.to_owned(),
        code.unwrap_or_default(),
        reason.unwrap_or_default(),
        federation.to_owned(),
        event.origin.unwrap_or_default(),
        event.body,
        event.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        event.subject_id.to_string(),
        event.id.to_string(),
        event.path,
        event.county_id.to_string(),
        event.federation_id.map(|id| id.to_string()).unwrap_or_default(),
        event.hash.unwrap_or_default(),
    ]
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
