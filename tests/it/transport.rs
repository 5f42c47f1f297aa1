//! GraphQL over HTTP: the audits of npm `graphql-http` by their ids, and what is beside them: forms of answers, status
//! codes of the draft, GET, other origins, and who may look at the schema.

use crate::support::app::{Answer, SECRET};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::config::{Profile, StatusCodes, Transport};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::ready;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;

const JSON: (&str, &str) = ("content-type", "application/json");
const OLD: (&str, &str) = ("accept", "application/json");
const NEW: (&str, &str) = ("accept", "application/graphql-response+json");
const TYPENAME: &str = "{ __typename }";
const TYPE: &str = "query Type($name: String!) { __type(name: $name) { name } }";
const COERCED: &str = "query Coerced($id: ID!) { node(id: $id) { id } }";

async fn post(app: &App, headers: &[(&str, &str)], body: Value) -> Answer {
    app.send("POST", "/graphql", headers, body.to_string()).await
}

/// A query string of these pairs.
fn uri(pairs: &[(&str, &str)]) -> String {
    let encoded = |text: &str| {
        let bytes = text.bytes().map(|byte| format!("%{byte:02X}"));
        bytes.collect::<String>()
    };
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    format!("/graphql?{}", pairs.join("&"))
}

fn reached(app: &App, change: impl FnOnce(&mut Transport)) -> App {
    let mut transport = Transport::default();
    change(&mut transport);
    app.reached(transport)
}

/// A name that is no type.
const RUNNER: &str = "Run🏃Swim🏊";

/// Somebody's caller at another app.
fn at(caller: &Caller, app: &App) -> Caller {
    caller.at(app)
}

both! {
    async fn requests_that_must_be_served_are(app: App) {
        let typename = || json!({"query": TYPENAME});
        let null = |member: &str| json!({"query": TYPENAME, member: null});
        let named = json!({"operationName": "Query", "query": "query Query { __typename }"});
        let map = json!({"query": TYPE, "variables": {"name": "sometype"}});
        let extended = json!({"query": TYPENAME, "extensions": {"some": "value"}});
        let utf8 = ("content-type", "application/json; charset=utf-8");
        for (id, headers, body, kind) in [
            ("22EB", vec![JSON, NEW], typename(), "application/graphql-response+json; charset=utf-8"),
            ("4655", vec![JSON, OLD], typename(), "application/json; charset=utf-8"),
            ("47DE", vec![JSON, ("accept", "*/*")], typename(), "application/json; charset=utf-8"),
            ("80D8", vec![JSON], typename(), "application/json; charset=utf-8"),
            ("82A3 78D5 2C94 03D4", vec![JSON], typename(), "application/json; charset=utf-8"),
            ("BF61", vec![utf8], json!({"query": format!("{{ __type(name: \"{RUNNER}\") {{ name }} }}")}), "application/json; charset=utf-8"),
            ("34A2", vec![JSON, NEW], typename(), "application/graphql-response+json; charset=utf-8"),
            ("13EE", vec![JSON, OLD], typename(), "application/json; charset=utf-8"),
            ("8161", vec![JSON, NEW], named.clone(), "application/graphql-response+json; charset=utf-8"),
            ("B8B3", vec![JSON, OLD], named, "application/json; charset=utf-8"),
            ("94B0", vec![JSON, NEW], null("variables"), "application/graphql-response+json; charset=utf-8"),
            ("94B1", vec![JSON, NEW], null("operationName"), "application/graphql-response+json; charset=utf-8"),
            ("94B2", vec![JSON, NEW], null("extensions"), "application/graphql-response+json; charset=utf-8"),
            ("0220", vec![JSON, OLD], null("variables"), "application/json; charset=utf-8"),
            ("0221", vec![JSON, OLD], null("operationName"), "application/json; charset=utf-8"),
            ("0222", vec![JSON, OLD], null("extensions"), "application/json; charset=utf-8"),
            ("2EA1", vec![JSON, NEW], map.clone(), "application/graphql-response+json; charset=utf-8"),
            ("28B9", vec![JSON, OLD], map, "application/json; charset=utf-8"),
            ("428F", vec![JSON, NEW], extended.clone(), "application/graphql-response+json; charset=utf-8"),
            ("1B7A", vec![JSON, OLD], extended, "application/json; charset=utf-8"),
        ] {
            let answer = post(&app, &headers, body).await;
            assert_eq!(answer.status, 200, "{id}: {}", answer.text());
            assert_eq!(answer.headers["content-type"], kind, "{id}");
            assert!(answer.json().get("errors").is_none(), "{id}: {}", answer.text());
        }
    }

    async fn queries_come_by_get_and_mutations_do_not(app: App) {
        let name = json!({"name": "sometype"}).to_string();
        for (id, pairs, headers, status) in [
            ("5A70", vec![("query", TYPENAME)], vec![], 200),
            ("D6D5", vec![("query", TYPE), ("variables", &name)], vec![NEW], 200),
            ("6A70", vec![("query", TYPE), ("variables", &name)], vec![OLD], 200),
            ("9C48", vec![("query", "mutation { __typename }")], vec![NEW], 405),
            ("empty values are none", vec![("query", TYPENAME), ("operationName", ""), ("variables", "")], vec![], 200),
            ("operationName counts", vec![("query", "query A { __typename } mutation B { __typename }"), ("operationName", "A")], vec![], 200),
            ("operationName counts", vec![("query", "query A { __typename } mutation B { __typename }"), ("operationName", "B")], vec![], 405),
            ("no query", vec![("query", "")], vec![NEW], 400),
            ("variables are no JSON", vec![("query", TYPENAME), ("variables", "{")], vec![NEW], 400),
            ("a subscription", vec![("query", "subscription { visitRecorded(federationId: \"x\") { cursor } }")], vec![], 406),
        ] {
            let answer = app.send("GET", &uri(&pairs), &headers, "").await;
            assert_eq!(answer.status, status, "{id}: {}", answer.text());
            assert_eq!(answer.json().get("data").is_some(), status == 200, "{id}");
            if status == 405 {
                assert_eq!(answer.headers["allow"], "GET, POST", "{id}");
            }
        }
    }

    async fn members_of_another_type_are_bad_requests(app: App) {
        for (ids, member, bad) in [
            ("LKJ0–3", "query", [json!({"obj": "ect"}), json!(0), json!(false), json!(["array"])]),
            ("6C00–3", "operationName", [json!({"obj": "ect"}), json!(0), json!(false), json!(["array"])]),
            ("4760–3", "variables", [json!("string"), json!(0), json!(false), json!(["array"])]),
            ("58B0–3", "extensions", [json!("string"), json!(0), json!(false), json!(["array"])]),
        ] {
            for bad in bad {
                let mut body = json!({"query": TYPENAME});
                body[member] = bad;
                let answer = post(&app, &[JSON], body.clone()).await;
                assert_eq!(answer.status, 400, "{ids} {body}");
                assert_eq!(answer.code(), "BAD_REQUEST", "{ids}");
            }
        }
        for (id, body) in [("A5BF", ""), ("BCF8 B7N8 B6DC", "{ \"not a JSON"), ("423L", "{\"notquery\": \"{ __typename }\"}"), ("a batch", "[{\"query\": \"{ __typename }\"}]")] {
            for accept in [OLD, NEW] {
                let answer = app.send("POST", "/graphql", &[JSON, accept], body).await;
                assert_eq!(answer.status, 400, "{id}");
                assert!(answer.json().get("data").is_none(), "{id}");
            }
        }
        let untyped = app.send("POST", "/graphql", &[], json!({"query": TYPENAME}).to_string()).await;
        assert_eq!(untyped.status, 415, "9ABE");
    }

    async fn a_refused_document_has_no_data_and_a_status_that_its_client_expects(app: App) {
        let draft = reached(&app, |transport| transport.http_status = StatusCodes::Draft2026);
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let partial = "query($code: DivisionCode!) { federation(code: $code) { name collections(first: 1) { nodes { id } } } viewer { name } }";
        for (ids, query, variables, statuses, wanted) in [
            ("572B 865D 556A D586", "{", json!({}), [200, 400, 400, 400], "GRAPHQL_PARSE_FAILED"),
            ("FDE2 51FE 74FF 5E5B", "{ 8f31403dfe404bccbb0e835f2629c6a7 }", json!({}), [200, 400, 400, 400], "GRAPHQL_PARSE_FAILED"),
            ("FDE2 51FE 74FF 5E5B", "{ nothing }", json!({}), [200, 400, 422, 422], "GRAPHQL_VALIDATION_FAILED"),
            ("7B9B 86EE", COERCED, json!({"id": null}), [200, 400, 422, 422], "GRAPHQL_VALIDATION_FAILED"),
            ("8764 3E3A", "query A { __typename } query B { __typename }", json!({}), [200, 400, 422, 422], "OPERATION_RESOLUTION_FAILURE"),
        ] {
            let body = json!({"query": query, "variables": variables});
            let answers = [
                post(&app, &[JSON, OLD], body.clone()).await,
                post(&app, &[JSON, NEW], body.clone()).await,
                post(&draft, &[JSON, OLD], body.clone()).await,
                post(&draft, &[JSON, NEW], body).await,
            ];
            for (answer, status) in answers.iter().zip(statuses) {
                assert_eq!(answer.status, status, "{ids} {query}: {}", answer.text());
                assert_eq!(answer.code(), wanted, "{ids} {query}: {}", answer.text());
                assert!(answer.json().get("data").is_none(), "{ids} {query}");
            }
        }
        let body = json!({"query": partial, "variables": {"code": XIANGXIANG}}).to_string();
        for (app, accept, status) in [(&app, NEW, 200), (&draft, OLD, 200), (&draft, NEW, 294)] {
            let answer = at(&cadre, app).send("POST", "/graphql", &[JSON, accept], body.clone()).await;
            assert_eq!((answer.status.as_u16(), &*answer.code()), (status, "FORBIDDEN"), "{}", answer.text());
            assert_eq!(answer.json()["data"]["viewer"]["name"], format!("cadre.{}", app.federation(XIANGXIANG)));
        }
        let malformed = post(&draft, &[JSON], json!({"query": 0})).await;
        assert_eq!(malformed.status, 422);
    }

    async fn what_cannot_be_answered_is_refused_with_the_word_for_it(app: App) {
        let body = json!({"query": TYPENAME}).to_string();
        let large = json!({"query": format!("{TYPENAME} #{}", "x".repeat(1 << 20))}).to_string();
        for (method, headers, body, status) in [
            ("PUT", vec![JSON], body.clone(), 405),
            ("DELETE", vec![JSON], body.clone(), 405),
            ("TRACE", vec![JSON], body.clone(), 405),
            ("BREW", vec![JSON], body.clone(), 405),
            ("POST", vec![JSON, ("accept", "text/html")], body.clone(), 406),
            ("POST", vec![("content-type", "text/plain")], body.clone(), 415),
            ("POST", vec![("content-type", "application/x-www-form-urlencoded")], format!("query={TYPENAME}"), 415),
            ("POST", vec![("content-type", "application/json; charset=utf-16")], body.clone(), 415),
            ("POST", vec![JSON, ("content-encoding", "gzip")], body.clone(), 415),
            ("POST", vec![JSON], large, 413),
            ("POST", vec![JSON, ("authorization", "Basic YTpi")], body.clone(), 401),
            ("POST", vec![JSON, ("authorization", "Bearer nonsense")], body, 401),
        ] {
            let answer = app.send(method, "/graphql", &headers, body).await;
            assert_eq!(answer.status, status, "{method} {headers:?}: {}", answer.text());
            assert!(["BAD_REQUEST", "UNAUTHENTICATED"].contains(&&*answer.code()), "{method} {headers:?}");
            assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
            assert_eq!(answer.headers.contains_key("allow"), status == 405);
            assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401);
        }
    }

    async fn fields_that_cannot_be_merged_are_refused(app: App) {
        for query in [
            "{ viewer { a: name ...F } } fragment F on Viewer { a: id }",
            "{ federation(code: \"430381000000\") { name } ...F } fragment F on Query { federation(code: \"430382000000\") { name } }",
            "{ node(id: \"x\") { ... on Visit { a: id } ... on Enterprise { a: employees } } }",
        ] {
            let answer = post(&app, &[JSON, NEW], json!({"query": query})).await;
            assert_eq!((answer.status.as_u16(), &*answer.code()), (400, "GRAPHQL_VALIDATION_FAILED"), "{query}: {}", answer.text());
        }
    }

    async fn only_who_runs_the_service_looks_at_the_schema_in_production(app: App) {
        let production = reached(&app, |transport| transport.profile = Profile::Production);
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let administrator = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        let look = "{ __schema { types { name } } __type(name: \"Visit\") { name } __typename }";
        let mistake = "{ viewer { nam } }";
        let get = uri(&[("query", TYPENAME)]);
        for (caller, open) in [
            (app.anonymous(), true),
            (at(&app.anonymous(), &production), false),
            (at(&cadre, &production), false),
            (at(&administrator, &production), true),
        ] {
            let seen = caller.gql(look, json!({})).await;
            assert_eq!(seen["data"]["__schema"].is_object(), open, "{seen:.200}");
            assert_eq!(seen["data"]["__type"].is_object(), open);
            assert_eq!(seen["data"]["__typename"], "Query");
            assert!(seen.get("errors").is_none(), "28B9: closed is null and no error");
            let hint = caller.gql(mistake, json!({})).await;
            assert_eq!(hint.to_string().contains("Did you mean"), open, "{hint}");
            assert_eq!(caller.send("GET", &get, &[], "").await.status, if open { 200 } else { 405 });
        }
        let basic = |name: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{name}.{}:{SECRET}", app.federation(XIANGXIANG))));
        for path in ["/graphiql", "/schema.graphql"] {
            for (app, authorization, status) in [
                (&app, None, 200),
                (&production, None, 401),
                (&production, Some(basic("cadre")), 401),
                (&production, Some(basic("nobody")), 401),
                (&production, Some(basic("system_administrator")), 200),
            ] {
                let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
                assert_eq!(app.send("GET", path, &headers, "").await.status, status, "{path} {authorization:?}");
            }
        }
        let circles = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
        assert_eq!(app.anonymous().codes(circles, json!({})).await, ["BAD_REQUEST"]);
    }

    async fn a_scanner_finds_nothing_in_production(app: App) {
        let production = reached(&app, |transport| transport.profile = Profile::Production);
        let scan = async |headers: &[(&str, &str)], body: Value| production.send("POST", "/graphql", headers, body.to_string()).await;
        let aliases: String = (0..=100).map(|n| format!("alias{n}:__typename ")).collect();
        let directives = json!({"query": format!("query {{ __typename {} }}", "@aa".repeat(10))});
        let circular = "query { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }";

        let suggestion = scan(&[JSON], json!({"query": "query { viewe { name } }"})).await;
        let schema = scan(&[JSON], json!({"query": "query { __schema { types { name } } }"})).await;
        let alias = scan(&[JSON], json!({"query": format!("query {{ {aliases} }}")})).await;
        let batch = scan(&[JSON], (0..10).map(|_| json!({"query": TYPENAME})).collect()).await;
        let overload = scan(&[JSON], directives).await;
        let circle = scan(&[JSON], json!({"query": circular})).await;
        let page = production.send("GET", "/graphql", &[("accept", "text/html")], "").await;
        let get = production.send("GET", &uri(&[("query", TYPENAME)]), &[], "").await;
        let mutation = production.send("GET", &uri(&[("query", "mutation { __typename }")]), &[], "").await;
        let form = production.send("POST", "/graphql", &[("content-type", "application/x-www-form-urlencoded")], format!("query={TYPENAME}")).await;

        assert!(!suggestion.text().contains("Did you mean"), "{}", suggestion.text());
        assert!(schema.json()["data"]["__schema"].is_null());
        assert_eq!(alias.code(), "BAD_REQUEST");
        assert_eq!((batch.status.as_u16(), &*batch.code()), (400, "BAD_REQUEST"));
        assert!(overload.json()["errors"].as_array().unwrap().len() < 10);
        assert_eq!(circle.code(), "BAD_REQUEST");
        for (answer, status) in [(page, 406), (get, 405), (mutation, 405), (form, 415)] {
            assert_eq!(answer.status, status);
            assert!(answer.json().get("data").is_none() && !answer.text().to_lowercase().contains("graphiql"));
        }
        for answer in [&schema, &suggestion] {
            let extensions = &answer.json()["extensions"];
            assert!(extensions.get("tracing").is_none() && answer.json()["errors"][0]["extensions"].get("exception").is_none());
        }
    }

    async fn a_body_that_does_not_come_is_not_waited_for(app: App) {
        let hasty = reached(&app, |transport| transport.stall = Duration::from_millis(50));
        for (path, headers, expected) in [
            ("/graphql", JSON, "BAD_REQUEST"),
            ("/oauth/token", ("content-type", "application/x-www-form-urlencoded"), "invalid_request"),
        ] {
            let first = axum::body::Bytes::from_static(b"{\"query\":");
            let endless = stream::once(ready(Ok::<_, std::io::Error>(first))).chain(stream::pending());

            let answer = hasty.send("POST", path, &[headers], axum::body::Body::from_stream(endless)).await;

            assert_eq!(answer.status, 408, "{path}");
            assert!(answer.text().contains(expected), "{}", answer.text());
        }
    }

    async fn front_ends_on_other_origins_are_let_in_by_setting(app: App) {
        let open = reached(&app, |transport| transport.cors_origins = vec!["https://app.example.cn".to_owned()]);
        let preflight = |origin| [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", "content-type,authorization")];
        let welcome = open.send("OPTIONS", "/graphql", &preflight("https://app.example.cn"), "").await;
        let stranger = open.send("OPTIONS", "/graphql", &preflight("https://evil.example"), "").await;
        let closed = app.send("OPTIONS", "/graphql", &preflight("https://app.example.cn"), "").await;

        assert_eq!(welcome.status, 200);
        assert_eq!(welcome.headers["access-control-allow-origin"], "https://app.example.cn");
        assert!(stranger.headers.get("access-control-allow-origin").is_none());
        assert!(closed.headers.get("access-control-allow-origin").is_none());
    }
}
