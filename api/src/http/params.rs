//! The members of a GraphQL request, from a body or a query string.

use super::refusal::{Kind, Refusal, error};
use crate::kernel::error::text;
use async_graphql::{Value, Variables};
use serde_json::Value as Json;
use std::collections::HashMap;

/// Which document is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    Text(String),
    /// The one registered under an id.
    Registered(String),
    /// One that was sent before, by the SHA-256 of its text (automatic persisted queries).
    Kept(String),
}

/// A GraphQL request.
#[derive(Clone, Debug)]
pub struct Params {
    /// Its document.
    pub document: Wanted,
    /// Which operation of the document.
    pub operation_name: Option<String>,
    /// Values of its variables.
    pub variables: Variables,
    /// What else the client says.
    pub extensions: serde_json::Map<String, Json>,
}

fn malformed(en: &'static str, zh: &'static str) -> Refusal {
    Refusal::new(Kind::Malformed, "BAD_REQUEST", &text(en, zh))
}

/// A body that is no JSON.
pub fn no_json() -> Refusal {
    malformed("The body is no JSON object.", "请求体不是 JSON 对象。")
}

fn object(member: Option<Json>, fault: fn() -> Refusal) -> Result<serde_json::Map<String, Json>, Refusal> {
    match member {
        None | Some(Json::Null) => Ok(serde_json::Map::new()),
        Some(Json::Object(object)) => Ok(object),
        Some(_) => Err(fault()),
    }
}

fn string(member: Option<Json>, fault: fn() -> Refusal) -> Result<Option<String>, Refusal> {
    match member {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(fault()),
    }
}

impl Params {
    /// Reads a request in JSON; members that it does not know are left alone.
    ///
    /// # Errors
    /// The first member that is not of its type, and a request without a document.
    pub fn read(request: Json) -> Result<Params, Refusal> {
        let Json::Object(mut members) = request else {
            return Err(no_json());
        };
        let query = string(members.remove("query"), || {
            malformed("`query` is no string.", "query 不是字符串。")
        })?;
        let id = string(members.remove("documentId"), || {
            malformed("`documentId` is no string.", "documentId 不是字符串。")
        })?;
        let operation_name = string(members.remove("operationName"), || {
            malformed("`operationName` is no string.", "operationName 不是字符串。")
        })?;
        let variables = object(members.remove("variables"), || {
            malformed("`variables` is no object.", "variables 不是对象。")
        })?;
        let extensions = object(members.remove("extensions"), || {
            malformed("`extensions` is no object.", "extensions 不是对象。")
        })?;
        let kept = extensions
            .get("persistedQuery")
            .and_then(|persisted| persisted.get("sha256Hash"));
        let document = match (query, id, kept.and_then(Json::as_str)) {
            (Some(query), None, _) => Wanted::Text(query),
            (None, Some(id), _) => Wanted::Registered(id),
            (None, None, Some(sha256)) => Wanted::Kept(sha256.to_owned()),
            (Some(_), Some(_), _) => {
                return Err(malformed(
                    "Send `query` or `documentId`, not both.",
                    "query 与 documentId 不能同时使用。",
                ));
            }
            (None, None, None) => return Err(malformed("There is no `query`.", "缺少 query。")),
        };
        let params = Params {
            document,
            operation_name: operation_name.filter(|name| !name.is_empty()),
            variables: Variables::from_json(Json::Object(variables)),
            extensions,
        };
        params.check_nul()?;
        Ok(params)
    }

    /// Reads the query string of a GET; a parameter without a value is none.
    ///
    /// # Errors
    /// As for JSON; `variables` and `extensions` are JSON objects as text.
    pub fn read_query(pairs: HashMap<String, String>) -> Result<Params, Refusal> {
        let mut members = serde_json::Map::new();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            let value = match name.as_str() {
                "variables" | "extensions" => serde_json::from_str(&value).map_err(|_| {
                    malformed(
                        "`variables` and `extensions` are JSON objects.",
                        "variables 与 extensions 须为 JSON 对象。",
                    )
                })?,
                _ => Json::String(value),
            };
            members.insert(name, value);
        }
        Params::read(Json::Object(members))
    }

    /// A document for a caller of this process.
    pub fn asking(document: &str, variables: Json) -> Params {
        Params {
            document: Wanted::Text(document.to_owned()),
            operation_name: None,
            variables: Variables::from_json(variables),
            extensions: serde_json::Map::new(),
        }
    }

    fn check_nul(&self) -> Result<(), Refusal> {
        for (name, value) in self.variables.iter() {
            let Some(path) = nul_in(value) else { continue };
            let path = path.iter().rev().map(String::as_str);
            let mut names: Vec<&str> = std::iter::once(name.as_str()).chain(path).collect();
            // A field is named by its path below `input`, as everywhere.
            if names.len() > 1 && names.first() == Some(&"input") {
                names.remove(0);
            }
            let text = super::lexical::Refusal::Nul.text();
            let mut error = error("BAD_USER_INPUT", &text);
            let extensions = error.extensions.get_or_insert_default();
            extensions.set("field", names.join(".").replace('\0', ""));
            let (kind, errors) = (Kind::Invalid, vec![error]);
            return Err(Refusal { kind, errors });
        }
        Ok(())
    }
}

/// Where a value holds a NUL character, innermost name first. It is no deeper than the JSON reader lets in (128).
fn nul_in(value: &Value) -> Option<Vec<String>> {
    let below = |name: String, value: &Value| {
        let mut path = nul_in(value)?;
        path.push(name);
        Some(path)
    };
    match value {
        Value::String(text) => text.contains('\0').then(Vec::new),
        Value::List(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| below(index.to_string(), item))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            if name.contains('\0') {
                Some(Vec::new())
            } else {
                below(name.to_string(), value)
            }
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_variable_with_a_nul_character_is_named() {
        for (variables, field) in [
            (json!({"input": {"notes": "a\0"}}), Some("notes")),
            (
                json!({"input": {"findings": [{}, {"description": "\0"}]}}),
                Some("findings.1.description"),
            ),
            (json!({"id": "\0", "code": "x"}), Some("id")),
            (json!({"input": {"x\0": 1}}), Some("input")),
            (json!({"input": {"notes": "\u{1}消防"}}), None),
        ] {
            let refusal = Params::read(json!({"query": "{ a }", "variables": variables})).err();
            let named = refusal.and_then(|refusal| refusal.errors.into_iter().next());
            let named = named.map(|error| {
                error
                    .extensions
                    .and_then(|extensions| extensions.get("field").cloned())
            });
            assert_eq!(named, field.map(|field| Some(Value::from(field))));
        }
    }

    #[test]
    fn members_of_another_type_are_refused_and_unknown_ones_left_alone() {
        for (request, is_read) in [
            (json!({"query": "{ a }"}), true),
            (
                json!({"query": "{ a }", "id": 7, "variables": null, "operationName": null, "extensions": null}),
                true,
            ),
            (json!({"documentId": "sha256:00"}), true),
            (
                json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}),
                true,
            ),
            (json!({"query": "{ a }", "documentId": "sha256:00"}), false),
            (json!({}), false),
            (json!([]), false),
            (json!({"query": {}}), false),
            (json!({"query": 0}), false),
            (json!({"query": "{ a }", "operationName": []}), false),
            (json!({"query": "{ a }", "variables": "{}"}), false),
            (json!({"query": "{ a }", "variables": []}), false),
            (json!({"query": "{ a }", "extensions": 1}), false),
        ] {
            assert_eq!(Params::read(request.clone()).is_ok(), is_read, "{request}");
        }
    }
}
