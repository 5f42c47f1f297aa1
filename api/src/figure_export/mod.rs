//! Figures that go out as a file (统计数字导出), for spreadsheets (CSV, XLSX): a row a federation, a column a metric.
//!
//! - Each step reads the figures of up to 500 federations (100 where an axis splits them), exact at that moment, and then
//!   writes them; the head says when the file was begun.
//! - XLSX cannot be added to. So its rows wait, sealed, in a file of their own; the book made of them is written piece by
//!   piece into another one, which is handed out when it is whole, and the rows are taken away. Neither is ever in memory
//!   as a whole.
//! - No writer waits for figures to be read or for a book to be made: a transaction writes one piece.
//! - A figure is never rounded: a number that a spreadsheet would round is a text there.
//! - Asked for by whoever reads figures at the federation, a reporting client too; the file is for that account.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub mod jobs;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::JobId;
use serde_json::json;

/// The history of these files in words.
pub enum Event {
    /// One was asked for.
    Asked {
        /// The job that writes it.
        id: JobId,
        /// Of what.
        place: Place,
        /// What it is to hold.
        asked: rules::Asked,
        /// Of how many federations.
        federations: usize,
    },
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let Event::Asked {
            id,
            place,
            asked,
            federations,
        } = self;
        let body = json!({"asked": asked, "federations": federations});
        Sentence::new("FIGURES_EXPORTED", id.0, place, body)
    }
}
