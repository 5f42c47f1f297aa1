//! What is tested, all of it through HTTP as named people at named places, on SQLite and on PostgreSQL.
//!
//! `cargo test -p tests` starts a throw-away PostgreSQL cluster of its own if the programs are installed. Without
//! them the PostgreSQL half is skipped and says so; with `CI` or `GONGHUI_REQUIRE_POSTGRES` set that is a failure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and looks at whatever it likes"
)]
#![allow(unreachable_pub, reason = "nothing is public in a test")]
// The futures of the merged schema nest deeper than the compiler's default allows for.
#![recursion_limit = "256"]

#[macro_use]
mod support;

mod tidy;
mod schema;
mod execution;
mod http;
mod transport;
mod guards;
mod fuzzed;
mod documents;
mod socket;
mod closing;
mod sse;
mod feed;
mod kernel;
mod lists;
mod replays;
mod migrations;
mod moves;
mod audit;
mod audit_export;
mod divisions;
mod tree;
mod accounts;
mod machines;
mod provider;
mod uploads;
mod forms;
mod jobs;
mod enterprises;
mod trade_unions;
mod imports;
mod visits;
mod people;
mod membership;
mod membership_histories;
mod transfers;
mod privacy;
mod privacy_rights;
mod subject_requests;
mod sealing;
mod fees;
mod attachments;
mod assessments;
mod assessment_figures;
mod patches;
mod staff_goals;
mod figures;
mod figure_export;
mod returns;
mod return_histories;
mod return_steps;
mod snapshots;
mod reports;
mod targets;
mod target_withdrawals;
mod dashboard;
mod access;
mod reach;
mod attack;
mod addresses;
mod verify;
mod backup;
mod operations;
mod serving;
