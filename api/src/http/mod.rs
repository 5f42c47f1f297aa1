//! How the world reaches the service: no business word lives here.
//!
//! A request becomes [`params::Params`]; [`document`] reads, guards ([`lexical`]), prices ([`cost`]) and validates its
//! document, once for each text; [`engine`] runs it within the caller's budget and time. What is refused on the way is a
//! [`refusal::Refusal`], from which each transport makes its own words.

pub mod serve;
pub mod address;
pub mod observe;
mod metrics;
pub mod negotiate;
pub mod params;
pub mod lexical;
pub mod contract;
pub mod cost;
mod paths;
pub mod refusal;
pub mod document;
mod answer;
pub mod engine;
pub mod stream;
pub mod graphql;
mod live;
mod message;
mod socket;
mod sse;
mod single;
pub mod session;
pub mod token;
mod body;
pub mod uploads;
pub mod wellknown;
mod multipart;
pub mod files;
pub mod pages;
pub mod router;
