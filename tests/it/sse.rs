//! GraphQL over server-sent events: a stream for each operation, and one stream for many.

use crate::operations::send_from;
use crate::support::Caller;
use crate::support::app::code;
use crate::support::door::{Door, Stream, with};
use crate::support::register::{YUESHAN, record, register};
use crate::support::tree::*;
use api::config::{Profile, Transport};
use api::http::router::router;
use axum::http::Request;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const COUNTY: &str = "{ federation(code: \"430381000000\") { name } }";
const TYPENAME: &str = "{ __typename }";
const LOGOUT: &str = "mutation { logout { userErrors { code } } }";
const VISITS: &str =
    "subscription($id: ID!, $after: String) { visitRecorded(federationId: $id, after: $after) { cursor } }";
const SSE: (&str, &str) = ("accept", "text/event-stream");
const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: &str = "x-graphql-event-stream-token";

fn body(query: &str, variables: Value, id: &str) -> String {
    json!({"query": query, "variables": variables, "extensions": {"operationId": id}}).to_string()
}

/// Percent-encodes a value of a query string.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Reserves a stream; its token.
async fn reserve(caller: &Caller, door: Door) -> String {
    let mut reserved = caller.via(door).send("PUT", "/graphql/stream", &[], "").await;
    assert_eq!(reserved.status, 201);
    reserved.rest().await
}

/// Opens a reserved stream.
async fn open(caller: &Caller, door: Door, token: &str) -> Stream {
    caller
        .via(door)
        .send("GET", "/graphql/stream", &[SSE, (TOKEN, token)], "")
        .await
}

/// Starts an operation on a reserved stream.
async fn start(caller: &Caller, door: Door, token: &str, body: &str) -> Stream {
    caller
        .via(door)
        .send("POST", "/graphql/stream", &[JSON, (TOKEN, token)], body)
        .await
}

/// Ends an operation on a reserved stream.
async fn end(caller: &Caller, door: Door, token: &str, id: &str) -> u16 {
    let path = format!("/graphql/stream?operationId={id}");
    caller
        .via(door)
        .send("DELETE", &path, &[(TOKEN, token)], "")
        .await
        .status
}

both! {
    async fn an_operation_is_answered_as_a_stream_of_its_own(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let door = app.listen().await;
        let by_get = format!("query={}", encoded(COUNTY));
        let posted = json!({"query": COUNTY}).to_string();

        for (method, path, body) in [
            ("POST", "/graphql", posted.clone()),
            ("POST", "/graphql/stream", posted),
            ("GET", &*format!("/graphql?{by_get}"), String::new()),
            ("GET", &*format!("/graphql/stream?{by_get}&variables=%7B%7D&operationName="), String::new()),
        ] {
            let mut stream = cadre.via(door).send(method, path, &[JSON, SSE], &body).await;
            assert_eq!((stream.status, &*stream.headers["content-type"]), (200, "text/event-stream; charset=utf-8"), "{path}");
            assert_eq!(stream.headers["cache-control"], "no-store");
            assert!(stream.headers.contains_key("x-request-id"));
            let events = stream.rest().await;
            assert!(events.starts_with(":\n\nevent: next\ndata: {\"data\":{\"federation\":{\"name\":\"湘乡市总工会\"}}"), "{events}");
            assert!(events.ends_with("}\n\nevent: complete\ndata:\n\n"), "{events}");
            assert_eq!(events.matches("\n\n").count(), 3, "{events}");
        }
    }

    async fn what_no_field_was_run_for_is_said_in_the_stream(app: App) {
        let door = app.listen().await;
        for (document, said) in [
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ] {
            let mut stream = app.anonymous().via(door).stream(document, json!({})).await;
            assert_eq!(stream.status, 200);
            let refused = stream.next().await;
            assert_eq!(code(&refused), said, "{document}");
            assert_eq!(refused.get("data"), None);
            assert_eq!(stream.event().await, Some(("complete".to_owned(), Value::Null)));
            assert!(stream.breaks_off().await);
        }
    }

    async fn a_subscription_that_is_refused_is_complete(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let door = app.listen().await;

        let mut stream = cadre.via(door).stream(VISITS, json!({"id": app.gid(SHAOSHAN)})).await;

        assert_eq!(code(&stream.next().await), "NOT_FOUND");
        assert_eq!(stream.event().await, Some(("complete".to_owned(), Value::Null)));
        assert!(stream.breaks_off().await);
    }

    async fn a_request_that_cannot_be_read_gets_no_stream(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let stranger = Caller { token: Some("nonsense".to_owned()), ..app.anonymous() };
        let door = app.listen().await;
        let query = json!({"query": TYPENAME}).to_string();
        let logout = format!("query={}", encoded(LOGOUT));

        for path in ["/graphql", "/graphql/stream"] {
            for (caller, method, path, content_type, body, status) in [
                (&cadre, "POST", path.to_owned(), "application/json", "{ nope", 400),
                (&cadre, "POST", path.to_owned(), "text/plain", &*query, 415),
                (&cadre, "GET", path.to_owned(), "", "", 400),
                (&cadre, "GET", format!("{path}?query={}&variables=1", encoded(TYPENAME)), "", "", 400),
                (&cadre, "GET", format!("{path}?{logout}"), "", "", 405),
                (&stranger, "POST", path.to_owned(), "application/json", &*query, 401),
                (&stranger, "GET", format!("{path}?query={}", encoded(TYPENAME)), "", "", 401),
            ] {
                let mut answer = caller.via(door).send(method, &path, &[("content-type", content_type), SSE], body).await;
                assert_eq!(answer.status, status, "{method} {path} {body}");
                assert!(answer.json().await["errors"][0]["message"].is_string());
            }
        }
        // No link has signed anybody out.
        assert_eq!(cadre.data(TYPENAME, json!({})).await["__typename"], "Query");
        assert_eq!(cadre.data(COUNTY, json!({})).await["federation"]["name"], "湘乡市总工会");
    }

    async fn in_production_only_registered_documents_are_streamed_by_a_link(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let closed = app.reached(Transport { profile: Profile::Production, ..Transport::default() });
        let door = closed.listen().await;
        let watch = format!("subscription {{ visitRecorded(federationId: \"{}\") {{ cursor }} }}", app.gid(XIANGXIANG));

        for document in [COUNTY, &watch] {
            for path in ["/graphql", "/graphql/stream"] {
                let path = format!("{path}?query={}", encoded(document));
                let mut refused = cadre.via(door).send("GET", &path, &[SSE], "").await;
                assert_eq!((refused.status, &*code(&refused.json().await)), (405, "BAD_REQUEST"), "{path}");
            }
            assert_eq!(cadre.via(door).stream(document, json!({})).await.status, 200);
        }
    }

    async fn a_stream_goes_on_live_and_is_pinged(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let door = app.reached(with(|live| live.ping = Duration::from_millis(50))).listen().await;
        let mut stream = cadre.via(door).stream(VISITS, json!({"id": app.gid(YUESHAN)})).await;

        for _ in 0..3 {
            assert_eq!(stream.block().await.as_deref(), Some(":"));
        }
        record(&cadre, &enterprise, 1, "2026-06-19T09:00:00+08:00").await;
        app.settle().await;

        assert!(stream.next().await["data"]["visitRecorded"]["cursor"].is_string());
    }

    async fn who_leaves_ends_the_operation(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let door = app.listen().await;
        let before = Arc::strong_count(&app.process);
        let mut streams = Vec::new();
        for _ in 0..20 {
            let mut stream = cadre.via(door).stream(VISITS, json!({"id": app.gid(YUESHAN)})).await;
            stream.block().await;
            streams.push(stream);
        }
        assert!(Arc::strong_count(&app.process) >= before + 20);

        drop(streams);

        while Arc::strong_count(&app.process) > before {
            tokio::task::yield_now().await;
        }
    }

    async fn a_stream_ends_with_what_its_caller_may_do_and_is_not_complete(app: App) {
        let door = app.reached(with(|live| live.ping = Duration::from_millis(50))).listen().await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let variables = json!({"id": app.gid(XIANGXIANG)});
        let mut stream = leader.via(door).stream(VISITS, variables.clone()).await;
        let token = reserve(&leader, door).await;
        let mut many = open(&leader, door, &token).await;

        leader.data(LOGOUT, json!({})).await;

        assert!(stream.breaks_off().await);
        assert!(many.breaks_off().await);
        let mut again = leader.via(door).stream(VISITS, variables).await;
        assert_eq!((again.status, &*code(&again.json().await)), (401, "UNAUTHENTICATED"));
    }

    async fn a_stream_ends_with_its_token(app: App) {
        let door = app.reached(with(|live| live.ping = Duration::from_millis(50))).listen().await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let mut stream = leader.via(door).stream(VISITS, json!({"id": app.gid(XIANGXIANG)})).await;

        app.advance(TimeDelta::minutes(15));

        assert!(stream.breaks_off().await);
    }

    async fn at_the_end_of_the_process_streams_end_and_are_not_complete(app: App) {
        let door = app.reached(with(|live| live.spread = Duration::from_millis(50))).listen().await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let mut stream = leader.via(door).stream(VISITS, json!({"id": app.gid(XIANGXIANG)})).await;
        let token = reserve(&leader, door).await;
        let mut many = open(&leader, door, &token).await;

        app.process.drain.begin();

        assert!(stream.breaks_off().await);
        assert!(many.breaks_off().await);
    }

    async fn a_database_that_does_not_answer_gives_no_stream(app: App) {
        let leader = app.person("LEADER", XIANGXIANG).await;
        let door = app.listen().await;
        let token = reserve(&leader, door).await;
        app.process.db.clone().close().await.map_err(|error| error.report()).unwrap();

        let mut distinct = leader.via(door).stream(VISITS, json!({"id": app.gid(XIANGXIANG)})).await;
        let mut single = start(&leader, door, &token, &body(VISITS, json!({"id": app.gid(XIANGXIANG)}), "1")).await;

        assert_eq!((distinct.status, &*code(&distinct.json().await)), (503, "UNAVAILABLE"));
        assert_eq!((single.status, &*code(&single.json().await)), (503, "UNAVAILABLE"));
    }

    async fn one_stream_carries_many_operations(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let door = app.listen().await;
        let token = reserve(&cadre, door).await;

        // What is asked for before the stream is open waits for it.
        assert_eq!(start(&cadre, door, &token, &body(TYPENAME, json!({}), "a")).await.status, 202);
        let mut stream = open(&cadre, door, &token).await;
        assert_eq!((stream.status, &*stream.headers["content-type"]), (200, "text/event-stream; charset=utf-8"));
        let answer = stream.next().await;
        assert_eq!((&answer["id"], &answer["payload"]["data"]), (&json!("a"), &json!({"__typename": "Query"})));
        assert_eq!(stream.event().await, Some(("complete".to_owned(), json!({"id": "a"}))));
        let live = start(&cadre, door, &token, &body(VISITS, json!({"id": app.gid(YUESHAN), "after": "0"}), "b")).await;
        let path = format!("/graphql/stream?token={token}&query={}&extensions={}", encoded(TYPENAME), encoded("{\"operationId\":\"c\"}"));
        let by_get = cadre.via(door).send("GET", &path, &[], "").await;
        assert_eq!((live.status, by_get.status), (202, 202));
        assert_eq!(stream.next().await["id"], "c");
        assert_eq!(stream.event().await, Some(("complete".to_owned(), json!({"id": "c"}))));
        record(&cadre, &enterprise, 1, "2026-06-19T09:00:00+08:00").await;
        app.settle().await;
        let told = stream.next().await;

        assert_eq!(told["id"], "b");
        assert!(told["payload"]["data"]["visitRecorded"]["cursor"].is_string(), "{told}");
    }

    async fn an_operation_that_was_ended_says_nothing_more_and_its_id_is_free(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let door = app.listen().await;
        let token = reserve(&cadre, door).await;
        let mut stream = open(&cadre, door, &token).await;
        let visits = body(VISITS, json!({"id": app.gid(YUESHAN)}), "a");

        assert_eq!(start(&cadre, door, &token, &visits).await.status, 202);
        assert_eq!(start(&cadre, door, &token, &visits).await.status, 409);
        assert_eq!(end(&cadre, door, &token, "a").await, 200);
        assert_eq!(end(&cadre, door, &token, "a").await, 200);
        record(&cadre, &enterprise, 1, "2026-06-19T09:00:00+08:00").await;
        app.settle().await;
        assert_eq!(start(&cadre, door, &token, &body(TYPENAME, json!({}), "a")).await.status, 202);

        let answer = stream.next().await;
        assert_eq!((&answer["id"], &answer["payload"]["data"]), (&json!("a"), &json!({"__typename": "Query"})));
        assert_eq!(stream.event().await, Some(("complete".to_owned(), json!({"id": "a"}))));
    }

    async fn what_does_not_fit_one_stream_for_many_operations_is_refused(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let door = app.reached(with(|live| live.operations = 1)).listen().await;
        let token = &*reserve(&cadre, door).await;
        let _open = open(&cadre, door, token).await;
        let query = body(TYPENAME, json!({}), "a");
        let visits = body(VISITS, json!({"id": app.gid(YUESHAN)}), "a");
        assert_eq!(start(&cadre, door, token, &visits).await.status, 202);
        let nameless = json!({"query": TYPENAME}).to_string();
        let invalid = body("{ nothing }", json!({}), "b");
        let by_get = format!("/graphql/stream?query={}&extensions={}", encoded(LOGOUT), encoded("{\"operationId\":\"b\"}"));
        let path = "/graphql/stream";
        let (text, html, all) = (("accept", "text/plain"), ("accept", "text/html"), ("accept", "*/*"));

        for (method, path, headers, body, status) in [
            ("PUT", path, vec![("accept", "application/json")], "", 406),
            ("PUT", path, vec![SSE], "", 406),
            ("PUT", path, vec![text], "", 201),
            ("PUT", path, vec![all], "", 201),
            ("GET", path, vec![SSE, (TOKEN, token)], "", 409),
            ("GET", path, vec![SSE, (TOKEN, "nonsense")], "", 404),
            ("GET", &*format!("{path}?token=nonsense"), vec![SSE], "", 404),
            ("GET", path, vec![], "", 404),
            ("GET", path, vec![(TOKEN, token)], "", 400),
            ("POST", path, vec![JSON], &query, 404),
            ("POST", path, vec![JSON, (TOKEN, "nonsense")], &query, 404),
            ("POST", path, vec![JSON, html, (TOKEN, token)], &query, 406),
            ("POST", path, vec![("content-type", "text/plain"), (TOKEN, token)], &query, 415),
            ("POST", path, vec![JSON, (TOKEN, token)], "nonsense", 400),
            ("POST", path, vec![JSON, (TOKEN, token)], &nameless, 400),
            ("POST", path, vec![JSON, (TOKEN, token)], &query, 409),
            ("POST", path, vec![JSON, (TOKEN, token)], &invalid, 429),
            ("DELETE", path, vec![(TOKEN, token)], "", 400),
            ("DELETE", "/graphql/stream?operationId=a", vec![], "", 404),
            ("DELETE", "/graphql/stream?operationId=a", vec![(TOKEN, "nonsense")], "", 404),
            ("DELETE", "/graphql/stream?operationId=a", vec![(TOKEN, token)], "", 200),
            ("POST", path, vec![JSON, (TOKEN, token)], &invalid, 400),
            ("POST", path, vec![JSON, (TOKEN, token)], &invalid, 400),
            ("GET", &by_get, vec![(TOKEN, token)], "", 405),
            ("PATCH", path, vec![(TOKEN, token)], "", 405),
            ("TRACE", path, vec![], "", 405),
        ] {
            let answer = cadre.via(door).send(method, path, &headers, body).await;
            assert_eq!(answer.status, status, "{method} {path} {headers:?} {body}");
            if status == 405 && method != "GET" {
                assert_eq!(answer.headers["allow"], "GET, POST, PUT, DELETE");
            }
        }
    }

    async fn a_reserved_stream_is_its_callers_alone(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let door = app.listen().await;
        let token = reserve(&cadre, door).await;
        let query = body(TYPENAME, json!({}), "a");

        for stranger in [app.person("CADRE", SHAOSHAN).await, app.person("LEADER", XIANGXIANG).await] {
            assert_eq!(open(&stranger, door, &token).await.status, 404);
            assert_eq!(start(&stranger, door, &token, &query).await.status, 404);
            assert_eq!(end(&stranger, door, &token, "a").await, 404);
        }
        let nobody = app.anonymous();
        assert_eq!(start(&nobody, door, &token, &query).await.status, 404);
        assert_eq!(end(&nobody, door, &token, "a").await, 404);
        // A browser's EventSource can show nothing but the token.
        let mut stream = nobody.via(door).send("GET", &format!("/graphql/stream?token={token}"), &[SSE], "").await;
        assert_eq!(stream.status, 200);
        assert_eq!(start(&cadre, door, &token, &body(COUNTY, json!({}), "a")).await.status, 202);
        assert_eq!(stream.next().await["payload"]["data"]["federation"]["name"], "湘乡市总工会");
    }

    async fn a_reservation_ends_with_its_stream_or_its_time(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let door = app.reached(with(|live| live.reservation = Duration::from_millis(100))).listen().await;
        let (left, late) = (reserve(&cadre, door).await, reserve(&cadre, door).await);
        let stream = open(&cadre, door, &left).await;
        assert_eq!(stream.status, 200);
        tokio::time::sleep(Duration::from_millis(200)).await;

        assert_eq!(open(&cadre, door, &late).await.status, 404);
        assert_eq!(open(&cadre, door, &left).await.status, 409);
        drop(stream);
        while end(&cadre, door, &left, "a").await != 404 {
            tokio::task::yield_now().await;
        }
    }

    async fn nobody_reserves_more_streams_than_they_can_use(app: App) {
        let door = app.reached(with(|live| live.reservations = 2)).listen().await;
        let (cadre, leader) = (app.person("CADRE", YUESHAN).await, app.person("LEADER", XIANGXIANG).await);
        for caller in [&cadre, &leader, &app.anonymous()] {
            reserve(caller, door).await;
            reserve(caller, door).await;

            let mut refused = caller.via(door).send("PUT", "/graphql/stream", &[], "").await;

            assert_eq!((refused.status, &*code(&refused.json().await)), (429, "RATE_LIMITED"));
        }
    }

    async fn strangers_are_told_apart_by_their_address(app: App) {
        let router = router(app.reached(with(|live| live.reservations = 1)).engine);
        let send = async |address: &str, method: &str, token: &str| {
            let path = format!("/graphql/stream?operationId=a&token={token}");
            send_from(&router, address, Request::builder().method(method).uri(path)).await
        };

        let token = send("[2001:db8:1:2::1]", "PUT", "").await.text();

        for (address, method, token, status) in [
            // One host has all addresses that begin alike.
            ("[2001:db8:1:2::2]", "PUT", "", 429),
            ("[2001:db8:1:3::1]", "PUT", "", 201),
            ("192.0.2.1", "PUT", "", 201),
            ("192.0.2.1", "DELETE", &*token, 404),
            ("[2001:db8:1:2::2]", "DELETE", &*token, 200),
        ] {
            assert_eq!(send(address, method, token).await.status, status, "{method} {address}");
        }
    }
}
