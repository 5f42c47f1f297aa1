//! How the world reaches the service: no business word lives here.

pub mod engine;
mod guard;
pub mod graphql;
mod live;
mod message;
mod socket;
mod sse;
mod single;
pub mod session;
pub mod token;
pub mod files;
pub mod pages;
pub mod router;
