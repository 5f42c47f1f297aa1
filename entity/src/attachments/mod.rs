//! Files that belong to records.
pub mod attachment;
