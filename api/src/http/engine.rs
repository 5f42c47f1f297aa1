//! Runs GraphQL requests: each as one operation, with its loaders, in the caller's language.

use super::{guard, session};
use crate::accounts::token::Claims;
use crate::config::Transport;
use crate::kernel::app::App;
use crate::kernel::error::{Error, LANGUAGE, Language, text};
use crate::kernel::loader::drive;
use crate::kernel::op::{Actor, Op};
use crate::schema::Schema;
use async_graphql::futures_util::future::{FutureExt, poll_immediate};
use async_graphql::futures_util::stream::{self, BoxStream, StreamExt};
use async_graphql::parser::types::OperationType;
use async_graphql::{Pos, Request, Response, Value, Variables};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// The schema on its process.
#[derive(Clone)]
pub struct Engine {
    /// The schema.
    pub schema: Schema,
    /// The process.
    pub app: Arc<App>,
    /// How the world reaches it.
    pub transport: Arc<Transport>,
}

/// Who is on the other end of a socket or an event stream, and in which language.
///
/// It holds what the token says and not who acts: these stay open for long, and signing out, an ended grant and a
/// disabled account take effect at once.
#[derive(Clone)]
pub struct Peer {
    /// What the token says; nobody without one.
    pub claims: Option<Claims>,
    /// Language of messages.
    pub language: Language,
}

impl Peer {
    /// Who acts now; Unauthenticated if the token is no longer good.
    pub async fn actor(&self, app: &App) -> Result<Actor, Error> {
        match &self.claims {
            Some(claims) => session::acts_as(app, claims).await,
            None => Ok(Actor::Anonymous),
        }
    }

    /// Whether what began as somebody may go on; else what the caller hears. The scope of a subscription was made when
    /// it began, so with other grants it has to begin anew.
    pub(super) async fn check(&self, app: &App, began_as: &Actor) -> Result<(), Box<Response>> {
        let actor = self.actor(app).await.map_err(refused)?;
        if actor.may_as_much_as(began_as) {
            return Ok(());
        }
        let text = text(
            "Your grants have changed: subscribe again.",
            "您的授权已变更，请重新订阅。",
        );
        let error = guard::error("GRANTS_CHANGED", &text);
        Err(Box::new(Response::from_errors(vec![error])))
    }
}

/// What the engine says of a wrong scalar, and what it leaves out.
const MEANINGS: [(&str, &str); 2] = [
    (
        "expected type \"Date\"",
        ": a day that exists, YYYY-MM-DD, from 1900 to 2200",
    ),
    (
        "expected type \"DateTime\"",
        ": an RFC 3339 instant with its offset, from 1900 to 2200",
    ),
];

/// A request error (no field was run) gets a code here: the engine gives none.
fn with_codes(mut response: Response) -> Response {
    for error in &mut response.errors {
        let has_code = error
            .extensions
            .as_ref()
            .is_some_and(|extensions| extensions.get("code").is_some());
        if !has_code {
            let code = if error.path.is_empty() {
                "GRAPHQL_VALIDATION_FAILED"
            } else {
                "BAD_USER_INPUT"
            };
            error.extensions.get_or_insert_default().set("code", code);
            if let Some((_, meaning)) = MEANINGS
                .iter()
                .find(|(ending, _)| error.message.ends_with(ending))
            {
                error.message.push_str(meaning);
            }
        }
    }
    response
}

/// Logs each internal error of an answer once, though many fields may have met it.
fn log(op: &Op, response: &Response) {
    let _request = tracing::error_span!("request", id = %op.request_id()).entered();
    let mut logged = Vec::new();
    for error in response.errors.iter().filter_map(|error| error.source::<Error>()) {
        let Error::Internal(cause) = error else { continue };
        if !logged.iter().any(|earlier| Arc::ptr_eq(*earlier, cause)) {
            logged.push(cause);
            error.log();
        }
    }
}

fn refused(error: Error) -> Response {
    error.log();
    let error = async_graphql::Error::from(error).into_server_error(Pos::default());
    Response::from_errors(vec![error])
}

impl Engine {
    /// Runs a query or mutation.
    pub async fn run(&self, op: &Op, language: Language, request: Request) -> Response {
        let running = async {
            if let Err(refusal) = guard::check(&request) {
                return Response::from_errors(vec![*refusal]);
            }
            drive(op, self.schema.execute(request.data(op.clone()))).await
        };
        let response = with_codes(LANGUAGE.scope(language, running).await);
        log(op, &response);
        response
    }

    /// Runs a document for a caller of this process; an error of any field is an error.
    pub async fn ask(
        &self,
        actor: Actor,
        document: &str,
        variables: serde_json::Value,
    ) -> Result<serde_json::Value, Error> {
        let op = Op::new(&self.app, actor);
        let request = Request::new(document).variables(Variables::from_json(variables));
        let response = self.run(&op, Language::English, request).await;
        match response.errors.first() {
            Some(error) => Err(anyhow::anyhow!("the request was refused: {}", error.message).into()),
            None => Ok(response.data.into_json()?),
        }
    }

    /// Begins an operation of a socket or an event stream.
    ///
    /// # Errors
    /// A request error: no field was run.
    pub async fn begin(&self, peer: &Peer, request: Request) -> Result<Begun, Box<Response>> {
        let beginning = LANGUAGE.scope(peer.language, self.start(peer.clone(), request));
        let running = beginning.await?;
        let (op, is_subscription) = (running.op.clone(), running.is_subscription);
        let mut responses = running.responses().fuse();
        // The engine validates as soon as it is asked for an answer, before it runs a field.
        let responses = match poll_immediate(responses.next()).await {
            Some(Some(response)) if is_request_error(&response) => return Err(Box::new(response)),
            Some(first) => stream::iter(first).chain(responses).boxed(),
            None => responses.boxed(),
        };
        Ok(Begun {
            op,
            is_subscription,
            responses,
        })
    }

    async fn start(&self, peer: Peer, mut request: Request) -> Result<Running, Box<Response>> {
        guard::check(&request).map_err(|refusal| Response::from_errors(vec![*refusal]))?;
        let actor = peer.actor(&self.app).await.map_err(refused)?;
        let op = Op::new(&self.app, actor);
        let is_subscription = operation_type(&mut request) == Some(OperationType::Subscription);
        let responses = self.schema.execute_stream(request.data(op.clone())).boxed();
        Ok(Running {
            peer,
            op,
            responses,
            is_subscription,
        })
    }
}

/// What the request asks for; nothing if it does not parse.
pub(super) fn operation_type(request: &mut Request) -> Option<OperationType> {
    let name = request.operation_name.clone();
    let document = request.parsed_query().ok()?;
    let mut operations = document.operations.iter();
    let (_, operation) = operations.find(|(operation_name, _)| {
        name.is_none() || operation_name.map(|name| name.as_str()) == name.as_deref()
    })?;
    Some(operation.node.ty)
}

/// Whether an answer says that no field was run.
pub(super) fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty())
}

/// An operation that has begun.
pub struct Begun {
    /// Who acts, and when.
    pub op: Op,
    /// Whether it is a subscription.
    pub is_subscription: bool,
    /// Its answers; a query or a mutation has one.
    pub responses: BoxStream<'static, Response>,
}

struct Running {
    peer: Peer,
    op: Op,
    responses: BoxStream<'static, Response>,
    is_subscription: bool,
}

impl Running {
    fn responses(self) -> BoxStream<'static, Response> {
        let language = self.peer.language;
        let next = move |running: Option<Running>| async move {
            let mut running = running?;
            let next = LANGUAGE.scope(language, running.next());
            match AssertUnwindSafe(next).catch_unwind().await {
                Ok(response) => Some((response?, Some(running))),
                Err(_) => {
                    let response = LANGUAGE.sync_scope(language, || panicked(&running.op));
                    Some((response, None))
                }
            }
        };
        stream::unfold(Some(self), next).boxed()
    }

    async fn next(&mut self) -> Option<Response> {
        let (op, responses) = (&self.op, &mut self.responses);
        let next = drive(op, responses.next());
        let mut response = with_codes(next.await?);
        log(&self.op, &response);
        if self.is_subscription {
            if let Err(last) = self.peer.check(self.op.app(), self.op.actor()).await {
                self.responses = stream::empty().boxed();
                return Some(*last);
            }
            let events = self.op.take_missed();
            if events > 0 {
                let lagged = async_graphql::value!({ "events": events });
                response.extensions.insert("lagged".to_owned(), lagged);
            }
        }
        Some(response)
    }
}

/// A panic of one operation is an internal error of that one.
fn panicked(op: &Op) -> Response {
    let _request = tracing::error_span!("request", id = %op.request_id()).entered();
    refused(anyhow::anyhow!("the operation panicked").into())
}
