//! Requests of people in the database.

use crate::kernel::error::Error;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::PersonId;
use entity::privacy::subject_request::{Column, Entity, Model, RequestState};
use sea_orm::{ColumnTrait, Condition, FromQueryResult, QueryFilter, QueryOrder, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadPeople;
}

/// The requests that a scope reaches and for which everything named holds, for a list. `overdue` goes by this day.
pub(super) fn rows(
    scope: &Scope,
    state: Option<RequestState>,
    overdue: Option<bool>,
    day: NaiveDate,
) -> Select<Entity> {
    let mut rows = Entity::within(scope);
    if let Some(state) = state {
        rows = rows.filter(Column::State.eq(state));
    }
    if let Some(overdue) = overdue {
        let late = Condition::all()
            .add(Column::State.eq(RequestState::Received))
            .add(Column::DueOn.lt(day));
        rows = rows.filter(if overdue { late } else { late.not() });
    }
    rows
}

/// All requests of a person whom the caller was proved to reach.
pub(super) async fn of_person(tx: &Tx, id: PersonId) -> Result<Vec<Model>, Error> {
    let rows = Entity::within(&tx.everywhere()).filter(Column::PersonId.eq(id));
    Ok(rows.order_by_asc(Column::Id).all(tx.db()).await?)
}

/// What happened with a person's data.
#[derive(FromQueryResult)]
pub(super) struct Happened {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// What.
    pub(super) kind: String,
    /// The particulars.
    pub(super) body: String,
}

/// The last 1,000 things that happened with the data of a person whom the caller was proved to reach. The two halves are
/// what the two indexes hold: the numbered events of a subject, and the few that are not numbered yet.
pub(super) async fn history(tx: &Tx, id: PersonId) -> Result<Vec<Happened>, Error> {
    let mut sql = Sql::new("SELECT at, kind, body FROM (");
    for (half, is_numbered) in [("", " seq IS NOT NULL"), (" UNION ALL ", " seq IS NULL")] {
        sql.push(half).push("SELECT id, at, kind, body FROM event WHERE");
        sql.push(is_numbered)
            .push(" AND kind <> 'REFUSED' AND subject_id = ")
            .bind(id);
    }
    sql.push(") AS told ORDER BY id DESC LIMIT 1000");
    Ok(Happened::find_by_statement(sql.on(tx.backend()))
        .all(tx.db())
        .await?)
}
