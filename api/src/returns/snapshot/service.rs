//! Keeping figures as they stand.

use super::types::FreezeFigures;
use super::{Frozen, store};
use crate::figures::rules::{Asked, metrics};
use crate::figures::types::{Figure, figures_of};
use crate::kernel::error::{Error, Faults, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tree::Node;
use crate::metrics::{MetricId, Nature};
use crate::org::federation::rules::full_name;
use crate::policy::Action;
use crate::returns::report::rules::check_title;
use chrono::NaiveDate;
use entity::id::{FederationId, FigureSnapshotId, SnapshotLineId};
use entity::returns::{figure_snapshot, snapshot_line};
use futures_util::future::try_join_all;

/// The days of a snapshot, as a question for figures.
pub(super) fn days(from: NaiveDate, to: NaiveDate) -> Asked {
    Asked {
        from: Some(from),
        to: Some(to),
        ..Asked::default()
    }
}

/// What a federation and, if asked for, those directly below it come to.
async fn figures(
    op: &Op,
    at: &Node,
    (metrics, days, with_children): (&[MetricId], &Asked, bool),
) -> Result<Vec<Figure>, Error> {
    let tree = op.tree();
    let children = tree.children_through_stand_ins(at).into_iter();
    let of = std::iter::once(at.id).chain(children.filter(|_| with_children).map(|child| child.id));
    let figures = of.map(|id| figures_of(op, id, (metrics, days, None)));
    Ok(try_join_all(figures).await?.into_iter().flatten().collect())
}

/// First and last day of what an input asks for, and the figures of them.
async fn read(op: &Op, input: &FreezeFigures) -> Result<((NaiveDate, NaiveDate), Vec<Figure>), Error> {
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
    let (from, to) = (period.from.unwrap_or(period.to), period.to);
    if to > op.today() {
        return Err(invalid("to", text("Not in the future.", "日期不能晚于今天。")));
    }
    let figures = figures(op, &at, (&metrics, &days(from, to), input.has_children)).await?;
    Ok(((from, to), figures))
}

/// Keeps the figures of a period as they stand now.
pub(super) async fn freeze(op: &Op, input: &FreezeFigures) -> Result<FigureSnapshotId, Error> {
    let digest = op.app().digest("freezeFigures", input)?;
    // Read before the transaction: it holds a connection, and reading takes another. What is refused is refused within, so
    // that it stands in the trail.
    let read = &read(op, input).await;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let ((opens_on, closes_on), figures) = read.as_ref().map_err(Error::clone)?;
        let at = FederationId::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::FreezeFigures, at, "federationId")?;
        let snapshot = figure_snapshot::Model {
            id: FigureSnapshotId(op.id()),
            title: input.title.trim().to_owned(),
            opens_on: *opens_on,
            closes_on: *closes_on,
            frozen_by: op.account_id().ok_or(Error::Unauthenticated)?,
            frozen_at: op.now(),
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        let line = |(position, figure): (i32, &Figure)| snapshot_line::Model {
            id: SnapshotLineId(op.id()),
            snapshot_id: snapshot.id,
            position,
            of_id: figure.wanted.federation_id,
            of_name: tx
                .tree()
                .get(figure.wanted.federation_id)
                .map(full_name)
                .unwrap_or_default(),
            metric: figure.wanted.metric.code().to_owned(),
            value: figure.sum.total(),
            qualifier: figure.sum.qualifier().mark().to_owned(),
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
