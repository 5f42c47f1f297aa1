//! A file that a passphrase seals as a whole, written and read as a stream.
//!
//! A line names the suite and the salt; then come pieces of one size and a last one that is shorter, each sealed by its
//! number: none can be changed, left out, put elsewhere or added, and no piece is handed on before it was proved.

use crate::kernel::clock::Clock;
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::suite::{self, KeyBytes, NonceBytes, Suite};
use anyhow::{Context, anyhow};
use argon2::Argon2;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::io::{self, BufRead, Cursor, Read, Write};

/// What the first line begins with.
const NAME: &str = "gonghui backup";
/// The longest first line.
const LINE_MAX: u64 = 200;
/// Bytes of a piece.
const PIECE: usize = 1 << 16;
/// Bytes that sealing adds, in every suite.
const TAG: usize = 16;

fn derive(passphrase: &str, salt: &[u8]) -> Result<KeyBytes, Error> {
    let mut key = KeyBytes::default();
    let derived = Argon2::default().hash_password_into(passphrase.as_bytes(), salt, &mut key);
    derived.map_err(|error| anyhow!("no key could be made of the passphrase: {error}"))?;
    Ok(key)
}

/// What seals the pieces of one file. The key is the file's own, so that a number is never used twice with it.
struct Seal {
    suite: &'static dyn Suite,
    key: KeyBytes,
    first_line: String,
    number: u64,
}

impl Seal {
    fn nonce(&mut self, is_last: bool) -> NonceBytes {
        let mut nonce = NonceBytes::default();
        let told = self.number.to_be_bytes().into_iter().chain([u8::from(is_last)]);
        nonce.iter_mut().zip(told).for_each(|(byte, told)| *byte = told);
        self.number += 1;
        nonce
    }

    fn seal(&mut self, piece: &[u8], is_last: bool) -> io::Result<Vec<u8>> {
        let nonce = self.nonce(is_last);
        let sealed = self
            .suite
            .seal(&self.key, &nonce, self.first_line.as_bytes(), piece);
        sealed.map_err(|_| io::Error::other("a piece could not be sealed"))
    }

    fn open(&mut self, sealed: &[u8], is_last: bool) -> io::Result<Vec<u8>> {
        let nonce = self.nonce(is_last);
        let piece = self
            .suite
            .open(&self.key, &nonce, self.first_line.as_bytes(), sealed);
        piece.map_err(|_| io::Error::other("a piece was changed, or is missing"))
    }
}

/// Seals what is written.
pub(super) struct Sealing<W> {
    out: W,
    seal: Seal,
    open: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    /// Begins a file.
    pub(super) fn begin(
        mut out: W,
        passphrase: &str,
        suite: &'static dyn Suite,
        clock: &dyn Clock,
    ) -> Result<Sealing<W>, Error> {
        let salt = clock.random();
        let first_line = format!("{NAME} {} {}\n", suite.name(), BASE64_STANDARD.encode(salt));
        out.write_all(first_line.as_bytes())?;
        let key = derive(passphrase, &salt)?;
        let seal = Seal {
            suite,
            key,
            first_line,
            number: 0,
        };
        Ok(Sealing {
            out,
            seal,
            open: Vec::new(),
        })
    }

    /// Ends the file with the piece that nothing follows.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let last = self.seal.seal(&self.open, true)?;
        self.out.write_all(&last)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open.extend_from_slice(bytes);
        while self.open.len() >= PIECE {
            let rest = self.open.split_off(PIECE);
            let piece = std::mem::replace(&mut self.open, rest);
            let sealed = self.seal.seal(&piece, false)?;
            self.out.write_all(&sealed)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Opens what is read.
pub(super) struct Opening<R> {
    source: R,
    seal: Seal,
    piece: Cursor<Vec<u8>>,
    is_last: bool,
}

impl<R: BufRead> Opening<R> {
    /// Begins with the first piece, which tells whether the passphrase is the right one.
    pub(super) fn begin(mut source: R, passphrase: &str) -> Result<Opening<R>, Error> {
        let mut line = Vec::new();
        source.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)?;
        let first_line = String::from_utf8(line).context("the file is no backup")?;
        let told = first_line.strip_prefix(NAME).and_then(|told| {
            let (name, salt) = told.trim().split_once(' ')?;
            Some((suite::named(name)?, BASE64_STANDARD.decode(salt).ok()?))
        });
        let (suite, salt) = told.ok_or_else(|| anyhow!("the file is no backup"))?;
        let seal = Seal {
            suite,
            key: derive(passphrase, &salt)?,
            first_line,
            number: 0,
        };
        let mut opening = Opening {
            source,
            seal,
            piece: Cursor::default(),
            is_last: false,
        };
        let wrong = text(
            "Not the passphrase of this backup, or its beginning was changed.",
            "备份口令不正确，或备份文件开头已被改动。",
        );
        opening.next().map_err(|_| invalid("passphrase", wrong))?;
        Ok(opening)
    }

    fn next(&mut self) -> io::Result<()> {
        let (size, mut sealed) = (PIECE + TAG, Vec::new());
        let limit = u64::try_from(size).unwrap_or(u64::MAX);
        self.source.by_ref().take(limit).read_to_end(&mut sealed)?;
        self.is_last = sealed.len() < size;
        self.piece = Cursor::new(self.seal.open(&sealed, self.is_last)?);
        Ok(())
    }
}

impl<R: BufRead> Read for Opening<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut read = self.piece.read(bytes)?;
        while read == 0 && !self.is_last && !bytes.is_empty() {
            self.next()?;
            read = self.piece.read(bytes)?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::SystemClock;

    const PASSPHRASE: &str = "four words are enough";

    fn sealed(suite: &'static dyn Suite, plain: &[u8]) -> Vec<u8> {
        let mut sealing =
            Sealing::begin(Vec::new(), PASSPHRASE, suite, &SystemClock).unwrap_or_else(|_| panic!());
        sealing.write_all(plain).unwrap();
        sealing.finish().unwrap()
    }

    fn opened(sealed: &[u8], passphrase: &str) -> Option<Vec<u8>> {
        let mut plain = Vec::new();
        let mut opening = Opening::begin(sealed, passphrase).ok()?;
        opening.read_to_end(&mut plain).ok()?;
        Some(plain)
    }

    #[test]
    fn a_file_opens_whole_and_unchanged_or_not_at_all() {
        let plain: Vec<u8> = (0..2 * PIECE).map(|at| u8::try_from(at % 251).unwrap()).collect();
        for name in ["AES-256-GCM", "SM4-GCM"] {
            let suite = suite::named(name).unwrap();
            for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
                let sealed = sealed(suite, &plain[..length]);
                assert_eq!(
                    opened(&sealed, PASSPHRASE).as_deref(),
                    Some(&plain[..length]),
                    "{name} {length}"
                );
                assert_eq!(opened(&sealed, "four other words here"), None);
            }
            let sealed = sealed(suite, &plain);
            let begin = sealed.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            let piece = PIECE + TAG;
            let mut swapped = sealed.clone();
            swapped[begin..begin + 2 * piece].rotate_left(piece);
            let changed = |at: usize| {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                changed
            };
            for (what, bytes) in [
                ("another suite or salt", changed(begin - 5)),
                ("first piece", changed(begin)),
                ("last byte", changed(sealed.len() - 1)),
                ("two pieces swapped", swapped),
                (
                    "first piece gone",
                    [&sealed[..begin], &sealed[begin + piece..]].concat(),
                ),
                ("end gone", sealed[..begin + 2 * piece].to_vec()),
                ("end cut", sealed[..sealed.len() - 1].to_vec()),
                ("one byte more", [&sealed[..], &[0]].concat()),
                ("nothing", Vec::new()),
            ] {
                assert_eq!(opened(&bytes, PASSPHRASE), None, "{name}: {what}");
            }
        }
    }
}
