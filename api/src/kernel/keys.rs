//! The keys of the service: an Ed25519 pair that signs tokens, and a secret that seals digests.

use super::clock::Clock;
use super::error::Error;
use aws_lc_rs::{digest, hmac, signature::Ed25519KeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use std::path::Path;

/// What a key file holds.
#[derive(serde::Serialize, serde::Deserialize)]
struct KeyFile {
    /// PKCS#8, base64.
    signing_key: String,
    /// 32 bytes, base64.
    secret: String,
}

/// The keys in force.
pub struct Keys {
    /// Signs tokens.
    pub encoding: EncodingKey,
    /// Checks tokens.
    pub decoding: DecodingKey,
    secret: hmac::Key,
}

fn bad_file(reason: &str) -> Error {
    anyhow::anyhow!("the key file is not one made by `gonghui keys new`: {reason}").into()
}

impl Keys {
    /// Makes a key file that only its owner reads; refuses to overwrite one.
    pub fn write_new(path: &Path, clock: &dyn Clock) -> Result<(), Error> {
        use std::io::Write;
        let pair = Ed25519KeyPair::generate().map_err(|_| anyhow::anyhow!("no key pair could be made"))?;
        let document = pair
            .to_pkcs8()
            .map_err(|_| anyhow::anyhow!("the key pair could not be written"))?;
        let file = KeyFile {
            signing_key: BASE64_STANDARD.encode(document.as_ref()),
            secret: BASE64_STANDARD.encode(clock.random()),
        };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(path)?;
        out.write_all(serde_json::to_string_pretty(&file)?.as_bytes())?;
        Ok(out.sync_all()?)
    }

    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Keys, Error> {
        let file: KeyFile = serde_json::from_slice(&std::fs::read(path)?)?;
        let signing_key = BASE64_STANDARD
            .decode(file.signing_key)
            .map_err(|_| bad_file("signing_key"))?;
        let secret = BASE64_STANDARD
            .decode(file.secret)
            .map_err(|_| bad_file("secret"))?;
        let pair = Ed25519KeyPair::from_pkcs8(&signing_key).map_err(|_| bad_file("signing_key"))?;
        Ok(Keys {
            encoding: EncodingKey::from_ed_der(&signing_key),
            decoding: DecodingKey::from_ed_der(aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref()),
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
        })
    }

    /// HMAC-SHA256 under the service's secret, hex.
    pub fn mac(&self, bytes: &[u8]) -> String {
        hex(hmac::sign(&self.secret, bytes).as_ref())
    }
}

/// SHA-256, hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
