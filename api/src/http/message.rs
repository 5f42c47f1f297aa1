//! What a client says over graphql-transport-ws.

use async_graphql::Request;
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
    /// `subscribe`: an operation under an id of the client's.
    Subscribe(String, Box<Request>),
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

/// A GraphQL request; none if it is of the wrong form.
pub(super) fn request(mut members: Map<String, Value>) -> Option<Request> {
    members.retain(|_, member| !member.is_null());
    members.get("query")?.as_str()?;
    serde_json::from_value(Value::Object(members)).ok()
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
            "subscribe" => Some(Message::Subscribe(id?, Box::new(request(payload?)?))),
            "complete" => Some(Message::Complete(id?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}"#,
                true,
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","operationName":null,"variables":null,"extensions":null}}"#,
                true,
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","operationName":"a","variables":{},"extensions":{},"more":1}}"#,
                true,
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","operationName":1}}"#,
                false,
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":[]}}"#,
                false,
            ),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{ a }","extensions":""}}"#,
                false,
            ),
            (r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#, false),
            (r#"{"type":"subscribe","id":"1","payload":{"query":null}}"#, false),
            (r#"{"type":"subscribe","id":"1","payload":{}}"#, false),
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
}
