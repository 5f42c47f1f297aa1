//! Grassroots unions and coverages in the database.

use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::Recorded;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::sql::Sql;
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::metrics::MetricId;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{CoverageId, EnterpriseId, TradeUnionId};
use entity::org::{coverage, trade_union};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Select};

impl Readable for trade_union::Entity {
    const READ: Action = Action::ReadTradeUnions;
}

impl Readable for coverage::Entity {
    const READ: Action = Action::ReadTradeUnions;
}

/// The unions that a scope reaches, for a list.
pub(super) fn rows(scope: &Scope) -> Select<trade_union::Entity> {
    trade_union::Entity::within(scope)
}

fn coverages(scope: &Scope) -> Select<coverage::Entity> {
    coverage::Entity::within(scope)
}

/// Who covers an enterprise and did, for a list.
pub(super) fn coverages_of_enterprise(scope: &Scope, id: EnterpriseId) -> Select<coverage::Entity> {
    coverages(scope).filter(coverage::Column::EnterpriseId.eq(id))
}

/// Whom a union covers and did, for a list.
pub(super) fn coverages_of_union(scope: &Scope, id: TradeUnionId) -> Select<coverage::Entity> {
    coverages(scope).filter(coverage::Column::TradeUnionId.eq(id))
}

/// Whether a federation leads an active union of a name.
pub(super) async fn is_there(tx: &Tx, superior: &Node, name: &str) -> Result<bool, Error> {
    use trade_union::{Column, TradeUnionState};
    let same = rows(&tx.scope(Action::ReadTradeUnions))
        .filter(Column::FederationId.eq(superior.id))
        .filter(Column::Name.eq(name))
        .filter(Column::State.eq(TradeUnionState::Active));
    Ok(same.one(tx.db()).await?.is_some())
}

/// Writes a new union.
pub(super) async fn insert(tx: &Tx, union: trade_union::Model) -> Result<(), Error> {
    trade_union::Entity::insert(union.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// All coverages of an enterprise and of a union, wherever they are: periods must not overlap anywhere.
pub(super) async fn touching(
    tx: &Tx,
    enterprise_id: EnterpriseId,
    trade_union_id: TradeUnionId,
) -> Result<Vec<coverage::Model>, Error> {
    let either = Condition::any()
        .add(coverage::Column::EnterpriseId.eq(enterprise_id))
        .add(coverage::Column::TradeUnionId.eq(trade_union_id));
    Ok(coverages(&tx.everywhere()).filter(either).all(tx.db()).await?)
}

/// Writes a new coverage.
pub(super) async fn insert_coverage(tx: &Tx, coverage: coverage::Model) -> Result<(), Error> {
    coverage::Entity::insert(coverage.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Ends a coverage.
pub(super) async fn end_coverage(tx: &Tx, id: CoverageId, to: NaiveDate) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE coverage SET valid_to = ");
    sql.bind(to).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// The loader of who covers an enterprise on a day.
pub(super) struct Covering;

impl Batch for Covering {
    type Key = (EnterpriseId, NaiveDate);
    type Value = Option<coverage::Model>;

    async fn load(op: Op, keys: Vec<Self::Key>) -> Result<Vec<Self::Value>, Error> {
        use coverage::Column;
        let mut any = Condition::any();
        let mut days: Vec<NaiveDate> = keys.iter().map(|(_, day)| *day).collect();
        days.sort();
        days.dedup();
        for day in days {
            let asked = keys
                .iter()
                .filter(|(_, wanted)| *wanted == day)
                .map(|(id, _)| *id);
            let ends_later = Condition::any()
                .add(Column::ValidTo.is_null())
                .add(Column::ValidTo.gt(day));
            let on_day = Condition::all()
                .add(Column::EnterpriseId.is_in(asked))
                .add(Column::ValidFrom.lte(day));
            any = any.add(on_day.add(ends_later));
        }
        let rows = coverages(&op.scope(Action::ReadTradeUnions)?)
            .filter(any)
            .all(op.app().db.reader())
            .await?;
        let covers = |row: &&coverage::Model, (id, day): &Self::Key| {
            row.enterprise_id == *id && row.valid_from <= *day && row.valid_to.is_none_or(|to| to > *day)
        };
        Ok(keys
            .iter()
            .map(|key| rows.iter().find(|row| covers(row, key)).cloned())
            .collect())
    }
}

/// What the ledger must hold of each union.
pub(crate) fn recorded() -> Recorded {
    let parts = [
        "''",
        "'FORM:' || form",
        "'POSITION:' || position",
        "'HOST:' || host_kind",
        "'WORKER_GROUP:' || worker_group",
    ];
    // A union is founded where it was on that day, wherever it went since.
    let founded_at = "COALESCE((SELECT former_place.federation_id FROM former_place WHERE subject_id = trade_union.id AND \
                      until > founded_on ORDER BY until LIMIT 1), federation_id)";
    let union = |metric: &str, place: &str, dimension: &str| {
        format!(
            "SELECT id AS source_id, {place} AS federation_id, founded_on AS day, '{metric}' AS metric, {dimension} AS \
             dimension, 1 AS amount FROM trade_union"
        )
    };
    let there_are = parts
        .iter()
        .map(|part| union("trade_unions", "federation_id", part));
    let founded = parts
        .iter()
        .map(|part| union("trade_unions_founded", founded_at, part));
    Recorded {
        metrics: &[MetricId::TRADE_UNIONS, MetricId::TRADE_UNIONS_FOUNDED],
        table: "trade_union",
        tag: TradeUnionId::TAG,
        read: trade_union::Entity::READ,
        sql: there_are.chain(founded).collect::<Vec<_>>().join(" UNION ALL "),
        has_qualifiers: false,
        has_days: true,
    }
}

/// What the ledger must hold of each coverage.
pub(crate) fn recorded_coverages() -> Recorded {
    let coverage = |day: &str, amount: &str| {
        format!(
            "SELECT id AS source_id, federation_id, {day} AS day, 'covered_enterprises' AS metric, '' AS dimension, \
             {amount} AS amount FROM coverage WHERE {day} IS NOT NULL"
        )
    };
    Recorded {
        metrics: &[MetricId::COVERED_ENTERPRISES],
        table: "coverage",
        tag: CoverageId::TAG,
        read: coverage::Entity::READ,
        sql: [coverage("valid_from", "1"), coverage("valid_to", "-1")].join(" UNION ALL "),
        has_qualifiers: false,
        has_days: true,
    }
}
