//! Metrics and figures as clients see them.

use super::rules;
use crate::kernel::error::Error;
use crate::kernel::ledger::{Figures, Wanted};
use crate::kernel::op::Op;
use crate::metrics::{CATALOGUE, Entry, MetricId, Nature, Unit};
use crate::org::federation::types::Federation;
use crate::policy::Action;
use crate::scalars::{Date, Decimal, MetricCode, yuan};
use async_graphql::futures_util::future::try_join_all;
use async_graphql::{Context, Enum, Object};

/// What one of a metric is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "Unit", name = "Unit")]
pub enum FigureUnit {
    /// 家.
    Enterprise,
    /// 个.
    TradeUnion,
    /// 人.
    Person,
    /// 次.
    Time,
    /// 条.
    Item,
    /// 元, with two decimals.
    Yuan,
}

/// How a metric adds up.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "Nature", name = "MetricNature")]
pub enum MetricNature {
    /// 时点数: what there is on a day.
    Stock,
    /// 时期数: what happened in a period.
    Flow,
}

/// An entry of the catalogue, as clients see it.
pub struct Metric(pub &'static Entry);

/// Something that is counted (指标).
#[Object]
impl Metric {
    /// Code, for `figures`.
    async fn code(&self) -> MetricCode {
        MetricCode(self.0.code.to_owned())
    }

    /// 中文名.
    async fn name_zh(&self) -> &str {
        self.0.name_zh
    }

    /// English name.
    async fn name_en(&self) -> &str {
        self.0.name_en
    }

    /// What one of it is.
    async fn unit(&self) -> FigureUnit {
        self.0.unit.into()
    }

    /// How it adds up.
    async fn nature(&self) -> MetricNature {
        self.0.nature.into()
    }

    /// The axes by which it can be split, for `by`.
    async fn dimensions(&self) -> &[&str] {
        self.0.axes
    }

    /// The systems of the unions that it serves (S-numbers of the catalogue of systems), separated by blanks.
    async fn systems(&self) -> &str {
        self.0.systems
    }
}

/// The whole catalogue.
pub fn catalogue() -> Vec<Metric> {
    CATALOGUE.iter().map(Metric).collect()
}

/// A sum of recorded facts.
pub struct Figure {
    metric: MetricId,
    dimension: Option<String>,
    amount: i64,
}

/// A number of a federation and all below it: a sum of recorded facts, exact as of its day.
#[Object]
impl Figure {
    /// What is counted.
    async fn metric(&self) -> Metric {
        Metric(self.metric.entry())
    }

    /// How many; yuan with two decimals for money.
    async fn value(&self) -> Decimal {
        Decimal(match self.metric.entry().unit {
            Unit::Yuan => yuan(self.amount),
            _ => self.amount.to_string(),
        })
    }

    /// What one of it is.
    async fn unit(&self) -> FigureUnit {
        self.metric.entry().unit.into()
    }

    /// The part of the axis asked for with `by`; null for the whole.
    async fn dimension(&self) -> Option<&str> {
        self.dimension.as_deref()
    }
}

/// A question about figures.
pub struct Asked {
    /// Codes of metrics.
    pub metrics: Vec<MetricCode>,
    /// Day of a stock, last day of a flow.
    pub as_of: Option<Date>,
    /// First day of a flow.
    pub from: Option<Date>,
    /// Last day.
    pub to: Option<Date>,
    /// Axis.
    pub by: Option<String>,
}

/// Answers for a federation; all federations of a level of an operation are answered by one statement a period.
pub async fn figures_of(context: &Context<'_>, at: &Federation, asked: Asked) -> Result<Vec<Figure>, Error> {
    let op = Op::of(context);
    op.authorize(Action::ReadFigures, at.0.id, "id")?;
    let codes: Vec<&str> = asked.metrics.iter().map(|code| &*code.0).collect();
    let [as_of, from, to] = [asked.as_of, asked.from, asked.to].map(|date| date.map(|date| date.0));
    let mut wanted = Vec::new();
    for metric in rules::metrics(&codes)? {
        let entry = metric.entry();
        let axis = asked.by.as_deref().map(|by| rules::axis(entry, by)).transpose()?;
        let period = rules::period(entry.nature, as_of, (from, to), op.today())?;
        wanted.push(Wanted {
            federation_id: at.0.id,
            metric,
            axis,
            period,
        });
    }
    let sums = try_join_all(wanted.iter().map(|wanted| op.load::<Figures>(wanted.clone()))).await?;
    let mut figures = Vec::new();
    for (wanted, sums) in wanted.into_iter().zip(sums) {
        let metric = wanted.metric;
        match wanted.axis {
            None => {
                let amount = sums.iter().map(|(_, amount)| amount).sum();
                figures.push(Figure {
                    metric,
                    dimension: None,
                    amount,
                });
            }
            Some(axis) => figures.extend(sums.into_iter().map(|(value, amount)| {
                let part = value.strip_prefix(axis).and_then(|rest| rest.strip_prefix(':'));
                Figure {
                    metric,
                    dimension: part.map(str::to_owned),
                    amount,
                }
            })),
        }
    }
    Ok(figures)
}
