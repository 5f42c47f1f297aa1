//! A table of who was answered what.

use super::Caller;
use serde_json::{Value, json};
use std::fmt::Write;

/// An operation: its name in the table, its document, its variables.
pub type Operation = (&'static str, String, Value);

/// What an answer means in the table.
fn verdict(body: &Value) -> String {
    if let Some(code) = body["errors"][0]["extensions"]["code"].as_str() {
        return code.to_owned();
    }
    let Some((_, mut value)) = body["data"].as_object().and_then(|data| data.iter().next()) else {
        return "NO DATA".to_owned();
    };
    let reasons = value["results"][0]["reasons"].as_array();
    if reasons.is_some_and(|reasons| reasons.iter().any(|reason| reason["code"] == "OUT_OF_DISTRICT")) {
        return "OUT_OF_DISTRICT".to_owned();
    }
    if let Some(errors) = value["userErrors"].as_array() {
        return match errors.first().and_then(|error| error["code"].as_str()) {
            None | Some("INVALID" | "CONFLICT") => "yes".to_owned(),
            // Permission was not the hindrance: the file is somebody else's.
            Some("NOT_FOUND") if errors[0]["field"] == json!(["uploadId"]) => "yes".to_owned(),
            Some(code) => code.to_owned(),
        };
    }
    if let Some(first) = value.get(0) {
        value = first;
    }
    let is_empty = value
        .as_object()
        .is_some_and(|fields| fields.values().any(|field| field["nodes"] == json!([])));
    match () {
        () if value.is_null() => "-".to_owned(),
        () if is_empty => "none".to_owned(),
        () => "yes".to_owned(),
    }
}

/// What a caller is answered to each operation.
pub async fn column(caller: &Caller, operations: &[Operation]) -> Vec<String> {
    let mut column = Vec::new();
    for (_, document, variables) in operations {
        let answer = if document.starts_with("subscription") {
            caller.subscribe(document, variables.clone()).await.answer().await
        } else {
            caller.gql(document, variables.clone()).await
        };
        column.push(verdict(&answer));
    }
    column
}

/// The table, as a client reads it.
pub fn table(operations: &[Operation], columns: &[(String, Vec<String>)]) -> String {
    let mut text = String::from(
        "Every operation aims at a township (月山镇) of 湘乡市, 湘潭市, 湖南省.\n\
        yes: allowed · none: an empty list · -: does not exist for the caller · else the code of the refusal\n",
    );
    for (name, column) in columns {
        let _ = writeln!(text, "\n{name}");
        for ((operation, _, _), verdict) in operations.iter().zip(column) {
            let _ = writeln!(text, "  {operation:32}{verdict}");
        }
    }
    text
}
