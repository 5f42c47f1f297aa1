//! Operations on figures.

use super::types::{Metric, catalogue};
use async_graphql::Object;

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
