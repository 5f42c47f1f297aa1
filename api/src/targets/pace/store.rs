//! Pace rules in the database.

use super::rules::nearest;
use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Within};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::id::FederationId;
use entity::targets::pace_rule::{Column, Entity, Model};
use futures_util::future::try_join_all;
use sea_orm::{ColumnTrait, FromQueryResult, QueryFilter};

impl Readable for Entity {
    const READ: Action = Action::ReadTargets;
}

/// The rule that a federation on which the caller may set rules has set.
pub(super) async fn set_by(
    tx: &Tx,
    id: FederationId,
    (year, metric): (i32, &str),
) -> Result<Option<Model>, Error> {
    let rows = Entity::within(&tx.scope(Action::IssueTargets)).filter(Column::FederationId.eq(id));
    let rows = rows
        .filter(Column::Year.eq(year))
        .filter(Column::Metric.eq(metric));
    Ok(rows.one(tx.db()).await?)
}

/// The loader of the rules that federations set for a year, in order of metric. A rule is known to all for whom it is:
/// whoever asks says for whom.
pub(crate) struct RulesOf;

impl Batch for RulesOf {
    type Key = (FederationId, i32);
    type Value = Vec<Model>;

    async fn load(op: Op, keys: Vec<Self::Key>) -> Result<Vec<Self::Value>, Error> {
        let (mut ids, mut years): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
        ids.sort();
        ids.dedup();
        years.sort();
        years.dedup();
        let mut sql = Sql::new("SELECT * FROM pace_rule WHERE federation_id IN ");
        sql.list(ids)
            .push(" AND year IN ")
            .list(years)
            .push(" ORDER BY metric");
        let db = &op.app().db;
        let rows = Model::find_by_statement(sql.on(db.backend()))
            .all(db.reader())
            .await?;
        Ok(grouped(&keys, rows, |rule| (rule.federation_id, rule.year)))
    }
}

/// The rule by which the targets of a federation that the caller may see are judged; none for the days of the year.
pub(crate) async fn in_force(
    op: &Op,
    id: FederationId,
    (year, metric): (i32, &str),
) -> Result<Option<Model>, Error> {
    let tree = op.tree();
    let mut superiors: Vec<FederationId> = tree.ancestors_of(id).collect();
    if superiors.is_empty() {
        superiors.push(id);
    }
    let loads = superiors
        .into_iter()
        .map(|superior| op.load::<RulesOf>((superior, year)));
    let rules: Vec<Model> = try_join_all(loads).await?.into_iter().flatten().collect();
    Ok(nearest(&rules, metric))
}
