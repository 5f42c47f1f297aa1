//! Long work.
pub mod job;
