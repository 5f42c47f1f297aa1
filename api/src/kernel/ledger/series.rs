//! A figure over time: what changed on each day or month, in one statement for all that a level of an operation asks.

use super::{Amount, Period, Qualifier, counted_at, tail};
use crate::kernel::error::Error;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::sql::Sql;
use crate::metrics::MetricId;
use chrono::NaiveDate;
use entity::id::FederationId;
use sea_orm::{DbBackend, FromQueryResult};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// What changed of a metric within a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Changes {
    /// Where, with all below it.
    pub federation_id: FederationId,
    /// What.
    pub metric: MetricId,
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Each day by itself; else whole months are one change, on their first day.
    pub by_day: bool,
}

#[derive(FromQueryResult)]
struct Row {
    federation_id: Option<Uuid>,
    path: Option<String>,
    metric: String,
    day: NaiveDate,
    qualifier: String,
    amount: i64,
}

impl Batch for Changes {
    type Key = Changes;
    type Value = Vec<(NaiveDate, Amount)>;

    async fn load(op: Op, keys: Vec<Changes>) -> Result<Vec<Self::Value>, Error> {
        let mut times: Vec<(NaiveDate, NaiveDate, bool)> =
            keys.iter().map(|key| (key.from, key.to, key.by_day)).collect();
        times.sort();
        times.dedup();
        let mut found: HashMap<Changes, BTreeMap<NaiveDate, Amount>> = HashMap::new();
        for (from, to, by_day) in times {
            let at_time = |key: &&Changes| (key.from, key.to, key.by_day) == (from, to, by_day);
            let wanted: Vec<&Changes> = keys.iter().filter(at_time).collect();
            let db = &op.app().db;
            let sql = statement(db.backend(), (from, to, by_day), &wanted);
            let rows = Row::find_by_statement(sql.on(db.backend()))
                .all(db.reader())
                .await?;
            let tree = op.tree();
            for row in &rows {
                let Some(metric) = MetricId::coded(&row.metric) else {
                    continue;
                };
                for federation_id in counted_at(&tree, row.federation_id, row.path.as_deref()) {
                    let key = Changes {
                        federation_id,
                        metric,
                        from,
                        to,
                        by_day,
                    };
                    let amount = Amount::of(row.amount, Qualifier::marked(&row.qualifier));
                    *found.entry(key).or_default().entry(row.day).or_default() += amount;
                }
            }
        }
        let changes = |key| {
            found
                .get(key)
                .into_iter()
                .flatten()
                .map(|(day, amount)| (*day, *amount))
        };
        Ok(keys.iter().map(|key| changes(key).collect()).collect())
    }
}

fn statement(
    backend: DbBackend,
    (from, to, by_day): (NaiveDate, NaiveDate, bool),
    wanted: &[&Changes],
) -> Sql {
    let mut ids: Vec<FederationId> = wanted.iter().map(|wanted| wanted.federation_id).collect();
    ids.sort();
    ids.dedup();
    let mut metrics: Vec<&str> = wanted.iter().map(|wanted| wanted.metric.code()).collect();
    metrics.sort();
    metrics.dedup();
    let period = Period { from: Some(from), to };
    let runs = if by_day {
        vec![("D", Some(from), to.succ_opt().unwrap_or(to))]
    } else {
        period.runs()
    };
    let sum = "metric, day, qualifier, CAST(SUM(amount) AS BIGINT) AS amount";
    let mut sql = Sql::default();
    for (grain, from, until) in runs {
        // Years are read month by month.
        let grain = if grain == "Y" { "M" } else { grain };
        sql.push("SELECT federation_id, NULL AS path, ").push(sum);
        sql.push(" FROM figure_rollup WHERE federation_id IN ")
            .list(ids.iter().copied());
        sql.push(" AND metric IN ").list(metrics.iter().copied());
        sql.push(" AND dimension = '' AND grain = ").bind(grain);
        if let Some(from) = from {
            sql.push(" AND day >= ").bind(from);
        }
        sql.push(" AND day < ").bind(until);
        sql.push(" GROUP BY federation_id, metric, day, qualifier UNION ALL ");
    }
    sql.push("SELECT NULL, path, ").push(sum).push(tail(backend));
    sql.push(" AND dimension = '' AND metric IN ")
        .list(metrics)
        .push(" AND ");
    period.holds(&mut sql);
    sql.push(" GROUP BY path, metric, day, qualifier");
    sql
}
