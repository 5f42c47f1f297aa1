//! What the operator sees: numbers, traces, lines of the log. And what nobody must see there.

use crate::support::app::Answer;
use crate::support::register::{IMPORT_ENTERPRISES, RECORD, YUESHAN, job, record, register, visit};
use crate::support::tree::*;
use crate::support::watch::{Lines, Recorder};
use crate::support::{App, Caller};
use api::config::{Profile, Transport};
use api::http::observe;
use api::http::router::router;
use api::jobs::{self, Chunk, Importer, runner};
use api::kernel::error::Error;
use api::kernel::rows::{Column, required};
use api::kernel::tx::Tx;
use api::policy::Action;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use entity::jobs::job::JobKind;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use opentelemetry::trace::{SpanId, SpanKind, TraceId};
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::sync::watch;
use tower::ServiceExt;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER_SPAN: &str = "00f067aa0ba902b7";
const COUNTY: &str = "query($code: DivisionCode) { federation(code: $code) { name enterprises(first: 20) { \
    totalCount nodes { name tradeUnion { name } lastVisit { startedAt } } } } }";

async fn metrics(app: &App) -> String {
    let answer = app.send("GET", "/metrics", &[], "").await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.text()
}

/// The number of a series; 0 if there is none.
fn number(text: &str, series: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

/// Open sockets and event streams.
fn stream_count(text: &str) -> (f64, f64) {
    let open = |kind: &str| number(text, &format!("gonghui_streams_open{{kind=\"{kind}\"}}"));
    (open("websocket"), open("sse"))
}

/// Sends a request from an address of the network.
pub async fn send_from(router: &Router, address: &str, request: axum::http::request::Builder) -> Answer {
    let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
    let request = request.extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

/// A traced request; the answer.
async fn ask_traced(caller: &Caller, query: &str, variables: Value, traceparent: &str) -> Answer {
    let body = json!({"query": query, "variables": variables}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("traceparent", traceparent),
        ("tracestate", "vendor=1"),
    ];
    caller.send("POST", "/graphql", &headers, body).await
}

fn text(span: &SpanData, key: &str) -> String {
    let attribute = span
        .attributes
        .iter()
        .find(|attribute| attribute.key.as_str() == key);
    attribute
        .map(|attribute| attribute.value.to_string())
        .unwrap_or_default()
}

/// Takes rows, and breaks.
struct Broken;

impl Importer for Broken {
    fn kind(&self) -> JobKind {
        JobKind::EnterpriseImport
    }

    fn action(&self) -> Action {
        Action::RegisterEnterprises
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 1] = [required("name", &["name"])];
        &COLUMNS
    }

    fn answer<'a>(&'a self, _: &'a mut Tx, _: Chunk<'a>) -> BoxFuture<'a, Result<jobs::Answer, Error>> {
        panic!("the secret of 工会")
    }
}

both! {
    async fn the_numbers_say_what_was_done(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let queued = job(&cadre, IMPORT_ENTERPRISES, XIANGXIANG, "uscc,name\n").await;
        app.advance(chrono::TimeDelta::seconds(90));
        let before = metrics(&app).await;

        cadre.data(COUNTY, json!({"code": XIANGXIANG})).await;
        cadre.data(COUNTY, json!({"code": XIANGXIANG})).await;
        cadre.gql("{ nothing }", json!({})).await;
        app.send("GET", "/nothing/4711", &[], "").await;
        let after = metrics(&app).await;

        for (series, more) in [
            ("gonghui_operations_total{document=\"adhoc\",kind=\"query\",code=\"OK\"}", 2.0),
            ("gonghui_operations_total{document=\"adhoc\",kind=\"none\",code=\"GRAPHQL_VALIDATION_FAILED\"}", 1.0),
            ("gonghui_operations_total{document=\"adhoc\",kind=\"mutation\",code=\"OK\"}", 0.0),
            ("gonghui_operation_duration_seconds_count{document=\"adhoc\",kind=\"query\"}", 2.0),
            ("gonghui_errors_total{code=\"GRAPHQL_VALIDATION_FAILED\"}", 1.0),
            ("gonghui_operation_statements_count", 3.0),
            ("gonghui_operation_statements_sum", 8.0),
            ("http_server_request_duration_seconds_count{http_request_method=\"POST\",http_route=\"/graphql\",http_response_status_class=\"2xx\"}", 3.0),
            ("http_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"none\",http_response_status_class=\"4xx\"}", 1.0),
        ] {
            assert_eq!(number(&after, series) - number(&before, series), more, "{series}\n{after}");
        }
        let statements = "db_client_operation_duration_seconds_count{db_operation_name=\"SELECT\"}";
        assert!(number(&after, statements) >= number(&before, statements) + 10.0, "{after}");
        assert!(number(&after, "gonghui_oldest_job_age_seconds{kind=\"ENTERPRISE_IMPORT\",state=\"QUEUED\"}") >= 90.0);
        for (series, expected) in [
            ("gonghui_jobs{kind=\"ENTERPRISE_IMPORT\",state=\"QUEUED\"}", 1.0),
            ("http_server_active_requests", 1.0),
            ("gonghui_feed_position", 0.0),
        ] {
            assert_eq!(number(&after, series), expected, "{series}\n{after}");
        }
        assert!(number(&after, "gonghui_feed_waiting") > 3.0);
        assert!(after.contains("gonghui_loader_batch_size_count{loader="), "{after}");
        assert!(after.ends_with("# EOF\n"));

        app.settle().await;
        app.work().await;
        let settled = metrics(&app).await;

        assert_eq!(number(&settled, "gonghui_feed_waiting"), 0.0);
        assert!(number(&settled, "gonghui_feed_position") > 3.0);
        assert!(!settled.contains("gonghui_jobs{"), "{queued} is over: {settled}");
    }

    async fn each_message_of_a_subscription_is_counted_once_it_comes(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let visits = "subscription($id: ID!) { visitRecorded(federationId: $id) { visit { id } } }";
        let mut socket = cadre.subscribe(visits, json!({"id": app.gid(XIANGXIANG)})).await;
        let messages = "gonghui_operations_total{document=\"adhoc\",kind=\"subscription\",code=\"OK\"}";
        for count in [1.0, 2.0] {
            assert_eq!(number(&metrics(&app).await, messages), count - 1.0);
            record(&cadre, &enterprise, count as u128, "2026-06-01T09:00:00+08:00").await;
            app.settle().await;
            socket.data().await;
            assert_eq!(number(&metrics(&app).await, messages), count);
        }
    }

    async fn open_streams_and_refused_logins_are_counted(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let visits = "subscription($id: ID!) { visitRecorded(federationId: $id) { cursor } }";
        let body = json!({"query": visits, "variables": {"id": app.gid(XIANGXIANG)}}).to_string();
        let request = Request::post("/graphql")
            .header("accept", "text/event-stream")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", cadre.token.as_ref().unwrap()))
            .body(Body::from(body))
            .unwrap();
        let login = "mutation($input: LoginInput!) { login(input: $input) { userErrors { code } } }";
        let wrong = json!({"input": {"username": "cadre", "password": "wrong"}});

        let stream = router(app.engine.clone()).oneshot(request).await.unwrap();
        let (socket, _) = cadre.open_socket().await;
        let open = metrics(&app).await;
        drop(stream);
        let left = metrics(&app).await;
        app.anonymous().gql(login, wrong).await;
        cadre.app.sign_in(&format!("cadre.{}", app.federation(XIANGXIANG))).await;
        let refused = metrics(&app).await;
        drop(socket);

        assert_eq!(stream_count(&open), (1.0, 1.0));
        assert_eq!(stream_count(&left), (1.0, 0.0));
        assert_eq!(number(&refused, "gonghui_logins_refused_total"), 1.0);
    }

    async fn in_production_the_numbers_are_for_those_who_watch(app: App) {
        let production = Transport {
            profile: Profile::Production,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Transport::default()
        };
        let production = router(app.reached(production).engine);
        let development = router(app.engine.clone());
        for (router, address, forwarded, expected) in [
            (&production, "127.0.0.1", "", 200),
            (&production, "[::1]", "", 200),
            (&production, "192.0.2.1", "", 404),
            (&production, "192.0.2.1", "127.0.0.1", 404),
            (&production, "10.0.0.1", "192.0.2.1", 404),
            (&production, "10.0.0.1", "127.0.0.1", 200),
            (&development, "192.0.2.1", "", 200),
        ] {
            let request = Request::get("/metrics").header("x-forwarded-for", forwarded);
            let answer = send_from(router, address, request).await;
            assert_eq!(answer.status, expected, "{address} for {forwarded}");
        }
        let unknown = Request::get("/metrics").body(Body::empty()).unwrap();
        assert_eq!(production.oneshot(unknown).await.unwrap().status(), 404);
    }

    async fn a_callers_trace_goes_on_in_the_service(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let recorder = Recorder::of(&app);

        let answer = ask_traced(&cadre, COUNTY, json!({"code": XIANGXIANG}), &format!("00-{TRACE}-{CALLER_SPAN}-01")).await;
        let spans = recorder.take(&app).await;

        let server = spans.iter().find(|span| span.span_kind == SpanKind::Server).unwrap();
        assert_eq!(server.name, "query");
        assert_eq!(server.parent_span_id, SpanId::from_hex(CALLER_SPAN).unwrap());
        assert!(server.parent_span_is_remote);
        assert_eq!(server.span_context.trace_state().header(), "vendor=1");
        assert_eq!(text(server, "graphql.operation.type"), "query");
        assert_eq!(answer.headers["traceparent"], format!("00-{TRACE}-{}-01", server.span_context.span_id()));
        for span in &spans {
            assert_eq!(span.span_context.trace_id(), TraceId::from_hex(TRACE).unwrap());
            let parent = spans.iter().find(|other| other.span_context.span_id() == span.parent_span_id);
            assert!(parent.is_some() || span == server, "{span:#?}");
            assert!(span.start_time <= span.end_time);
        }
        let batch = spans.iter().find(|span| span.name.starts_with("load ")).unwrap();
        let below = spans.iter().find(|span| span.parent_span_id == batch.span_context.span_id()).unwrap();
        assert_eq!(text(batch, "gonghui.loader.keys"), "1");
        assert_eq!((below.span_kind.clone(), text(below, "db.operation.name")), (SpanKind::Client, "SELECT".to_owned()));
        assert_eq!(text(server, "gonghui.statements"), (spans.iter().filter(|span| span.span_kind == SpanKind::Client).count()).to_string());
    }

    async fn a_trace_begins_here_where_the_caller_has_none_and_is_left_alone_where_the_caller_says_so(app: App) {
        let recorder = Recorder::of(&app);
        let nobody = app.anonymous();
        for bad in ["", "nonsense", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
            let answer = ask_traced(&nobody, "{ __typename }", json!({}), bad).await;
            let spans = recorder.take(&app).await;

            // The request's own id leads to its trace.
            let id = answer.headers["x-request-id"].to_str().unwrap().replace('-', "");
            assert_eq!(spans[0].span_context.trace_id().to_string(), id);
            assert_eq!(spans[0].parent_span_id, SpanId::INVALID);
            assert!(answer.headers["traceparent"].to_str().unwrap().ends_with("-01"));
        }

        let unsampled = ask_traced(&nobody, "{ __typename }", json!({}), &format!("00-{TRACE}-{CALLER_SPAN}-00")).await;

        assert!(recorder.take(&app).await.is_empty());
        let told = unsampled.headers["traceparent"].to_str().unwrap();
        assert!(told.starts_with(&format!("00-{TRACE}-")) && told.ends_with("-00") && !told.contains(CALLER_SPAN), "{told}");
    }

    async fn nothing_that_a_caller_says_stands_in_a_trace_or_in_the_log(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let (recorder, lines) = (Recorder::of(&app), Lines::default());
        let listening = lines.of_this_thread();
        let traceparent = format!("00-{TRACE}-{CALLER_SPAN}-01");
        let named = "query ZhangSan($code: DivisionCode) { federation(code: $code) { name } }";

        let recorded = ask_traced(&cadre, RECORD, json!({"input": visit(&enterprise, 1, "2026-06-01T09:00:00+08:00")}), &traceparent).await;
        ask_traced(&cadre, named, json!({"code": XIANGXIANG}), &traceparent).await;
        app.sign_in(&format!("cadre.{}", app.federation(XIANGXIANG))).await;
        drop(listening);
        let (spans, lines) = (recorder.take(&app).await, lines.take());

        assert_eq!(recorded.json()["data"]["recordVisit"]["userErrors"], json!([]));
        assert!(spans.iter().any(|span| text(span, "db.query.text").starts_with("INSERT INTO event")), "{spans:#?}");
        for span in &spans {
            assert!(text(span, "db.query.text").chars().count() <= 300);
        }
        let spans = format!("{spans:?}");
        for secret in ["消防通道畅通", "灭火器过期", "2026-06-01", XIANGXIANG, "ZhangSan", "correct horse", "cadre."] {
            assert!(!spans.contains(secret), "{secret} in a span");
            assert!(!lines.contains(secret), "{secret} in {lines}");
        }
    }

    async fn each_line_of_the_log_names_its_request(app: App) {
        let lines = Lines::default();
        let listening = lines.of_this_thread();

        let answer = ask_traced(&app.anonymous(), "{ __typename }", json!({}), &format!("00-{TRACE}-{CALLER_SPAN}-01")).await;
        drop(listening);

        let lines = lines.take();
        let line = lines.lines().find(|line| line.contains("answered")).unwrap_or_else(|| panic!("{lines}"));
        let line: Value = serde_json::from_str(line).unwrap();
        let fields = &line["fields"];
        assert_eq!((&line["level"], &fields["method"], &fields["route"], &fields["status"]), (&json!("INFO"), &json!("POST"), &json!("/graphql"), &json!(200)));
        assert!(fields["millis"].is_u64());
        assert_eq!(line["span"]["request_id"], answer.headers["x-request-id"].to_str().unwrap());
        assert_eq!(line["span"]["trace_id"], TRACE);
    }

    async fn a_requests_id_is_taken_over_from_a_trusted_proxy_only(app: App) {
        let transport = Transport {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Transport::default()
        };
        let router = router(app.reached(transport).engine);
        for (address, id, is_kept) in [
            ("10.0.0.1", "b7f1-42", true),
            ("192.0.2.1", "b7f1-42", false),
            ("10.0.0.1", "<script>", false),
        ] {
            let answer = send_from(&router, address, Request::get("/healthz").header("x-request-id", id)).await;
            let told = answer.headers["x-request-id"].to_str().unwrap();
            assert_eq!(told == id, is_kept, "{address} {id}: {told}");
        }
    }

    async fn a_panic_is_an_answer_with_a_request_id_and_says_nothing(app: App) {
        let engine = app.engine.clone();
        let router = Router::new()
            .route("/broken", get(|| async { if true { panic!("the secret of 工会") } }))
            .layer(axum::middleware::from_fn_with_state(engine, observe::around));

        let answer = send_from(&router, "192.0.2.1", Request::get("/broken")).await;

        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        let extensions = &answer.json()["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "INTERNAL");
        assert_eq!(extensions["requestId"], answer.headers["x-request-id"].to_str().unwrap());
        assert!(!answer.text().contains("secret"));
        assert!(metrics(&app).await.contains("http_route=\"/broken\",http_response_status_class=\"5xx\"} 1"));
    }

    async fn an_importer_that_panics_ends_its_job_and_no_other(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = job(&cadre, IMPORT_ENTERPRISES, XIANGXIANG, "name\n甲\n").await;
        let (_never, stop) = watch::channel(false);

        let ran = runner::run_open(&app.process, runner::Work::Rows(&Broken), &stop).await;
        let query = "query($id: ID!) { job(id: $id) { state failure { code message } } }";
        let ended = cadre.data(query, json!({"id": id})).await;

        assert!(ran.is_ok());
        assert_eq!((&ended["job"]["state"], &ended["job"]["failure"]["code"]), (&json!("FAILED"), &json!("INTERNAL")));
        assert!(!ended.to_string().contains("secret"));
    }
}
