//! Figures beside others (对比): two periods, a series over time, a share. Nothing of it is stored.

pub mod types;
