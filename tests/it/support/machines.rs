//! Machine clients and the keys that they hold.

use super::App;
use super::app::{Answer, Caller};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

pub const REGISTER_CLIENT: &str = "mutation($input: RegisterClient!) { registerClient(input: $input) { \
    account { id username name isMachine state federation { name } grants { role } credentials { id } } \
    userErrors { code field message } } }";
pub const ADD_CREDENTIAL: &str = "mutation($input: AddClientCredential!) { addClientCredential(input: $input) { \
    credential { id kind kid createdAt expiresOn revokedAt isInForce } secret userErrors { code field message } } }";
pub const REVOKE_CREDENTIAL: &str = "mutation($input: RevokeClientCredential!) { revokeClientCredential(input: $input) { \
    credential { revokedAt isInForce } userErrors { code field message } } }";

pub fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A key pair of a machine.
pub struct Pair {
    algorithm: Algorithm,
    private: EncodingKey,
    /// The public half.
    pub jwk: Value,
}

impl Pair {
    /// For EdDSA.
    pub fn ed25519() -> Pair {
        let pair = Ed25519KeyPair::generate().unwrap();
        Pair {
            algorithm: Algorithm::EdDSA,
            private: EncodingKey::from_ed_der(pair.to_pkcs8().unwrap().as_ref()),
            jwk: json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref())}),
        }
    }

    /// For ES256.
    pub fn p256() -> Pair {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = (base64url(&point[1..33]), base64url(&point[33..]));
        Pair {
            algorithm: Algorithm::ES256,
            private: EncodingKey::from_ec_der(document.as_ref()),
            jwk: json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}),
        }
    }

    /// For RS256.
    pub fn rsa() -> Pair {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let document: Pkcs8V1Der = pair.as_der().unwrap();
        // The key itself stands behind 26 bytes that say what it is (RFC 5208).
        let private = EncodingKey::from_rsa_der(&document.as_ref()[26..]);
        let public = pair.public_key();
        let (n, e) = (public.modulus(), public.exponent());
        let (n, e) = (
            n.big_endian_without_leading_zero(),
            e.big_endian_without_leading_zero(),
        );
        Pair {
            algorithm: Algorithm::RS256,
            private,
            jwk: json!({"kty": "RSA", "n": base64url(n), "e": base64url(e)}),
        }
    }

    /// Signs claims, named or not.
    pub fn sign(&self, key_id: Option<&str>, claims: &Value) -> String {
        let header = Header {
            kid: key_id.map(str::to_owned),
            ..Header::new(self.algorithm)
        };
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }
}

/// A token with any header, and a signature that is handed in.
pub fn forged(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let said = [header, claims]
        .map(|part| base64url(part.to_string().as_bytes()))
        .join(".");
    let signature = base64url(&sign(said.as_bytes()));
    format!("{said}.{signature}")
}

/// A form of names and values.
pub fn form(fields: &[(&str, &str)]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let encoded = |text: &str| -> String {
        let one = |byte: u8| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        };
        text.bytes().map(one).collect()
    };
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

impl App {
    /// Asks for a token with the fields of a form.
    pub async fn ask_for_token(&self, fields: &[(&str, &str)]) -> Answer {
        let body = form(&[&[("grant_type", "client_credentials")], fields].concat());
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", "/oauth/token", &headers, body).await
    }

    /// Asks for a token with an assertion.
    pub async fn assert_client(&self, assertion: &str) -> Answer {
        self.ask_for_token(&[
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion),
        ])
        .await
    }

    /// Whoever acts by an answer of the token endpoint.
    pub fn bearer(&self, answer: &Answer) -> Caller {
        assert_eq!(answer.status, 200, "{}", answer.text());
        Caller {
            token: Some(answer.json()["access_token"].as_str().unwrap().to_owned()),
            ..self.anonymous()
        }
    }

    /// What an assertion of a client says now.
    pub fn claims(&self, client_id: &str, jti: &str) -> Value {
        let now = self.process.clock.now().timestamp();
        json!({"iss": client_id, "sub": client_id, "aud": "http://127.0.0.1:8000/oauth/token", "jti": jti,
            "exp": now + 60})
    }
}
