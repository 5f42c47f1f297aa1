//! The second factor (动态口令, TOTP, RFC 6238): set up by its owner with an authenticator, taken away by a security
//! administrator where the device is lost. Its secret stands sealed in the database; a code is good once, half a minute
//! to either side; ten recovery codes replace a lost device.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use entity::id::AccountId;
use serde_json::json;

/// The history of second factors in words.
pub enum Event {
    /// Somebody began to set one up.
    Enrolled(AccountId, Place),
    /// It works: a first code was right.
    Confirmed(AccountId, Place),
    /// An administrator took it away; why.
    Reset(AccountId, Place, String),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, id, place, body) = match self {
            Event::Enrolled(id, place) => ("OTP_ENROLLED", id, place, json!({})),
            Event::Confirmed(id, place) => ("OTP_CONFIRMED", id, place, json!({"after": {"hasOtp": true}})),
            Event::Reset(id, place, reason) => {
                let body = json!({"reason": reason, "before": {"hasOtp": true}, "after": {"hasOtp": false}});
                ("OTP_RESET", id, place, body)
            }
        };
        Sentence::new(kind, id.0, place, body)
    }
}
