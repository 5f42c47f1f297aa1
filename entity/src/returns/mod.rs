//! What federations report for periods (统计报表), and figures as they stood (数字快照).
pub mod statistical_return;
pub mod return_line;
pub mod figure_snapshot;
pub mod snapshot_line;
