//! People whose data the federation holds, and why it may.
pub mod person;
pub mod basis;
