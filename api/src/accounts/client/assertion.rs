//! Signed assertions of clients (`private_key_jwt`, RFC 7523).

use crate::kernel::keys::sha256;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

/// How long an assertion may be good at the most.
pub const GOOD_FOR: TimeDelta = TimeDelta::minutes(5);
/// How far a client's clock may run ahead of ours.
const SKEW: TimeDelta = TimeDelta::seconds(30);
/// The longest assertion, and the longest id of one, in bytes.
const ASSERTION_MAX: usize = 4_096;
const ID_MAX: usize = 256;

/// What an assertion says.
#[derive(serde::Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    nbf: Option<i64>,
    jti: String,
}

/// Who an assertion says to be; to be believed only when a key of theirs fits.
pub struct Said {
    /// The client id.
    pub client_id: String,
    /// The key that it is signed with, where that is named.
    pub key_id: Option<String>,
}

/// An assertion that a key fits: good once.
#[derive(Debug, PartialEq, Eq)]
pub struct Used {
    /// SHA-256 of its id.
    pub hash: String,
    /// It is good until.
    pub until: DateTime<Utc>,
}

/// Who it says to be; none if it is no such thing at all.
pub fn look(assertion: &str) -> Option<Said> {
    if assertion.len() > ASSERTION_MAX {
        return None;
    }
    let unread = jsonwebtoken::dangerous::insecure_decode::<Claims>(assertion).ok()?;
    let is_plain = unread.claims.sub.len() <= 64 && !unread.claims.sub.contains('\0');
    is_plain.then_some(Said {
        client_id: unread.claims.sub,
        key_id: unread.header.kid,
    })
}

/// Reads an assertion by a registered key. The key alone says which algorithm it may be signed with.
pub fn read(assertion: &str, jwk: &str, audience: &[String], now: DateTime<Utc>) -> Option<Used> {
    let jwk: Jwk = serde_json::from_str(jwk).ok()?;
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(_) => Algorithm::EdDSA,
        AlgorithmParameters::EllipticCurve(_) => Algorithm::ES256,
        _ => return None,
    };
    let mut validation = Validation::new(algorithm);
    validation.set_audience(audience);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    // The clock is ours, so that tests control it.
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let claims = jsonwebtoken::decode::<Claims>(assertion, &key, &validation)
        .ok()?
        .claims;
    let until = DateTime::from_timestamp(claims.exp, 0)?;
    let has_begun = claims.nbf.is_none_or(|from| from <= (now + SKEW).timestamp());
    let is_now = has_begun && until > now && until <= now + GOOD_FOR;
    let is_named = (1..=ID_MAX).contains(&claims.jti.len());
    (claims.iss == claims.sub && is_now && is_named).then(|| Used {
        hash: sha256(claims.jti.as_bytes()),
        until,
    })
}
