//! Returns (统计报表): what has no register is reported by the federation that did it. And figures as they stood (数字快照).

pub mod report;
pub mod warning;
pub mod snapshot;
