//! Enterprises in the database.

use super::rules;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::Recorded;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tx::Tx;
use crate::metrics::MetricId;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::EnterpriseId;
use entity::org::coverage;
use entity::org::enterprise::{Column, EnterpriseStatus, Entity, Model, Ownership};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    Select, Value,
};

impl Readable for Entity {
    const READ: Action = Action::ReadEnterprises;
}

fn rows(scope: &Scope) -> Select<Entity> {
    Entity::within(scope)
}

/// The enterprises that a scope reaches and for which everything named holds, for a list.
pub(super) fn filtered(
    scope: &Scope,
    ownership: Option<Ownership>,
    status: Option<EnterpriseStatus>,
    name_starts_with: Option<&str>,
) -> Select<Entity> {
    let mut rows = rows(scope);
    if let Some(ownership) = ownership {
        rows = rows.filter(Column::Ownership.eq(ownership));
    }
    if let Some(status) = status {
        rows = rows.filter(Column::Status.eq(status));
    }
    if let Some(start) = name_starts_with.filter(|start| !start.is_empty()) {
        // A range serves the index on both databases, where LIKE does not.
        rows = rows
            .filter(Column::Name.gte(start))
            .filter(Column::Name.lt(format!("{start}\u{10ffff}")));
    }
    rows
}

/// The enterprise with a code, if the caller may see it.
pub(crate) async fn find_by_uscc(op: &Op, uscc: &str) -> Result<Option<Model>, Error> {
    let found = rows(&op.scope(Action::ReadEnterprises)?).filter(Column::Uscc.eq(uscc));
    Ok(found.one(op.app().db.reader()).await?)
}

/// Ends the coverage of an enterprise on the day of its deregistration; that coverage, if there was one.
///
/// # Errors
/// INVALID `from` where it is or was covered on that day or later otherwise: no coverage outlives its enterprise.
pub(super) async fn end_coverage(
    tx: &Tx,
    id: EnterpriseId,
    day: NaiveDate,
) -> Result<Option<coverage::Model>, Error> {
    let ends_later = Condition::any()
        .add(coverage::Column::ValidTo.is_null())
        .add(coverage::Column::ValidTo.gt(day));
    let rows = coverage::Entity::within(&tx.everywhere())
        .filter(coverage::Column::EnterpriseId.eq(id))
        .filter(ends_later);
    let found = rows.all(tx.db()).await?;
    rules::check_end(&found, day)?;
    let Some(coverage) = found.into_iter().next() else {
        return Ok(None);
    };
    let ended = coverage::Model {
        valid_to: Some(day),
        ..coverage.clone()
    };
    tx.update(ended).await?;
    Ok(Some(coverage))
}

/// Whether any enterprise has a code, wherever it is: a code is given once in the country.
pub(super) async fn is_known(tx: &Tx, uscc: &str) -> Result<bool, Error> {
    let found = rows(&tx.everywhere()).filter(Column::Uscc.eq(uscc));
    Ok(found.one(tx.db()).await?.is_some())
}

/// The enterprises of these codes, wherever they are: a code is given once in the country.
pub(super) async fn find_many<'a>(
    tx: &Tx,
    codes: impl Iterator<Item = &'a str>,
) -> Result<Vec<Model>, Error> {
    Ok(rows(&tx.everywhere())
        .filter(Column::Uscc.is_in(codes))
        .all(tx.db())
        .await?)
}

/// Writes many new ones.
pub(super) async fn insert_many(tx: &Tx, enterprises: Vec<Model>) -> Result<(), Error> {
    for chunk in enterprises.chunks(PARAMETERS_MAX / Column::iter().count()) {
        let rows = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
        Entity::insert_many(rows).exec_without_returning(tx.db()).await?;
    }
    Ok(())
}

/// Writes what an import changes in many.
pub(super) async fn update_many(tx: &Tx, enterprises: Vec<Model>) -> Result<(), Error> {
    const COLUMNS: usize = 7;
    for chunk in enterprises.chunks(PARAMETERS_MAX / COLUMNS) {
        let mut sql = Sql::new(
            "UPDATE enterprise SET ownership = changed.column2, industry = changed.column3, employees = \
             changed.column4, version = changed.column5, updated_at = changed.column6, changed_on = changed.column7 FROM (VALUES ",
        );
        sql.rows(chunk.iter().map(|enterprise| -> [Value; COLUMNS] {
            [
                enterprise.id.into(),
                enterprise.ownership.to_value().into(),
                enterprise.industry.as_str().into(),
                enterprise.employees.into(),
                enterprise.version.into(),
                enterprise.updated_at.into(),
                enterprise.changed_on.into(),
            ]
        }));
        sql.push(") AS changed WHERE enterprise.id = changed.column1");
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}

/// What the ledger must hold of each enterprise, whatever days its changes were dated.
pub(crate) fn recorded() -> Recorded {
    let part = |metric: &str, dimension: &str, amount: &str| {
        format!(
            "SELECT id AS source_id, federation_id, registered_on AS day, '{metric}' AS metric, {dimension} AS dimension, \
             {amount} AS amount FROM enterprise WHERE status <> 'DEREGISTERED'"
        )
    };
    let ownership = "'OWNERSHIP:' || ownership";
    let parts = [
        part("enterprises", "''", "1"),
        part("enterprises", ownership, "1"),
        part("employees", "''", "employees"),
        part("employees", ownership, "employees"),
    ];
    Recorded {
        metrics: &[MetricId::ENTERPRISES, MetricId::EMPLOYEES],
        table: "enterprise",
        tag: entity::id::EnterpriseId::TAG,
        read: Entity::READ,
        sql: parts.join(" UNION ALL "),
        has_qualifiers: false,
        has_days: false,
    }
}
