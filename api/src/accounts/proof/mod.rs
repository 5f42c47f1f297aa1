//! Proving who one is: a secret, a second factor where the account has one, and how often that may fail.
//!
//! Failures slow down and never shut out for good. They are counted by account and address with growing waits; where
//! nobody signed in to the account from the address lately, also by account; and by address. So whoever guesses from
//! elsewhere cannot keep the owner out of the place where the owner works.
//!
//! Each failure at an account stands in the audit trail where the account is at home. One at a name that nobody has is only
//! counted: what was given as a name may be a password, and anybody could fill the trail.

pub mod service;
pub mod rules;
pub(crate) mod store;
