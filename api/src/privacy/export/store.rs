//! Exports in the database.

use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::tx::Tx;
use crate::people::person;
use crate::policy::Action;
use entity::id::{ExportId, PersonId};
use entity::people::person::{Column as PersonColumn, Model as Person};
use entity::privacy::export::{Column, Entity, ExportState, Model};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

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

/// Writes a new one.
pub(super) async fn insert(tx: &Tx, export: Model) -> Result<(), Error> {
    Entity::insert(export.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Writes a changed one.
pub(super) async fn update(tx: &Tx, export: Model) -> Result<(), Error> {
    export.into_active_model().reset_all().update(tx.db()).await?;
    Ok(())
}

/// The export that a job was queued for.
pub(super) async fn get(tx: &Tx, id: ExportId) -> Result<Model, Error> {
    let found = Entity::within(&tx.everywhere())
        .filter(Column::Id.eq(id))
        .one(tx.db())
        .await?;
    found.ok_or(Error::NotFound("id".into()))
}

fn people(scope: &Scope) -> Select<entity::people::person::Entity> {
    person::store::rows(scope, person::store::Wanted::default())
}

/// How many people there are in a scope.
pub(super) async fn count_people(tx: &Tx, scope: &Scope) -> Result<u64, Error> {
    Ok(people(scope).count(tx.db()).await?)
}

/// How many people of a scope are left behind one of them.
pub(super) async fn count_left(op: &Op, scope: &Scope, after: Option<PersonId>) -> Result<i64, Error> {
    let left = following(scope, after).count(op.app().db.reader()).await?;
    Ok(i64::try_from(left).unwrap_or(i64::MAX))
}

fn following(scope: &Scope, after: Option<PersonId>) -> Select<entity::people::person::Entity> {
    match after {
        Some(after) => people(scope).filter(PersonColumn::Id.gt(after)),
        None => people(scope),
    }
}

/// The next people of a scope.
pub(super) async fn people_after(
    tx: &Tx,
    scope: &Scope,
    after: Option<PersonId>,
    limit: u64,
) -> Result<Vec<Person>, Error> {
    let rows = following(scope, after);
    Ok(rows
        .order_by_asc(PersonColumn::Id)
        .limit(limit)
        .all(tx.db())
        .await?)
}
