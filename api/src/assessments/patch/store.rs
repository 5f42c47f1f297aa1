//! Patches in the database.

use crate::kernel::clock::begins;
use crate::kernel::error::Error;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::accounts::account;
use entity::assessments::patch::{Column, Entity, Model};
use entity::id::{AccountId, FederationId};
use entity::visits::visit;
use sea_orm::{ColumnTrait, Condition, FromQueryResult, QueryFilter, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadAssessments;
}

/// The patches that a scope reaches and that are not over on a day, if one is named.
pub(super) fn rows(scope: &Scope, day: Option<NaiveDate>) -> Select<Entity> {
    let rows = Entity::within(scope);
    match day {
        Some(day) => rows.filter(
            Condition::any()
                .add(Column::ValidTo.is_null())
                .add(Column::ValidTo.gt(day)),
        ),
        None => rows,
    }
}

/// Those of an account that hold on a day.
pub(super) fn rows_of_account(scope: &Scope, id: AccountId, day: NaiveDate) -> Select<Entity> {
    rows(scope, Some(day))
        .filter(Column::AccountId.eq(id))
        .filter(Column::ValidFrom.lte(day))
}

/// The visits that a scope reaches and that whoever is responsible made while they were.
pub(super) fn visits(scope: &Scope, patch: &Model) -> Select<visit::Entity> {
    let mut when = Condition::all().add(visit::Column::StartedAt.gte(begins(patch.valid_from)));
    when = when.add_option(patch.valid_to.map(|to| visit::Column::StartedAt.lt(begins(to))));
    visit::Entity::within(scope)
        .filter(visit::Column::VisitorId.eq(patch.account_id))
        .filter(visit::Column::VoidedAt.is_null())
        .filter(when)
}

/// All that an account ever was responsible for at a federation.
pub(super) async fn of_account(tx: &Tx, id: AccountId, at: FederationId) -> Result<Vec<Model>, Error> {
    let rows = Entity::within(&tx.everywhere()).filter(Column::AccountId.eq(id));
    Ok(rows.filter(Column::FederationId.eq(at)).all(tx.db()).await?)
}

/// A person's account that is in use, wherever it is.
pub(in crate::assessments) async fn find_person(
    tx: &Tx,
    id: AccountId,
) -> Result<Option<account::Model>, Error> {
    let mut sql = Sql::new("SELECT * FROM account WHERE disabled_at IS NULL AND is_machine = ");
    sql.bind(false).push(" AND id = ").bind(id);
    Ok(account::Model::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?)
}
