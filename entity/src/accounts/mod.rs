//! Who may sign in, and what they may do where.
pub mod account;
pub mod client_credential;
pub mod credential;
pub mod grant;
pub mod session;
