//! Targets and amendments in the database.

use super::rules::Goal;
use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::page::PARTS_MAX;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::Sql;
use crate::kernel::tree::Tree;
use crate::kernel::tx::Tx;
use crate::metrics::MetricId;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{FederationId, TargetId};
use entity::targets::amendment;
use entity::targets::target::{Column, Entity, Model};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
    Select,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Federations in one statement.
const KEYS_MAX: usize = 5_000;

/// SQL for: the last target of its federation for the same thing. Those before it were closed.
const IS_LAST: &str = " AND NOT EXISTS (SELECT 1 FROM target AS later WHERE later.federation_id = target.federation_id \
     AND later.metric = target.metric AND later.id > target.id AND later.year = target.year \
     AND later.dimension = target.dimension)";

impl Readable for Entity {
    const READ: Action = Action::ReadTargets;
}

/// Which targets a list holds.
pub(super) struct Wanted {
    /// Of these federations.
    pub(super) federation_ids: Vec<FederationId>,
    /// Only of this year.
    pub(super) year: Option<i32>,
    /// Only of this metric.
    pub(super) metric: Option<&'static str>,
}

/// The targets that a scope reaches and for which everything named holds, for a list.
pub(super) fn rows(scope: &Scope, wanted: &Wanted) -> Select<Entity> {
    let held = Column::FederationId.is_in(wanted.federation_ids.iter().copied());
    let mut rows = Entity::within(scope).filter(held);
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

/// The last target of each federation for a goal that the caller may see, in the order of the federations.
pub(super) async fn seen(op: &Op, goal: &Goal, ids: &[FederationId]) -> Result<Vec<Model>, Error> {
    let rows = of(&op.scope(Action::ReadTargets)?, goal, ids).order_by_asc(Column::Id);
    let found = rows.all(op.app().db.reader()).await?;
    let mut last: HashMap<FederationId, Model> = found
        .into_iter()
        .map(|target| (target.federation_id, target))
        .collect();
    Ok(ids.iter().filter_map(|id| last.remove(id)).collect())
}

/// Which of the federations to which the caller may issue have a target for a goal that is not closed.
pub(super) async fn taken(tx: &Tx, goal: &Goal, ids: &[FederationId]) -> Result<Vec<FederationId>, Error> {
    let open = of(&tx.scope(Action::IssueTargets), goal, ids).filter(Column::ClosedOn.is_null());
    let found = open.all(tx.db()).await?;
    Ok(found.iter().map(|target| target.federation_id).collect())
}

/// Writes new targets.
pub(super) async fn insert(tx: &Tx, targets: &[Model]) -> Result<(), Error> {
    let rows = targets.iter().cloned().map(IntoActiveModel::into_active_model);
    Entity::insert_many(rows).exec_without_returning(tx.db()).await?;
    Ok(())
}

/// Takes away a target with its amendments.
pub(super) async fn delete(tx: &Tx, id: TargetId) -> Result<(), Error> {
    for (table, key) in [("target_amendment", "target_id"), ("target", "id")] {
        let mut sql = Sql::new(&format!("DELETE FROM {table} WHERE {key} = "));
        sql.bind(id);
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
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
        let (db, tree) = (&op.app().db, op.tree());
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
                sql.push("), 0) AS BIGINT) AS sum FROM target WHERE federation_id IN ");
                sql.list(directly_below(&tree, *id));
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

/// Those directly below a federation, as the tree is now.
pub(super) fn directly_below(tree: &Tree, id: FederationId) -> Vec<FederationId> {
    let children = tree.get(id).into_iter().flat_map(|node| tree.children(node));
    children.map(|child| child.id).collect()
}

/// SQL for the last target of each federation for a goal: those before it were closed.
pub(crate) fn push_goal(sql: &mut Sql, goal: &Goal) {
    sql.push(" AND target.year = ").bind(goal.year);
    sql.push(" AND target.metric = ").bind(goal.metric.code());
    sql.push(" AND target.dimension = ").bind(goal.dimension.as_str());
    sql.push(IS_LAST);
}

#[derive(FromQueryResult)]
struct Amount {
    slot: i32,
    federation_id: FederationId,
    metric: String,
    dimension: String,
    amount: i64,
}

/// The loader of what federations are asked for, as amended by a day; none without a target. It reads beyond the caller's
/// scope: whoever asks was proved to see the figure that is set against it.
pub(crate) struct AmountsOn;

impl Batch for AmountsOn {
    type Key = (FederationId, Goal, NaiveDate);
    type Value = Option<i64>;

    async fn load(op: Op, keys: Vec<Self::Key>) -> Result<Vec<Option<i64>>, Error> {
        let db = &op.app().db;
        let mut found: HashMap<Self::Key, i64> = HashMap::new();
        for keys in keys.chunks(KEYS_MAX) {
            let mut groups: BTreeMap<(i32, NaiveDate), Vec<&Self::Key>> = BTreeMap::new();
            for key in keys {
                groups.entry((key.1.year, key.2)).or_default().push(key);
            }
            let groups: Vec<_> = groups.into_iter().collect();
            for groups in groups.chunks(PARTS_MAX) {
                let mut sql = Sql::default();
                for (slot, ((year, day), keys)) in (0_i32..).zip(groups) {
                    let ids: BTreeSet<FederationId> = keys.iter().map(|(id, _, _)| *id).collect();
                    let metrics: BTreeSet<&str> =
                        keys.iter().map(|(_, goal, _)| goal.metric.code()).collect();
                    let union = if slot == 0 { "" } else { " UNION ALL " };
                    sql.push(&format!(
                        "{union}SELECT {slot} AS slot, federation_id, metric, dimension, "
                    ));
                    push_amount(&mut sql, *day);
                    sql.push(" AS amount FROM target WHERE federation_id IN ")
                        .list(ids);
                    sql.push(" AND target.year = ").bind(*year);
                    sql.push(" AND target.metric IN ").list(metrics).push(IS_LAST);
                }
                let rows = Amount::find_by_statement(sql.on(db.backend()));
                for row in rows.all(db.reader()).await? {
                    let group = usize::try_from(row.slot).ok().and_then(|slot| groups.get(slot));
                    if let (Some(((year, day), _)), Some(metric)) = (group, MetricId::coded(&row.metric)) {
                        let (dimension, year) = (row.dimension, *year);
                        let goal = Goal {
                            metric,
                            dimension,
                            year,
                        };
                        found.insert((row.federation_id, goal, *day), row.amount);
                    }
                }
            }
        }
        Ok(keys.iter().map(|key| found.get(key).copied()).collect())
    }
}
