//! How the world reaches the service: no business word lives here.

pub mod engine;
mod guard;
pub mod graphql;
pub mod session;
pub mod token;
mod body;
pub mod uploads;
mod multipart;
pub mod files;
pub mod pages;
pub mod router;
