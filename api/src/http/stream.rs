//! Operations that may have many answers: subscriptions, and whatever else comes over a socket or an event stream.

use super::answer::{self, Told};
use super::engine::{Engine, Via};
use super::params::Params;
use super::refusal::{Kind, Refusal};
use super::session::Peer;
use crate::kernel::app::App;
use crate::kernel::error::{Error, LANGUAGE, text};
use crate::kernel::loader::drive;
use crate::kernel::op::{Actor, Op};
use crate::kernel::telemetry::{METER, Meter, REQUEST, Request};
use async_graphql::Response;
use async_graphql::futures_util::future::{FutureExt, poll_immediate};
use async_graphql::futures_util::stream::{self, BoxStream, StreamExt};
use async_graphql::parser::types::OperationType;
use std::panic::AssertUnwindSafe;
use tracing::Instrument;

/// An operation that has begun.
pub struct Begun {
    /// Who acts, and when.
    pub op: Op,
    /// Whether it is a subscription.
    pub is_subscription: bool,
    /// Its answers; a query or a mutation has one.
    pub responses: BoxStream<'static, Response>,
}

impl Peer {
    /// Whether what began as somebody may go on. The scope of a subscription was made when it began, so with other
    /// grants it has to begin anew.
    ///
    /// # Errors
    /// If it may not; what the caller hears.
    pub(super) async fn check(&self, app: &App, began_as: &Actor) -> Result<(), Refusal> {
        let actor = self.actor(app).await?;
        if actor.may_as_much_as(began_as) {
            return Ok(());
        }
        let text = text(
            "Your grants have changed: subscribe again.",
            "您的授权已变更，请重新订阅。",
        );
        Err(Refusal::new(Kind::Forbidden, "GRANTS_CHANGED", &text))
    }
}

impl Engine {
    /// Begins an operation of a socket or an event stream.
    ///
    /// # Errors
    /// If no field was run.
    pub async fn begin(&self, peer: &Peer, params: Params, via: Via) -> Result<Begun, Refusal> {
        let starting = LANGUAGE.scope(peer.language, self.start(peer, params, via));
        // On a socket each operation is a request of its own.
        REQUEST.scope(Request::current(&self.app), starting).await
    }

    async fn start(&self, peer: &Peer, params: Params, via: Via) -> Result<Begun, Refusal> {
        let op = peer.op(&self.app).await?;
        let ready = self.ready(&op, peer, params, via).await?;
        if ready.kind != OperationType::Subscription {
            let response = self.run(&op, ready).await?;
            return Ok(Begun {
                op,
                is_subscription: false,
                responses: stream::iter([response]).boxed(),
            });
        }
        let running = Running {
            peer: peer.clone(),
            op: op.clone(),
            told: ready.told(),
            responses: self.stream(ready),
        };
        let mut responses = running.responses().fuse();
        // The engine validates as soon as it is asked for an answer, before it runs a field.
        let responses = match poll_immediate(responses.next()).await {
            Some(Some(response)) if answer::is_request_error(&response) => {
                return Err(Refusal {
                    kind: Kind::Invalid,
                    errors: response.errors,
                });
            }
            Some(first) => stream::iter(first).chain(responses).boxed(),
            None => responses.boxed(),
        };
        Ok(Begun {
            op,
            is_subscription: true,
            responses,
        })
    }
}

struct Running {
    peer: Peer,
    op: Op,
    told: Told,
    responses: BoxStream<'static, Response>,
}

impl Running {
    fn responses(self) -> BoxStream<'static, Response> {
        let language = self.peer.language;
        let next = move |running: Option<Running>| async move {
            let mut running = running?;
            let span = running.op.request().log_span();
            let next = LANGUAGE.scope(language, running.next()).instrument(span);
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
        let meter = Meter::awaiting(op);
        let next = METER.scope(meter.clone(), drive(op, responses.next()));
        let mut response = next.await?;
        answer::finish(&mut response, op);
        answer::note(&meter, &self.told, &response.errors, None);
        if let Err(refusal) = self.peer.check(op.app(), op.actor()).await {
            self.responses = stream::empty().boxed();
            return Some(answer::named(refusal, op).into());
        }
        let events = op.take_missed();
        if events > 0 {
            let lagged = async_graphql::value!({ "events": events });
            response.extensions.insert("lagged".to_owned(), lagged);
        }
        Some(response)
    }
}

/// A panic of one operation is an internal error of that one.
fn panicked(op: &Op) -> Response {
    let error = Error::from(anyhow::anyhow!("an operation panicked"));
    answer::named(error.into(), op).into()
}
