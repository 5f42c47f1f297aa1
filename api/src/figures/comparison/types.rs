//! Figures beside others: two periods, a series over time, a share.

use crate::figures::rules::{self, Step};
use crate::figures::types::{Figure, Metric, RatioDefinition, decimal, figures_of, percent};
use crate::kernel::error::Error;
use crate::kernel::ledger::series::Changes;
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
        let part = figure.dimension.split_once(':');
        FigureChange {
            metric: Metric(metric.entry()),
            dimension: part.map(|(_, value)| value.to_owned()),
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
    let now = figures_of(op, at, (metrics, now, by)).await?;
    let before = figures_of(op, at, (metrics, before, by)).await?;
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
    /// A number for each step, oldest first: of a flow what happened in it, of a stock what there was at its end.
    pub points: Vec<Figure>,
}

/// Series of metrics from a day to a day.
pub async fn series_of(
    op: &Op,
    at: FederationId,
    metrics: &[MetricId],
    (step, from, to): (Step, NaiveDate, NaiveDate),
) -> Result<Vec<FigureSeries>, Error> {
    op.authorize(Action::ReadFigures, at, "id")?;
    let steps = rules::steps(step, from, to)?;
    let federation_id = at;
    let opening = |metric: MetricId| async move {
        let Some(eve) = from.pred_opt().filter(|_| metric.entry().nature == Nature::Stock) else {
            return Ok(Amount::default());
        };
        let period = Period { from: None, to: eve };
        let wanted = Wanted {
            federation_id,
            metric,
            axis: None,
            period,
        };
        let sums = op.load::<Figures>(wanted).await?;
        Ok::<Amount, Error>(sums.into_iter().map(|(_, sum)| sum).sum())
    };
    let series = metrics.iter().copied().map(|metric| {
        let steps = &steps;
        async move {
            let by_day = step == Step::Day;
            let changes = Changes {
                federation_id,
                metric,
                from,
                to,
                by_day,
            };
            let (changes, opening) = try_join(op.load::<Changes>(changes), opening(metric)).await?;
            let points = points(metric, (opening, &changes), steps);
            let points = points.into_iter().map(|(period, sum)| Figure {
                wanted: Wanted {
                    federation_id,
                    metric,
                    axis: None,
                    period,
                },
                dimension: String::new(),
                sum,
            });
            Ok(FigureSeries {
                metric: Metric(metric.entry()),
                points: points.collect(),
            })
        }
    });
    try_join_all(series).await
}

/// The numbers of a series: changes by day gathered into steps, and for a stock added up.
fn points(
    metric: MetricId,
    (opening, changes): (Amount, &[(NaiveDate, Amount)]),
    steps: &[(NaiveDate, NaiveDate)],
) -> Vec<(Period, Amount)> {
    let is_stock = metric.entry().nature == Nature::Stock;
    let mut level = opening;
    let mut changes = changes.iter().peekable();
    let point = |(first, last): &(NaiveDate, NaiveDate)| {
        let mut within = Amount::default();
        while let Some((_, amount)) = changes.next_if(|(day, _)| day <= last) {
            within += *amount;
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
                dimension: dimension.split_once(':').map(|(_, value)| value.to_owned()),
                percent: rules::share(numerator.sum.total(), denominator.sum.total()).map(percent),
                numerator,
                denominator,
            });
        }
    }
    Ok(shares)
}
