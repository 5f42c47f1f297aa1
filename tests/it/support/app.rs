//! The service as people reach it: requests go through the router, without a socket.

use super::clock::Clock;
use super::db::{Stage, done, keys};
use api::config::{Rules, Transport};
use api::http::engine::{Engine, Execute};
use api::http::router::router;
use api::kernel::app::App as Process;
use api::kernel::db::Db;
use api::kernel::files::Files;
use api::kernel::gid::Gid;
use api::kernel::op::{Actor, Op};
use api::kernel::telemetry::{METER, Meter};
use api::worker;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use chrono::TimeDelta;
use entity::id::FederationId;
use entity::org::federation::Level;
use http_body_util::BodyExt;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tower::ServiceExt;

/// Everybody's password and every client's secret.
pub const SECRET: &str = "correct horse battery staple";

/// The service under test: one process on the test's database.
#[derive(Clone)]
pub struct App {
    /// The process itself, for what no front end can see.
    pub process: Arc<Process>,
    /// Time, ids, randomness.
    pub clock: Arc<Clock>,
    /// What answers requests.
    pub engine: Engine,
    router: Router,
    url: String,
    folder: PathBuf,
    pub(super) people: Arc<Mutex<HashMap<String, Caller>>>,
    address: Option<IpAddr>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The code of its first error.
    pub fn code(&self) -> String {
        code(&self.json())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The code of the first error of an answer.
pub fn code(body: &Value) -> String {
    code_of(&body["errors"][0])
}

/// The code of an error, which names its request.
pub fn code_of(error: &Value) -> String {
    let extensions = &error["extensions"];
    assert!(extensions["requestId"].is_string(), "{error}");
    extensions["code"].as_str().unwrap_or("no code").to_owned()
}

impl App {
    /// Starts the service on a stage.
    pub async fn open(stage: &Stage, clock: Arc<Clock>) -> App {
        let folder = stage.folder.path().to_owned();
        let files = done(Files::open(&folder.join("files")));
        App::start(stage.url.clone(), (folder, files), clock, Rules::default()).await
    }

    async fn start(url: String, kept: (PathBuf, Files), clock: Arc<Clock>, rules: Rules) -> App {
        let db = done(Db::connect(&url, 6).await);
        App::start_on(db, url, kept, clock, rules).await
    }

    async fn start_on(
        db: Db,
        url: String,
        (folder, files): (PathBuf, Files),
        clock: Arc<Clock>,
        rules: Rules,
    ) -> App {
        let keys = keys(&folder);
        let process = done(Process::build(db, Arc::clone(&clock) as _, keys, files, rules).await);
        let engine = done(Engine::new(
            Arc::clone(&process),
            Arc::default(),
            api::schema::build(),
        ));
        App {
            router: router(engine.clone()),
            engine,
            process,
            clock,
            url,
            folder,
            people: Arc::default(),
            address: None,
        }
    }

    /// What its requests go through.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The same process with other settings of how the world reaches it.
    pub fn reached(&self, transport: Transport) -> App {
        self.with(transport, api::schema::build())
    }

    /// The same process, running another schema.
    pub fn with(&self, transport: Transport, schema: impl Execute) -> App {
        let engine = done(Engine::new(
            Arc::clone(&self.process),
            Arc::new(transport),
            schema,
        ));
        App {
            router: router(engine.clone()),
            engine,
            ..self.clone()
        }
    }

    /// A second process on the same database, with the same clock, keys and files.
    pub async fn another(&self) -> App {
        self.another_on(self.process.files.clone()).await
    }

    /// A second process that keeps its files elsewhere.
    pub async fn another_on(&self, files: Files) -> App {
        let kept = (self.folder.clone(), files);
        let rules = self.process.rules.clone();
        App::start(self.url.clone(), kept, Arc::clone(&self.clock), rules).await
    }

    /// Its key file.
    pub fn key_file(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// The folder that is its file store.
    pub fn file_folder(&self) -> PathBuf {
        self.folder.join("files")
    }

    /// The names of what is in its file store.
    pub fn objects(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.file_folder()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    /// A second process, whose operations and statements may take so long.
    pub async fn within(&self, limit: Duration) -> App {
        let db = done(Db::connect_within(&self.url, 6, limit).await);
        let kept = (self.folder.clone(), self.process.files.clone());
        let rules = self.process.rules.clone();
        App::start_on(db, self.url.clone(), kept, Arc::clone(&self.clock), rules).await
    }

    /// Does something as an operation of the service acting by itself.
    pub async fn measured<T>(&self, work: impl AsyncFnOnce(&Op) -> T) -> T {
        let op = self.operator();
        METER.scope(Meter::begin(&op), work(&op)).await
    }

    /// The federation of a code; the highest where a code stands at two levels.
    pub fn federation(&self, code: &str) -> FederationId {
        self.federation_at(code, None)
    }

    /// The federation of a code at a level.
    pub fn federation_at(&self, code: &str, level: Option<Level>) -> FederationId {
        let tree = self.process.tree();
        tree.by_code(code, level)
            .unwrap_or_else(|| panic!("no federation {code}"))
            .id
    }

    /// The global id of the federation of a code.
    pub fn gid(&self, code: &str) -> String {
        self.federation(code).gid().to_string()
    }

    /// The same process, reached from an address.
    pub fn from(&self, address: &str) -> App {
        App {
            address: Some(address.parse().unwrap()),
            ..self.clone()
        }
    }

    /// A second process with other rules.
    pub async fn another_with(&self, change: impl FnOnce(&mut Rules)) -> App {
        let mut rules = self.process.rules.clone();
        change(&mut rules);
        let kept = (self.folder.clone(), self.process.files.clone());
        App::start(self.url.clone(), kept, Arc::clone(&self.clock), rules).await
    }

    /// The service acting by itself, as at the command line.
    pub fn operator(&self) -> Op {
        Op::new(&self.process, Actor::System)
    }

    /// Nobody in particular.
    pub fn anonymous(&self) -> Caller {
        Caller {
            app: self.clone(),
            token: None,
            refresh_token: None,
            language: None,
        }
    }

    /// Its database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a request as it is; the answer as far as it is there.
    pub async fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.into()).unwrap();
        if let Some(address) = self.address {
            let peer = SocketAddr::new(address, 40_000);
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request as it is.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let (parts, body) = self.begin(method, path, headers, body).await.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    /// Sends a request; the status and the beginning of the answer, which may have no end.
    pub async fn send_request(&self, request: Request<Body>) -> (u16, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let is_endless = response
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let mut body = response.into_body();
        let bytes = if is_endless {
            let frame = tokio::time::timeout(std::time::Duration::from_millis(50), body.frame()).await;
            frame
                .ok()
                .flatten()
                .and_then(|frame| frame.unwrap().into_data().ok())
                .unwrap_or_default()
        } else {
            body.collect().await.unwrap().to_bytes()
        };
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Lets the background work of this process catch up.
    pub async fn settle(&self) {
        done(worker::settle(&self.process).await);
    }

    /// Runs every job that is open.
    pub async fn work(&self) {
        done(worker::run_queued(&self.process).await);
    }

    /// SQL statements run so far; two of these make a difference.
    pub fn statements(&self) -> u64 {
        self.process.db.statements()
    }

    /// Writes to the database behind the service's back.
    pub async fn write(&self, sql: &str) {
        let db = sea_orm::Database::connect(&self.url).await.unwrap();
        db.execute_unprepared(sql).await.unwrap();
        db.close().await.unwrap();
    }

    /// Lets time pass.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Caller {
    /// The service they talk to.
    pub app: App,
    /// Their access token.
    pub token: Option<String>,
    /// Their refresh token.
    pub refresh_token: Option<String>,
    /// Their `Accept-Language`.
    pub language: Option<&'static str>,
}

impl Caller {
    /// The same one, reading Chinese.
    pub fn in_chinese(&self) -> Caller {
        Caller {
            language: Some("zh-CN,zh;q=0.9,en;q=0.8"),
            ..self.clone()
        }
    }

    /// The same one, talking to another process.
    pub fn at(&self, app: &App) -> Caller {
        Caller {
            app: app.clone(),
            ..self.clone()
        }
    }

    /// Sends a request with their token.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.with_token(headers, async |headers| {
            self.app.send(method, path, headers, body).await
        })
        .await
    }

    /// Does something with these headers and those that say who they are and what they read.
    pub async fn with_token<T>(
        &self,
        headers: &[(&str, &str)],
        work: impl AsyncFnOnce(&[(&str, &str)]) -> T,
    ) -> T {
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = headers.to_vec();
        headers.extend(token.iter().map(|token| ("authorization", token.as_str())));
        headers.extend(self.language.map(|language| ("accept-language", language)));
        work(&headers).await
    }

    /// Brings a file up; its id.
    pub async fn upload(&self, bytes: &str) -> String {
        let id = self.app.process.clock.id().to_string();
        let path = format!("/uploads/{id}");
        let answer = self.send("PUT", &path, &[], bytes.to_owned()).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        id
    }

    /// Sends a document; the answer as it came.
    pub async fn post(&self, query: &str, variables: Value) -> Answer {
        let body = json!({"query": query, "variables": variables}).to_string();
        self.send("POST", "/graphql", &[("content-type", "application/json")], body)
            .await
    }

    /// The whole answer to a document, which comes with 200.
    pub async fn gql(&self, query: &str, variables: Value) -> Value {
        let answer = self.post(query, variables).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }

    /// The data of an answer without errors.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        let mut body = self.gql(query, variables).await;
        assert!(body.get("errors").is_none(), "{:#}", body["errors"]);
        body["data"].take()
    }

    /// The errors of an answer that has some.
    pub async fn errors(&self, query: &str, variables: Value) -> Vec<Value> {
        let body = self.gql(query, variables).await;
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        assert!(!errors.is_empty(), "no error in {body:#}");
        errors
    }

    /// The codes of the errors of an answer.
    pub async fn codes(&self, query: &str, variables: Value) -> Vec<String> {
        self.errors(query, variables).await.iter().map(code_of).collect()
    }

    /// What a mutation of one field gave back: its payload, which must hold no `userErrors`.
    pub async fn done(&self, query: &str, input: Value) -> Value {
        let payload = self.payload(query, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        payload
    }

    /// Why a mutation of one field was refused: `CODE field.path`, one for each of its `userErrors`.
    pub async fn refused(&self, query: &str, input: Value) -> Vec<String> {
        let payload = self.payload(query, input).await;
        let errors = payload["userErrors"]
            .as_array()
            .expect("the document asks for userErrors");
        let said = |error: &Value| {
            let names = error["field"]
                .as_array()
                .expect("the document asks for the field")
                .iter();
            let path: Vec<&str> = names.filter_map(Value::as_str).collect();
            format!("{} {}", error["code"].as_str().unwrap(), path.join("."))
                .trim_end()
                .to_owned()
        };
        assert!(!errors.is_empty(), "not refused: {payload:#}");
        errors.iter().map(said).collect()
    }

    async fn payload(&self, query: &str, input: Value) -> Value {
        let data = self.data(query, json!({"input": input})).await;
        let fields = data.as_object().expect("a mutation answers an object");
        fields.values().next().expect("a mutation has a field").clone()
    }
}
