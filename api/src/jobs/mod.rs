//! Long work (作业): most jobs read an upload row by row and answer every row; others do their work in steps, without a
//! file.
//!
//! - A job is one per upload, kind and federation: asking again gives the same job, and lets a failed one go on.
//! - It acts as the account that asked, with the grants that the account has at each chunk.
//! - A chunk (up to 1,000 rows) is one transaction: what the rows did, what was refused, how far the job is, and one
//!   event whose subject is the job. So a process may die at any point: nothing is lost and nothing done twice.
//! - A refused row (退回行) stands in the error file with row, column, value, code and reason; the others are kept.
//!
//! - A step of work without a file is one transaction too, with what it did, the cursor behind it and one event. What it
//!   reads and makes is ready before that transaction begins, so that other writers wait for a few statements only. The
//!   service's own work has no account and no place; only the operator sees it.
//!
//! Jobs know no domain: a domain brings an [`Importer`] or a [`Task`], and `worker.rs` lists them all.
//!
//! # Why the guard beside the lease
//! A lease says who should work; a process that slept through its lease does not know that it lost it. So every
//! chunk also checks, in its transaction, that the job stands where the chunk begins.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;
pub mod runner;
pub mod task;

pub use rules::{Answer, Refusal};
pub use service::{Asked, Chunk, Importer, enqueue};
pub use store::waiting;
pub use task::{Look, Step, Task};

use crate::kernel::event::{Delta, Event as Said, Place, Sentence};
use entity::id::JobId;
use serde_json::json;

/// The kind of the event that wakes the runners.
pub const QUEUED: &str = "JOB_QUEUED";

/// The history of jobs in words.
pub enum Event {
    /// A job was asked for.
    Queued(JobId, Place),
    /// A job has begun; its file has so many rows.
    Started(JobId, Place, i64),
    /// A chunk of rows was answered.
    Answered {
        /// Which job.
        id: JobId,
        /// Where.
        place: Place,
        /// What the domain calls it.
        kind: &'static str,
        /// How the rows were answered.
        counts: rules::Counts,
        /// What they come to.
        sums: Vec<(&'static str, i64)>,
        /// What they add to the figures.
        deltas: Vec<Delta>,
    },
    /// All rows are answered.
    Done(JobId, Place),
    /// The job stopped, with a code.
    Failed(JobId, Place, String),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, subject_id, place, body, deltas) = match self {
            Event::Queued(id, place) => (QUEUED, id.0, place, json!({}), Vec::new()),
            Event::Started(id, place, rows) => {
                ("JOB_STARTED", id.0, place, json!({"rows": rows}), Vec::new())
            }
            Event::Answered {
                id,
                place,
                kind,
                counts,
                sums,
                deltas,
            } => {
                let mut body = json!(counts);
                if let Some(body) = body.as_object_mut() {
                    body.extend(sums.into_iter().map(|(name, sum)| (name.to_owned(), sum.into())));
                }
                (kind, id.0, place, body, deltas)
            }
            Event::Done(id, place) => ("JOB_DONE", id.0, place, json!({}), Vec::new()),
            Event::Failed(id, place, code) => ("JOB_FAILED", id.0, place, json!({"code": code}), Vec::new()),
        };
        Sentence::new(kind, subject_id, place, body).with(deltas)
    }
}
