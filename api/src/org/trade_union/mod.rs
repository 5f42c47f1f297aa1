//! Grassroots unions (基层工会) and whom they cover (覆盖).
//!
//! Invariants: at any day at most one trade union covers an enterprise; a single-enterprise union (单独基层工会) covers
//! at most one. Coverage begins on its first day and ends before its last (half-open), so that handing over on a day
//! leaves neither gap nor overlap.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Delta, Event as Said, Sentence, change};
use crate::kernel::ledger::Qualifier;
use crate::metrics::MetricId;
use chrono::NaiveDate;
use entity::org::{coverage, trade_union};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

/// The history of grassroots unions in words.
pub enum Event {
    /// One was founded.
    Founded(trade_union::Model),
    /// One began to cover an enterprise.
    CoverageBegun(coverage::Model),
    /// One ceases to cover an enterprise on a day.
    CoverageEnded(coverage::Model, NaiveDate),
}

/// What a coverage adds to the figures on a day.
pub(in crate::org) fn covered(coverage: &coverage::Model, day: NaiveDate, amount: i64) -> Delta {
    Delta {
        metric: MetricId::COVERED_ENTERPRISES,
        dimension: String::new(),
        place: coverage.place(),
        day,
        amount,
        qualifier: Qualifier::Exact,
        source_id: coverage.id.0,
        moved: coverage.moved_on.map(|day| (coverage.enterprise_id.0, day)),
    }
}

/// What a new union adds to the figures: what there is and what was founded, as a whole and on each axis of its kind.
fn founded(union: &trade_union::Model) -> Vec<Delta> {
    let parts = [
        String::new(),
        format!("FORM:{}", union.form.to_value()),
        format!("POSITION:{}", union.position.to_value()),
        format!("HOST:{}", union.host_kind.to_value()),
        format!("WORKER_GROUP:{}", union.worker_group.to_value()),
    ];
    let delta = |metric, dimension: &String| Delta {
        metric,
        dimension: dimension.clone(),
        place: union.place(),
        day: union.founded_on,
        amount: 1,
        qualifier: Qualifier::Exact,
        source_id: union.id.0,
        moved: union.moved_on.map(|day| (union.id.0, day)),
    };
    let metrics = [MetricId::TRADE_UNIONS, MetricId::TRADE_UNIONS_FOUNDED];
    let deltas = metrics
        .iter()
        .flat_map(|metric| parts.iter().map(|part| delta(*metric, part)));
    deltas.collect()
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        match self {
            Event::Founded(union) => {
                let body = json!({"form": union.form.to_value()});
                Sentence::new("TRADE_UNION_FOUNDED", union.id.0, union.place(), body).with(founded(&union))
            }
            Event::CoverageBegun(coverage) => {
                let body =
                    json!({"tradeUnion": coverage.trade_union_id, "enterprise": coverage.enterprise_id});
                let began = covered(&coverage, coverage.valid_from, 1);
                let ended = coverage.valid_to.map(|to| covered(&coverage, to, -1));
                let deltas = std::iter::once(began).chain(ended).collect();
                Sentence::new("COVERAGE_BEGUN", coverage.id.0, coverage.place(), body).with(deltas)
            }
            Event::CoverageEnded(coverage, to) => {
                let body = change(&[("to", Value::Null)], &[("to", json!(to))]);
                let deltas = vec![covered(&coverage, to, -1)];
                Sentence::new("COVERAGE_ENDED", coverage.id.0, coverage.place(), body).with(deltas)
            }
        }
    }
}
