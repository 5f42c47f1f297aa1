//! Files that come in (上传): each is kept once, under an id that its sender made.
//!
//! - A file may come in several requests, through any process. What has come is a chain of pieces, each an object of at
//!   most 4 MiB that is recorded as soon as it is whole: a connection or a process that dies costs its last piece only.
//! - A chain only grows at its end, and one request at a time makes it grow. Who begins anew begins another chain, so
//!   the bytes of two senders never mix.
//! - A file is an upload when its last byte is here, its type is one of those that are taken (by its bytes, whatever
//!   its sender calls it) and its checksums are right. Until then it is nobody's but its sender's, and nothing but bytes.
//! - Pieces are kept for a day after the last of them, an upload that nothing uses for 7 days.

pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::error::Text;
use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::UploadId;
use serde_json::json;

/// The most that a file may hold.
pub const SIZE_BYTES_MAX: i64 = 200 << 20;
/// The most pieces of a file.
pub const PIECES_MAX: u64 = 1_000;

/// Why bytes are not taken, beside what refuses anything else.
pub enum Refusal {
    /// As anywhere.
    Error(crate::kernel::error::Error),
    /// The file goes on at another byte than the sender believes; or not at all, if it is whole.
    Elsewhere {
        /// At which.
        offset: i64,
        /// Whether it is whole.
        is_whole: bool,
    },
    /// It holds more than a file may.
    TooLarge,
    /// It is of no type that is taken.
    Type(Text),
    /// No byte came for too long; what came before is kept.
    Late,
    /// The connection broke off; what came before is kept.
    BrokenOff,
}

impl From<crate::kernel::error::Error> for Refusal {
    fn from(error: crate::kernel::error::Error) -> Self {
        Refusal::Error(error)
    }
}

/// The history of uploads in words.
pub enum Event {
    /// A file came in, so many bytes.
    Received(UploadId, Place, i64),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let Event::Received(id, place, size) = self;
        Sentence::new("UPLOAD_RECEIVED", id.0, place, json!({"sizeBytes": size}))
    }
}
