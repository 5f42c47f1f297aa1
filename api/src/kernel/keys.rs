//! The key file: pairs that sign (Ed25519), master keys that wrap the data keys, and a secret that seals digests.
//!
//! A new key is added to the file by `gonghui keys rotate` and begins to sign a while later, so that every process has
//! read it by then; the one before it goes on being known. What a key has signed can be checked for ever: its public
//! half stays in the file, its private half goes with the first rotation after another one has begun to sign.

use super::clock::Clock;
use super::error::Error;
use super::suite::{self, KeyBytes, Suite};
use arc_swap::ArcSwap;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How long a key is still published after another one has begun to sign: longer than a token is good.
const PUBLISHED: TimeDelta = TimeDelta::hours(1);

/// What a key file holds; bytes are base64.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct KeyFile {
    /// The algorithms that seal new values: `AES-256-GCM` or `SM4-GCM`.
    suite: String,
    /// Seals digests; 32 bytes.
    secret: String,
    /// Wrap data keys, oldest first.
    masters: Vec<MasterEntry>,
    /// Sign, oldest first.
    signing: Vec<SigningEntry>,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct MasterEntry {
    id: String,
    key: String,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct SigningEntry {
    /// Signs from this instant on.
    from: DateTime<Utc>,
    public: String,
    /// PKCS#8; gone once it will not sign any more.
    private: Option<String>,
}

/// A pair that signs, or has signed.
pub struct SigningKey {
    /// Names it in what it signed: the beginning of the SHA-256 of its public half.
    pub id: String,
    from: DateTime<Utc>,
    public: Vec<u8>,
    /// Checks tokens.
    pub decoding: DecodingKey,
    private: Option<(Ed25519KeyPair, EncodingKey)>,
}

impl SigningKey {
    /// Signs tokens; none for a key that only checks.
    pub fn encoding(&self) -> Option<&EncodingKey> {
        self.private.as_ref().map(|(_, encoding)| encoding)
    }

    /// Whether the signature over these bytes is this key's.
    pub fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.public);
        key.verify(bytes, signature).is_ok()
    }
}

/// What the key file held when it was last read.
pub struct Ring {
    /// What seals new values.
    pub suite: &'static dyn Suite,
    signing: Vec<SigningKey>,
    masters: Vec<(String, KeyBytes)>,
}

impl Ring {
    /// The key that signs at an instant.
    pub fn signer(&self, now: DateTime<Utc>) -> Option<&SigningKey> {
        let mut signers = self.signing.iter().filter(|key| key.private.is_some());
        let begun = signers.clone().rfind(|key| key.from <= now);
        // Before all of them begin, the oldest is better than none: every process knows it.
        begun.or_else(|| signers.next())
    }

    /// The key of an id.
    pub fn verifier(&self, id: &str) -> Option<&SigningKey> {
        self.signing.iter().find(|key| key.id == id)
    }

    /// The keys that may have signed a token that is still good, and the one that will sign next.
    fn published(&self, now: DateTime<Utc>) -> impl Iterator<Item = &SigningKey> {
        let next = self.signing.iter().skip(1).map(Some).chain([None]);
        self.signing.iter().zip(next).filter_map(move |(key, next)| {
            let is_over = next.is_some_and(|next| next.from + PUBLISHED <= now);
            (!is_over).then_some(key)
        })
    }

    /// The key of an id that a token may be signed with.
    pub fn published_key(&self, id: &str, now: DateTime<Utc>) -> Option<&SigningKey> {
        self.published(now).find(|key| key.id == id)
    }

    /// The published keys as a JSON Web Key Set (RFC 7517, RFC 8037).
    pub fn jwks(&self, now: DateTime<Utc>) -> Value {
        let jwk = |key: &SigningKey| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(&key.public);
            json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.id, "x": x})
        };
        json!({"keys": self.published(now).map(jwk).collect::<Vec<_>>()})
    }

    /// The newest master key and its id.
    pub fn newest_master(&self) -> Result<(&str, &KeyBytes), Error> {
        let newest = self.masters.last().map(|(id, key)| (id.as_str(), key));
        newest.ok_or_else(|| bad_file("masters"))
    }

    /// The master key of an id.
    pub fn master(&self, id: &str) -> Option<&KeyBytes> {
        self.masters
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, key)| key)
    }
}

/// The keys in force.
pub struct Keys {
    path: PathBuf,
    read: ArcSwap<(Vec<u8>, Ring)>,
    secret: hmac::Key,
}

fn bad_file(reason: &str) -> Error {
    anyhow::anyhow!("the key file is not one made by `gonghui keys new`: {reason}").into()
}

fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, Error> {
    BASE64_STANDARD.decode(text).map_err(|_| bad_file(what))
}

fn key_bytes(text: &str, what: &'static str) -> Result<KeyBytes, Error> {
    decode(text, what)?.try_into().map_err(|_| bad_file(what))
}

fn new_signing(from: DateTime<Utc>) -> Result<SigningEntry, Error> {
    let made = || anyhow::anyhow!("no key pair could be made");
    let pair = Ed25519KeyPair::generate().map_err(|_| made())?;
    let private = pair.to_pkcs8().map_err(|_| made())?;
    Ok(SigningEntry {
        from,
        public: BASE64_STANDARD.encode(pair.public_key().as_ref()),
        private: Some(BASE64_STANDARD.encode(private.as_ref())),
    })
}

fn new_master(clock: &dyn Clock) -> MasterEntry {
    let key = clock.random();
    let id = sha256(&key).chars().take(16).collect();
    MasterEntry {
        id,
        key: BASE64_STANDARD.encode(key),
    }
}

/// Makes a file that only its owner reads; refuses to overwrite one.
pub fn new_private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a new file that only its owner reads.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write;
    let mut out = new_private_file(path)?;
    out.write_all(bytes)?;
    Ok(out.sync_all()?)
}

impl KeyFile {
    fn parse(bytes: &[u8]) -> Result<KeyFile, Error> {
        serde_json::from_slice(bytes).map_err(|error| bad_file(&error.to_string()))
    }

    fn ring(&self) -> Result<Ring, Error> {
        let masters = self
            .masters
            .iter()
            .map(|entry| Ok((entry.id.clone(), key_bytes(&entry.key, "masters")?)));
        let signing = self.signing.iter().map(|entry| {
            let public = decode(&entry.public, "signing")?;
            let private = entry.private.as_deref().map(|private| {
                let private = decode(private, "signing")?;
                let pair = Ed25519KeyPair::from_pkcs8(&private).map_err(|_| bad_file("signing"))?;
                Ok::<_, Error>((pair, EncodingKey::from_ed_der(&private)))
            });
            Ok(SigningKey {
                id: sha256(&public).chars().take(16).collect(),
                from: entry.from,
                decoding: DecodingKey::from_ed_der(&public),
                public,
                private: private.transpose()?,
            })
        });
        Ok(Ring {
            suite: suite::named(&self.suite).ok_or_else(|| bad_file("suite"))?,
            signing: signing.collect::<Result<_, Error>>()?,
            masters: masters.collect::<Result<_, Error>>()?,
        })
    }
}

impl Keys {
    /// Makes a key file that only its owner reads; refuses to overwrite one.
    pub fn write_new(path: &Path, clock: &dyn Clock, suite: &dyn Suite) -> Result<(), Error> {
        let file = KeyFile {
            suite: suite.name().to_owned(),
            secret: BASE64_STANDARD.encode(clock.random()),
            masters: vec![new_master(clock)],
            signing: vec![new_signing(clock.now())?],
        };
        write_private(path, &serde_json::to_vec_pretty(&file)?)
    }

    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Keys, Error> {
        let bytes = std::fs::read(path)?;
        let file = KeyFile::parse(&bytes)?;
        let secret = key_bytes(&file.secret, "secret")?;
        Ok(Keys {
            path: path.to_owned(),
            read: ArcSwap::from_pointee((bytes, file.ring()?)),
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
        })
    }

    /// Reads the key file again, if it was changed.
    pub fn refresh(&self) -> Result<(), Error> {
        let bytes = std::fs::read(&self.path)?;
        if self.read.load().0 != bytes {
            let ring = KeyFile::parse(&bytes)?.ring()?;
            self.read.store(Arc::new((bytes, ring)));
            tracing::info!("the key file was read again");
        }
        Ok(())
    }

    /// Adds a master key, and a signing key that signs from an instant on; the data keys that are made from now on are of
    /// the suite, if one is named. The file is replaced as a whole.
    pub fn rotate(
        path: &Path,
        clock: &dyn Clock,
        from: DateTime<Utc>,
        suite: Option<&dyn Suite>,
    ) -> Result<(), Error> {
        let mut file = KeyFile::parse(&std::fs::read(path)?)?;
        if let Some(suite) = suite {
            suite.name().clone_into(&mut file.suite);
        }
        // Whoever signs now goes on until the next one begins; those before it only check.
        let now = clock.now();
        let in_force = file.signing.iter().rposition(|entry| entry.from <= now);
        let over = file.signing.iter_mut().take(in_force.unwrap_or_default());
        over.for_each(|entry| entry.private = None);
        file.signing.push(new_signing(from)?);
        file.masters.push(new_master(clock));
        let beside = path.with_added_extension("new");
        write_private(&beside, &serde_json::to_vec_pretty(&file)?)?;
        let old = std::fs::metadata(path)?;
        // Who rotates is often not who serves.
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, chown};
            let _ = chown(&beside, Some(old.uid()), Some(old.gid()));
        }
        std::fs::set_permissions(&beside, old.permissions())?;
        Ok(std::fs::rename(beside, path)?)
    }

    /// The bytes of the key file, for a backup.
    pub fn bytes(&self) -> Vec<u8> {
        self.read.load().0.clone()
    }

    /// Looks at what the key file holds.
    pub fn with<T>(&self, look: impl FnOnce(&Ring) -> T) -> T {
        look(&self.read.load().1)
    }

    /// Signs bytes; the id of the key and the signature.
    pub fn sign(&self, bytes: &[u8], now: DateTime<Utc>) -> Result<(String, Vec<u8>), Error> {
        self.with(|ring| {
            let signer = ring.signer(now);
            let pair = signer.and_then(|key| Some((key, &key.private.as_ref()?.0)));
            let (key, pair) = pair.ok_or_else(|| bad_file("signing"))?;
            Ok((key.id.clone(), pair.sign(bytes).as_ref().to_vec()))
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
