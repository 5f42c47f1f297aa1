//! Accounts: who may sign in and how, for how long, who administrates them, and what they may do where.

mod signing_in;
mod attempts;
mod refusals;
mod sessions;
mod passwords;
mod otp;
mod administrators;
mod grants;
mod elevations;
