//! The records behind a figure (数据穿透): its rows add up to it.

pub mod types;
