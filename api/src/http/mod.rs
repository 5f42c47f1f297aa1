//! How the world reaches the service: no business word lives here.

pub mod serve;
pub mod address;
pub mod observe;
mod metrics;
pub mod engine;
mod guard;
pub mod graphql;
pub mod session;
pub mod token;
pub mod files;
pub mod pages;
pub mod router;
