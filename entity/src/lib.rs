//! The shape of the tables: one file a table, grouped by the words of the business.
//! No GraphQL, no HTTP and no rule lives here.
#![allow(
    missing_docs,
    reason = "SeaORM's macros write public items without docs; every hand-written item has one"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "SeaORM's macros call `find`; reads outside this crate start from a Scope"
)]

pub mod id;
pub mod placed;
pub mod sealed;
pub mod audit;
pub mod org;
pub mod accounts;
pub mod fees;
pub mod visits;
pub mod uploads;
pub mod attachments;
pub mod jobs;
pub mod people;
pub mod members;
pub mod privacy;
pub mod returns;
pub mod assessments;
pub mod targets;
