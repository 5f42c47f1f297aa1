//! Files that belong to records (附件): the scan of a signed report, the photo that proves a score.
//!
//! - The bytes come in as an upload; a file belongs to one record, at most 50 to each.
//! - It is seen by whoever sees the record, and attached and removed by whoever may write it: to an assessment until it is
//!   handed in or over; to a return until it is locked, and from it while it is a draft or sent back.
//! - What is removed is gone with its bytes; the trail keeps who attached and removed it, and its checksum.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::attachments::attachment::Model;
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of attachments in words. The name of a file may name a person: it stays in the attachment.
pub enum Event {
    /// One was attached.
    Attached(Model),
    /// One was removed.
    Removed(Model),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, file) = match self {
            Event::Attached(file) => ("FILE_ATTACHED", file),
            Event::Removed(file) => ("ATTACHMENT_REMOVED", file),
        };
        let body = json!({
            "holder": file.holder.to_value(), "holderId": file.holder_id, "contentType": file.content_type,
            "sizeBytes": file.size_bytes, "sha256": file.sha256,
        });
        Sentence::new(kind, file.id.0, file.place(), body)
    }
}
