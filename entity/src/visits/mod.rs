//! Field visits (走访) and what they find.
pub mod visit;
pub mod finding;
