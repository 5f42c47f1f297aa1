//! Targets and amendments in the database.

use super::rules::Goal;
use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::page::PARTS_MAX;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{FederationId, TargetId};
use entity::targets::amendment;
use entity::targets::target::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
    Select,
};
use std::collections::HashMap;

impl Readable for Entity {
    const READ: Action = Action::ReadTargets;
}

/// Which targets a list holds.
pub(super) struct Wanted {
    /// Of this federation, or issued by it.
    pub(super) federation_id: FederationId,
    /// Issued by it to those directly below.
    pub(super) is_issued: bool,
    /// Only of this year.
    pub(super) year: Option<i32>,
    /// Only of this metric.
    pub(super) metric: Option<&'static str>,
}

/// The targets that a scope reaches and for which everything named holds, for a list.
pub(super) fn rows(scope: &Scope, wanted: &Wanted) -> Select<Entity> {
    let rows = Entity::within(scope);
    let mut rows = if wanted.is_issued {
        let below = Column::FederationId.ne(wanted.federation_id);
        rows.filter(Column::IssuerId.eq(wanted.federation_id))
            .filter(below)
    } else {
        rows.filter(Column::FederationId.eq(wanted.federation_id))
    };
    if let Some(year) = wanted.year {
        rows = rows.filter(Column::Year.eq(year));
    }
    if let Some(metric) = wanted.metric {
        rows = rows.filter(Column::Metric.eq(metric));
    }
    rows
}

/// The targets of federations for a goal, that a scope reaches.
fn of(scope: &Scope, goal: &Goal, ids: &[FederationId]) -> Select<Entity> {
    Entity::within(scope)
        .filter(Column::FederationId.is_in(ids.iter().copied()))
        .filter(Column::Year.eq(goal.year))
        .filter(Column::Metric.eq(goal.metric.code()))
        .filter(Column::Dimension.eq(&goal.dimension))
}

/// The targets of federations for a goal that the caller may see, in the order of the federations.
pub(super) async fn seen(op: &Op, goal: &Goal, ids: &[FederationId]) -> Result<Vec<Model>, Error> {
    let rows = of(&op.scope(Action::ReadTargets)?, goal, ids);
    let mut found = rows.all(op.app().db.reader()).await?;
    found.sort_by_key(|target| ids.iter().position(|id| *id == target.federation_id));
    Ok(found)
}

/// Which of the federations to which the caller may issue have a target for a goal already.
pub(super) async fn taken(tx: &Tx, goal: &Goal, ids: &[FederationId]) -> Result<Vec<FederationId>, Error> {
    let found = of(&tx.scope(Action::IssueTargets), goal, ids)
        .all(tx.db())
        .await?;
    Ok(found.iter().map(|target| target.federation_id).collect())
}

/// Writes new targets.
pub(super) async fn insert(tx: &Tx, targets: &[Model]) -> Result<(), Error> {
    let rows = targets.iter().cloned().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).exec_without_returning(tx.db()).await?;
    Ok(())
}

async fn amendments_of(
    db: &impl ConnectionTrait,
    ids: Vec<TargetId>,
) -> Result<Vec<amendment::Model>, Error> {
    let rows = parts_of::<amendment::Entity>(amendment::Column::TargetId, ids);
    Ok(rows.order_by_asc(amendment::Column::Position).all(db).await?)
}

/// The amendments of a target that the caller was proved to reach, in their order.
pub(super) async fn amendments(tx: &Tx, id: TargetId) -> Result<Vec<amendment::Model>, Error> {
    amendments_of(tx.db(), vec![id]).await
}

/// The loader of the amendments of targets that the caller sees, in their order.
pub(crate) struct AmendmentsOf;

impl Batch for AmendmentsOf {
    type Key = TargetId;
    type Value = Vec<amendment::Model>;

    async fn load(op: Op, keys: Vec<TargetId>) -> Result<Vec<Self::Value>, Error> {
        let rows = amendments_of(op.app().db.reader(), keys.clone()).await?;
        Ok(grouped(&keys, rows, |row| row.target_id))
    }
}

/// SQL for what a target is on a day.
pub(crate) fn push_amount(sql: &mut Sql, day: NaiveDate) {
    sql.push(
        "COALESCE((SELECT amendment.amount FROM target_amendment AS amendment WHERE amendment.target_id = target.id \
         AND amendment.effective_on <= ",
    );
    sql.bind(day)
        .push(" ORDER BY amendment.position DESC LIMIT 1), target.amount)");
}

/// How a target was handed down.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shares {
    /// To how many.
    pub(crate) count: i64,
    /// Of all of them together, as amended until now.
    pub(crate) sum: i64,
}

#[derive(FromQueryResult)]
struct Row {
    slot: i32,
    count: i64,
    sum: i64,
}

/// The loader of what federations whose targets the caller sees handed down of a goal to those directly below.
pub(crate) struct HandedDown;

impl Batch for HandedDown {
    type Key = (FederationId, Goal);
    type Value = Shares;

    async fn load(op: Op, keys: Vec<Self::Key>) -> Result<Vec<Shares>, Error> {
        let db = &op.app().db;
        let mut found: HashMap<i32, Shares> = HashMap::new();
        let slots: Vec<(i32, Self::Key)> = (0..).zip(keys).collect();
        for slots in slots.chunks(PARTS_MAX) {
            let mut sql = Sql::default();
            for (nth, (slot, (id, goal))) in slots.iter().enumerate() {
                let union = if nth == 0 { "" } else { " UNION ALL " };
                sql.push(&format!(
                    "{union}SELECT {slot} AS slot, COUNT(*) AS count, CAST(COALESCE(SUM("
                ));
                push_amount(&mut sql, op.today());
                sql.push("), 0) AS BIGINT) AS sum FROM target WHERE issuer_id = ")
                    .bind(*id);
                sql.push(" AND federation_id <> ").bind(*id);
                push_goal(&mut sql, goal);
            }
            let rows = Row::find_by_statement(sql.on(db.backend()))
                .all(db.reader())
                .await?;
            found.extend(
                rows.into_iter()
                    .map(|Row { slot, count, sum }| (slot, Shares { count, sum })),
            );
        }
        let shares = |(slot, _): &(i32, Self::Key)| found.get(slot).copied().unwrap_or_default();
        Ok(slots.iter().map(shares).collect())
    }
}

/// SQL for the targets of a goal.
pub(crate) fn push_goal(sql: &mut Sql, goal: &Goal) {
    sql.push(" AND target.year = ").bind(goal.year);
    sql.push(" AND target.metric = ").bind(goal.metric.code());
    sql.push(" AND target.dimension = ").bind(goal.dimension.as_str());
}
