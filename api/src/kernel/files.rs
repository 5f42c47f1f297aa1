//! Bytes that came in and go out, in one folder.

use super::error::Error;
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// How the name of a file ends that is still coming in.
const PARTIAL: &str = "partial";

/// The folder.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

/// A file that is still coming in; dropped before its end it leaves nothing behind.
pub struct Incoming {
    file: tokio::fs::File,
    partial: PathBuf,
    path: PathBuf,
    context: digest::Context,
    size: u64,
    is_done: bool,
}

impl Files {
    /// Uses a folder, making it if it is missing.
    pub fn open(folder: &Path) -> Result<Files, Error> {
        std::fs::create_dir_all(folder)?;
        Ok(Files {
            folder: folder.to_owned(),
        })
    }

    /// Where the bytes of a file are.
    pub fn path(&self, id: Uuid) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Begins to take a file in. `turn` tells two senders of the same file apart.
    pub async fn receive(&self, id: Uuid, turn: Uuid) -> Result<Incoming, Error> {
        let partial = self.folder.join(format!("{id}.{turn}.{PARTIAL}"));
        let file = tokio::fs::File::create(&partial).await?;
        let context = digest::Context::new(&digest::SHA256);
        Ok(Incoming {
            file,
            partial,
            path: self.path(id),
            context,
            size: 0,
            is_done: false,
        })
    }
}

impl Files {
    /// Removes what is left of files whose last byte came before an instant and whose end never did: a process that dies
    /// cannot remove them itself.
    pub async fn remove_partials(&self, before: DateTime<Utc>) -> Result<(), Error> {
        let mut entries = tokio::fs::read_dir(&self.folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != PARTIAL) {
                continue;
            }
            // One that is gone by now needs nothing.
            let Ok(data) = entry.metadata().await else {
                continue;
            };
            if DateTime::<Utc>::from(data.modified()?) < before {
                let _ = tokio::fs::remove_file(path).await;
            }
        }
        Ok(())
    }
}

impl Incoming {
    /// Bytes taken in so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes in some bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.context.update(bytes);
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(self.file.write_all(bytes).await?)
    }

    /// Brings the last byte to disk; returns the SHA-256 of all, hex.
    pub async fn finish(&mut self) -> Result<String, Error> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        Ok(super::keys::hex(self.context.clone().finish().as_ref()))
    }

    /// Keeps the file under its id, once it is known that its bytes belong there; bytes that are there already stay.
    pub async fn keep(mut self) -> Result<(), Error> {
        if !tokio::fs::try_exists(&self.path).await? {
            tokio::fs::rename(&self.partial, &self.path).await?;
            self.is_done = true;
        }
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}
