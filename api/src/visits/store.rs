//! Visits and findings in the database.

use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::{Recorded, counted_on};
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::metrics::MetricId;
use crate::policy::Action;
use entity::id::{EnterpriseId, VisitId};
use entity::visits::finding;
use entity::visits::visit::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Select,
};

impl Readable for Entity {
    const READ: Action = Action::ReadVisits;
}

/// The visits that a scope reaches, for a list.
pub(super) fn rows(scope: &Scope) -> Select<Entity> {
    Entity::within(scope)
}

/// The visits to an enterprise that a scope reaches, for a list.
pub(super) fn rows_of_enterprise(scope: &Scope, id: EnterpriseId) -> Select<Entity> {
    rows(scope).filter(Column::EnterpriseId.eq(id))
}

/// Those that were not voided.
pub(super) fn standing(rows: Select<Entity>) -> Select<Entity> {
    rows.filter(Column::VoidedAt.is_null())
}

/// A visit by its id, wherever it is: a phone's id is given once.
pub(super) async fn find_anywhere(tx: &Tx, id: VisitId) -> Result<Option<Model>, Error> {
    Ok(rows(&tx.everywhere())
        .filter(Column::Id.eq(id))
        .one(tx.db())
        .await?)
}

/// Writes a new visit with its findings.
pub(super) async fn insert(tx: &Tx, visit: Model, findings: Vec<finding::Model>) -> Result<(), Error> {
    tx.insert(visit).await?;
    insert_findings(tx, findings).await
}

async fn insert_findings(tx: &Tx, findings: Vec<finding::Model>) -> Result<(), Error> {
    if findings.is_empty() {
        return Ok(());
    }
    let rows = findings.into_iter().map(IntoActiveModel::into_active_model);
    finding::Entity::insert_many(rows)
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Writes a corrected visit; its findings too, if they are given.
pub(super) async fn update(
    tx: &Tx,
    visit: Model,
    findings: Option<Vec<finding::Model>>,
) -> Result<(), Error> {
    if let Some(findings) = findings {
        let mut sql = Sql::new("DELETE FROM finding WHERE visit_id = ");
        sql.bind(visit.id);
        tx.db().execute_raw(sql.on(tx.backend())).await?;
        insert_findings(tx, findings).await?;
    }
    tx.update(visit).await
}

async fn findings_of(db: &impl ConnectionTrait, ids: Vec<VisitId>) -> Result<Vec<finding::Model>, Error> {
    let rows = parts_of::<finding::Entity>(finding::Column::VisitId, ids);
    Ok(rows.order_by_asc(finding::Column::Position).all(db).await?)
}

/// The findings of a visit that the caller was proved to reach.
pub(super) async fn findings(tx: &Tx, id: VisitId) -> Result<Vec<finding::Model>, Error> {
    findings_of(tx.db(), vec![id]).await
}

/// The loader of the findings of visits that the caller sees.
pub(super) struct FindingsOf;

impl Batch for FindingsOf {
    type Key = VisitId;
    type Value = Vec<finding::Model>;

    async fn load(op: Op, keys: Vec<VisitId>) -> Result<Vec<Self::Value>, Error> {
        let rows = findings_of(op.app().db.reader(), keys.clone()).await?;
        Ok(grouped(&keys, rows, |row| row.visit_id))
    }
}

/// What the ledger must hold of each visit and its findings, on its day in China.
pub(crate) fn recorded(backend: DbBackend) -> Recorded {
    let day = match backend {
        DbBackend::Postgres => "CAST(started_at AT TIME ZONE 'Asia/Shanghai' AS DATE)",
        _ => "date(started_at, '+8 hours')",
    };
    let place = counted_on("visit.enterprise_id", day);
    let visit = |dimension: &str| {
        format!(
            "SELECT id AS source_id, {place} AS federation_id, {day} AS day, 'visits' AS metric, {dimension} AS dimension, 1 AS \
             amount FROM visit WHERE voided_at IS NULL"
        )
    };
    let finding = |dimension: &str| {
        format!(
            "SELECT visit.id, {place}, {day}, 'findings', {dimension}, 1 FROM finding JOIN visit ON visit.id = \
             visit_id WHERE voided_at IS NULL"
        )
    };
    let parts = [
        visit("''"),
        visit("'PURPOSE:' || purpose"),
        finding("''"),
        finding("'SEVERITY:' || severity"),
    ];
    Recorded {
        metrics: &[MetricId::VISITS, MetricId::FINDINGS],
        table: "visit",
        tag: VisitId::TAG,
        read: Entity::READ,
        sql: parts.join(" UNION ALL "),
        has_qualifiers: false,
        has_days: true,
    }
}
