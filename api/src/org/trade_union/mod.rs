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

fn covered(coverage: &coverage::Model, day: NaiveDate, amount: i64) -> Delta {
    Delta {
        metric: MetricId::CoveredEnterprises,
        dimension: String::new(),
        place: coverage.place(),
        day,
        amount,
        source_id: coverage.id.0,
    }
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        match self {
            Event::Founded(union) => {
                let place = union.place();
                let form = union.form.to_value();
                let delta = |dimension| Delta {
                    metric: MetricId::TradeUnions,
                    dimension,
                    place: place.clone(),
                    day: union.founded_on,
                    amount: 1,
                    source_id: union.id.0,
                };
                let deltas = vec![delta(String::new()), delta(format!("FORM:{form}"))];
                let body = json!({"form": form});
                Sentence {
                    kind: "TRADE_UNION_FOUNDED",
                    subject_id: union.id.0,
                    place,
                    body,
                    deltas,
                }
            }
            Event::CoverageBegun(coverage) => Sentence {
                kind: "COVERAGE_BEGUN",
                subject_id: coverage.id.0,
                place: coverage.place(),
                body: json!({"tradeUnion": coverage.trade_union_id, "enterprise": coverage.enterprise_id}),
                deltas: std::iter::once(covered(&coverage, coverage.valid_from, 1))
                    .chain(coverage.valid_to.map(|to| covered(&coverage, to, -1)))
                    .collect(),
            },
            Event::CoverageEnded(coverage, to) => Sentence {
                kind: "COVERAGE_ENDED",
                subject_id: coverage.id.0,
                place: coverage.place(),
                body: change(&[("to", Value::Null)], &[("to", json!(to))]),
                deltas: vec![covered(&coverage, to, -1)],
            },
        }
    }
}
