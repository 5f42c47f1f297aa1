//! Decisions about machine clients.

use crate::kernel::error::{Faults, Text, text};
use crate::policy::Action;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, ThumbprintHash};
use serde_json::{Value, json};

/// Credentials of a kind that may be in force at a time: the next one beside the present one.
pub const IN_FORCE_MAX: usize = 2;
/// Credentials that an account is shown with: the newest.
pub const SHOWN: u32 = 20;
/// The longest public key as text, in bytes.
const KEY_MAX: usize = 4_096;
/// The longest id that a client may give a key, in bytes.
const KEY_ID_MAX: usize = 128;
/// The longest scope, in bytes.
const SCOPE_MAX: usize = 1_024;

/// A public key as it is kept.
#[derive(Debug)]
pub struct PublicKey {
    /// A JSON Web Key with nothing but the key in it.
    pub jwk: String,
    /// What the client calls it, or its thumbprint.
    pub id: String,
}

fn no_key() -> Text {
    text(
        "A JSON Web Key with an Ed25519 or P-256 public key.",
        "应为 Ed25519 或 P-256 公钥的 JSON Web Key。",
    )
}

/// Reads a public key: Ed25519 for EdDSA, P-256 for ES256.
pub fn public_key(said: &str) -> Result<PublicKey, Text> {
    let is_short = said.len() <= KEY_MAX;
    let value: Value = Some(said)
        .filter(|_| is_short)
        .and_then(|said| serde_json::from_str(said).ok())
        .ok_or_else(no_key)?;
    if value.get("d").is_some() {
        return Err(text(
            "This holds the private half: make another pair and send its public half only.",
            "内容含私钥：请另行生成密钥对，并只提交公钥。",
        ));
    }
    let jwk: Jwk = serde_json::from_value(value).map_err(|_| no_key())?;
    let decoded = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| no_key());
    let (kept, algorithm) = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            ParsedPublicKey::new(&ED25519, decoded(&key.x)?).map_err(|_| no_key())?;
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": key.x}),
                KeyAlgorithm::EdDSA,
            )
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            let point = [vec![4], decoded(&key.x)?, decoded(&key.y)?].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| no_key())?;
            let kept = json!({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y});
            (kept, KeyAlgorithm::ES256)
        }
        _ => return Err(no_key()),
    };
    let is_ours = |said: &KeyAlgorithm| *said == algorithm;
    let id = jwk.common.key_id.clone().unwrap_or_default();
    if !jwk.common.key_algorithm.as_ref().is_none_or(is_ours) || id.len() > KEY_ID_MAX || id.contains('\0') {
        return Err(no_key());
    }
    let thumbprint = || jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| no_key());
    Ok(PublicKey {
        jwk: kept.to_string(),
        id: if id.is_empty() { thumbprint()? } else { id },
    })
}

/// A last day that lies ahead.
pub fn check_expiry(faults: &mut Faults, expires_on: Option<NaiveDate>, today: NaiveDate) {
    let lies_ahead = expires_on.is_none_or(|day| day > today);
    let rule = text("After today.", "须晚于今天。");
    faults.unless(lies_ahead, "expiresOn", rule);
}

/// The actions of a scope, each once; none if there is one that nobody knows, or nothing at all.
pub fn scope(said: &str) -> Option<Vec<Action>> {
    if said.len() > SCOPE_MAX {
        return None;
    }
    let mut actions: Vec<Action> = Vec::new();
    for name in said.split(' ').filter(|name| !name.is_empty()) {
        let action = Action::in_scope(name)?;
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    (!actions.is_empty()).then_some(actions)
}

/// Actions as a scope says them.
pub fn scope_text(actions: &[Action]) -> String {
    let names: Vec<String> = actions.iter().map(|action| action.scope_name()).collect();
    names.join(" ")
}

/// The actions of a scope that was kept; what is no action any more falls away.
pub fn kept_scope(kept: &str) -> Vec<Action> {
    kept.split(' ').filter_map(Action::in_scope).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_names_actions_that_are_known() {
        for (said, meant) in [
            ("read_tree", Some(vec![Action::ReadTree])),
            (
                " read_figures  read_tree read_figures",
                Some(vec![Action::ReadFigures, Action::ReadTree]),
            ),
            ("READ_TREE", None),
            ("read_tree openid", None),
            ("", None),
            (" ", None),
        ] {
            assert_eq!(scope(said), meant, "{said}");
        }
        assert_eq!(
            scope_text(&kept_scope("read_tree gone submit_collections")),
            "read_tree submit_collections"
        );
    }

    #[test]
    fn a_key_is_public_and_of_a_kind_that_is_pinned() {
        // RFC 8037 A.2 and A.3; RFC 7517 A.1.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let (px, py) = (
            "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        );
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        let with = |key: &Value, name: &str, value: Value| {
            let mut key = key.clone();
            key[name] = value;
            key
        };
        let ec = json!({"kty": "EC", "crv": "P-256", "x": px, "y": py});
        for (key, id) in [
            (ed.clone(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")),
            (with(&ed, "kid", json!("one")), Some("one")),
            (
                with(&ed, "alg", json!("EdDSA")),
                Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            ),
            (with(&ec, "kid", json!("1")), Some("1")),
            (with(&ed, "alg", json!("ES256")), None),
            (with(&ed, "d", json!(x)), None),
            (with(&ed, "x", json!("AAAA")), None),
            (with(&ed, "kid", json!("x".repeat(129))), None),
            (with(&ec, "y", json!(px)), None),
            (with(&ec, "crv", json!("P-384")), None),
            (json!({"kty": "oct", "k": x}), None),
            (json!({"kty": "RSA", "n": px, "e": "AQAB"}), None),
            (json!([]), None),
        ] {
            let read = public_key(&key.to_string());
            assert_eq!(read.ok().map(|key| key.id).as_deref(), id, "{key}");
        }
    }
}
