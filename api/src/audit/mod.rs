//! Reading the audit trail (审计日志) and taking it away as a file. Writing it is the kernel's: every commit is an entry, and
//! so is every attempt that was refused for want of permission, and every failure to sign in to an account.
//!
//! - An entry says who (账号), when, from where, by which operation, what happened to which record, what was before and
//!   after, the reason that was given, and whether it was done or refused. It holds no personal data in clear.
//! - It is append-only: numbered, chained by hashes and anchored by signatures (`kernel/{sequencer,anchor}.rs`);
//!   `gonghui verify` names the first break. Nothing removes it: the six months of 网络安全法 第二十一条 are the least.
//! - A file holds a federation's entries up to the last number that there was when it was asked for. Asking for it needs a
//!   reason and is an entry itself.
//! - Read by the audit administrator (审计管理员) and the auditor (经审) of the federation or above.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;
pub mod jobs;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::JobId;
use serde_json::json;

/// The history of the audit trail itself in words.
pub enum Event {
    /// A file of it was asked for.
    ExportRequested {
        /// The job that writes it.
        id: JobId,
        /// Of what.
        place: Place,
        /// Which entries.
        asked: rules::Asked,
        /// Why.
        reason: String,
        /// How many.
        rows: i64,
    },
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let Event::ExportRequested {
            id,
            place,
            asked,
            reason,
            rows,
        } = self;
        let body = json!({
            "reason": reason,
            "number": asked.number,
            "filter": asked.wanted,
            "through": asked.through,
            "rows": rows,
        });
        Sentence::new("AUDIT_EXPORT_REQUESTED", id.0, place, body)
    }
}
