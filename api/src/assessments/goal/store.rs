//! Goals of the staff in the database.

use crate::kernel::error::Error;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::scope::{Scope, Within};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::assessments::staff_goal::{Column, Entity, Model};
use entity::id::{AccountId, FederationId, StaffGoalId};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, Select};

/// What lets others than the one it is for see a goal.
pub(super) const READ: Action = Action::ReadAssessments;

fn of_year(rows: Select<Entity>, year: Option<i32>) -> Select<Entity> {
    match year {
        Some(year) => rows.filter(Column::Year.eq(year)),
        None => rows,
    }
}

/// The goals that a scope reaches, and an account's own.
fn rows(scope: &Scope, own: AccountId) -> Select<Entity> {
    Entity::within_or(scope, Column::AccountId.eq(own))
}

/// Those of a federation's own office.
pub(super) fn rows_of_office(scope: &Scope, at: FederationId, year: Option<i32>) -> Select<Entity> {
    of_year(Entity::within(scope).filter(Column::FederationId.eq(at)), year)
}

/// Those of an account, which is the caller's.
pub(super) fn rows_of_account(scope: &Scope, own: AccountId, year: Option<i32>) -> Select<Entity> {
    of_year(rows(scope, own).filter(Column::AccountId.eq(own)), year)
}

/// The loader of goals that the caller sees; none where the caller does not.
pub(super) struct StaffGoals;

impl Batch for StaffGoals {
    type Key = StaffGoalId;
    type Value = Option<Model>;

    async fn load(op: Op, keys: Vec<StaffGoalId>) -> Result<Vec<Option<Model>>, Error> {
        let own = op.account_id().ok_or(Error::Unauthenticated)?;
        let asked = rows(&op.reach(READ), own).filter(Column::Id.is_in(keys.iter().copied()));
        let found = asked.all(op.app().db.reader()).await?;
        let of = |key: &StaffGoalId| found.iter().find(|row| row.id == *key).cloned();
        Ok(keys.iter().map(of).collect())
    }
}

/// A goal that the caller, whose account this is, may see; NotFound otherwise.
pub(super) async fn seen(tx: &Tx, id: StaffGoalId, own: AccountId) -> Result<Model, Error> {
    let found = rows(&tx.scope(READ), own).filter(Column::Id.eq(id));
    let found = found.one(tx.db()).await?;
    found.ok_or(Error::NotFound("id".into()))
}

/// Takes away a goal.
pub(super) async fn delete(tx: &Tx, id: StaffGoalId) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM staff_goal WHERE id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}
