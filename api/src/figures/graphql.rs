//! Operations on figures.

use super::types::{Asked, Figure, Metric, catalogue, figures_of};
use crate::kernel::error::Error;
use crate::org::federation::types::Federation;
use crate::scalars::{Date, MetricCode};
use async_graphql::{Context, Object};

/// Reading the catalogue of metrics.
#[derive(Default)]
pub struct FigureQuery;

/// Reading the catalogue of metrics.
#[Object]
impl FigureQuery {
    /// Everything that is counted.
    async fn metrics(&self) -> Vec<Metric> {
        catalogue()
    }
}

/// The figures of a federation.
pub struct FiguresOfFederation<'a>(pub &'a Federation);

/// The figures of a federation.
#[Object]
impl FiguresOfFederation<'_> {
    /// Numbers of this federation and all below it, one a metric; with `by` one a part. Exact as of any day.
    #[expect(
        clippy::too_many_arguments,
        reason = "a question names its period in one of several ways"
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
        #[graphql(desc = "Split by this axis of the metrics, for example OWNERSHIP.")] by: Option<String>,
    ) -> Result<Vec<Figure>, Error> {
        figures_of(
            context,
            self.0,
            Asked {
                metrics,
                as_of,
                from,
                to,
                by,
            },
        )
        .await
    }
}
