//! Assessments (考评): how one federation does by one scheme.
//!
//! - The assessed federation assesses itself (自评) while the scheme is ISSUED, and hands it in once; whoever stands above it may
//!   enter it too. The issuer scores every item before it publishes, also of those who did not assess themselves.
//!   Until the closing day the issuer may give back what was handed in (退回): then it is handed in anew.
//! - An item that names a figure is scored by it. The issuer may give other points, with a remark.
//! - Publishing (通报) freezes all scores, with the figures of that moment, and ranks all assessed: equals share a position.
//! - Whoever is assessed sees their own assessment: before publication only what they gave themselves and what their figures
//!   earn, after it also what the issuer gave, and their rank.
//! - Who is assessed may move away from below the issuer: the issuer goes on seeing and scoring them, by what their figures
//!   are wherever they stand.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::assessments::{assessment, scheme};
use serde_json::{Value, json};

/// The history of assessments in words.
pub enum Event {
    /// A federation gave itself points, by item.
    SelfAssessed(assessment::Model, Vec<(i32, i64)>),
    /// The issuer gave back what was handed in; it says why.
    Returned(assessment::Model),
    /// The issuer of a scheme gave points, by item. It stands at the issuer's place: whoever is assessed hears of them when
    /// they are published.
    Scored(scheme::Model, assessment::Model, Vec<(i32, i64)>),
    /// All of a scheme were published, the best first.
    Published(scheme::Model, Vec<assessment::Model>),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let items = |scores: Vec<(i32, i64)>| -> Value {
            let item = |(item, points)| json!({"item": item, "points": points});
            scores.into_iter().map(item).collect()
        };
        match self {
            Event::SelfAssessed(row, scores) => {
                let is_final = row.submitted_at.is_some();
                let body = json!({"scheme": row.scheme_id.0, "isFinal": is_final, "scores": items(scores)});
                Sentence::new("ASSESSMENT_SELF_ASSESSED", row.id.0, row.place(), body)
            }
            Event::Returned(row) => {
                let body = json!({"scheme": row.scheme_id.0, "reason": row.returned_for});
                Sentence::new("ASSESSMENT_RETURNED", row.id.0, row.place(), body)
            }
            Event::Scored(scheme, row, scores) => {
                let body = json!({
                    "scheme": scheme.id.0, "federation": row.federation_id.0, "scores": items(scores),
                });
                Sentence::new("ASSESSMENT_SCORED", row.id.0, scheme.place(), body)
            }
            Event::Published(scheme, ranking) => {
                let ranking = ranking.iter().map(
                    |row| json!({"federation": row.federation_id.0, "total": row.total, "rank": row.rank}),
                );
                let body = json!({"ranking": ranking.collect::<Vec<_>>()});
                Sentence::new("ASSESSMENTS_PUBLISHED", scheme.id.0, scheme.place(), body)
            }
        }
    }
}
