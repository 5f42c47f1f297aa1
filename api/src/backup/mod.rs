//! `gonghui backup` and `gonghui restore`: one file with all rows, all files and the keys, sealed by a passphrase.
//!
//! Inside is a `.tar.gz`: `manifest.json`, `keys.json`, `tables/NAME/NUMBER.ndjson`, `files/ID`, and `end.json`, which
//! counts them all. Rows are those of one moment; the service may be at work meanwhile. SQLite and PostgreSQL write and
//! read the same file. Sessions are not in it: a refresh token that was used or ended since would be good again.

mod envelope;

use crate::kernel::clock::SystemClock;
use crate::kernel::db::Db;
use crate::kernel::dump::{self, Filling};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::event::{Event as Said, Place, Sentence};
use crate::kernel::files::Files;
use crate::kernel::keys::{self, Keys};
use crate::kernel::op::Op;
use crate::kernel::vault::Opener;
use anyhow::{Context, anyhow};
use envelope::{Opening, Sealing};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures_util::TryStreamExt;
use migration::{Migrator, MigratorTrait as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// The shortest passphrase, in characters.
const PASSPHRASE_MIN: usize = 12;

/// What a backup begins with.
#[derive(Serialize, Deserialize)]
struct Manifest {
    /// Of this layout.
    format: u32,
    /// Version of the program that made it.
    program: String,
    /// The changes that its database had.
    migrations: Vec<String>,
}

/// What a backup ends with, and what was restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows of all tables.
    pub rows: u64,
    /// Stored objects.
    pub files: u64,
}

/// The history of backups in words, in the trail of the whole country.
pub enum Event {
    /// One was begun. It stands in the backup itself: what comes behind it is not restored.
    Begun,
    /// One was restored here.
    Restored(Counts),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, body) = match self {
            Event::Begun => ("BACKUP_BEGUN", json!({})),
            Event::Restored(Counts { rows, files }) => {
                ("BACKUP_RESTORED", json!({"rows": rows, "files": files}))
            }
        };
        Sentence::new(kind, uuid::Uuid::nil(), Place::everywhere(), body)
    }
}

/// Writes an event into the trail.
pub async fn tell(op: &Op, event: impl Fn() -> Event) -> Result<(), Error> {
    op.write(|tx| async { tx.commit(event(), ()).await }).await
}

/// Whether a passphrase may guard a backup.
pub fn check_passphrase(passphrase: &str) -> Result<(), Error> {
    if passphrase.chars().count() >= PASSPHRASE_MIN {
        return Ok(());
    }
    let text = text("At least 12 characters.", "备份口令至少 12 个字符。");
    Err(invalid("passphrase", text))
}

type Archive = tar::Builder<GzEncoder<Sealing<File>>>;

fn append(archive: &mut Archive, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let mut header = tar::Header::new_gnu();
    header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    header.set_mode(0o600);
    Ok(archive.append_data(&mut header, name, bytes)?)
}

/// Writes a backup into a new file, which is gone again if it cannot be whole.
///
/// # Errors
/// If the keys do not open what is in the database.
pub async fn write(
    db: &Db,
    files: &Files,
    keys: &Keys,
    (file, passphrase): (&Path, &str),
) -> Result<Counts, Error> {
    check_passphrase(passphrase)?;
    let out = keys::new_private_file(file).with_context(|| file.display().to_string())?;
    let suite = keys.with(|ring| ring.suite);
    let written = match Sealing::begin(out, passphrase, suite, &SystemClock) {
        Ok(sealing) => fill(db, files, keys, sealing).await,
        Err(error) => Err(error),
    };
    if written.is_err() {
        std::fs::remove_file(file)?;
    }
    written
}

async fn fill(db: &Db, files: &Files, keys: &Keys, sealing: Sealing<File>) -> Result<Counts, Error> {
    let mut archive = tar::Builder::new(GzEncoder::new(sealing, Compression::fast()));
    let applied = Migrator::get_applied_migrations(db.unhurried()).await?;
    let manifest = Manifest {
        format: 1,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        migrations: applied.iter().map(|change| change.name().to_owned()).collect(),
    };
    append(
        &mut archive,
        "manifest.json",
        &serde_json::to_vec_pretty(&manifest)?,
    )?;
    append(&mut archive, "keys.json", &keys.bytes())?;
    let mut counts = Counts::default();
    let snapshot = db.begin_snapshot().await?;
    Opener::read(&snapshot, keys).await?;
    for table in dump::tables(&snapshot).await? {
        let mut number = 0;
        counts.rows += dump::read(&snapshot, &table, |chunk| {
            number += 1;
            append(
                &mut archive,
                &format!("tables/{}/{number:06}.ndjson", table.name),
                chunk,
            )
        })
        .await?;
    }
    drop(snapshot);
    let mut ids = files.all();
    while let Some(id) = ids.try_next().await? {
        // What is removed meanwhile no row of the snapshot needs.
        if let Some(bytes) = files.read(id).await? {
            append(&mut archive, &format!("files/{id}"), &bytes)?;
            counts.files += 1;
        }
    }
    append(&mut archive, "end.json", &serde_json::to_vec_pretty(&counts)?)?;
    archive.into_inner()?.finish()?.finish()?.sync_all()?;
    Ok(counts)
}

type Source = GzDecoder<Opening<BufReader<File>>>;

fn entries(archive: &mut tar::Archive<Source>) -> Result<tar::Entries<'_, Source>, Error> {
    Ok(archive.entries().context("the file is no backup")?)
}

/// The name and the bytes of an entry.
fn entry(entry: std::io::Result<tar::Entry<'_, Source>>) -> Result<(String, Vec<u8>), Error> {
    let mut entry = entry.context("the backup is broken")?;
    let name = entry.path()?.to_string_lossy().into_owned();
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).context("the backup is broken")?;
    Ok((name, bytes))
}

/// Brings an empty database to the shape that the backup's had.
async fn shape(db: &Db, manifest: &Manifest) -> Result<(), Error> {
    let known = Migrator::migrations();
    let known: Vec<_> = known.iter().map(|change| change.name().to_owned()).collect();
    if manifest.format != 1 || known.get(..manifest.migrations.len()) != Some(&manifest.migrations[..]) {
        let program = &manifest.program;
        return Err(anyhow!(
            "the backup was made by version {program}, whose database this version does not know"
        )
        .into());
    }
    let applied = Migrator::get_applied_migrations(db.writer()).await?.len();
    let missing = manifest.migrations.len().checked_sub(applied);
    let missing = missing.ok_or_else(|| {
        anyhow!("DATABASE_URL: the database is newer than the backup; restore into a new one")
    })?;
    let missing = u32::try_from(missing).unwrap_or(u32::MAX);
    if missing > 0 {
        Migrator::up(db.writer(), Some(missing)).await?;
    }
    Ok(())
}

/// Restores a backup into an empty database and an empty file store; the key file is written where there is none. All
/// rows come, or none. What was counted.
pub async fn restore(
    db: &Db,
    files: &Files,
    key_file: &Path,
    (file, passphrase): (&Path, &str),
) -> Result<Counts, Error> {
    let source = File::open(file).with_context(|| file.display().to_string())?;
    let opening = Opening::begin(BufReader::new(source), passphrase)?;
    let mut archive = tar::Archive::new(GzDecoder::new(opening));
    let (mut counts, mut filling, mut end) = (Counts::default(), None, None);
    for next in entries(&mut archive)? {
        let (name, bytes) = entry(next)?;
        let parts: Vec<&str> = name.split('/').collect();
        match (parts.as_slice(), &filling) {
            (["manifest.json"], None) => {
                shape(db, &serde_json::from_slice(&bytes)?).await?;
                filling = Some(Filling::begin(db).await?);
            }
            (["keys.json"], Some(_)) => put_keys(key_file, &bytes)?,
            (["tables", table, _], Some(filling)) => counts.rows += filling.write(table, &bytes).await?,
            (["files", id], Some(_)) => {
                let mut writing = files.write(id.parse().context("the backup is broken")?);
                writing.write(&bytes).await?;
                writing.finish().await?;
                counts.files += 1;
            }
            (["end.json"], Some(_)) => end = Some(serde_json::from_slice::<Counts>(&bytes)?),
            _ => return Err(anyhow!("the file is no backup: {name}").into()),
        }
    }
    // What follows the last entry proves that nothing was cut off.
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).context("the backup is broken")?;
    std::io::copy(&mut rest.into_inner(), &mut std::io::sink()).context("the backup is broken")?;
    let filling = filling.filter(|_| end.as_ref() == Some(&counts));
    let filling = filling.ok_or_else(|| anyhow!("the backup is not whole: its end is missing"))?;
    filling.finish().await?;
    Migrator::up(db.writer(), None).await?;
    Ok(counts)
}

/// Writes the key file; one that is there must be the same.
fn put_keys(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if !path.exists() {
        return keys::write_private(path, bytes);
    }
    if std::fs::read(path)? == bytes {
        return Ok(());
    }
    Err(anyhow!(
        "GONGHUI_KEYS: {} holds other keys; restore beside no key file",
        path.display()
    )
    .into())
}
