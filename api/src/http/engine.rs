//! Runs GraphQL requests: each as one operation, with its loaders, in the caller's language.

use super::{guard, session};
use crate::accounts::token::Claims;
use crate::config::Transport;
use crate::kernel::app::App;
use crate::kernel::error::{Error, LANGUAGE, Language, text};
use crate::kernel::loader::drive;
use crate::kernel::op::{Actor, Op};
use crate::kernel::telemetry::{Ended, METER, Meter};
use crate::schema::Schema;
use async_graphql::futures_util::StreamExt;
use async_graphql::futures_util::stream::{self, BoxStream};
use async_graphql::parser::types::OperationType;
use async_graphql::{Data, Executor, Pos, Request, Response, Variables};
use std::any::TypeId;
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

/// Who is on the other end of a socket, and in which language.
///
/// It holds what the token says and not who acts: a socket stays open for days, and signing out, an ended grant and a
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
    let _request = op.request().log_span().entered();
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
    pub async fn run(&self, op: &Op, language: Language, mut request: Request) -> Response {
        let meter = Meter::begin(op);
        let mut kind = "none";
        let running = async {
            if let Err(refusal) = guard::check(&request) {
                return Response::from_errors(vec![*refusal]);
            }
            kind = operation_type(&mut request).map_or("none", name_of);
            drive(op, self.schema.execute(request.data(op.clone()))).await
        };
        let running = METER.scope(meter.clone(), running);
        let response = with_codes(LANGUAGE.scope(language, running).await);
        log(op, &response);
        note(op, &meter, kind, &response);
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

    /// Runs an operation of a socket.
    fn stream(&self, peer: Peer, request: Request) -> BoxStream<'static, Response> {
        let (engine, language) = (self.clone(), peer.language);
        let beginning = LANGUAGE.scope(language, async move { engine.begin(peer, request).await });
        stream::once(beginning)
            .flat_map(move |begun| match begun {
                Ok(running) => stream::unfold(running, move |mut running| async move {
                    let response = LANGUAGE.scope(language, running.next()).await?;
                    Some((response, running))
                })
                .boxed(),
                Err(response) => stream::once(std::future::ready(*response)).boxed(),
            })
            .boxed()
    }

    async fn begin(&self, peer: Peer, mut request: Request) -> Result<Running, Box<Response>> {
        guard::check(&request).map_err(|refusal| Response::from_errors(vec![*refusal]))?;
        let actor = peer.actor(&self.app).await.map_err(refused)?;
        let op = Op::new(&self.app, actor);
        let kind = operation_type(&mut request);
        let responses = self.schema.execute_stream(request.data(op.clone())).boxed();
        Ok(Running {
            peer,
            op,
            responses,
            kind,
        })
    }
}

/// What the request asks for; what does not parse asks for nothing.
fn operation_type(request: &mut Request) -> Option<OperationType> {
    let name = request.operation_name.clone();
    let mut operations = request.parsed_query().ok()?.operations.iter();
    let is_meant = |operation_name: Option<&str>| name.is_none() || operation_name == name.as_deref();
    operations
        .find(|(operation_name, _)| is_meant(operation_name.map(|name| name.as_str())))
        .map(|(_, operation)| operation.node.ty)
}

fn name_of(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// Tells the operator of an operation, or a message of a subscription, that is over.
fn note(op: &Op, meter: &Meter, kind: &'static str, response: &Response) {
    let code = response
        .errors
        .first()
        .and_then(|error| error.extensions.as_ref()?.get("code"));
    let code = match code {
        Some(async_graphql::Value::String(code)) => code,
        _ => "OK",
    };
    let ended = Ended {
        kind,
        code,
        ..Ended::default()
    };
    op.app().telemetry.operation_ended(meter, &ended);
}

/// An operation of a socket that goes on.
struct Running {
    peer: Peer,
    op: Op,
    responses: BoxStream<'static, Response>,
    kind: Option<OperationType>,
}

impl Running {
    async fn next(&mut self) -> Option<Response> {
        let (op, responses) = (&self.op, &mut self.responses);
        let meter = Meter::awaiting(op);
        let next = METER.scope(meter.clone(), drive(op, responses.next()));
        let response = with_codes(next.await?);
        log(&self.op, &response);
        note(&self.op, &meter, self.kind.map_or("none", name_of), &response);
        if self.kind == Some(OperationType::Subscription)
            && let Err(last) = check_standing(&self.peer, &self.op).await
        {
            self.responses = stream::empty().boxed();
            return Some(*last);
        }
        Some(response)
    }
}

/// Whether a message may still go to whoever subscribed. The scope of a subscription was made when it began, so with
/// other grants it has to begin anew.
async fn check_standing(peer: &Peer, op: &Op) -> Result<(), Box<Response>> {
    let actor = peer.actor(op.app()).await.map_err(refused)?;
    if actor.may_as_much_as(op.actor()) {
        return Ok(());
    }
    let text = text(
        "Your grants have changed: subscribe again.",
        "您的授权已变更，请重新订阅。",
    );
    let error = guard::error("GRANTS_CHANGED", &text);
    Err(Box::new(Response::from_errors(vec![error])))
}

impl Executor for Engine {
    async fn execute(&self, request: Request) -> Response {
        self.run(&Op::new(&self.app, Actor::Anonymous), Language::English, request)
            .await
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let nobody = Peer {
            claims: None,
            language: Language::English,
        };
        let peer = session
            .as_ref()
            .and_then(|session| session.get(&TypeId::of::<Peer>()))
            .and_then(|peer| peer.downcast_ref::<Peer>());
        self.stream(peer.cloned().unwrap_or(nobody), request)
    }
}
