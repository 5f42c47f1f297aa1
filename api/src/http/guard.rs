//! What is refused before anything parses it: documents that the engine's recursive parser could not bear (a stack
//! overflow is no panic, it ends the process), and NUL characters, which PostgreSQL does not store.

use crate::kernel::error::{Text, text};
use async_graphql::{ErrorExtensionValues, Request, ServerError, Value};

/// The longest document.
const BYTES_MAX: usize = 64 << 10;
/// The deepest nesting of brackets in a document.
const NESTING_MAX: usize = 64;
/// The most fragments that a document may spread: the engine's validation follows one spread after the other.
const SPREADS_MAX: usize = 500;

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    code: &'static str,
    text: Text,
}

fn bad(en: &'static str, zh: &'static str) -> Refusal {
    let (code, text) = ("BAD_REQUEST", text(en, zh));
    Refusal { code, text }
}

/// A GraphQL error before any field was run.
pub(super) fn error(code: &str, text: &Text) -> ServerError {
    let mut error = ServerError::new(text.said(), None);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    error.extensions = Some(extensions);
    error
}

fn nul() -> Refusal {
    Refusal {
        code: "BAD_USER_INPUT",
        text: text(
            "A text holds a NUL character (U+0000).",
            "文本含有空字符（U+0000）。",
        ),
    }
}

/// Refuses what must not reach the parser or the database.
pub(super) fn check(request: &Request) -> Result<(), Box<ServerError>> {
    check_document(&request.query).map_err(|refusal| Box::new(error(refusal.code, &refusal.text)))?;
    for (name, value) in request.variables.iter() {
        if let Some(path) = nul_in(value) {
            let path = path.iter().rev().map(String::as_str);
            let mut names: Vec<&str> = std::iter::once(name.as_str()).chain(path).collect();
            // A field is named by its path below `input`, as everywhere.
            if names.len() > 1 && names.first() == Some(&"input") {
                names.remove(0);
            }
            let refusal = nul();
            let mut error = error(refusal.code, &refusal.text);
            let extensions = error.extensions.get_or_insert_default();
            extensions.set("field", names.join(".").replace('\0', ""));
            return Err(Box::new(error));
        }
    }
    Ok(())
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

/// One pass over a document, reading strings and comments as the parser does.
///
/// A bracket in a string or a comment counts for nothing. A string without an end is refused: what comes after its
/// first quote could be read in two ways.
fn check_document(document: &str) -> Result<(), Refusal> {
    if document.len() > BYTES_MAX {
        return Err(bad(
            "The document is longer than 64 KiB.",
            "查询文档超过 64 KiB。",
        ));
    }
    if document.contains('\0') {
        return Err(nul());
    }
    let mut rest = document.as_bytes();
    let (mut open, mut spreads) = (0_usize, 0_usize);
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'{' | b'[' | b'(' => open += 1,
            b'}' | b']' | b')' => open = open.saturating_sub(1),
            b'#' => rest = after_comment(after),
            b'"' => rest = after_string(after)?,
            b'.' => spreads += usize::from(after.starts_with(b"..")),
            _ => {}
        }
        if open > NESTING_MAX {
            return Err(bad("The document is nested too deep.", "查询嵌套过深。"));
        }
        if spreads > SPREADS_MAX {
            return Err(bad(
                "The document spreads too many fragments.",
                "查询展开的片段过多。",
            ));
        }
    }
    Ok(())
}

fn after_comment(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    end.and_then(|end| rest.get(end..)).unwrap_or_default()
}

/// What comes after a string whose first quote was read.
fn after_string(mut rest: &[u8]) -> Result<&[u8], Refusal> {
    let endless = || bad("A string in the document has no end.", "查询中的字符串没有结束。");
    if let Some(mut rest) = rest.strip_prefix(br#""""#) {
        loop {
            rest = match rest {
                [b'\\', b'"', b'"', b'"', after @ ..] => after,
                [b'"', b'"', b'"', after @ ..] => return Ok(after),
                [_, after @ ..] => after,
                [] => return Err(endless()),
            };
        }
    }
    loop {
        rest = match rest {
            [b'\\', b'u', b'0', b'0', b'0', b'0', ..] => return Err(nul()),
            [b'\\', _, after @ ..] => after,
            [b'"', after @ ..] => return Ok(after),
            [] | [b'\n' | b'\r', ..] => return Err(endless()),
            [_, after @ ..] => after,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(document: &str) -> &'static str {
        check_document(document).map_or_else(|refusal| refusal.code, |()| "")
    }

    #[test]
    fn documents_that_the_parser_could_not_bear_are_refused() {
        let deep = "[".repeat(NESTING_MAX);
        for (document, refused) in [
            (String::new(), false),
            ("{ a(b: [[1]]) { c } }".to_owned(), false),
            (deep.clone(), false),
            (format!("{deep}["), true),
            ("{([".repeat(40), true),
            ("[#]\n".repeat(5_000), true),
            ("[#]\r".repeat(5_000), true),
            ("[\"]\"".repeat(5_000), true),
            ("[\"\\\"]\"".repeat(5_000), true),
            ("[\"\"\"]\"\"\"".repeat(5_000), true),
            ("[\"\"\"\\\"\"\"]\"\"\"".repeat(3_000), true),
            ("[\"\"]\"\"".repeat(5_000), false),
            (format!("}}}}{deep}["), true),
            (format!("{{ a(b: \"{}\") }}", deep.repeat(2)), false),
            (format!("{{ a(b: \"\"\"{}\"\"\") }}", deep.repeat(2)), false),
            (format!("{{ a }} # {}", deep.repeat(2)), false),
            (format!("{{ a(b: [\"\"\" \" {deep}{deep}"), true),
            ("{ a(b: \"no end) }".to_owned(), true),
            ("{ a(b: \"no\nend\") }".to_owned(), true),
            ("{ a(b: \"\"\"no end\"\") }".to_owned(), true),
            ("fragment a on Query { ...a }".repeat(SPREADS_MAX), false),
            ("fragment a on Query { ...a }".repeat(SPREADS_MAX + 1), true),
            (" ".repeat(BYTES_MAX), false),
            (" ".repeat(BYTES_MAX + 1), true),
        ] {
            let expected = if refused { "BAD_REQUEST" } else { "" };
            assert_eq!(code(&document), expected, "{document:.60}");
        }
    }

    #[test]
    fn nul_characters_are_refused_however_they_are_written() {
        for (document, expected) in [
            ("{ a(b: \"\0\") }", "BAD_USER_INPUT"),
            ("{ a } # \0", "BAD_USER_INPUT"),
            ("{ a(b: \"x\\u0000\") }", "BAD_USER_INPUT"),
            ("{ a(b: \"\\\\\\u0000\") }", "BAD_USER_INPUT"),
            ("{ a(b: \"\\\\u0000\") }", ""),
            ("{ a(b: \"\"\"\\u0000\"\"\") }", ""),
            ("{ a(b: \"\\u0001\") }", ""),
        ] {
            assert_eq!(code(document), expected, "{document}");
        }
    }

    #[test]
    fn the_variable_with_a_nul_character_is_named() {
        for (variables, field) in [
            (serde_json::json!({"input": {"notes": "a\0"}}), Some("notes")),
            (
                serde_json::json!({"input": {"findings": [{}, {"description": "\0"}]}}),
                Some("findings.1.description"),
            ),
            (serde_json::json!({"id": "\0", "code": "x"}), Some("id")),
            (serde_json::json!({"input": {"x\0": 1}}), Some("input")),
            (serde_json::json!({"input": {"notes": "\u{1}消防"}}), None),
        ] {
            let request = Request::new("{ a }").variables(async_graphql::Variables::from_json(variables));
            let error = check(&request).err();
            let named = error.map(|error| {
                error
                    .extensions
                    .and_then(|extensions| extensions.get("field").cloned())
            });
            assert_eq!(named, field.map(|field| Some(Value::from(field))));
        }
    }
}
