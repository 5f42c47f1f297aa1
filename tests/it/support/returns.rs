//! Returns and snapshots, entered as a cadre enters them.

use super::Caller;
use serde_json::{Value, json};

/// What is asked of a return.
pub const SHOWN: &str = "fragment R on StatisticalReturn { id title state version reason submittedBy acceptedBy federation { code } \
    lines { metric { code } dimension value qualifier note state reason enteredBy earlier { value qualifier state reason } } \
    warnings { code metric { code } dimension message } }";

/// The document of a mutation of returns.
pub fn mutation(name: &str) -> String {
    let input = match name {
        "draftReturn" => "DraftReturn",
        "reviseReturn" => "ReviseReturn",
        "correctReturn" => "CorrectReturn",
        "sendBackReturn" | "unlockReturn" => "ReturnGivenBack",
        _ => "ReturnSeen",
    };
    if name == "discardReturn" {
        return format!(
            "mutation($input: {input}!) {{ {name}(input: $input) {{ discardedId userErrors {{ code field message }} }} }}"
        );
    }
    format!(
        "mutation($input: {input}!) {{ {name}(input: $input) {{ statisticalReturn {{ ...R }} userErrors {{ code field message }} }} }} {SHOWN}"
    )
}

/// A line: metric, part or nothing, value, qualifier.
pub type Line<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Lines as an input has them; an empty value takes back what was reported.
pub fn lines(lines: &[Line<'_>]) -> Value {
    let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let line = |(metric, dimension, value, qualifier): &Line<'_>| json!({"metric": metric, "dimension": said(dimension), "value": said(value), "qualifier": qualifier});
    lines.iter().map(line).collect()
}

/// What `draftReturn` takes, for the federation of a code and a period.
pub fn half_year(caller: &Caller, (code, from, to): (&str, &str, &str), said: &[Line<'_>]) -> Value {
    json!({"federationId": caller.app.gid(code), "from": from, "to": to, "title": "半年统计报表", "lines": lines(said)})
}

/// Begins a return; its global id.
pub async fn draft(caller: &Caller, of: (&str, &str, &str), said: &[Line<'_>]) -> String {
    let done = caller
        .done(&mutation("draftReturn"), half_year(caller, of, said))
        .await;
    done["statisticalReturn"]["id"].as_str().unwrap().to_owned()
}

/// Takes a step with a return of a version; the return.
pub async fn step(caller: &Caller, name: &str, (id, version): (&str, i64), more: Value) -> Value {
    let mut input = json!({"id": id, "expectedVersion": version});
    for (field, value) in more.as_object().into_iter().flatten() {
        input[field] = value.clone();
    }
    caller.done(&mutation(name), input).await["statisticalReturn"].take()
}

/// Reports, and has it accepted; the global id of the return, which is of version 3.
pub async fn report(caller: &Caller, superior: &Caller, of: (&str, &str, &str), said: &[Line<'_>]) -> String {
    let id = draft(caller, of, said).await;
    step(caller, "submitReturn", (&id, 1), json!({})).await;
    let accepted = step(superior, "acceptReturn", (&id, 2), json!({})).await;
    assert_eq!(accepted["state"], json!("ACCEPTED"));
    id
}

/// The trail of a return as somebody reads it at a place, oldest first: kinds, each with the lines that it tells.
pub async fn trail(reader: &Caller, code: &str, id: &str) -> Vec<(String, Value)> {
    let query = "query($code: DivisionCode, $id: ID) { federation(code: $code) { auditTrail(filter: {subjectId: $id}) { nodes { \
        kind details { name after } } } } }";
    let data = reader.data(query, json!({"code": code, "id": id})).await;
    let nodes = data["federation"]["auditTrail"]["nodes"]
        .as_array()
        .unwrap()
        .iter();
    let entry = |node: &Value| {
        let mut details = node["details"].as_array().unwrap().iter();
        let lines = details.find(|detail| detail["name"] == "lines");
        let lines = lines.map(|detail| serde_json::from_str(detail["after"].as_str().unwrap()).unwrap());
        (
            node["kind"].as_str().unwrap().to_owned(),
            lines.unwrap_or_default(),
        )
    };
    nodes.rev().map(entry).collect()
}

pub const FREEZE: &str = "mutation($input: FreezeFigures!) { freezeFigures(input: $input) { figureSnapshot { id title from to frozenBy } \
    userErrors { code field message } } }";

/// Keeps figures of the federation of a code as they stand; the global id.
pub async fn freeze(caller: &Caller, code: &str, metrics: &[&str]) -> String {
    let input = json!({"federationId": caller.app.gid(code), "title": "半年数字", "metrics": metrics, "hasChildren": true});
    let done = caller.done(FREEZE, input).await;
    done["figureSnapshot"]["id"].as_str().unwrap().to_owned()
}

/// Figures of the federation of a code by metric, with how exact they are: the whole, or the parts of an axis.
pub async fn exact_figures(
    caller: &Caller,
    (code, metrics, axis): (&str, &[&str], Option<&str>),
    (from, to): (&str, &str),
) -> Vec<(String, String, String, String)> {
    let query = "query($code: DivisionCode!, $metrics: [MetricCode!]!, $from: Date, $to: Date, $by: DimensionCode) { federation(code: $code) { \
        figures(metrics: $metrics, from: $from, to: $to, by: $by) { metric { code } dimension value qualifier } } }";
    let variables = json!({"code": code, "metrics": metrics, "from": from, "to": to, "by": axis});
    let data = caller.data(query, variables).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let figures = data["federation"]["figures"].as_array().unwrap().iter();
    let figure = |figure: &Value| {
        (
            text(&figure["metric"]["code"]),
            text(&figure["dimension"]),
            text(&figure["value"]),
            text(&figure["qualifier"]),
        )
    };
    figures.map(figure).collect()
}
