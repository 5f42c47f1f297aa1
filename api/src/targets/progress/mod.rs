//! How far targets are reached (完成率), beside what is due (进度), and in which order federations stand (排名).
//!
//! What was reached is a figure of the ledger, exact as of a day. Of a flow it is what has happened since 1 January; a stock
//! has come a part of the way from what there was at the end of the year before. Who has reached all is FULFILLED, more
//! OVER_FULFILLED. Before that the share of the way is compared with what is due, both as they are shown, in hundredths of
//! a percent: less is BEHIND, the same ON_PACE, more OVER_PACE.
//!
//! In a ranking shares are compared exactly, so two that are shown alike may stand at different positions. A target of nothing has no
//! percent and no position.

pub mod types;
pub mod rules;
pub(crate) mod store;
