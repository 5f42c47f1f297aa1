//! What sockets and event streams have in common: how an operation is told, and when all of them have to end.

use super::answer::is_request_error;
use super::engine::Engine;
use super::session::Peer;
use super::stream::Begun;
use crate::kernel::error::{Text, text};
use crate::kernel::op::Actor;
use async_graphql::{Response, ServerError, Value};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Why a connection ends while its operations could go on: over a new one they do, from their last cursor. So none of
/// them is said to be over, which a client would take for the last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The caller's token, session or grants are over; why.
    Denied(String),
    /// The service cannot just now.
    Busy,
    /// The process ends.
    Stopping,
}

/// What an operation says, in JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A result.
    Next(String),
    /// The last word: errors instead of a result.
    Refused(String),
    /// The last word: nothing more will come.
    Done,
    /// It cannot go on, and neither can its connection.
    Lost(Ending),
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Whether errors of a request for which no field was run, or of a subscription, are no answer: then its connection
/// ends.
pub(super) fn ending(errors: &[ServerError]) -> Option<Ending> {
    let first = errors.first()?;
    let code = match first.extensions.as_ref()?.get("code")? {
        Value::String(code) => code.as_str(),
        _ => return None,
    };
    match code {
        "UNAVAILABLE" => Some(Ending::Busy),
        "UNAUTHENTICATED" | "GRANTS_CHANGED" if first.path.is_empty() => {
            Some(Ending::Denied(first.message.clone()))
        }
        _ => None,
    }
}

impl Said {
    /// Who subscribes has no use for a result without data; who asked for something gets it as it is.
    fn of(response: &Response, is_subscription: bool) -> Said {
        if response.data == Value::Null && (is_subscription || is_request_error(response)) {
            Said::refused(&response.errors)
        } else {
            Said::Next(json(response))
        }
    }

    /// What is said instead of a result.
    pub(super) fn refused(errors: &[ServerError]) -> Said {
        match ending(errors) {
            Some(ending) => Said::Lost(ending),
            None => Said::Refused(json(&errors)),
        }
    }
}

/// What an operation says, up to its last word.
pub(super) fn tell(begun: Begun) -> BoxStream<'static, Said> {
    let is_subscription = begun.is_subscription;
    let said = begun
        .responses
        .map(move |response| Said::of(&response, is_subscription));
    let said = said.chain(stream::once(ready(Said::Done)));
    let up_to_the_last = said.scan(false, |is_over, said| {
        let was_over = std::mem::replace(is_over, !matches!(said, Said::Next(_)));
        ready((!was_over).then_some(said))
    });
    up_to_the_last.boxed()
}

/// What one of several operations says.
#[derive(Debug)]
pub(super) struct Line {
    /// The operation's id.
    pub(super) id: Arc<str>,
    /// Since when it waits for the client.
    pub(super) since: Instant,
    /// What it says.
    pub(super) said: Said,
    number: u64,
}

/// Where an operation says something. It waits while the client is behind.
#[derive(Clone)]
pub(super) struct Outlet {
    lines: mpsc::Sender<Line>,
    id: Arc<str>,
    number: u64,
}

impl Outlet {
    /// Says something; false if nobody listens any more.
    pub(super) async fn say(&self, said: Said) -> bool {
        let line = Line {
            id: Arc::clone(&self.id),
            since: Instant::now(),
            said,
            number: self.number,
        };
        self.lines.send(line).await.is_ok()
    }

    /// Says all that an operation does.
    pub(super) async fn tell(self, begun: Begun) {
        let mut said = tell(begun);
        while let Some(said) = said.next().await {
            if !self.say(said).await {
                break;
            }
        }
    }
}

/// Work that ends when nobody holds this any more.
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The operations of one connection that go on, by their ids.
pub(super) struct Operations {
    lines: mpsc::Sender<Line>,
    running: HashMap<Arc<str>, (u64, Task)>,
    begun: u64,
}

/// Why an operation cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Another one has its id.
    Taken,
    /// There are too many.
    TooMany,
}

/// What is said of too many operations.
pub(super) fn too_many(max: usize) -> Text {
    text(
        format!("At most {max} operations at a time: end one first."),
        format!("同时进行的操作至多 {max} 个，请先结束其他操作。"),
    )
}

impl Operations {
    /// None yet, with what they will say.
    pub(super) fn new(queue: usize) -> (Operations, mpsc::Receiver<Line>) {
        let (lines, said) = mpsc::channel(queue);
        let operations = Operations {
            lines,
            running: HashMap::new(),
            begun: 0,
        };
        (operations, said)
    }

    /// Starts one.
    pub(super) fn start<F>(
        &mut self,
        id: &str,
        max: usize,
        work: impl FnOnce(Outlet) -> F,
    ) -> Result<(), Refused>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.running.contains_key(id) {
            return Err(Refused::Taken);
        }
        if self.running.len() >= max {
            return Err(Refused::TooMany);
        }
        self.begun += 1;
        let outlet = Outlet {
            lines: self.lines.clone(),
            id: id.into(),
            number: self.begun,
        };
        let id = Arc::clone(&outlet.id);
        let task = tokio::spawn(work(outlet));
        self.running.insert(id, (self.begun, Task(task.abort_handle())));
        Ok(())
    }

    /// Stops one, if it goes on; nothing more of it gets through.
    pub(super) fn stop(&mut self, id: &str) {
        self.running.remove(id);
    }

    /// Whether a line may go out: its operation was not stopped since. After its last word the id is free.
    pub(super) fn pass(&mut self, line: &Line) -> bool {
        let number = self.running.get(&line.id).map(|(number, _)| *number);
        if number != Some(line.number) {
            return false;
        }
        if !matches!(line.said, Said::Next(_)) {
            self.running.remove(&line.id);
        }
        true
    }
}

/// Asks anew, from time to time, who is on the other end.
pub(super) struct Watch {
    engine: Engine,
    peer: Peer,
    began_as: Actor,
}

impl Watch {
    /// Over what begins now.
    pub(super) fn new(engine: &Engine, peer: Peer, began_as: Actor) -> Watch {
        Watch {
            engine: engine.clone(),
            peer,
            began_as,
        }
    }

    /// Why the connection has to end, if it has to. A database that does not answer just now is no reason.
    pub(super) async fn ending(&self) -> Option<Ending> {
        let refusal = self.peer.check(&self.engine.app, &self.began_as).await.err()?;
        ending(&refusal.errors).filter(|ending| *ending != Ending::Busy)
    }
}

/// Waits until the process is about to end, and then for this connection's turn: they go one after the other, so that
/// their clients do not all come back at once.
pub(super) async fn stopping(engine: Engine) {
    engine.app.drain.begun().await;
    let [a, b, c, d, e, f, g, h, ..] = engine.app.clock.random();
    let random = u128::from(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    let turn = random % engine.transport.live.spread.as_millis().max(1);
    tokio::time::sleep(Duration::from_millis(u64::try_from(turn).unwrap_or_default())).await;
}
