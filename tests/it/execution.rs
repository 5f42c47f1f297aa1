//! Execution as the GraphQL specification says it, with slow, failing, late and panicking fields; and what happens to a
//! caller when a field goes wrong.

use crate::support::App;
use crate::support::lab::TOUCHED;
use api::config::Transport;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The whole answer as text, so that the order of its keys shows; errors without what is new in each request.
async fn answer(app: &App, document: &str) -> (String, Vec<Value>) {
    let answer = app.anonymous().post(document, json!({})).await;
    let text = answer.text();
    let mut errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
    for error in &mut errors {
        assert!(error["extensions"]["requestId"].is_string(), "{error}");
        let extensions = error["extensions"].as_object_mut().unwrap();
        extensions.remove("requestId");
        error.as_object_mut().unwrap().remove("locations");
    }
    let data = text.split_once("\"data\":").map_or("", |(_, rest)| rest);
    let end = data.find(",\"extensions\"").unwrap_or(data.len());
    (data[..end].to_owned(), errors)
}

fn paths(errors: &[Value]) -> Vec<String> {
    errors.iter().map(|error| error["path"].to_string()).collect()
}

both! {
    async fn keys_come_in_the_order_of_the_selection(app: App) {
        let lab = app.lab();
        for (document, data) in [
            ("{ slow mid fast }", r#"{"slow":3,"mid":2,"fast":1}"#),
            ("{ fast slow: slow a: mid }", r#"{"fast":1,"slow":3,"a":2}"#),
            ("{ ...F fast } fragment F on Query { slow ... { mid } }", r#"{"slow":3,"mid":2,"fast":1}"#),
            ("{ items { slow number } }", r#"{"items":[{"slow":0,"number":0},{"slow":1,"number":1},{"slow":2,"number":2}]}"#),
            ("{ item { inner { slow } inner { number } } }", r#"{"item":{"inner":{"slow":0,"number":0}}}"#),
            ("{ slow @skip(if: true) mid @include(if: true) fast }", r#"{"mid":2,"fast":1}"#),
        ] {
            assert_eq!(answer(&lab, document).await.0, data, "{document}");
        }
    }

    async fn a_failed_field_is_null_and_a_failed_firm_field_nulls_its_nearest_nullable_parent(app: App) {
        let lab = app.lab();
        for (document, data, failed) in [
            ("{ fast fails slow }", r#"{"fast":1,"fails":null,"slow":3}"#, vec![r#"["fails"]"#]),
            ("{ itemOrNull(number: 1) { number firm } fast }", r#"{"itemOrNull":null,"fast":1}"#, vec![r#"["itemOrNull","firm"]"#]),
            ("{ item(number: 1) { innerOrNull { inner { firm } } number } }", r#"{"item":{"innerOrNull":null,"number":1}}"#, vec![r#"["item","innerOrNull","inner","firm"]"#]),
            ("{ items { number shaky } }", r#"{"items":[{"number":0,"shaky":0},{"number":1,"shaky":null},{"number":2,"shaky":2}]}"#, vec![r#"["items",1,"shaky"]"#]),
            ("{ maybeItems { a: firm } }", r#"{"maybeItems":[{"a":0},null,{"a":2}]}"#, vec![r#"["maybeItems",1,"a"]"#]),
            ("{ fast items { firm } }", "null", vec![r#"["items",1,"firm"]"#]),
            ("{ fast page(first: 2) { edges { node { ...F } } } } fragment F on Item { inner { ... { b: firm } } }", "null", vec![r#"["page","edges",1,"node","inner","b"]"#]),
            ("{ items { siblings(ids: [1]) { firm } } }", "null", vec![r#"["items",0]"#]),
            ("{ failsHard }", "null", vec![r#"["failsHard"]"#]),
            ("{ item(number: 1) { slow innerOrNull { firm } } }", r#"{"item":{"slow":1,"innerOrNull":null}}"#, vec![r#"["item","innerOrNull","firm"]"#]),
        ] {
            let (found, errors) = answer(&lab, document).await;
            assert_eq!(found, data, "{document}");
            assert_eq!(paths(&errors), failed, "{document}");
            assert_eq!(errors[0]["extensions"], json!({"code": "INVALID", "field": "number"}));
        }
    }

    async fn a_number_out_of_range_is_refused_before_or_where_it_stands(app: App) {
        let lab = app.lab();
        for (document, variables) in [
            ("{ echo(number: 2147483648) }", json!({})),
            ("{ echo(number: -2147483649) }", json!({})),
            ("{ echo(number: 1.5) }", json!({})),
            ("{ echo(number: \"1\") }", json!({})),
            ("query($n: Int!) { echo(number: $n) }", json!({"n": 2_147_483_648_i64})),
            ("query($n: Int!) { echo(number: $n) }", json!({"n": "1"})),
            ("query($n: Int!) { echo(number: $n) }", json!({})),
            ("query($n: Int!) { echo(number: $n) }", json!({"n": null})),
        ] {
            let body = lab.anonymous().post(document, variables.clone()).await.json();
            let code = &body["errors"][0]["extensions"]["code"];
            assert!(["GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"].contains(&code.as_str().unwrap()), "{document} {variables}: {body}");
            assert!(body["data"].is_null(), "{document} {variables}: {body}");
        }
        assert_eq!(answer(&lab, "{ echo(number: 2147483647) }").await.0, r#"{"echo":2147483647}"#);
    }

    async fn what_is_inside_an_error_stays_there(app: App) {
        let lab = app.lab();
        let (leaked, errors) = answer(&lab, "{ fast leaks }").await;

        assert_eq!(leaked, r#"{"fast":1,"leaks":null}"#);
        assert_eq!(errors, [json!({"message": "An internal error; it was logged.", "path": ["leaks"], "extensions": {"code": "INTERNAL"}})]);
    }

    async fn a_panic_is_a_masked_error_and_the_next_request_is_answered(app: App) {
        let lab = app.lab();
        let whole = lab.anonymous().post("{ fast panics }", json!({})).await;
        let loader = answer(&lab, "{ fast panicsInLoader slow }").await;

        assert_eq!(whole.status, 500);
        assert_eq!(whole.json()["errors"][0]["extensions"]["code"], "INTERNAL");
        assert!(whole.json().get("data").is_none());
        assert!(!whole.text().contains("secret"), "{}", whole.text());
        assert_eq!(whole.json()["errors"][0]["extensions"]["requestId"], whole.headers["x-request-id"].to_str().unwrap());
        assert_eq!(loader.0, r#"{"fast":1,"panicsInLoader":null,"slow":3}"#);
        assert_eq!(loader.1[0]["extensions"], json!({"code": "INTERNAL"}));
        assert_eq!(answer(&lab, "{ fast }").await.0, r#"{"fast":1}"#);
    }

    async fn a_panic_in_an_operation_of_a_socket_ends_that_one_only(app: App) {
        let lab = app.lab();
        let mut socket = lab.anonymous().subscribe("subscription { panicsAfter(good: 2) }", json!({})).await;
        let good = [socket.data().await, socket.data().await];
        let panicked = socket.message().await;
        socket.subscribe("2", "{ fast panics }", json!({})).await;
        let query = socket.refused().await;
        socket.subscribe("3", "subscription { count(to: 2) }", json!({})).await;

        assert_eq!(good, [json!({"panicsAfter": 0}), json!({"panicsAfter": 1})]);
        assert_eq!(panicked["type"], "error", "{panicked}");
        assert_eq!(panicked["payload"][0]["extensions"]["code"], "INTERNAL", "{panicked}");
        assert!(!panicked.to_string().contains("secret"), "{panicked}");
        assert_eq!(query, ["INTERNAL"]);
        assert_eq!(socket.data().await, json!({"count": 0}));
    }

    async fn an_operation_that_takes_too_long_names_the_field_and_gives_what_is_there(app: App) {
        let lab = app.lab_reached(Transport { deadline: Duration::from_millis(300), ..Transport::default() });
        let (data, errors) = answer(&lab, "{ fast endless slow }").await;
        let hard = lab.anonymous().post("{ fast endlessWithoutLoader }", json!({})).await;

        assert_eq!(data, r#"{"fast":1,"endless":null,"slow":3}"#);
        assert_eq!(errors, [json!({"message": "This took too long.", "path": ["endless"], "extensions": {"code": "TIMEOUT"}})]);
        assert_eq!(hard.status, 503);
        assert_eq!(hard.json()["errors"][0]["extensions"]["code"], "TIMEOUT");
        assert!(hard.json().get("data").is_none());
    }

    async fn a_page_that_takes_too_long_says_which_size_to_try(app: App) {
        let lab = app.lab_reached(Transport { deadline: Duration::from_millis(300), ..Transport::default() });
        let (_, errors) = answer(&lab, "{ all: endlessPage endlessPage(first: 60) }").await;

        assert_eq!(paths(&errors), [r#"["all"]"#, r#"["endlessPage"]"#]);
        assert_eq!(errors[0]["extensions"], json!({"code": "TIMEOUT", "first": 10}));
        assert_eq!(errors[1]["message"], "This took too long: ask for `first: 30`.");
    }

    async fn messages_of_errors_are_in_the_language_of_the_caller(app: App) {
        let lab = app.lab();
        let body = lab.anonymous().in_chinese().post("{ fails leaks }", json!({})).await.json();

        assert_eq!(body["errors"][0]["message"], "失败。");
        assert_eq!(body["errors"][1]["message"], "内部错误，已记录。");
    }

    async fn the_same_document_runs_as_often_as_it_is_sent(app: App) {
        let lab = app.lab();
        let before = TOUCHED.load(Ordering::SeqCst);
        for _ in 0..3 {
            lab.anonymous().data("mutation { touch }", json!({})).await;
        }
        assert!(TOUCHED.load(Ordering::SeqCst) >= before + 3);
    }
}
