//! Keeping figures as they stand.

use super::types::FreezeFigures;
use super::{Frozen, store};
use crate::figures::rules::{Asked, metrics};
use crate::kernel::error::{Error, Faults, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::ledger::{Amount, Figures, Period, Wanted};
use crate::kernel::op::Op;
use crate::kernel::tree::Node;
use crate::metrics::{MetricId, Nature};
use crate::policy::Action;
use crate::returns::report::rules::check_title;
use chrono::NaiveDate;
use entity::id::{FederationId, FigureSnapshotId, SnapshotLineId};
use entity::returns::{figure_snapshot, snapshot_line};
use futures_util::future::try_join_all;

/// The figure of a federation as a whole, for the days of a snapshot.
pub(super) fn wanted(of: FederationId, metric: MetricId, (from, to): (NaiveDate, NaiveDate)) -> Wanted {
    let from = (metric.entry().nature == Nature::Flow).then_some(from);
    Wanted {
        federation_id: of,
        metric,
        axis: None,
        period: Period { from, to },
    }
}

/// What a federation and, if asked for, those directly below it come to.
async fn figures(
    op: &Op,
    at: &Node,
    (metrics, days, with_children): (&[MetricId], (NaiveDate, NaiveDate), bool),
) -> Result<Vec<(Wanted, Amount)>, Error> {
    let tree = op.tree();
    let children = tree.children(at).filter(|_| with_children);
    let of: Vec<FederationId> = [at.id]
        .into_iter()
        .chain(children.map(|child| child.id))
        .collect();
    let of_one = |id: FederationId| metrics.iter().map(move |metric| wanted(id, *metric, days));
    let wanted: Vec<Wanted> = of.into_iter().flat_map(of_one).collect();
    let sums = try_join_all(wanted.iter().map(|wanted| op.load::<Figures>(wanted.clone()))).await?;
    let sums = sums
        .into_iter()
        .map(|sums| sums.into_iter().map(|(_, sum)| sum).sum());
    Ok(wanted.into_iter().zip(sums).collect())
}

/// Keeps the figures of a period as they stand now.
pub(super) async fn freeze(op: &Op, input: &FreezeFigures) -> Result<FigureSnapshotId, Error> {
    let at = FederationId::parse(&input.federation_id, "federationId")?;
    let at = op.authorize(Action::FreezeFigures, at, "federationId")?;
    let mut faults = Faults::default();
    check_title(&mut faults, &input.title);
    let none = text("At least one metric.", "至少选择一个指标。");
    faults.unless(!input.metrics.is_empty(), "metrics", none);
    faults.refuse()?;
    let codes: Vec<&str> = input.metrics.iter().map(|code| &*code.0).collect();
    let metrics = metrics(&codes)?;
    let asked = Asked {
        from: input.from.map(|date| date.0),
        to: input.to.map(|date| date.0),
        named: input.period.map(|period| (period.kind.into(), period.day.0)),
        ..Asked::default()
    };
    let period = asked.period(Nature::Flow, op.today())?;
    let days = (period.from.unwrap_or(period.to), period.to);
    if days.1 > op.today() {
        return Err(invalid("to", text("Not in the future.", "日期不能晚于今天。")));
    }
    // Read before the transaction: it holds a connection, and reading takes another.
    let figures = &figures(op, &at, (&metrics, days, input.has_children)).await?;
    let digest = op.app().digest("freezeFigures", input)?;
    let id = at.id;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let at = tx.authorize(Action::FreezeFigures, id, "federationId")?;
        let snapshot = figure_snapshot::Model {
            id: FigureSnapshotId(op.id()),
            title: input.title.trim().to_owned(),
            opens_on: days.0,
            closes_on: days.1,
            frozen_by: op.account_id().ok_or(Error::Unauthenticated)?,
            frozen_at: op.now(),
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        let line = |(position, (wanted, sum)): (i32, &(Wanted, Amount))| snapshot_line::Model {
            id: SnapshotLineId(op.id()),
            snapshot_id: snapshot.id,
            position,
            of_id: wanted.federation_id,
            metric: wanted.metric.code().to_owned(),
            value: sum.total(),
            qualifier: sum.qualifier().mark().to_owned(),
        };
        let lines: Vec<snapshot_line::Model> = (1..).zip(figures).map(line).collect();
        let (id, count) = (snapshot.id, lines.len());
        tx.insert(snapshot.clone()).await?;
        store::insert_lines(&tx, lines).await?;
        let frozen = Frozen {
            snapshot,
            lines: count,
        };
        tx.commit(frozen, id).await
    })
    .await
}
