//! Long work on files that came in.
pub mod job;
