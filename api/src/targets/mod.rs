//! Targets (目标任务): what a superior asks of the federations directly below it for a year, handed down level by level
//! (层层分解), with responsibility letters (责任状), amendments during the year (追加、调整), pace (时间过半、任务过半) and ranking (排名).
//!
//! - A target is of one metric of the catalogue, whole or one part of an axis. Of a stock it is what there shall be on
//!   31 December, of a flow what shall happen in the year. A federation has at most one of
//!   each in a year that is not closed; the last of each is what counts for decomposition and ranking.
//! - The superior of today issues, signs, amends and closes; at the top a federation sets its own. Nobody changes their own target,
//!   nor the pace that it is judged by.
//! - What children are asked for may be less than what their superior owes: a warning, never a refusal.
//! - An amendment holds from its day on. How much is reached is told against the target as issued and as amended.
//! - A position is told to who holds it; what the others reached only to who may see them.
//! - Percents are exact fractions, rounded half up to two decimals where they are shown.

pub mod graphql;
pub mod target;
pub mod pace;
pub mod progress;
