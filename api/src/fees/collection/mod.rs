//! Lines of the tax bureau's deliveries (税务代征明细): each is accepted once, or answered why not.
//!
//! Invariants:
//! - The first accepted line of a key (county, voucher, line of the voucher) wins. The same content again is a
//!   DUPLICATE, other content waits as CHANGED_AFTER_IMPORT; an accepted line is never overwritten.
//! - A line that can be read is never lost: it is accepted, or it was before, or it waits in a work list.
//! - What is accepted, the figures `fees_collected` and `preparatory_fund_collected` and the event agree to the fen.
//!
//! Every delivery, by call or by file, takes the same way: read each line (`rules::read`), look up payers and earlier
//! lines with one statement each, decide (`rules::settle`), write sets of rows, and say it in one sentence.
//!
//! # Why a line carries no foreign key and no copy of the payer
//! `collection` is one of the tables that grow without end and get distributed by county. The payer's name as the bureau
//! wrote it stays with the lines that wait; an accepted line points at the register.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;
pub mod import;

use crate::kernel::event::{Delta, Event as Said, Place, Sentence};
use serde_json::json;
use uuid::Uuid;

/// The kind of the event of a delivery.
pub const SUBMITTED: &str = "COLLECTIONS_SUBMITTED";

/// How many lines of a delivery were answered how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New.
    pub accepted: usize,
    /// There already.
    pub duplicate: usize,
    /// Other content under an accepted key.
    pub changed_after_import: usize,
    /// No payer of the district.
    pub unknown_payer: usize,
    /// Not readable.
    pub invalid: usize,
    /// Sum of the accepted lines, fen.
    pub due_fen: i64,
}

/// The history of collections in words.
pub enum Event {
    /// A delivery, or a part of one, changed something.
    CollectionsSubmitted {
        /// Names the delivery.
        id: Uuid,
        /// The smallest federation that holds all its lines.
        place: Place,
        /// What became of them.
        counts: Counts,
        /// What they add to the figures.
        deltas: Vec<Delta>,
    },
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let Event::CollectionsSubmitted {
            id,
            place,
            counts,
            deltas,
        } = self;
        let body = json!({
            "accepted": counts.accepted,
            "duplicate": counts.duplicate,
            "changedAfterImport": counts.changed_after_import,
            "unknownPayer": counts.unknown_payer,
            "invalid": counts.invalid,
            "dueFen": counts.due_fen,
        });
        Sentence::new(SUBMITTED, id, place, body).with(deltas)
    }
}
