//! Exports (导出): personal data in bulk, asked for by one account and allowed by another.
//!
//! REQUESTED → REFUSED, or APPROVED → READY or FAILED, as a job; after seven days the file is gone.
//!
//! An export has a purpose, as a look at one person has: only people with a basis in force for it are in the file.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;
pub mod jobs;

use crate::kernel::event::{Event as Said, Sentence};
use entity::privacy::export::Model;
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of exports in words.
pub enum Event {
    /// One was asked for; it would hold so many rows.
    Requested(Model, u64),
    /// One was allowed.
    Approved(Model),
    /// One was refused.
    Refused(Model),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, export, body) = match self {
            Event::Requested(export, rows) => {
                let body = json!({
                    "kind": export.kind.to_value(), "purpose": export.purpose.to_value(), "rows": rows,
                    "reason": export.reason,
                });
                ("EXPORT_REQUESTED", export, body)
            }
            Event::Approved(export) => {
                let body = json!({"number": rules::number(&export)});
                ("EXPORT_APPROVED", export, body)
            }
            Event::Refused(export) => {
                let body = json!({"reason": export.refusal});
                ("EXPORT_REFUSED", export, body)
            }
        };
        Sentence::new(kind, export.id.0, export.place(), body)
    }
}
