//! Returns and their lines in the database.

use super::rules::Reported;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::{Qualifier, Recorded};
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tx::Tx;
use crate::metrics::{CATALOGUE, Entry, MetricId, Nature, Origin};
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{FederationId, StatisticalReturnId};
use entity::returns::return_line;
use entity::returns::statistical_return::{Column, Entity, Model, ReturnState};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
    Select,
};
use std::collections::HashMap;
use std::sync::LazyLock;
use uuid::Uuid;

impl Readable for Entity {
    const READ: Action = Action::ReadReturns;
}

/// Which returns.
#[derive(Debug, Default)]
pub(super) struct Which {
    /// Only of these federations.
    pub(super) of: Option<Vec<FederationId>>,
    /// Only those that are here.
    pub(super) state: Option<ReturnState>,
    /// Only those that close on this day or later.
    pub(super) from: Option<NaiveDate>,
    /// Only those that close on this day or earlier.
    pub(super) to: Option<NaiveDate>,
}

/// The returns that a scope reaches and for which everything named holds, for a list.
pub(super) fn rows(scope: &Scope, which: Which) -> Select<Entity> {
    let mut rows = Entity::within(scope);
    if let Some(of) = which.of {
        rows = rows.filter(Column::FederationId.is_in(of));
    }
    if let Some(state) = which.state {
        rows = rows.filter(Column::State.eq(state));
    }
    if let Some(from) = which.from {
        rows = rows.filter(Column::ClosesOn.gte(from));
    }
    if let Some(to) = which.to {
        rows = rows.filter(Column::ClosesOn.lte(to));
    }
    rows
}

/// Whether a federation that the caller was proved to reach has a return of a period.
pub(super) async fn is_taken(tx: &Tx, report: &Model) -> Result<bool, Error> {
    let rows = Entity::within(&tx.everywhere())
        .filter(Column::FederationId.eq(report.federation_id))
        .filter(Column::OpensOn.eq(report.opens_on))
        .filter(Column::ClosesOn.eq(report.closes_on));
    Ok(rows.one(tx.db()).await?.is_some())
}

/// By metric and part; the newest first.
async fn lines_of(
    db: &impl ConnectionTrait,
    ids: Vec<StatisticalReturnId>,
) -> Result<Vec<return_line::Model>, Error> {
    let rows = parts_of::<return_line::Entity>(return_line::Column::ReturnId, ids);
    let rows = rows
        .order_by_asc(return_line::Column::Metric)
        .order_by_asc(return_line::Column::Dimension)
        .order_by_desc(return_line::Column::Id);
    Ok(rows.all(db).await?)
}

/// The lines of a return that the caller was proved to reach, by metric and part; the newest first.
pub(super) async fn lines(tx: &Tx, id: StatisticalReturnId) -> Result<Vec<return_line::Model>, Error> {
    lines_of(tx.db(), vec![id]).await
}

/// The loader of the lines of returns that the caller sees, by metric and part; the newest first.
pub(super) struct LinesOf;

impl Batch for LinesOf {
    type Key = StatisticalReturnId;
    type Value = Vec<return_line::Model>;

    async fn load(op: Op, keys: Vec<StatisticalReturnId>) -> Result<Vec<Self::Value>, Error> {
        let rows = lines_of(op.app().db.reader(), keys.clone()).await?;
        Ok(grouped(&keys, rows, |row| row.return_id))
    }
}

/// First and last day of a period.
pub(super) type Days = (NaiveDate, NaiveDate);

/// The loader of what federations report of exactly these periods, where the caller sees it.
pub(super) struct OfPeriod;

impl Batch for OfPeriod {
    type Key = (FederationId, Days);
    type Value = Option<Model>;

    async fn load(op: Op, keys: Vec<(FederationId, Days)>) -> Result<Vec<Option<Model>>, Error> {
        let mut periods: HashMap<Days, Vec<FederationId>> = HashMap::new();
        for (federation_id, days) in &keys {
            periods.entry(*days).or_default().push(*federation_id);
        }
        let scope = op.reach(Entity::READ);
        let mut found: HashMap<(FederationId, Days), Model> = HashMap::new();
        for ((from, to), ids) in periods {
            for ids in ids.chunks(PARAMETERS_MAX) {
                let rows = Entity::within(&scope)
                    .filter(Column::OpensOn.eq(from))
                    .filter(Column::ClosesOn.eq(to))
                    .filter(Column::FederationId.is_in(ids.iter().copied()));
                let rows = rows.all(op.app().db.reader()).await?;
                found.extend(rows.into_iter().map(|row| ((row.federation_id, (from, to)), row)));
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }
}

/// Writes the lines that wait for acceptance anew.
pub(super) async fn replace_pending(
    tx: &Tx,
    id: StatisticalReturnId,
    lines: Vec<return_line::Model>,
) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM return_line WHERE state = 'PENDING' AND return_id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    if lines.is_empty() {
        return Ok(());
    }
    let rows = lines.into_iter().map(IntoActiveModel::into_active_model);
    return_line::Entity::insert_many(rows)
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Whether files belong to a return.
pub(super) async fn has_files(tx: &Tx, id: StatisticalReturnId) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT 1 AS found FROM attachment WHERE holder_id = ");
    sql.bind(id).push(" LIMIT 1");
    let found = tx.db().query_one_raw(sql.on(tx.backend())).await?;
    Ok(found.is_some())
}

/// Takes a return away with its lines.
pub(super) async fn delete(tx: &Tx, id: StatisticalReturnId) -> Result<(), Error> {
    for text in [
        "DELETE FROM return_line WHERE return_id = ",
        "DELETE FROM statistical_return WHERE id = ",
    ] {
        let mut sql = Sql::new(text);
        sql.bind(id);
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}

/// Puts the lines that wait into force, each in the place of the one before.
pub(super) async fn put_in_force(tx: &Tx, id: StatisticalReturnId) -> Result<(), Error> {
    let mut old = Sql::new(
        "UPDATE return_line SET state = 'SUPERSEDED' WHERE state = 'IN_FORCE' AND EXISTS (SELECT 1 FROM return_line AS \
         newer WHERE newer.return_id = return_line.return_id AND newer.metric = return_line.metric AND newer.dimension = \
         return_line.dimension AND newer.state = 'PENDING') AND return_id = ",
    );
    old.bind(id);
    let mut new =
        Sql::new("UPDATE return_line SET state = 'IN_FORCE' WHERE state = 'PENDING' AND return_id = ");
    new.bind(id);
    for sql in [old, new] {
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct OtherLine {
    metric: String,
    dimension: String,
    value: i64,
    qualifier: String,
    return_id: Uuid,
    opens_on: NaiveDate,
    closes_on: NaiveDate,
}

/// What other accepted returns of the same federation say of some metrics, by metric and part.
pub(super) async fn others(
    tx: &Tx,
    report: &Model,
    metrics: impl Iterator<Item = &str>,
) -> Result<HashMap<(String, String), Vec<Reported>>, Error> {
    let mut sql = Sql::new(
        "SELECT metric, dimension, value, qualifier, return_id, opens_on, closes_on FROM return_line JOIN \
         statistical_return ON statistical_return.id = return_id WHERE return_line.state = 'IN_FORCE' AND value IS NOT \
         NULL AND federation_id = ",
    );
    sql.bind(report.federation_id)
        .push(" AND return_id <> ")
        .bind(report.id);
    sql.push(" AND metric IN ").list(metrics);
    let rows = OtherLine::find_by_statement(sql.on(tx.backend()));
    let mut others: HashMap<(String, String), Vec<Reported>> = HashMap::new();
    for row in rows.all(tx.db()).await? {
        let reported = Reported {
            return_id: row.return_id,
            opens_on: row.opens_on,
            closes_on: row.closes_on,
            value: row.value,
            qualifier: Qualifier::marked(&row.qualifier),
        };
        others
            .entry((row.metric, row.dimension))
            .or_default()
            .push(reported);
    }
    Ok(others)
}

fn returned() -> impl Iterator<Item = &'static Entry> {
    CATALOGUE.iter().filter(|entry| entry.origin == Origin::Returns)
}

static METRICS: LazyLock<Vec<MetricId>> = LazyLock::new(|| returned().map(|entry| entry.id).collect());

/// What the ledger must hold of each line in force: its value, and of a stock less what was reported before.
pub(crate) fn recorded() -> Recorded {
    let lines = |natures: &[Nature], amount: &str, qualifier: &str| {
        let codes = returned().filter(|entry| natures.contains(&entry.nature));
        // A code is a word of ours.
        let codes: Vec<String> = codes.map(|entry| format!("'{}'", entry.code)).collect();
        format!(
            "SELECT return_id AS source_id, federation_id, closes_on AS day, metric, dimension, {amount} AS amount, {qualifier} \
             AS qualifier FROM return_line JOIN statistical_return ON statistical_return.id = return_id WHERE \
             return_line.state = 'IN_FORCE' AND value IS NOT NULL AND metric IN ({})",
            codes.join(", ")
        )
    };
    let before = "OVER (PARTITION BY federation_id, metric, dimension ORDER BY closes_on)";
    let said = lines(&[Nature::Flow, Nature::Stock], "value", "qualifier");
    let (amount, qualifier) = (
        format!("-LAG(value) {before}"),
        format!("LAG(qualifier) {before}"),
    );
    let less = lines(&[Nature::Stock], &amount, &qualifier);
    Recorded {
        metrics: &METRICS,
        table: "statistical_return",
        tag: StatisticalReturnId::TAG,
        read: Entity::READ,
        sql: format!("{said} UNION ALL SELECT * FROM ({less}) AS less WHERE amount IS NOT NULL"),
        has_qualifiers: true,
        has_days: true,
    }
}
