//! What a client says over graphql-transport-ws.

use super::params::Params;
use super::refusal::{Kind, Refusal};
use serde_json::{Map, Value};

/// A message from the client.
#[derive(Debug)]
pub(super) enum Message {
    /// `connection_init`, with who it is.
    Init(Map<String, Value>),
    /// `ping`, with what the `pong` repeats.
    Ping(Option<Map<String, Value>>),
    /// `pong`.
    Pong,
    /// `subscribe`: an operation under an id of the client's, or why it is none.
    Subscribe(String, Box<Result<Params, Refusal>>),
    /// `complete`: the client wants no more of an operation.
    Complete(String),
}

/// An object that may be left out; none if there is something else.
fn object(member: Option<Value>) -> Option<Option<Map<String, Value>>> {
    match member {
        None | Some(Value::Null) => Some(None),
        Some(Value::Object(members)) => Some(Some(members)),
        Some(_) => None,
    }
}

impl Message {
    /// Reads a message; none if it is no message of the protocol.
    pub(super) fn read(text: &str) -> Option<Message> {
        let Ok(Value::Object(mut members)) = serde_json::from_str(text) else {
            return None;
        };
        let payload = object(members.remove("payload"))?;
        let id = match members.remove("id") {
            Some(Value::String(id)) if !id.is_empty() => Some(id),
            _ => None,
        };
        match members.get("type")?.as_str()? {
            "connection_init" => Some(Message::Init(payload.unwrap_or_default())),
            "ping" => Some(Message::Ping(payload)),
            "pong" => Some(Message::Pong),
            "subscribe" => {
                let params = Params::read(Value::Object(payload?));
                let is_malformed = |refusal: &Refusal| refusal.kind == Kind::Malformed;
                let is_request = !params.as_ref().is_err_and(is_malformed);
                is_request.then_some(Message::Subscribe(id?, Box::new(params)))
            }
            "complete" => Some(Message::Complete(id?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_message_of_the_protocol_is_not_read() {
        for (text, is_read) in [
            (r#"{"type":"connection_init"}"#, true),
            (
                r#"{"type":"connection_init","payload":{"authorization":"Bearer x"},"more":1}"#,
                true,
            ),
            (r#"{"type":"connection_init","payload":null}"#, true),
            (r#"{"type":"connection_init","payload":"Bearer x"}"#, false),
            (r#"{"type":"ping"}"#, true),
            (r#"{"type":"ping","payload":{"n":1}}"#, true),
            (r#"{"type":"ping","payload":1}"#, false),
            (r#"{"type":"pong","payload":{}}"#, true),
            (r#"{"type":"pong","payload":[]}"#, false),
            (r#"{"type":"subscribe","id":"1"}"#, false),
            (
                r#"{"type":"subscribe","id":"","payload":{"query":"{ a }"}}"#,
                false,
            ),
            (
                r#"{"type":"subscribe","id":1,"payload":{"query":"{ a }"}}"#,
                false,
            ),
            (r#"{"type":"subscribe","payload":{"query":"{ a }"}}"#, false),
            (r#"{"type":"complete","id":"1"}"#, true),
            (r#"{"type":"complete"}"#, false),
            (r#"{"type":"next","id":"1","payload":{}}"#, false),
            (r#"{"type":"connection_ack"}"#, false),
            (r#"{"type":"start","id":"1"}"#, false),
            (r#"{"type":1}"#, false),
            (r#"{"id":"1"}"#, false),
            (r#"[{"type":"ping"}]"#, false),
            ("\"ping\"", false),
            ("ping", false),
            ("", false),
        ] {
            assert_eq!(Message::read(text).is_some(), is_read, "{text}");
        }
    }

    #[test]
    fn an_operation_of_the_wrong_form_is_no_message_and_one_with_a_wrong_value_is_refused() {
        for (payload, read) in [
            (json!({"query": "{ a }"}), Some(true)),
            (
                json!({"query": "{ a }", "operationName": null, "variables": null, "extensions": null}),
                Some(true),
            ),
            (
                json!({"query": "{ a }", "operationName": "a", "variables": {}, "extensions": {}, "more": 1}),
                Some(true),
            ),
            (json!({"documentId": "sha256:00"}), Some(true)),
            (json!({"query": "{ a }", "variables": {"a": "\0"}}), Some(false)),
            (json!({"query": "{ a }", "operationName": 1}), None),
            (json!({"query": "{ a }", "variables": []}), None),
            (json!({"query": "{ a }", "extensions": ""}), None),
            (json!({"query": 1}), None),
            (json!({"query": null}), None),
            (json!({}), None),
            (json!(null), None),
            (json!([]), None),
        ] {
            let text = json!({"type": "subscribe", "id": "1", "payload": payload}).to_string();
            let is_good = match Message::read(&text) {
                Some(Message::Subscribe(_, params)) => Some(params.is_ok()),
                _ => None,
            };
            assert_eq!(is_good, read, "{text}");
        }
    }
}
