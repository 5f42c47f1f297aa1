//! Reading who stands where.

use super::rules::Completion;
use crate::figures::rules::{Ranked, ranked};
use crate::kernel::error::Error;
use crate::kernel::ledger::{Figures, Wanted};
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::page::PARTS_MAX;
use crate::kernel::sql::Sql;
use crate::kernel::tree::Node;
use crate::targets::target::rules::Goal;
use crate::targets::target::store::{push_amount, push_goal};
use chrono::NaiveDate;
use entity::id::FederationId;
use entity::org::federation::Level;
use sea_orm::FromQueryResult;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Which federations stand beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Circle {
    /// Those directly below one.
    Below(FederationId),
    /// Those of a level in the subtree of one.
    OfLevel(FederationId, Level),
}

impl Circle {
    fn top(self) -> FederationId {
        match self {
            Circle::Below(id) | Circle::OfLevel(id, _) => id,
        }
    }

    fn holds(self, node: &Node) -> bool {
        match self {
            Circle::Below(id) => node.parent_id == Some(id),
            Circle::OfLevel(_, level) => node.level == level,
        }
    }
}

/// A question for a ranking by completion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Contest {
    /// What all of them are asked for.
    pub(super) goal: Goal,
    /// By the end of this day of the goal's year.
    pub(super) day: NaiveDate,
    /// Who.
    pub(super) circle: Circle,
}

/// Who has a target that is more than nothing, in order.
pub(super) type Ranking = Arc<Vec<Ranked<(FederationId, Completion)>>>;

#[derive(FromQueryResult)]
struct Row {
    slot: i32,
    federation_id: Uuid,
    amount: i64,
}

/// The loader of rankings by completion. It reads beyond the caller's scope: whoever asks tells a federation no more than
/// its own position, unless the caller may see the others.
pub(super) struct Rankings;

impl Batch for Rankings {
    type Key = Contest;
    type Value = Ranking;

    async fn load(op: Op, keys: Vec<Contest>) -> Result<Vec<Ranking>, Error> {
        let mut contests: Vec<&Contest> = Vec::new();
        let mut slot_of: HashMap<&Contest, usize> = HashMap::new();
        for key in &keys {
            slot_of.entry(key).or_insert_with(|| {
                contests.push(key);
                contests.len() - 1
            });
        }
        let targets = targets(&op, &contests).await?;
        let wanted = contests.iter().zip(&targets).flat_map(|(contest, members)| {
            let member = |(id, _): &(FederationId, i64)| contest.goal.reached(*id, contest.day);
            members.iter().map(member).collect::<Vec<_>>()
        });
        let mut wanted: Vec<Wanted> = wanted.collect();
        let mut figures = Figures::load(op, std::mem::take(&mut wanted)).await?.into_iter();
        let mut rankings = Vec::with_capacity(contests.len());
        for (contest, members) in contests.iter().zip(targets) {
            let reached = members.into_iter().zip(figures.by_ref());
            let completions = reached.map(|((id, target), sums)| {
                let reached = contest.goal.amount(&sums);
                (id, Completion { reached, target })
            });
            rankings.push(Arc::new(ranked(completions.collect(), |one, other| {
                one.1.compare(&other.1)
            })));
        }
        let ranking = |key: &Contest| slot_of.get(key).and_then(|slot| rankings.get(*slot)).cloned();
        Ok(keys.iter().map(|key| ranking(key).unwrap_or_default()).collect())
    }
}

/// Who is asked for more than nothing in each contest, and how much, in the order of the tree.
async fn targets(op: &Op, contests: &[&Contest]) -> Result<Vec<Vec<(FederationId, i64)>>, Error> {
    let (db, tree) = (&op.app().db, op.tree());
    let mut members: Vec<BTreeMap<&str, (FederationId, i64)>> = vec![BTreeMap::new(); contests.len()];
    let slots: Vec<(usize, &Contest)> = contests.iter().copied().enumerate().collect();
    for slots in slots.chunks(PARTS_MAX) {
        let mut sql = Sql::default();
        for (nth, (slot, contest)) in slots.iter().enumerate() {
            let path = tree.get(contest.circle.top()).map_or("", |top| &*top.path);
            let union = if nth == 0 { "" } else { " UNION ALL " };
            sql.push(&format!("{union}SELECT {slot} AS slot, federation_id, "));
            push_amount(&mut sql, contest.day);
            sql.push(" AS amount FROM target WHERE path >= ").bind(path);
            sql.push(" AND path < ").bind(format!("{path}~"));
            push_goal(&mut sql, &contest.goal);
        }
        let rows = Row::find_by_statement(sql.on(db.backend()))
            .all(db.reader())
            .await?;
        for row in rows.into_iter().filter(|row| row.amount > 0) {
            let slot = usize::try_from(row.slot).unwrap_or(usize::MAX);
            let node = tree.get(FederationId(row.federation_id));
            if let (Some(node), Some(contest), Some(members)) =
                (node, contests.get(slot), members.get_mut(slot))
                && contest.circle.holds(node)
            {
                members.insert(&node.path, (node.id, row.amount));
            }
        }
    }
    Ok(members
        .into_iter()
        .map(|members| members.into_values().collect())
        .collect())
}
