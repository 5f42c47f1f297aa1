//! Files that came in, and the long work on them.
pub mod job;
pub mod upload;
