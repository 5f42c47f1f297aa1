//! Assessing federations below, and who is responsible for which.
pub mod scheme;
pub mod assessment;
pub mod score;
pub mod patch;
