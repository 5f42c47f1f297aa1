//! Parts of metrics (维度取值) that somebody types in: what a return reports and a target asks for is named by the same words.

pub mod rules;
