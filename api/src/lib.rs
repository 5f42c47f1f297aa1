//! Gonghui (工会): one GraphQL API for a federation of trade unions.
//!
//! The modules stand in reading order, in blocks. A block may use the blocks above it (types may look anywhere: the
//! schema is one graph); `tests/it/tidy.rs` reads this file and checks it.

// The futures of the merged schema nest deeper than the compiler's default allows for.
#![recursion_limit = "256"]

// Ground
pub mod config;
pub mod policy;
pub mod metrics;
pub mod tables;
pub mod kernel;
pub mod scalars;

// Callers
pub mod accounts;
pub mod documents;

// Files that come in
pub mod uploads;

// Long work
pub mod jobs;

// Foundations
pub mod org;
pub mod figures;

// People
pub mod people;

// Members
pub mod members;

// Their rights
pub mod privacy;

// Figures that go out
pub mod figure_export;

// Work
pub mod visits;
pub mod fees;
pub mod returns;

// What is asked of federations
pub mod targets;

// Oversight
pub mod assessments;
pub mod audit;

// Files of records
pub mod attachments;

// The outside
pub mod registers;
pub mod node;
pub mod schema;
pub mod http;
pub mod worker;
pub mod verify;
pub mod backup;
pub mod demo;
pub mod start;
pub mod cli;
