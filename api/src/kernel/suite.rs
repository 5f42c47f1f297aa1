//! Suites of algorithms behind one trait: the international one, and the commercial one of China (商用密码) that
//! GB/T 39786-2021 asks for. Which one seals new values is said once, in the key file; each value says by its key which
//! one sealed it.

use super::error::Error;
use ::hmac::Mac as _;
use aes_gcm::AesGcm;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use sm3::Sm3;
use sm4::Sm4;

/// The bytes of a key; SM4 takes the first half.
pub type KeyBytes = [u8; 32];
/// What makes two values that are alike look different; never used twice with one key.
pub type NonceBytes = [u8; 12];

/// A cipher that also proves where a value belongs, and a keyed hash.
pub trait Suite: Send + Sync {
    /// Names it in the key file and in the database.
    fn name(&self) -> &'static str;
    /// Seals a value; it opens only with the same key and in the same context.
    fn seal(
        &self,
        key: &KeyBytes,
        nonce: &NonceBytes,
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Error>;
    /// Opens a sealed value.
    ///
    /// # Errors
    /// If key or context is another one, or a bit was changed.
    fn open(
        &self,
        key: &KeyBytes,
        nonce: &NonceBytes,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error>;
    /// A keyed hash.
    fn mac(&self, key: &KeyBytes, bytes: &[u8]) -> Vec<u8>;
}

/// The suite of a name.
pub fn named(name: &str) -> Option<&'static dyn Suite> {
    let suites: [&'static dyn Suite; 2] = [&International, &Commercial];
    suites.into_iter().find(|suite| suite.name() == name)
}

fn fault(what: &'static str) -> Error {
    anyhow::anyhow!(what).into()
}

/// AES-256-GCM and HMAC-SHA-256.
#[derive(Debug)]
pub struct International;

impl International {
    fn key(key: &KeyBytes) -> Result<LessSafeKey, Error> {
        let key = UnboundKey::new(&AES_256_GCM, key);
        key.map(LessSafeKey::new).map_err(|_| fault("no AES key"))
    }
}

impl Suite for International {
    fn name(&self) -> &'static str {
        "AES-256-GCM"
    }

    fn seal(
        &self,
        key: &KeyBytes,
        nonce: &NonceBytes,
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let sealed = International::key(key)?.seal_in_place_append_tag(nonce, Aad::from(context), &mut bytes);
        sealed.map_err(|_| fault("a value could not be sealed"))?;
        Ok(bytes)
    }

    fn open(
        &self,
        key: &KeyBytes,
        nonce: &NonceBytes,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let key = International::key(key)?;
        let opened = key.open_in_place(nonce, Aad::from(context), &mut bytes);
        let opened = opened.map_err(|_| fault("a sealed value does not open"))?;
        Ok(opened.to_vec())
    }

    fn mac(&self, key: &KeyBytes, bytes: &[u8]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, bytes).as_ref().to_vec()
    }
}

/// SM4-GCM (GB/T 32907, GB/T 17964) and HMAC-SM3 (GB/T 32905).
#[derive(Debug)]
pub struct Commercial;

impl Commercial {
    fn cipher(key: &KeyBytes) -> Result<AesGcm<Sm4, U12>, Error> {
        let (half, _) = key.split_at(16);
        AesGcm::<Sm4, U12>::new_from_slice(half).map_err(|_| fault("no SM4 key"))
    }
}

impl Suite for Commercial {
    fn name(&self) -> &'static str {
        "SM4-GCM"
    }

    fn seal(
        &self,
        key: &KeyBytes,
        nonce: &NonceBytes,
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let payload = Payload {
            msg: plain,
            aad: context,
        };
        let sealed = Commercial::cipher(key)?.encrypt(&Array::from(*nonce), payload);
        sealed.map_err(|_| fault("a value could not be sealed"))
    }

    fn open(
        &self,
        key: &KeyBytes,
        nonce: &NonceBytes,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let payload = Payload {
            msg: sealed,
            aad: context,
        };
        let opened = Commercial::cipher(key)?.decrypt(&Array::from(*nonce), payload);
        opened.map_err(|_| fault("a sealed value does not open"))
    }

    fn mac(&self, key: &KeyBytes, bytes: &[u8]) -> Vec<u8> {
        let Ok(mac) = ::hmac::Hmac::<Sm3>::new_from_slice(key) else {
            return Vec::new();
        };
        mac.chain_update(bytes).finalize().into_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::hex;
    use super::*;

    const KEY: KeyBytes = *b"0123456789abcdef0123456789abcdef";
    const NONCE: NonceBytes = *b"never twice.";

    #[test]
    fn a_value_opens_only_with_its_key_in_its_context_and_whole() {
        for name in ["AES-256-GCM", "SM4-GCM"] {
            let suite = named(name).unwrap();
            let sealed = suite
                .seal(&KEY, &NONCE, b"person.name", "王小明".as_bytes())
                .unwrap();
            assert_eq!(sealed.len(), "王小明".len() + 16, "{name}");
            let open =
                |key: &KeyBytes, context: &[u8], sealed: &[u8]| suite.open(key, &NONCE, context, sealed).ok();
            assert_eq!(
                open(&KEY, b"person.name", &sealed).as_deref(),
                Some("王小明".as_bytes()),
                "{name}"
            );
            assert_eq!(
                open(b"another key.....another key.....", b"person.name", &sealed),
                None,
                "{name}"
            );
            assert_eq!(open(&KEY, b"person.phone", &sealed), None, "{name}");
            let mut changed = sealed.clone();
            changed[0] ^= 1;
            assert_eq!(open(&KEY, b"person.name", &changed), None, "{name}");
            assert_eq!(open(&KEY, b"person.name", &[]), None, "{name}");
        }
        assert!(named("ROT13").is_none());
    }

    /// GCM with SM4: RFC 8998, appendix A.1. HMAC-SHA-256: RFC 4231, test case 2 has another length of key; the vector
    /// here and the one of HMAC-SM3 are OpenSSL's.
    #[test]
    fn the_algorithms_are_the_standard_ones() {
        let mut key = KeyBytes::default();
        key[..16].copy_from_slice(&bytes("0123456789abcdeffedcba9876543210"));
        let nonce = bytes("00001234567800000000abcd").try_into().unwrap();
        let plain = bytes(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffff\
             eeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        );
        let context = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let sealed = Commercial.seal(&key, &nonce, &context, &plain).unwrap();
        assert_eq!(
            hex(&sealed),
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15\
             a56834cbcf98c397b4024a2691233b8d83de3541e4c2b58177e065a9bf7b62ec"
        );
        assert_eq!(hex(&International.mac(&KEY, b"abc")), SHA256_OF_ABC);
        assert_eq!(hex(&Commercial.mac(&KEY, b"abc")), SM3_OF_ABC);
    }

    const SHA256_OF_ABC: &str = "a60c859a6827c5ea576a48d8d368672fbfe4667c6a927428284a0cb3859cc1d6";
    const SM3_OF_ABC: &str = "27d5235d7f025fdda35a71e22d0026cd4ed95a3506e9ca1f7c2a44fa74aa85dd";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        digits
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }
}
