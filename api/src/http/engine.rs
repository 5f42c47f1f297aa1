//! Runs GraphQL requests: each as one operation, with its loaders, in the caller's language.

use crate::kernel::app::App;
use crate::kernel::error::{Error, LANGUAGE, Language};
use crate::kernel::loader::drive;
use crate::kernel::op::{Actor, Op};
use crate::schema::Schema;
use async_graphql::futures_util::StreamExt;
use async_graphql::futures_util::stream::{self, BoxStream};
use async_graphql::{Data, Executor, Request, Response, Variables};
use std::sync::Arc;

/// The schema on its process.
#[derive(Clone)]
pub struct Engine {
    /// The schema.
    pub schema: Schema,
    /// The process.
    pub app: Arc<App>,
}

/// Who is on the other end of a socket, and in which language.
pub struct Peer {
    /// Who.
    pub actor: Actor,
    /// Language of messages.
    pub language: Language,
}

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
        }
    }
    response
}

impl Engine {
    /// Runs a query or mutation.
    pub async fn run(&self, op: &Op, language: Language, request: Request) -> Response {
        let running = drive(op, self.schema.execute(request.data(op.clone())));
        with_codes(LANGUAGE.scope(language, running).await)
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

    fn stream(&self, peer: &Peer, request: Request) -> BoxStream<'static, Response> {
        let (language, op) = (peer.language, Op::new(&self.app, peer.actor.clone()));
        let responses = self.schema.execute_stream(request.data(op.clone())).boxed();
        stream::unfold((responses, op), move |(mut responses, op)| async move {
            let next = drive(&op, async {
                let next = responses.next().await;
                op.renew();
                next
            });
            let response = LANGUAGE.scope(language, next).await?;
            Some((with_codes(response), (responses, op)))
        })
        .boxed()
    }
}

impl Executor for Engine {
    async fn execute(&self, request: Request) -> Response {
        self.run(&Op::new(&self.app, Actor::Anonymous), Language::English, request)
            .await
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let nobody = Peer {
            actor: Actor::Anonymous,
            language: Language::English,
        };
        let peer = session
            .as_ref()
            .and_then(|session| session.get(&std::any::TypeId::of::<Peer>()));
        self.stream(
            peer.and_then(|peer| peer.downcast_ref::<Peer>())
                .unwrap_or(&nobody),
            request,
        )
    }
}
