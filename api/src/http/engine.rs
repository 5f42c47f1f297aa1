//! Runs GraphQL requests: each as one operation, with its loaders, in the caller's language, within its budget and time.

use super::answer::{self, Told};
use super::document::{Document, Documents};
use super::params::{Params, Wanted};
use super::refusal::{Kind, Refusal};
use super::session::Peer;
use crate::config::{Profile, Transport};
use crate::documents::{rules, store};
use crate::kernel::app::App;
use crate::kernel::bucket::Buckets;
use crate::kernel::error::{Error, LANGUAGE, Language, text};
use crate::kernel::loader::{Late, drive_within};
use crate::kernel::op::{Actor, Op};
use crate::kernel::telemetry::{Cost, METER, Meter};
use crate::policy::CallerClass;
use async_graphql::futures_util::FutureExt;
use async_graphql::futures_util::future::BoxFuture;
use async_graphql::futures_util::stream::BoxStream;
use async_graphql::parser::types::OperationType;
use async_graphql::{Name, Request, Response, Value, Variables};
use chrono::{DateTime, Utc};
use entity::id::AccountId;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// A name that no operation has: asked for, the engine validates and does not run.
const NO_OPERATION: &str = "\u{0}";

/// What runs documents: a schema of the engine.
pub trait Execute: Send + Sync + 'static {
    /// Runs a query or mutation.
    fn execute(&self, request: Request) -> BoxFuture<'_, Response>;
    /// Runs any operation, also a subscription.
    fn execute_stream(&self, request: Request) -> BoxStream<'static, Response>;
    /// The schema as text.
    fn sdl(&self) -> String;
}

impl<Q, M, S> Execute for async_graphql::Schema<Q, M, S>
where
    Q: async_graphql::ObjectType + 'static,
    M: async_graphql::ObjectType + 'static,
    S: async_graphql::SubscriptionType + 'static,
{
    fn execute(&self, request: Request) -> BoxFuture<'_, Response> {
        async_graphql::Schema::execute(self, request).boxed()
    }

    fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        async_graphql::Schema::execute_stream(self, request)
    }

    fn sdl(&self) -> String {
        async_graphql::Schema::sdl(self)
    }
}

/// The schema on its process.
#[derive(Clone)]
pub struct Engine {
    /// The process.
    pub app: Arc<App>,
    /// How the world reaches it.
    pub transport: Arc<Transport>,
    /// Documents that were read.
    pub documents: Arc<Documents>,
    schema: Arc<dyn Execute>,
    spent: Arc<Buckets<Spender>>,
}

/// Whose budget it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Spender {
    Account(AccountId),
    Address(Option<IpAddr>),
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// As a link, which a browser follows without asking.
    Get,
    /// As a request of its own, which has one answer.
    Post,
    /// On something that can carry many answers.
    Stream,
    /// As a link that asks for many answers.
    StreamByGet,
}

/// An operation that may run: its budget is taken.
pub struct Ready {
    request: Request,
    document: Arc<Document>,
    /// Query, mutation or subscription.
    pub kind: OperationType,
    asked: u64,
    left: u64,
    spender: Spender,
}

/// What a look at all registered documents found.
#[derive(Debug, Default)]
pub struct Checked {
    /// How many there are.
    pub count: u64,
    /// Those that do not fit the schema: client, id and reason.
    pub unfit: Vec<String>,
}

fn invalid(code: &str, en: &'static str, zh: &'static str) -> Refusal {
    Refusal::new(Kind::Invalid, code, &text(en, zh))
}

impl Ready {
    /// What the operator hears of it.
    pub(super) fn told(&self) -> Told {
        Told {
            kind: Some(self.kind),
            document: self.document.registered.clone(),
            name: self.request.operation_name.clone(),
        }
    }
}

impl Engine {
    /// Puts a schema on a process.
    ///
    /// # Errors
    /// If what the schema prints is not valid.
    pub fn new(app: Arc<App>, transport: Arc<Transport>, schema: impl Execute) -> Result<Engine, Error> {
        Ok(Engine {
            documents: Arc::new(Documents::new(&schema.sdl())?),
            schema: Arc::new(schema),
            spent: Arc::default(),
            app,
            transport,
        })
    }

    /// Whether a caller may look at the schema and try documents.
    pub(super) fn is_open_to(&self, actor: &Actor) -> bool {
        let runs_the_service = match actor {
            Actor::Account { grants, .. } => grants.iter().any(|grant| grant.role.runs_the_service()),
            Actor::System => true,
            Actor::Anonymous => false,
        };
        self.transport.profile == Profile::Development || runs_the_service
    }

    /// Who somebody is, as far as budgets go.
    pub(super) fn class(actor: &Actor, is_phone: bool) -> CallerClass {
        let roles: Vec<_> = match actor {
            Actor::Account { grants, .. } => grants.iter().map(|grant| grant.role).collect(),
            Actor::Anonymous | Actor::System => Vec::new(),
        };
        CallerClass::of(&roles, is_phone)
    }

    /// Answers a query or mutation of somebody.
    ///
    /// # Errors
    /// If no field was run.
    pub async fn answer(&self, op: &Op, peer: &Peer, params: Params, via: Via) -> Result<Response, Refusal> {
        let ready = self.ready(op, peer, params, via).await?;
        self.run(op, ready).await
    }

    /// Reads a request, and takes what it may cost from its caller's budget. A refusal is told to the operator.
    ///
    /// # Errors
    /// If the document does not fit, is not allowed this way, or costs more than there is.
    pub async fn ready(&self, op: &Op, peer: &Peer, params: Params, via: Via) -> Result<Ready, Refusal> {
        let ready = self.admit(op, peer, params, via).await;
        ready.map_err(|refusal| {
            answer::note(&Meter::begin(op), &Told::default(), &refusal.errors, None);
            answer::named(refusal, op)
        })
    }

    async fn admit(&self, op: &Op, peer: &Peer, params: Params, via: Via) -> Result<Ready, Refusal> {
        let is_open = self.is_open_to(op.actor());
        let class = Engine::class(op.actor(), peer.is_phone);
        let document = self.document(&params.document, op.now(), is_open).await?;
        let is_registered = document.registered.is_some();
        if !is_registered && !is_open && self.transport.trusted_only.contains(&class) {
            let text = text("Send registered documents only.", "仅允许已注册的查询文档。");
            return Err(Refusal::new(
                Kind::Forbidden,
                "PERSISTED_DOCUMENT_REQUIRED",
                &text,
            ));
        }
        let operation = document.operation(params.operation_name.as_deref())?;
        check_method(operation.kind, via, is_registered || is_open)?;
        let asked = operation.plan.price(&params.variables);
        let budget = class.budget();
        if asked > budget.capacity && !is_registered {
            return Err(invalid(
                "TOO_EXPENSIVE",
                "The document asks for too much at once: ask for smaller pages, or fewer lists inside lists.",
                "一次请求的数据过多：请减小分页或减少嵌套列表。",
            ));
        }
        let spender = match op.account_id() {
            Some(account_id) => Spender::Account(account_id),
            None => Spender::Address(op.address()),
        };
        let taken = self.spent.take(spender.clone(), budget, asked, op.now());
        let left = taken.map_err(|seconds| {
            let en = format!("Too much was asked for: go on in {seconds} s.");
            let text = text(en, format!("请求过多，请于 {seconds} 秒后继续。"));
            Refusal::new(Kind::Spent(seconds), "RATE_LIMITED", &text)
        })?;
        let mut request = Request::new("").variables(params.variables).data(op.clone());
        request.operation_name = operation.name.as_ref().map(ToString::to_string);
        request.set_parsed_query(document.parsed.clone());
        if !is_open {
            request = request.disable_introspection();
        }
        Ok(Ready {
            kind: operation.kind,
            request,
            document: Arc::clone(&document),
            asked: asked.min(budget.capacity),
            left,
            spender,
        })
    }

    async fn document(
        &self,
        wanted: &Wanted,
        now: DateTime<Utc>,
        is_open: bool,
    ) -> Result<Arc<Document>, Refusal> {
        let unknown = |kind, code| {
            let text = text("No document is known under this id.", "没有此标识的查询文档。");
            Refusal::new(kind, code, &text)
        };
        // Clients with automatic persisted queries look for these words; they send the text with their next request.
        let unkept = |code, words: &'static str| Refusal::new(Kind::Invalid, code, &text(words, words));
        match wanted {
            Wanted::Registered(id) => {
                let id = rules::id(id);
                let text = store::text(&self.app, id);
                let found = self.documents.registered(id, now, text).await?;
                found.ok_or_else(|| unknown(Kind::Unregistered, "PERSISTED_DOCUMENT_NOT_FOUND"))
            }
            Wanted::Kept(sha256) if is_open => {
                let kept = self.documents.kept(sha256);
                kept.ok_or_else(|| unkept("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound"))
            }
            Wanted::Kept(_) => Err(unkept(
                "PERSISTED_QUERY_NOT_SUPPORTED",
                "PersistedQueryNotSupported",
            )),
            Wanted::Text(query) => match self.documents.read(query) {
                Ok(document) => Ok(document),
                Err(refusal) if is_open && refusal.kind == Kind::Unfit => {
                    Err(self.with_suggestions(query, refusal).await)
                }
                Err(refusal) => Err(refusal),
            },
        }
    }

    /// The engine says what might have been meant; it does not find every fault.
    async fn with_suggestions(&self, query: &str, refusal: Refusal) -> Refusal {
        let request = Request::new(query).operation_name(NO_OPERATION);
        let mut errors = self.schema.execute(request).await.errors;
        errors.retain(|error| !error.message.contains(NO_OPERATION));
        if errors.is_empty() {
            return refusal;
        }
        Refusal::of(Kind::Unfit, "GRAPHQL_VALIDATION_FAILED", errors)
    }

    /// Runs a subscription that may run.
    pub(super) fn stream(&self, ready: Ready) -> BoxStream<'static, Response> {
        self.schema.execute_stream(ready.request)
    }

    /// Runs a query or mutation that may run.
    ///
    /// # Errors
    /// If no field was run.
    pub async fn run(&self, op: &Op, ready: Ready) -> Result<Response, Refusal> {
        let (meter, told) = (Meter::begin(op), ready.told());
        match self.measured(op, &meter, ready).await {
            Ok((mut response, cost, remaining)) => {
                answer::note(&meter, &told, &response.errors, Some(cost));
                let shown = [
                    ("asked", cost.asked),
                    ("actual", cost.actual),
                    ("remaining", remaining),
                    ("statements", meter.statements()),
                ];
                let shown = shown.map(|(name, points)| (Name::new(name), Value::from(points)));
                let shown = Value::Object(shown.into_iter().collect());
                response.extensions.insert("cost".to_owned(), shown);
                Ok(response)
            }
            Err(refusal) => {
                answer::note(&meter, &told, &refusal.errors, None);
                Err(answer::named(refusal, op))
            }
        }
    }

    /// The answer, what it cost, and what is left of the budget.
    async fn measured(&self, op: &Op, meter: &Meter, ready: Ready) -> Result<(Response, Cost, u64), Refusal> {
        let operation_name = ready.request.operation_name.clone();
        let running = drive_within(op, self.schema.execute(ready.request), self.transport.deadline);
        let running = METER.scope(meter.clone(), running);
        let mut response = match AssertUnwindSafe(running).catch_unwind().await {
            Ok(Ok(response)) => response,
            Ok(Err(Late)) => return Err(Error::Timeout { first: None }.into()),
            Err(_) => return Err(Error::from(anyhow::anyhow!("an operation panicked")).into()),
        };
        answer::finish(&mut response, op);
        if answer::is_request_error(&response) {
            self.spent.put_back(&ready.spender, ready.asked);
            return Err(Refusal {
                kind: Kind::Invalid,
                errors: response.errors,
            });
        }
        if !response.errors.is_empty() {
            let (errors, document) = (&mut response.errors, &ready.document);
            self.documents
                .complete_paths(errors, document, operation_name.as_deref());
        }
        let asked = ready.asked;
        let actual = answer::objects(&response.data).saturating_add(meter.statements());
        let cost = Cost {
            asked,
            actual: actual.min(asked),
        };
        let remaining = match asked - cost.actual {
            0 => ready.left,
            unused => self.spent.put_back(&ready.spender, unused),
        };
        Ok((response, cost, remaining))
    }

    /// Reads every registered document anew; those that do not fit the schema, with the reason.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn check_registered(&self) -> Result<Checked, Error> {
        let mut checked = Checked::default();
        let mut last = None;
        loop {
            let documents = store::after(&self.app, last.as_ref()).await?;
            for document in &documents {
                checked.count += 1;
                if let Err(refusal) = self.documents.read_registered(&document.id, &document.text) {
                    let (client, id) = (&document.client, &document.id);
                    checked
                        .unfit
                        .push(format!("{client} {id}: {}", refusal.reasons()));
                }
            }
            last = documents.into_iter().last();
            if last.is_none() {
                return Ok(checked);
            }
        }
    }

    /// Runs a document for a caller of this process; an error of any field is an error.
    pub async fn ask(
        &self,
        actor: Actor,
        document: &str,
        variables: serde_json::Value,
    ) -> Result<serde_json::Value, Error> {
        let op = Op::new(&self.app, actor);
        let request = Request::new(document)
            .variables(Variables::from_json(variables))
            .data(op.clone());
        let running = crate::kernel::loader::drive(&op, self.schema.execute(request));
        let response = LANGUAGE.scope(Language::English, running).await;
        answer::log(&op, &response);
        match response.errors.first() {
            Some(error) => Err(anyhow::anyhow!("the request was refused: {}", error.message).into()),
            None => Ok(response.data.into_json()?),
        }
    }
}

fn check_method(kind: OperationType, via: Via, is_trusted: bool) -> Result<(), Refusal> {
    let refused = |kind, en, zh| Err(Refusal::new(kind, "BAD_REQUEST", &text(en, zh)));
    match (kind, via) {
        (OperationType::Mutation, Via::Get | Via::StreamByGet) => {
            refused(Kind::Method, "A mutation comes by POST.", "变更操作须使用 POST。")
        }
        (_, Via::StreamByGet) | (OperationType::Query, Via::Get) if !is_trusted => refused(
            Kind::Method,
            "Only registered documents come by GET.",
            "GET 仅接受已注册的查询文档。",
        ),
        (OperationType::Subscription, Via::Get | Via::Post) => refused(
            Kind::Unacceptable,
            "A subscription comes over a WebSocket, or with Accept: text/event-stream.",
            "订阅须使用 WebSocket 或 Accept: text/event-stream。",
        ),
        _ => Ok(()),
    }
}
