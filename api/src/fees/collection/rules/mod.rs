//! Decisions about delivered lines: what a line says and which rules it breaks (`read`), and what becomes of it
//! (`settle`).

mod fields;
mod read;
mod settle;

pub use fields::{Reason, fee_fen, fen};
pub use read::{Line, is_rate_anomaly, is_total_row, read};
pub use settle::{Accepted, Known, Payer, Settled, Waiting, count, settle};

use super::types::{CollectionStatus, CollectionWarning};
use entity::id::CollectionId;

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// In a word.
    pub status: CollectionStatus,
    /// All rules that it breaks.
    pub reasons: Vec<Reason>,
    /// What is odd about it.
    pub warnings: Vec<CollectionWarning>,
    /// The accepted line of its key.
    pub collection_id: Option<CollectionId>,
}
