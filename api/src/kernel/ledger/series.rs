//! A figure over time: what changed on each day or month, in one statement for all that a level of an operation asks.

use super::{Amount, Period, Qualifier, counted_at, push_dimension, tail};
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

/// When, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Each day by itself; else whole months are one change, on their first day.
    pub by_day: bool,
    /// Split by this axis; none for the whole.
    pub axis: Option<&'static str>,
}

/// What changed of a metric within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Changes {
    /// Where, with all below it.
    pub federation_id: FederationId,
    /// What.
    pub metric: MetricId,
    /// When.
    pub span: Span,
}

/// Changes in the order of days.
pub type Days = BTreeMap<NaiveDate, Amount>;

#[derive(FromQueryResult)]
struct Row {
    federation_id: Option<Uuid>,
    path: Option<String>,
    metric: String,
    dimension: String,
    day: NaiveDate,
    qualifier: String,
    amount: i64,
}

impl Batch for Changes {
    type Key = Changes;
    /// By dimension; the whole has the empty one.
    type Value = BTreeMap<String, Days>;

    async fn load(op: Op, keys: Vec<Changes>) -> Result<Vec<Self::Value>, Error> {
        let mut spans: Vec<Span> = keys.iter().map(|key| key.span).collect();
        spans.sort();
        spans.dedup();
        let mut found: HashMap<Changes, Self::Value> = HashMap::new();
        for span in spans {
            let wanted: Vec<&Changes> = keys.iter().filter(|key| key.span == span).collect();
            let db = &op.app().db;
            let sql = statement(db.backend(), span, &wanted);
            let rows = Row::find_by_statement(sql.on(db.backend()))
                .all(db.reader())
                .await?;
            let tree = op.tree();
            for row in rows {
                let Some(metric) = MetricId::coded(&row.metric) else {
                    continue;
                };
                let amount = Amount::of(row.amount, Qualifier::marked(&row.qualifier));
                for federation_id in counted_at(&tree, row.federation_id, row.path.as_deref()) {
                    let key = Changes {
                        federation_id,
                        metric,
                        span,
                    };
                    let parts = found.entry(key).or_default();
                    let days = parts.entry(row.dimension.clone()).or_default();
                    *days.entry(row.day).or_default() += amount;
                }
            }
        }
        let changes = |key| found.get(key).cloned().unwrap_or_default();
        Ok(keys.iter().map(changes).collect())
    }
}

fn statement(backend: DbBackend, span: Span, wanted: &[&Changes]) -> Sql {
    let Span {
        from,
        to,
        by_day,
        axis,
    } = span;
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
    let sum = "metric, dimension, day, qualifier, CAST(SUM(amount) AS BIGINT) AS amount";
    let mut sql = Sql::default();
    for (grain, from, until) in runs {
        // Years are read month by month.
        let grain = if grain == "Y" { "M" } else { grain };
        sql.push("SELECT federation_id, NULL AS path, ").push(sum);
        sql.push(" FROM figure_rollup WHERE federation_id IN ")
            .list(ids.iter().copied());
        sql.push(" AND metric IN ").list(metrics.iter().copied());
        sql.push(" AND axis = ").bind(axis.unwrap_or_default());
        sql.push(" AND grain = ").bind(grain);
        if let Some(from) = from {
            sql.push(" AND day >= ").bind(from);
        }
        sql.push(" AND day < ").bind(until);
        sql.push(" GROUP BY federation_id, metric, dimension, day, qualifier UNION ALL ");
    }
    sql.push("SELECT NULL, path, ").push(sum).push(tail(backend));
    sql.push(" AND metric IN ").list(metrics);
    push_dimension(&mut sql, axis);
    sql.push(" AND ");
    period.holds(&mut sql);
    sql.push(" GROUP BY path, metric, dimension, day, qualifier");
    sql
}
