//! Writing the audit trail: every committed sentence, and every attempt that was refused for want of permission.
//!
//! It says who, when, from where, by which operation, what, on what and with which result. The sequencer chains it.

use super::bucket::Rate;
use super::error::Error;
use super::event::{Place, Sentence};
use super::op::{Actor, Op};
use super::sql::Sql;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

/// The kind of an attempt that was refused.
pub const REFUSED: &str = "REFUSED";
/// Refused attempts of one account that are written down; further ones only stand in the log.
const REFUSALS: Rate = Rate {
    capacity: 60,
    refill: 60,
    every_seconds: 60,
};

/// Writes an event, unnumbered.
pub(super) async fn insert(
    db: &impl ConnectionTrait,
    op: &Op,
    id: Uuid,
    sentence: &Sentence,
) -> Result<(), Error> {
    let mut sql = Sql::new(
        "INSERT INTO event (county_id, id, at, actor_id, kind, subject_id, path, body, operation, origin, \
         federation_id) VALUES ",
    );
    sql.rows([[
        sentence.place.county_id.into(),
        id.into(),
        op.now().into(),
        op.account_id().map(|account_id| account_id.0).into(),
        sentence.kind.into(),
        sentence.subject_id.into(),
        sentence.place.path.as_str().into(),
        sentence.body.to_string().into(),
        op.operation().map(|operation| operation.to_string()).into(),
        op.address().map(|address| address.to_string()).into(),
        sentence.place.federation_id.into(),
    ]]);
    db.execute_raw(sql.on(db.get_database_backend())).await?;
    Ok(())
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
    if app
        .attempts
        .take(format!("refused {id}"), REFUSALS, 1, op.now())
        .is_err()
    {
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
    let sentence = Sentence::new(
        REFUSED,
        id.0,
        node.map_or_else(Place::everywhere, Place::from),
        json!({"code": code, "field": field}),
    );
    let written = insert(app.db.writer(), op, op.id(), &sentence).await;
    match written {
        Ok(()) => app.feed.event_committed(),
        Err(error) => error.log(),
    }
}
