//! Files that came in.
pub mod upload;
