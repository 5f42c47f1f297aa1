//! Operations on figures.

use super::comparison::types::{FigureChange, FigureSeries, Ratio, changes_of, ratios_of, series_of};
use super::types::{
    Figure, Metric, NamedPeriod, RatioDefinition, SeriesStep, When, catalogue, figures_of, metrics, ratios,
};
use super::{rules, service};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::org::federation::types::Federation;
use crate::scalars::{Date, DimensionCode, MetricCode, RatioCode};
use async_graphql::futures_util::Stream;
use async_graphql::{Context, ID, Object, Subscription};

/// Reading the catalogue.
#[derive(Default)]
pub struct FigureQuery;

/// Reading the catalogue.
#[Object]
impl FigureQuery {
    /// Everything that is counted.
    async fn metrics(&self) -> Vec<Metric> {
        catalogue()
    }

    /// Everything that is put in relation.
    async fn ratios(&self) -> Vec<RatioDefinition> {
        ratios()
    }
}

/// Figures as they move.
#[derive(Default)]
pub struct FigureSubscription;

/// Figures as they move.
#[Subscription]
impl FigureSubscription {
    /// Figures of a federation as of today: at once, and again when one of them has changed, at most once a second. Each
    /// message is the whole present state, so a reconnect needs no cursor.
    async fn figures_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Where.")] federation_id: ID,
        #[graphql(desc = "Codes of metrics, at most 50.")] metrics: Vec<MetricCode>,
    ) -> Result<impl Stream<Item = Result<Vec<Figure>, Error>> + use<>, Error> {
        let op = Op::of(context);
        let node = op.known(Gid::parse(&federation_id, "federationId")?, "federationId")?;
        service::watch(op, &node, self::metrics(&metrics)?).await
    }
}

/// The figures of a federation.
pub struct FiguresOfFederation<'a>(pub &'a Federation);

fn by(dimension: Option<&DimensionCode>) -> Option<&str> {
    dimension.map(|by| &*by.0)
}

/// The figures of a federation.
#[Object]
impl FiguresOfFederation<'_> {
    /// Numbers of this federation and all below it, one a metric; with `by` one a part. Exact as of any day.
    #[expect(
        clippy::too_many_arguments,
        reason = "a question names its days in one of several ways"
    )]
    async fn figures(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Codes of metrics, at most 50.")] metrics: Vec<MetricCode>,
        #[graphql(desc = "Day of a stock and last day of a flow; today if nothing is said.")] as_of: Option<
            Date,
        >,
        #[graphql(desc = "First day of a flow; 1 January if nothing is said.")] from: Option<Date>,
        #[graphql(desc = "Last day, instead of asOf.")] to: Option<Date>,
        #[graphql(desc = "A period by name, instead of days.")] period: Option<NamedPeriod>,
        #[graphql(desc = "Split by this axis of the metrics, for example OWNERSHIP.")] by: Option<
            DimensionCode,
        >,
    ) -> Result<Vec<Figure>, Error> {
        let when = When {
            as_of,
            from,
            to,
            period,
        }
        .asked();
        let metrics = self::metrics(&metrics)?;
        figures_of(
            Op::of(context),
            self.0.0.id,
            (&metrics, &when, self::by(by.as_ref())),
        )
        .await
    }

    /// Numbers of one time beside those of another (同比、环比): the same days a year earlier if nothing else is said.
    #[expect(
        clippy::too_many_arguments,
        reason = "a question names its days in one of several ways"
    )]
    async fn figure_changes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Codes of metrics, at most 50.")] metrics: Vec<MetricCode>,
        #[graphql(desc = "First day of a flow; 1 January if nothing is said.")] from: Option<Date>,
        #[graphql(desc = "Last day; today if nothing is said.")] to: Option<Date>,
        #[graphql(desc = "A period by name, instead of days.")] period: Option<NamedPeriod>,
        #[graphql(desc = "First day of a flow of the earlier time; only with earlierTo.")]
        earlier_from: Option<Date>,
        #[graphql(desc = "Last day of the earlier time; a year before if nothing is said.")]
        earlier_to: Option<Date>,
        #[graphql(desc = "Split by this axis of the metrics.")] by: Option<DimensionCode>,
    ) -> Result<Vec<FigureChange>, Error> {
        let op = Op::of(context);
        let now = When {
            as_of: None,
            from,
            to,
            period,
        }
        .asked();
        let earlier = rules::Asked {
            from: earlier_from.map(|date| date.0),
            to: earlier_to.map(|date| date.0),
            ..rules::Asked::default()
        };
        let earlier = now.earlier(earlier, op.today())?;
        let metrics = self::metrics(&metrics)?;
        changes_of(
            op,
            self.0.0.id,
            (&metrics, self::by(by.as_ref())),
            (&now, &earlier),
        )
        .await
    }

    /// Numbers over time, for charts: one series a metric; with `by` one a part. At most 400 steps, and 2,000 points of a
    /// metric.
    #[expect(clippy::too_many_arguments, reason = "what, when and in which steps")]
    async fn figure_series(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Codes of metrics, at most 50.")] metrics: Vec<MetricCode>,
        #[graphql(desc = "First day.")] from: Date,
        #[graphql(desc = "Last day.")] to: Date,
        #[graphql(desc = "The step; the first and the last may be cut short.")] step: SeriesStep,
        #[graphql(desc = "Split by this axis of the metrics.")] by: Option<DimensionCode>,
    ) -> Result<Vec<FigureSeries>, Error> {
        let metrics = self::metrics(&metrics)?;
        series_of(
            Op::of(context),
            self.0.0.id,
            (&metrics, self::by(by.as_ref())),
            (step.into(), from.0, to.0),
        )
        .await
    }

    /// Shares (率): each with its numerator and denominator over the same federation and days.
    #[expect(
        clippy::too_many_arguments,
        reason = "a question names its days in one of several ways"
    )]
    async fn ratios(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Codes of ratios, at most 50.")] ratios: Vec<RatioCode>,
        #[graphql(desc = "Day of a stock and last day of a flow; today if nothing is said.")] as_of: Option<
            Date,
        >,
        #[graphql(desc = "First day of a flow; 1 January if nothing is said.")] from: Option<Date>,
        #[graphql(desc = "Last day, instead of asOf.")] to: Option<Date>,
        #[graphql(desc = "A period by name, instead of days.")] period: Option<NamedPeriod>,
        #[graphql(
            desc = "The axis that names a scope, for example OWNERSHIP; the whole if nothing is said."
        )]
        by: Option<DimensionCode>,
    ) -> Result<Vec<Ratio>, Error> {
        let when = When {
            as_of,
            from,
            to,
            period,
        }
        .asked();
        let codes: Vec<&str> = ratios.iter().map(|code| &*code.0).collect();
        let ratios = rules::ratios(&codes)?;
        ratios_of(
            Op::of(context),
            self.0.0.id,
            (&ratios, &when, self::by(by.as_ref())),
        )
        .await
    }
}
