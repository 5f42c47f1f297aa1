//! The registers whose records make the figures: one line each. `verify` compares the ledger with them, and a figure opens
//! down to their rows.

use crate::kernel::db::Backend;
use crate::kernel::ledger::Recorded;
use crate::metrics::MetricId;
use crate::{fees, members, org, returns, visits};

/// All of them.
pub fn all(backend: Backend) -> Vec<Recorded> {
    vec![
        org::enterprise::store::recorded(),
        org::trade_union::store::recorded(),
        org::trade_union::store::recorded_coverages(),
        members::membership::store::recorded(),
        visits::store::recorded(backend),
        fees::collection::store::recorded(),
        returns::report::store::recorded(),
    ]
}

/// The one whose records make a metric.
pub fn of(backend: Backend, metric: MetricId) -> Option<Recorded> {
    all(backend)
        .into_iter()
        .find(|register| register.metrics.contains(&metric))
}
