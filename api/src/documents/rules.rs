//! Ids of documents, and the lists that build tools write: Relay, graphql-codegen's client preset, Apollo.

use crate::kernel::error::{Text, text};
use crate::kernel::keys::sha256;
use serde_json::Value;

/// What stands before an id that is the SHA-256 of its text.
const SHA256: &str = "sha256:";
/// The longest id and the longest client name.
const NAME_MAX: usize = 200;

/// A document of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id, as it is kept.
    pub id: String,
    /// Its text.
    pub text: String,
}

/// An id as it is kept: clients write the same SHA-256 with and without its prefix.
pub fn id(written: &str) -> &str {
    written.strip_prefix(SHA256).unwrap_or(written)
}

/// Whether a client may be called so: letters, digits, `.`, `_` and `-`.
pub fn is_client(name: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(is_fine)
}

/// The documents of a list, whichever of the three forms it has.
///
/// # Errors
/// If it has none of them, or an id is not what it says.
pub fn read(list: &str) -> Result<Vec<Listed>, Text> {
    let unknown = || {
        text(
            "This is no list of documents of Relay, graphql-codegen or Apollo.",
            "文件不是 Relay、graphql-codegen 或 Apollo 的查询清单。",
        )
    };
    let list: Value = serde_json::from_str(list).map_err(|_| unknown())?;
    let string = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(unknown);
    let pairs: Vec<(String, String)> = match (list.get("operations"), list.as_object()) {
        (Some(Value::Array(operations)), _) => operations
            .iter()
            .map(|operation| {
                let member = |name| operation.get(name).ok_or_else(unknown).and_then(string);
                Ok((member("id")?, member("body")?))
            })
            .collect::<Result<_, Text>>()?,
        (_, Some(pairs)) => pairs
            .iter()
            .map(|(id, text)| Ok((id.clone(), string(text)?)))
            .collect::<Result<_, Text>>()?,
        _ => return Err(unknown()),
    };
    pairs.into_iter().map(listed).collect()
}

fn listed((written, body): (String, String)) -> Result<Listed, Text> {
    let id = id(&written);
    if id.is_empty() || id.len() > NAME_MAX {
        return Err(text(
            "An id has from 1 to 200 characters.",
            "标识长度须为 1 至 200 个字符。",
        ));
    }
    if written.starts_with(SHA256) && sha256(body.as_bytes()) != id {
        let en = format!("{written} is not the SHA-256 of its text.");
        return Err(text(en, format!("{written} 与文本的 SHA-256 不符。")));
    }
    Ok(Listed {
        id: id.to_owned(),
        text: body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPENAME: &str = "bfbd1e5b8c8f4e0d";

    #[test]
    fn the_lists_of_three_build_tools_are_read() {
        let sha256 = sha256(b"{ a }");
        for (list, expected) in [
            (format!(r#"{{"{sha256}": "{{ a }}"}}"#), Some(sha256.as_str())),
            (
                format!(r#"{{"sha256:{sha256}": "{{ a }}"}}"#),
                Some(sha256.as_str()),
            ),
            (format!(r#"{{"sha256:{TYPENAME}": "{{ a }}"}}"#), None),
            (format!(r#"{{"{TYPENAME}": "{{ a }}"}}"#), Some(TYPENAME)),
            (
                format!(
                    r#"{{"format": "apollo-persisted-query-manifest", "version": 1,
                    "operations": [{{"id": "{TYPENAME}", "body": "{{ a }}", "name": "A", "type": "query"}}]}}"#
                ),
                Some(TYPENAME),
            ),
            (r#"{"": "{ a }"}"#.to_owned(), None),
            (r#"{"x": 1}"#.to_owned(), None),
            (r#"{"operations": [{"id": "x"}]}"#.to_owned(), None),
            ("[]".to_owned(), None),
            ("query".to_owned(), None),
        ] {
            let read = read(&list)
                .ok()
                .map(|documents| documents.into_iter().next().unwrap().id);
            assert_eq!(read.as_deref(), expected, "{list}");
        }
    }

    #[test]
    fn clients_have_plain_names() {
        for (name, expected) in [("phone-2.3", true), ("", false), ("a b", false), ("工会", false)] {
            assert_eq!(is_client(name), expected, "{name}");
        }
    }
}
