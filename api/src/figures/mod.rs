//! Reading figures (统计数字). Writing them is the kernel's: a figure is a sum of what events declared, never typed in.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub mod parts;
pub mod source;
pub mod comparison;
