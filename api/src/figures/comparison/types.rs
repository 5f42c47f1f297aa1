//! Figures beside others: two periods, a series over time, a share.

use crate::figures::rules::{self, Step};
use crate::figures::types::{Figure, Metric, RatioDefinition, decimal, figures_of, percent};
use crate::kernel::error::Error;
use crate::kernel::ledger::series::{Changes, Days, Span};
use crate::kernel::ledger::{Amount, Figures, Period, Wanted};
use crate::kernel::op::Op;
use crate::metrics::{MetricId, Nature, Ratio as Share};
use crate::policy::Action;
use crate::scalars::Decimal;
use async_graphql::SimpleObject;
use async_graphql::futures_util::future::{try_join, try_join_all};
use chrono::NaiveDate;
use entity::id::FederationId;
use std::collections::BTreeMap;

/// The value of a dimension, as clients read it; none for the whole.
fn part(dimension: &str) -> Option<String> {
    dimension.split_once(':').map(|(_, value)| value.to_owned())
}

/// A figure beside the same one of other days.
#[derive(SimpleObject)]
pub struct FigureChange {
    /// What is counted.
    pub metric: Metric,
    /// The part of the axis asked for with `by`; null for the whole.
    pub dimension: Option<String>,
    /// The number of the days asked for.
    pub figure: Figure,
    /// The number of the days that it is compared with.
    pub earlier: Figure,
    /// How much more it is; negative if less.
    pub change: Decimal,
    /// How much more it is, in per cent of the earlier one, with two decimals; null if that was zero.
    pub percent: Option<Decimal>,
}

impl FigureChange {
    fn new(figure: Figure, earlier: Figure) -> FigureChange {
        let metric = figure.wanted.metric;
        let (now, before) = (figure.sum.total(), earlier.sum.total());
        FigureChange {
            metric: Metric(metric.entry()),
            dimension: part(&figure.dimension),
            change: decimal(metric, now - before),
            percent: rules::share(now - before, before).map(percent),
            figure,
            earlier,
        }
    }
}

/// Figures of two times side by side; a part that only one of them has is zero in the other.
pub async fn changes_of(
    op: &Op,
    at: FederationId,
    (metrics, by): (&[MetricId], Option<&str>),
    (now, before): (&rules::Asked, &rules::Asked),
) -> Result<Vec<FigureChange>, Error> {
    let now = figures_of(op, at, (metrics, now, by));
    let before = figures_of(op, at, (metrics, before, by));
    let (now, before) = try_join(now, before).await?;
    let mut pairs: BTreeMap<(usize, String), (Option<Figure>, Option<Figure>)> = BTreeMap::new();
    let place = |figure: &Figure| metrics.iter().position(|metric| *metric == figure.wanted.metric);
    for figure in now {
        let key = (place(&figure).unwrap_or_default(), figure.dimension.clone());
        pairs.entry(key).or_default().0 = Some(figure);
    }
    for figure in before {
        let key = (place(&figure).unwrap_or_default(), figure.dimension.clone());
        pairs.entry(key).or_default().1 = Some(figure);
    }
    let zero = |figure: &Figure| Figure {
        sum: Amount::default(),
        ..figure.clone()
    };
    let change = |pair| match pair {
        (Some(now), Some(before)) => Some(FigureChange::new(now, before)),
        (Some(now), None) => Some(FigureChange::new(now.clone(), zero(&now))),
        (None, Some(before)) => Some(FigureChange::new(zero(&before), before)),
        (None, None) => None,
    };
    Ok(pairs.into_values().filter_map(change).collect())
}

/// A metric over time.
#[derive(SimpleObject)]
pub struct FigureSeries {
    /// What is counted.
    pub metric: Metric,
    /// The part of the axis asked for with `by`; null for the whole.
    pub dimension: Option<String>,
    /// A number for each step, oldest first: of a flow what happened in it, of a stock what there was at its end.
    pub points: Vec<Figure>,
}

/// Series of metrics from a day to a day, one a metric or, split by an axis, one a part.
pub async fn series_of(
    op: &Op,
    at: FederationId,
    (metrics, by): (&[MetricId], Option<&str>),
    (step, from, to): (Step, NaiveDate, NaiveDate),
) -> Result<Vec<FigureSeries>, Error> {
    op.authorize(Action::ReadFigures, at, "id")?;
    let steps = rules::steps(step, from, to)?;
    let of_metric = |metric: MetricId| {
        let steps = &steps;
        async move {
            let entry = metric.entry();
            let axis = by.map(|by| rules::axis(entry.code, entry.axes, by)).transpose()?;
            let span = Span {
                from,
                to,
                by_day: step == Step::Day,
                axis,
            };
            let wanted = Wanted {
                federation_id: at,
                metric,
                axis,
                period: Period { from: None, to },
            };
            let changes = op.load::<Changes>(Changes {
                federation_id: at,
                metric,
                span,
            });
            let (mut changes, mut opening) = try_join(changes, opening(op, &wanted, from)).await?;
            if axis.is_none() {
                changes.entry(String::new()).or_default();
            }
            for dimension in opening.keys() {
                changes.entry(dimension.clone()).or_default();
            }
            rules::check_series(changes.len(), steps.len())?;
            let series = changes.into_iter().map(|(dimension, days)| {
                let opening = opening.remove(&dimension).unwrap_or_default();
                series(&wanted, &dimension, points(entry.nature, (opening, days), steps))
            });
            Ok::<_, Error>(series.collect::<Vec<_>>())
        }
    };
    let series = try_join_all(metrics.iter().copied().map(of_metric)).await?;
    Ok(series.into_iter().flatten().collect())
}

/// What there was of a stock on the eve of a day, by part.
async fn opening(op: &Op, wanted: &Wanted, from: NaiveDate) -> Result<BTreeMap<String, Amount>, Error> {
    let is_stock = wanted.metric.entry().nature == Nature::Stock;
    let Some(to) = from.pred_opt().filter(|_| is_stock) else {
        return Ok(BTreeMap::new());
    };
    let wanted = Wanted {
        period: Period { from: None, to },
        ..wanted.clone()
    };
    let sums = op.load::<Figures>(wanted).await?;
    Ok(sums
        .into_iter()
        .filter(|(_, sum)| *sum != Amount::default())
        .collect())
}

fn series(wanted: &Wanted, dimension: &str, points: Vec<(Period, Amount)>) -> FigureSeries {
    let points = points.into_iter().map(|(period, sum)| Figure {
        wanted: Wanted {
            period,
            ..wanted.clone()
        },
        dimension: dimension.to_owned(),
        sum,
    });
    FigureSeries {
        metric: Metric(wanted.metric.entry()),
        dimension: part(dimension),
        points: points.collect(),
    }
}

/// The numbers of a series: changes gathered into steps, and for a stock added up.
fn points(
    nature: Nature,
    (opening, changes): (Amount, Days),
    steps: &[(NaiveDate, NaiveDate)],
) -> Vec<(Period, Amount)> {
    let is_stock = nature == Nature::Stock;
    let mut level = opening;
    let mut changes = changes.into_iter().peekable();
    let point = |(first, last): &(NaiveDate, NaiveDate)| {
        let mut within = Amount::default();
        while let Some((_, amount)) = changes.next_if(|(day, _)| day <= last) {
            within += amount;
        }
        level += within;
        let period = Period {
            from: Some(*first).filter(|_| !is_stock),
            to: *last,
        };
        (period, if is_stock { level } else { within })
    };
    steps.iter().map(point).collect()
}

/// A share with its two numbers.
#[derive(SimpleObject)]
pub struct Ratio {
    /// What it is a ratio of.
    pub definition: RatioDefinition,
    /// The scope that it is counted over (公有制, 非公有制); null for the whole.
    pub dimension: Option<String>,
    /// What is counted (分子).
    pub numerator: Figure,
    /// Of what it is a share (分母).
    pub denominator: Figure,
    /// The share in per cent, with two decimals; null if the denominator is zero.
    pub percent: Option<Decimal>,
}

/// Shares of a federation. A part without a denominator is shown with none.
pub async fn ratios_of(
    op: &Op,
    at: FederationId,
    (ratios, when, by): (&[&'static Share], &rules::Asked, Option<&str>),
) -> Result<Vec<Ratio>, Error> {
    let found = ratios.iter().map(|ratio| async move {
        if let Some(by) = by {
            rules::axis(ratio.code, ratio.axes, by)?;
        }
        figures_of(op, at, (&[ratio.numerator, ratio.denominator], when, by)).await
    });
    let found = try_join_all(found).await?;
    let mut shares = Vec::new();
    for (ratio, figures) in ratios.iter().zip(found) {
        let mut parts: BTreeMap<String, (Option<Figure>, Option<Figure>)> = BTreeMap::new();
        for figure in figures {
            let part = parts.entry(figure.dimension.clone()).or_default();
            if figure.wanted.metric == ratio.numerator {
                part.0 = Some(figure);
            } else {
                part.1 = Some(figure);
            }
        }
        for (dimension, (above, below)) in parts {
            let Some(any) = above.as_ref().or(below.as_ref()) else {
                continue;
            };
            let nothing = |metric| Figure {
                wanted: Wanted {
                    metric,
                    ..any.wanted.clone()
                },
                dimension: dimension.clone(),
                sum: Amount::default(),
            };
            let numerator = above.clone().unwrap_or_else(|| nothing(ratio.numerator));
            let denominator = below.clone().unwrap_or_else(|| nothing(ratio.denominator));
            shares.push(Ratio {
                definition: RatioDefinition(ratio),
                dimension: part(&dimension),
                percent: rules::share(numerator.sum.total(), denominator.sum.total()).map(percent),
                numerator,
                denominator,
            });
        }
    }
    Ok(shares)
}
