//! Exports (导出): personal data in bulk, asked for by one account and allowed by another.
//!
//! REQUESTED → REFUSED, or APPROVED → READY, as a job; after seven days the file is gone.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;
pub mod jobs;

use crate::kernel::event::{Event as Said, Place, Sentence};
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

/// Whose data it is.
pub(crate) fn place(export: &Model) -> Place {
    Place {
        federation_id: export.federation_id,
        path: export.path.clone(),
        county_id: export.county_id,
    }
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, export, body) = match self {
            Event::Requested(export, rows) => {
                let body = json!({"kind": export.kind.to_value(), "rows": rows, "reason": export.reason});
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
        Sentence {
            kind,
            subject_id: export.id.0,
            place: place(&export),
            body,
            deltas: Vec::new(),
        }
    }
}
