//! Assessing federations below, who is responsible for which, and what an office sets its staff.
pub mod scheme;
pub mod assessment;
pub mod score;
pub mod patch;
pub mod staff_goal;
