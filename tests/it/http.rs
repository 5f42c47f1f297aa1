//! GraphQL over HTTP: what is no request, what is too much, and the pages beside it.

use crate::support::app::code;
use crate::support::register::{RECORD, YUESHAN, register, visit};
use crate::support::tree::*;
use axum::body::Body;
use axum::http::StatusCode;
use futures_util::stream;
use serde_json::{Value, json};
use std::io::Error;

const JSON: (&str, &str) = ("content-type", "application/json");

/// Documents on which a recursive parser without a guard runs out of stack.
pub fn overflowing() -> Vec<String> {
    let open = ["[", "{", "("].map(|open| format!("{{ nodes(ids: {}", open.repeat(2_000)));
    let hidden = ["[#]\n", "[\"]\"", "[\"\"\"]\"\"\"", "[\"\\\"]\""]
        .map(|piece| format!("{{ nodes(ids: {}", piece.repeat(5_000)));
    let long = format!("{{ __typename }} #{}", "x".repeat(64 << 10));
    open.into_iter().chain(hidden).chain([long]).collect()
}

both! {
    async fn a_body_that_is_no_request_is_refused_as_such(app: App) {
        let large = json!({"query": format!("{{ __typename }} #{}", "x".repeat(1 << 20))}).to_string();
        let query = json!({"query": "{ __typename }"}).to_string();
        for (content_type, body, status) in [
            ("text/plain", query.clone(), 415),
            ("", query.clone(), 415),
            ("application/json-patch+json", query.clone(), 415),
            ("application/json", large, 413),
            ("application/json", "{\"query\": ".to_owned(), 400),
            ("application/json", "".to_owned(), 400),
            ("application/json", "[]".to_owned(), 400),
            ("application/json", "{\"query\": 1}".to_owned(), 400),
        ] {
            let answer = app.send("POST", "/graphql", &[("content-type", content_type)], body.clone()).await;
            assert_eq!(answer.status, status, "{content_type} {:.80}", body);
            assert_eq!(code(&answer.json()), "BAD_REQUEST");
            assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
        }
        let headers = [("content-type", "Application/JSON; charset=utf-8")];
        let answer = app.send("POST", "/graphql", &headers, query).await;
        assert_eq!(answer.json()["data"], json!({"__typename": "Query"}));
    }

    async fn a_document_that_would_overflow_the_stack_is_refused_and_the_next_is_answered(app: App) {
        for document in overflowing() {
            let refused = app.send("POST", "/graphql", &[JSON], json!({"query": document}).to_string()).await;
            assert_eq!(code(&refused.json()), "BAD_REQUEST", "{document:.40}");
        }
        let variables = format!("{{\"query\": \"{{ __typename }}\", \"variables\": {}", "{\"a\":[".repeat(2_000));
        let refused = app.send("POST", "/graphql", &[JSON], variables).await;
        let next = app.send("POST", "/graphql", &[JSON], json!({"query": "{ __typename }"}).to_string()).await;

        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(next.json()["data"], json!({"__typename": "Query"}));
    }

    async fn a_document_as_deep_and_as_long_as_may_be_ends_no_process(app: App) {
        let deep = format!("{{ nodes(ids: {}{}", "[".repeat(58), "]".repeat(58));
        let chain = (0..250).map(|number| format!("fragment f{number} on Query {{ ...f{} }} ", number + 1));
        let chain = format!("{{ __typename }} {} fragment f250 on Query {{ __typename }}", chain.collect::<String>());
        for (document, expected) in [(deep, "GRAPHQL_PARSE_FAILED"), (chain, "BAD_REQUEST")] {
            let body = app.anonymous().gql(&document, json!({})).await;
            assert_eq!(code(&body), expected, "{body:.200}");
        }
    }

    async fn a_nul_character_is_refused_and_its_field_named(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let mut visit = visit(&enterprise, 1, "2026-06-01T09:00:00+08:00");
        visit["notes"] = json!("消防\u{0}通道");
        let login = "mutation($input: LoginInput!) { login(input: $input) { accessToken userErrors { code } } }";
        let inline = "mutation { login(input: {username: \"a\\u0000\", password: \"b\"}) { accessToken userErrors { code } } }";

        let notes = cadre.errors(RECORD, json!({"input": visit})).await;
        let username = app.anonymous().errors(login, json!({"input": {"username": "a\u{0}", "password": "b"}})).await;
        let inline = app.anonymous().errors(inline, json!({})).await;
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let machine = app.send("POST", "/oauth/token", &form, "grant_type=client_credentials&client_id=a%00&client_secret=b").await;

        for (error, field) in [(&notes[0], "notes".into()), (&username[0], "username".into()), (&inline[0], Value::Null)] {
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
            assert_eq!(error["extensions"]["field"], field);
        }
        assert_eq!(machine.status, StatusCode::UNAUTHORIZED);
        assert_eq!(machine.json(), json!({"error": "invalid_client"}));
    }

    async fn a_document_that_does_not_fit_the_schema_says_so_in_a_code(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for (document, expected) in [
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ viewer }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ viewer { name ", "GRAPHQL_PARSE_FAILED"),
            ("", "GRAPHQL_PARSE_FAILED"),
            ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"),
        ] {
            let body = cadre.gql(document, json!({})).await;
            assert_eq!(code(&body), expected, "{document}: {body}");
            assert!(body["data"].is_null(), "{document}: {body}");
        }
    }

    async fn a_value_that_does_not_fit_says_so_in_a_code(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let by_code = "query($code: DivisionCode, $level: FederationLevel) { federation(code: $code, level: $level) { name } }";
        for (document, variables) in [
            (node, json!({})),
            (node, json!({"id": null})),
            (node, json!({"id": ["x"]})),
            (by_code, json!({"code": 430_381_000_000_i64})),
            (by_code, json!({"code": XIANGXIANG, "level": "VILLAGE"})),
        ] {
            let body = cadre.gql(document, variables.clone()).await;
            let known = ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"];
            assert!(known.contains(&&*code(&body)), "{document} {variables}: {body}");
        }
    }

    async fn every_answer_names_its_request(app: App) {
        let first = app.anonymous().post("{ __typename }", json!({})).await;
        let second = app.anonymous().post("{ __typename }", json!({})).await;

        assert_ne!(first.headers["x-request-id"], second.headers["x-request-id"]);
    }

    async fn every_error_names_its_request_in_the_language_of_its_caller(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await.in_chinese();
        let breaks = || Body::from_stream(stream::iter([Ok("{"), Err(Error::other("gone"))]));
        let query = |text: &str| Body::from(json!({"query": text}).to_string());
        let upload = "/uploads/0199a1b2-0000-7000-8000-000000000001";
        let form = [("content-type", "multipart/form-data; boundary=x")];
        for (method, path, headers, body, status) in [
            ("POST", "/graphql", &[][..], "".into(), 415),
            ("POST", "/graphql", &[JSON][..], breaks(), 400),
            ("POST", "/graphql", &[JSON][..], query("{"), 200),
            ("POST", "/graphql", &[JSON][..], query("{ nothing }"), 200),
            ("POST", "/graphql", &[JSON][..], query("{ node(id: 1.5) { id } }"), 200),
            ("POST", "/graphql", &form[..], "".into(), 400),
            ("PUT", "/graphql", &[][..], "".into(), 405),
            ("GET", "/graphql/stream?token=x", &[][..], "".into(), 404),
            ("PUT", upload, &[][..], "".into(), 400),
            ("PUT", upload, &[][..], "\0".into(), 415),
            ("PUT", "/uploads/1", &[][..], "x".into(), 400),
            ("GET", "/files/1", &[][..], "".into(), 404),
        ] {
            let answer = cadre.send(method, path, headers, body).await;
            let body = answer.json();
            assert_eq!(answer.status, status, "{method} {path}: {body}");
            let error = &body["errors"][0];
            assert_eq!(error["extensions"]["requestId"], answer.headers["x-request-id"].to_str().unwrap(), "{method} {path}: {body}");
            let message = error["message"].as_str().unwrap();
            assert!(message.chars().any(|letter| ('一'..='龥').contains(&letter)), "{message}");
        }
    }

    async fn the_pages_and_probes_answer_without_a_token(app: App) {
        let get = async |path: &str| app.send("GET", path, &[], "").await;

        let (alive, ready, front, graphiql) = (get("/healthz").await, get("/readyz").await, get("/").await, get("/graphiql").await);
        let (schema, missing) = (get("/schema.graphql").await, get("/nothing").await);

        assert_eq!((alive.status, alive.text().as_str()), (StatusCode::OK, "ok\n"));
        assert_eq!((ready.status, ready.text().as_str()), (StatusCode::OK, "ready\n"));
        for page in [front, graphiql] {
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
            assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
            assert!(page.text().contains("工会"));
        }
        assert_eq!(schema.text(), api::schema::sdl());
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
    }

    async fn a_database_that_does_not_answer_makes_the_service_unready_but_not_dead(app: App) {
        app.process.db.clone().close().await.map_err(|error| error.report()).unwrap();

        let alive = app.send("GET", "/healthz", &[], "").await;
        let ready = app.send("GET", "/readyz", &[], "").await;

        assert_eq!(alive.status, StatusCode::OK);
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
