//! Writing the audit trail: every committed sentence, every attempt that was refused for want of permission, and every
//! attempt to be somebody that was refused.
//!
//! It says who, when, from where, by which operation, what, on what and with which result. The sequencer chains it.

use super::app::App;
use super::bucket::Rate;
use super::error::Error;
use super::event::{Place, Sentence};
use super::keys::sha256;
use super::op::{Actor, Op};
use super::sql::Sql;
use chrono::{DateTime, Utc};
use entity::id::AccountId;
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// The kind of an attempt that was refused.
pub const REFUSED: &str = "REFUSED";
/// Refused attempts of one account that are written down; further ones only stand in the log.
const REFUSALS: Rate = Rate {
    capacity: 60,
    refill: 60,
    every_seconds: 60,
};
/// Attempts at one account that came too early and are written down.
const DELAYS: Rate = Rate {
    capacity: 1,
    refill: 1,
    every_seconds: 60,
};
/// Attempts that wait to be written down at most.
const WAITING_MAX: usize = 10_000;
/// Attempts written in one statement.
const WRITTEN_AT_ONCE: usize = 200;

/// Who did or tried something, when, from where and by which operation.
#[derive(Clone, Debug)]
pub struct Source {
    at: DateTime<Utc>,
    actor_id: Option<AccountId>,
    operation: Option<String>,
    origin: Option<String>,
}

impl Source {
    /// Of an operation.
    pub fn of(op: &Op) -> Source {
        Source {
            at: op.now(),
            actor_id: op.account_id(),
            operation: op.operation().map(|operation| operation.to_string()),
            origin: op.address().map(|address| address.to_string()),
        }
    }
}

/// Writes events, unnumbered.
pub(super) async fn insert<'a>(
    db: &impl ConnectionTrait,
    events: impl IntoIterator<Item = (Uuid, &'a Source, &'a Sentence)>,
) -> Result<(), Error> {
    let mut sql = Sql::new(
        "INSERT INTO event (county_id, id, at, actor_id, kind, subject_id, path, body, operation, origin, \
         federation_id) VALUES ",
    );
    sql.rows(events.into_iter().map(|(id, source, sentence)| {
        [
            sentence.place.county_id.into(),
            id.into(),
            source.at.into(),
            source.actor_id.map(|account_id| account_id.0).into(),
            sentence.kind.into(),
            sentence.subject_id.into(),
            sentence.place.path.as_str().into(),
            sentence.body.to_string().into(),
            source.operation.as_deref().into(),
            source.origin.as_deref().into(),
            sentence.place.federation_id.into(),
        ]
    }));
    db.execute_raw(sql.on(db.get_database_backend())).await?;
    Ok(())
}

/// What an entry of a refusal says.
fn refusal(account_id: AccountId, place: Place, (code, field): (&str, Option<&str>)) -> Sentence {
    Sentence::new(
        REFUSED,
        account_id.0,
        place,
        json!({"code": code, "field": field}),
    )
}

/// Writes down that an account tried what it may not do, or something that does not exist for it. The refusal stands
/// whether or not this can be written.
pub(super) async fn refused(op: &Op, error: &Error) {
    let (Error::Forbidden | Error::NotFound(_)) = error else {
        return;
    };
    let Actor::Account { id, grants, .. } = op.actor() else {
        return;
    };
    let app = op.app();
    let key = format!("refused {id}");
    if app.attempts.take(key, REFUSALS, 1, op.now()).is_err() {
        tracing::warn!(request_id = %op.request_id(), "an account is refused more often than is written down");
        return;
    }
    let field = match error {
        Error::NotFound(field) => Some(field.as_ref()),
        _ => None,
    };
    let tree = op.tree();
    let node = grants.first().and_then(|grant| tree.get(grant.federation_id));
    let (code, _) = error.outside();
    let place = node.map_or_else(Place::everywhere, Place::from);
    let sentence = refusal(*id, place, (code, field));
    let written = insert(app.db.writer(), [(op.id(), &Source::of(op), &sentence)]).await;
    match written {
        Ok(()) => app.feed.event_committed(),
        Err(error) => error.log(),
    }
}

/// Whom somebody says to be.
#[derive(Clone, Debug)]
pub enum Whom {
    /// An account, with its home.
    Account(AccountId, Place),
    /// Whoever has this name, if anybody has.
    Named {
        /// As it was given.
        username: String,
        /// Of a machine client.
        is_machine: bool,
    },
}

/// An attempt to be somebody that was refused.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Whom.
    pub whom: Whom,
    source: Source,
    code: &'static str,
    field: Option<String>,
}

/// Attempts to be somebody that were refused, and are written down a moment later.
///
/// # Why not at once
/// Only what was tried at an account is written. Were that done before the answer, the answer would take longer for a
/// name that somebody has.
#[derive(Default)]
pub struct Attempts(Mutex<Vec<Attempt>>);

impl Attempts {
    fn waiting(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes some of those that wait.
    pub fn take(&self) -> Vec<Attempt> {
        let mut waiting = self.waiting();
        let some = waiting.len().min(WRITTEN_AT_ONCE);
        waiting.drain(..some).collect()
    }

    /// Puts back what could not be written.
    pub fn put_back(&self, attempts: Vec<Attempt>) {
        self.waiting().splice(..0, attempts);
    }
}

/// Notes an attempt to be somebody that was refused as wrong, or because it came too early: of the former 60 a minute and
/// name, of the latter one. It does the same for a name that nobody has.
pub fn note(op: &Op, whom: Whom, error: &Error) {
    let (what, rate, field) = match error {
        Error::Invalid(faults) => (
            "wrong",
            REFUSALS,
            faults.first().map(|fault| fault.field.to_string()),
        ),
        Error::TooOften(_) => ("late", DELAYS, None),
        _ => return,
    };
    let whose = match &whom {
        Whom::Account(id, _) => id.to_string(),
        Whom::Named { username, .. } => sha256(username.as_bytes()),
    };
    let (app, key) = (op.app(), format!("{what} {whose}"));
    if app.attempts.take(key, rate, 1, op.now()).is_err() {
        return;
    }
    let attempt = Attempt {
        whom,
        source: Source::of(op),
        code: error.outside().0,
        field,
    };
    let mut waiting = app.refused.waiting();
    if waiting.len() < WAITING_MAX {
        waiting.push(attempt);
    } else {
        tracing::warn!("more attempts are refused than can be written down");
    }
    app.feed.event_committed();
}

/// Writes attempts down, each with the account and its home.
pub async fn write(app: &App, attempts: &[(Attempt, AccountId, Place)]) -> Result<(), Error> {
    let sentence = |(attempt, id, place): &(Attempt, AccountId, Place)| {
        refusal(*id, place.clone(), (attempt.code, attempt.field.as_deref()))
    };
    let sentences: Vec<Sentence> = attempts.iter().map(sentence).collect();
    let sources = attempts.iter().map(|(attempt, ..)| &attempt.source);
    let events = sources
        .zip(&sentences)
        .map(|(source, sentence)| (app.clock.id(), source, sentence));
    if attempts.is_empty() {
        return Ok(());
    }
    insert(app.db.writer(), events).await
}
