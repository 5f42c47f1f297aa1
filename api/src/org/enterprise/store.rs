//! Enterprises in the database.

use crate::kernel::error::Error;
use crate::kernel::ledger::Expected;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::tx::Tx;
use crate::metrics::MetricId;
use crate::policy::Action;
use entity::org::enterprise::{Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadEnterprises;
}

/// The enterprises that a scope reaches, for a list.
pub(crate) fn rows(scope: &Scope) -> Select<Entity> {
    Entity::within(scope)
}

/// The enterprise with a code, if the caller may see it.
pub(crate) async fn find_by_uscc(op: &Op, uscc: &str) -> Result<Option<Model>, Error> {
    let found = rows(&op.scope(Action::ReadEnterprises)?).filter(Column::Uscc.eq(uscc));
    Ok(found.one(op.app().db.reader()).await?)
}

/// Whether any enterprise has a code, wherever it is: a code is given once in the country.
pub(super) async fn is_known(tx: &Tx, uscc: &str) -> Result<bool, Error> {
    let found = rows(&tx.everywhere()).filter(Column::Uscc.eq(uscc));
    Ok(found.one(tx.db()).await?.is_some())
}

/// Writes a new one.
pub(super) async fn insert(tx: &Tx, enterprise: Model) -> Result<(), Error> {
    Entity::insert(enterprise.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Writes a changed one.
pub(super) async fn update(tx: &Tx, enterprise: Model) -> Result<(), Error> {
    enterprise.into_active_model().reset_all().update(tx.db()).await?;
    Ok(())
}

/// What the ledger must hold of each enterprise, whatever days its changes were dated.
pub(crate) fn expected_entries() -> Expected {
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
    let metrics = &[MetricId::Enterprises, MetricId::Employees];
    Expected {
        metrics,
        sql: parts.join(" UNION ALL "),
        has_days: false,
    }
}
