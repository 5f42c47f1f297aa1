//! What the tax bureau collects for the unions.
pub mod collection;
pub mod waiting;
