//! Exports in the database.

use crate::kernel::error::Error;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::tx::Tx;
use crate::people::{basis, person};
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{ExportId, PersonId};
use entity::people::basis::Purpose;
use entity::people::person::{Column as PersonColumn, Entity as PersonEntity, Model as Person};
use entity::privacy::export::{Column, Entity, ExportState, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadPeople;
}

/// The exports that a scope reaches, for a list.
pub(super) fn rows(scope: &Scope, state: Option<ExportState>) -> Select<Entity> {
    let rows = Entity::within(scope);
    match state {
        Some(state) => rows.filter(Column::State.eq(state)),
        None => rows,
    }
}

/// The export that a job was queued for.
pub(super) async fn get(db: &impl ConnectionTrait, scope: &Scope, id: ExportId) -> Result<Model, Error> {
    let found = Entity::within(scope).filter(Column::Id.eq(id)).one(db).await?;
    found.ok_or(Error::NotFound("id".into()))
}

/// Who is exported: the people of a scope with a basis in force for a purpose, behind one of them.
pub(super) struct Covered<'a> {
    /// Where.
    pub(super) scope: &'a Scope,
    /// What for.
    pub(super) purpose: Purpose,
    /// When.
    pub(super) day: NaiveDate,
    /// Behind whom; all if nobody is named.
    pub(super) after: Option<PersonId>,
}

impl Covered<'_> {
    fn rows(&self) -> Select<PersonEntity> {
        let rows = person::store::rows(self.scope, person::store::Wanted::default());
        let rows = rows.filter(basis::store::covered(self.purpose, self.day));
        match self.after {
            Some(after) => rows.filter(PersonColumn::Id.gt(after)),
            None => rows,
        }
    }
}

/// How many people there are.
pub(super) async fn count(db: &impl ConnectionTrait, people: &Covered<'_>) -> Result<u64, Error> {
    Ok(people.rows().count(db).await?)
}

/// The next people.
pub(super) async fn next(tx: &Tx, people: &Covered<'_>, limit: u64) -> Result<Vec<Person>, Error> {
    Ok(people
        .rows()
        .order_by_asc(PersonColumn::Id)
        .limit(limit)
        .all(tx.db())
        .await?)
}
