//! What every domain stands on. It imports no domain and knows no business word but "federation" (the organisation).
//!
//! A request becomes an [`op::Op`]. Reads start from a [`scope::Scope`]; writes run in a [`tx::Tx`], which commits
//! only with an [`event::Event`]; the [`sequencer`] numbers what was committed and from it chains the audit, feeds
//! subscribers and folds the figures.

pub mod clock;
pub mod error;
pub mod sql;
mod reader;
pub mod db;
pub mod tree;
pub mod scope;
pub mod event;
pub mod op;
pub mod audit;
pub mod tx;
pub mod lease;
pub mod anchor;
pub mod sequencer;
pub mod feed;
pub mod ledger;
pub mod loader;
pub mod page;
pub mod by_id;
pub mod gid;
pub mod suite;
pub mod keys;
pub mod vault;
pub mod dump;
pub mod files;
pub mod encoding;
mod record;
pub mod rows;
pub mod sheet;
pub mod book;
pub mod bucket;
pub mod delay;
pub mod drain;
pub mod telemetry;
pub mod app;
