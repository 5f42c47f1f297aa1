//! Assessments (考评): how one federation does by one scheme.
//!
//! - The assessed federation assesses itself (自评) while the scheme is ISSUED, and hands it in once; whoever stands above it may
//!   enter it too. The issuer scores every item before it publishes, also of those who did not assess themselves.
//! - An item that names a figure is scored by it. The issuer may give other points, with a remark.
//! - Publishing (通报) freezes all scores, with the figures of that moment, and ranks all assessed: equals share a position.
//! - Whoever is assessed sees their own assessment: before publication only what they gave themselves and what their figures
//!   earn, after it also what the issuer gave, and their rank.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::assessments::score::Side;
use entity::assessments::{assessment, scheme};
use entity::id::FederationId;
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of assessments in words.
pub enum Event {
    /// A side gave points, by item.
    Scored(assessment::Model, Side, Vec<(i32, i64)>),
    /// All of a scheme were published: who, total and rank.
    Published(scheme::Model, Vec<(FederationId, i64, i32)>),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        match self {
            Event::Scored(row, side, scores) => {
                let items = scores
                    .iter()
                    .map(|(item, points)| json!({"item": item, "points": points}));
                let body = json!({
                    "scheme": row.scheme_id.0, "side": side.to_value(), "isFinal": row.submitted_at.is_some(),
                    "scores": items.collect::<Vec<_>>(),
                });
                let kind = match side {
                    Side::Own => "ASSESSMENT_SELF_ASSESSED",
                    Side::Issuer => "ASSESSMENT_SCORED",
                };
                Sentence::new(kind, row.id.0, row.place(), body)
            }
            Event::Published(scheme, ranking) => {
                let ranking = ranking
                    .iter()
                    .map(|(at, total, rank)| json!({"federation": at.0, "total": total, "rank": rank}));
                let body = json!({"ranking": ranking.collect::<Vec<_>>()});
                Sentence::new("ASSESSMENTS_PUBLISHED", scheme.id.0, scheme.place(), body)
            }
        }
    }
}
