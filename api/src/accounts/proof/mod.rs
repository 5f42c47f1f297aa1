//! Proving who one is: a secret, a second factor where the account has one, and how often that may fail.
//!
//! Failures slow down and never shut out for good. They are counted by account and address with growing waits; where
//! nobody signed in to the account from the address lately, also by account; and by address. So whoever guesses from
//! elsewhere cannot keep the owner out of the place where the owner works.

pub mod service;
pub mod rules;
pub(crate) mod store;
