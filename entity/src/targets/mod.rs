//! Targets, their amendments, and the pace they are to be reached at.
pub mod target;
pub mod amendment;
pub mod pace_rule;
