//! Metrics and figures as clients see them.

use super::rules::{self, Named, Step};
use super::source::types::{FigureSource, sources_of};
use crate::kernel::error::Error;
use crate::kernel::ledger::{Amount, Figures, Qualifier as Exactness, Wanted};
use crate::kernel::op::Op;
use crate::kernel::page::Page;
use crate::metrics::{CATALOGUE, Entry, MetricId, Nature, Origin, RATIOS, Ratio as Share, Unit};
use crate::policy::Action;
use crate::scalars::{Date, Decimal, DimensionCode, MetricCode, RatioCode, yuan};
use async_graphql::connection::Connection;
use async_graphql::futures_util::future::try_join_all;
use async_graphql::{Context, Enum, InputObject, Object};
use entity::id::FederationId;
use serde::Serialize;

/// What one of a metric is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "Unit", name = "Unit")]
pub enum FigureUnit {
    /// 家 (企业).
    Enterprise,
    /// 个 (工会).
    TradeUnion,
    /// 家 (单位).
    WorkUnit,
    /// 个 (小组).
    Group,
    /// 人.
    Person,
    /// 人次.
    PersonTime,
    /// 户.
    Household,
    /// 户次.
    HouseholdTime,
    /// 次.
    Time,
    /// 条、件.
    Item,
    /// 份、张、本、期.
    Piece,
    /// 天.
    Day,
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

/// Where the numbers of a metric come from.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "Origin", name = "MetricOrigin")]
pub enum MetricOrigin {
    /// 业务记录: a register; nobody types them in.
    Records,
    /// 统计报表: what federations fill in.
    Returns,
}

/// How exact a number is (数字口径).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "Exactness", name = "Qualifier")]
pub enum Qualifier {
    /// As counted.
    Exact,
    /// 余、多、以上: at least.
    AtLeast,
    /// 近、约: about.
    About,
}

/// A period as unions call it.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "Named")]
pub enum PeriodKind {
    /// 月.
    Month,
    /// 季.
    Quarter,
    /// 半年报: from 1 January to 20 June, and from 21 June to the end of the year.
    HalfYear,
    /// 年.
    Year,
    /// 今年以来: from 1 January to the day given.
    YearToDate,
}

/// The step of a series.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "Step")]
pub enum SeriesStep {
    /// 日.
    Day,
    /// 月.
    Month,
    /// 季.
    Quarter,
    /// 年.
    Year,
}

/// A period by name.
#[derive(Clone, Copy, Debug, InputObject, Serialize)]
pub struct NamedPeriod {
    /// Which kind.
    pub kind: PeriodKind,
    /// Any day of it; the last day of YEAR_TO_DATE.
    pub day: Date,
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

    /// Where its numbers come from.
    async fn origin(&self) -> MetricOrigin {
        self.0.origin.into()
    }

    /// The axes by which it can be split, for `by`.
    async fn dimensions(&self) -> Vec<DimensionCode> {
        dimensions(self.0.axes)
    }

    /// The systems of the unions that it serves (S-numbers of the catalogue of systems), separated by blanks.
    async fn systems(&self) -> &str {
        self.0.systems
    }
}

fn dimensions(axes: &[&str]) -> Vec<DimensionCode> {
    axes.iter()
        .map(|axis| DimensionCode((*axis).to_owned()))
        .collect()
}

/// The whole catalogue.
pub fn catalogue() -> Vec<Metric> {
    CATALOGUE.iter().map(Metric).collect()
}

/// All ratios.
pub fn ratios() -> Vec<RatioDefinition> {
    RATIOS.iter().map(RatioDefinition).collect()
}

/// A ratio of the catalogue, as clients see it.
pub struct RatioDefinition(pub &'static Share);

/// A ratio of two metrics (比率) over the same federation and days; computed when asked, never stored.
#[Object]
impl RatioDefinition {
    /// Code, for `ratios`.
    async fn code(&self) -> RatioCode {
        RatioCode(self.0.code.to_owned())
    }

    /// 中文名.
    async fn name_zh(&self) -> &str {
        self.0.name_zh
    }

    /// English name.
    async fn name_en(&self) -> &str {
        self.0.name_en
    }

    /// What is counted (分子).
    async fn numerator(&self) -> Metric {
        Metric(self.0.numerator.entry())
    }

    /// Of what it is a share (分母).
    async fn denominator(&self) -> Metric {
        Metric(self.0.denominator.entry())
    }

    /// The axes that name a scope for it, for `by`.
    async fn dimensions(&self) -> Vec<DimensionCode> {
        dimensions(self.0.axes)
    }

    /// The systems of the unions that it serves (S-numbers of the catalogue of systems), separated by blanks.
    async fn systems(&self) -> &str {
        self.0.systems
    }
}

/// An amount of a metric as clients read it: yuan with two decimals for money.
pub fn decimal(metric: MetricId, amount: i64) -> Decimal {
    Decimal(match metric.entry().unit {
        Unit::Yuan => yuan(amount),
        _ => amount.to_string(),
    })
}

/// Hundredths of a per cent as clients read them.
pub fn percent(share: i64) -> Decimal {
    Decimal(yuan(share))
}

/// A sum of recorded facts.
#[derive(Clone)]
pub struct Figure {
    /// What was asked.
    pub wanted: Wanted,
    /// Empty for the whole, `AXIS:VALUE` for a part.
    pub dimension: String,
    /// What it comes to.
    pub sum: Amount,
}

impl Figure {
    fn entry(&self) -> &'static Entry {
        self.wanted.metric.entry()
    }
}

/// A number of a federation and all below it: a sum of recorded facts, exact as of its day.
#[Object]
impl Figure {
    /// What is counted.
    async fn metric(&self) -> Metric {
        Metric(self.entry())
    }

    /// How many; yuan with two decimals for money.
    async fn value(&self) -> Decimal {
        decimal(self.wanted.metric, self.sum.total())
    }

    /// What one of it is.
    async fn unit(&self) -> FigureUnit {
        self.entry().unit.into()
    }

    /// The part of the axis asked for with `by`; null for the whole.
    async fn dimension(&self) -> Option<&str> {
        self.dimension.split_once(':').map(|(_, value)| value)
    }

    /// How exact it is: as the least exact of what it holds.
    async fn qualifier(&self) -> Qualifier {
        self.sum.qualifier().into()
    }

    /// First day; null for a stock.
    async fn from(&self) -> Option<Date> {
        self.wanted.period.from.map(Date)
    }

    /// Last day, as of which it is.
    async fn to(&self) -> Date {
        Date(self.wanted.period.to)
    }

    /// The records that it is the sum of, in the order of the tree. What the caller may not see stands as one withheld row
    /// at the end, so that the rows of all pages add up to the figure.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn sources(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<String, FigureSource>, Error> {
        sources_of(context, self, Page::new(first, after, last, before)?).await
    }
}

/// What a caller said of the days, checked by [`rules::Asked`].
pub struct When {
    /// Day of a stock, last day of a flow.
    pub as_of: Option<Date>,
    /// First day of a flow.
    pub from: Option<Date>,
    /// Last day.
    pub to: Option<Date>,
    /// Period by name.
    pub period: Option<NamedPeriod>,
}

impl When {
    /// For the rules.
    pub fn asked(&self) -> rules::Asked {
        rules::Asked {
            as_of: self.as_of.map(|date| date.0),
            from: self.from.map(|date| date.0),
            to: self.to.map(|date| date.0),
            named: self.period.map(|period| (period.kind.into(), period.day.0)),
        }
    }
}

/// The metrics of a question.
pub fn metrics(codes: &[MetricCode]) -> Result<Vec<MetricId>, Error> {
    rules::metrics(&codes.iter().map(|code| &*code.0).collect::<Vec<_>>())
}

/// Answers for a federation; all federations of a level of an operation are answered by one statement a period.
pub async fn figures_of(
    op: &Op,
    at: FederationId,
    (metrics, when, by): (&[MetricId], &rules::Asked, Option<&str>),
) -> Result<Vec<Figure>, Error> {
    op.authorize(Action::ReadFigures, at, "id")?;
    let mut wanted = Vec::new();
    for metric in metrics.iter().copied() {
        let entry = metric.entry();
        wanted.push(Wanted {
            federation_id: at,
            metric,
            axis: by.map(|by| rules::axis(entry.code, entry.axes, by)).transpose()?,
            period: when.period(entry.nature, op.today())?,
        });
    }
    let sums = try_join_all(wanted.iter().map(|wanted| op.load::<Figures>(wanted.clone()))).await?;
    let mut figures = Vec::new();
    for (wanted, sums) in wanted.into_iter().zip(sums) {
        let figure = |dimension, sum| Figure {
            wanted: wanted.clone(),
            dimension,
            sum,
        };
        if wanted.axis.is_none() {
            figures.push(figure(String::new(), sums.into_iter().map(|(_, sum)| sum).sum()));
        } else {
            figures.extend(sums.into_iter().map(|(dimension, sum)| figure(dimension, sum)));
        }
    }
    Ok(figures)
}
