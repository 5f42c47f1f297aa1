//! Bytes that came in and go out: objects in a folder, or in a bucket that speaks S3.
//!
//! An object is written once, as a whole, under an id of its own, and never changed: who wants other bytes writes another
//! one. So nothing is ever renamed, appended to or listed, and a folder and a bucket behave alike. Which objects make a
//! file, and which are left over, the database says.

use super::error::Error;
use anyhow::Context;
use futures_util::stream::{BoxStream, StreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;
use uuid::Uuid;

/// The most that an object may hold. On a bucket so much of an object is in memory until it is whole.
pub const OBJECT_BYTES_MAX: usize = 4 << 20;
/// What is in memory of an object that goes into a folder.
const BLOCK: usize = 128 << 10;

/// Where the objects are.
#[derive(Clone, Debug)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// None for a bucket.
    folder: Option<PathBuf>,
}

fn unavailable(error: impl std::fmt::Display) -> Error {
    tracing::error!(%error, "the file store does not do its work");
    Error::Unavailable
}

fn name(id: Uuid) -> object_store::path::Path {
    object_store::path::Path::from(id.to_string())
}

impl Files {
    /// Uses what a setting names: `s3://BUCKET/PREFIX` (how to reach it is in the usual `AWS_…` variables), or a folder.
    pub fn at(place: &str) -> Result<Files, Error> {
        let Some(bucket) = place.strip_prefix("s3://") else {
            return Files::open(Path::new(place));
        };
        let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        let store = AmazonS3Builder::from_env().with_bucket_name(bucket).build();
        let store = store.with_context(|| format!("GONGHUI_FILES: {place} cannot be used"))?;
        Ok(Files::on(Arc::new(PrefixStore::new(store, prefix))))
    }

    /// Uses a folder, making it if it is missing.
    pub fn open(folder: &Path) -> Result<Files, Error> {
        std::fs::create_dir_all(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(anyhow::Error::from)?;
        Ok(Files {
            store: Arc::new(store.with_fsync(true)),
            folder: Some(folder.to_owned()),
        })
    }

    /// Uses any store in which an object appears as a whole or not at all.
    pub fn on(store: Arc<dyn ObjectStore>) -> Files {
        Files { store, folder: None }
    }

    /// Begins to write an object.
    pub fn write(&self, id: Uuid) -> Writing {
        let capacity = match self.folder {
            Some(_) => BLOCK,
            None => OBJECT_BYTES_MAX + 1,
        };
        let out = BufWriter::with_capacity(Arc::clone(&self.store), name(id), capacity);
        Writing {
            out: out.with_max_concurrency(1),
            size: 0,
        }
    }

    /// Some objects, one behind the other, with the size of each.
    pub fn stored(&self, objects: Vec<(Uuid, u64)>) -> Stored {
        Stored {
            store: Arc::clone(&self.store),
            objects: objects.into(),
        }
    }

    /// The ids of all objects, for a backup.
    pub fn all(&self) -> BoxStream<'_, Result<Uuid, Error>> {
        let ids = self.store.list(None).filter_map(async |found| match found {
            Ok(object) => object.location.as_ref().parse().ok().map(Ok),
            Err(error) => Some(Err(unavailable(error))),
        });
        ids.boxed()
    }

    /// The bytes of an object; none if there is no such one.
    pub async fn read(&self, id: Uuid) -> Result<Option<Vec<u8>>, Error> {
        let found = match self.store.get(&name(id)).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        match found {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Removes an object, or what there is of it; one that is not there needs nothing.
    pub async fn remove(&self, id: Uuid) -> Result<(), Error> {
        if let Some(folder) = &self.folder {
            // What a process left that died while it wrote: the store's own name for an object that is not whole.
            let _ = tokio::fs::remove_file(folder.join(format!("{id}#1"))).await;
        }
        match self.store.delete(&name(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }
}

/// An object that is being written; dropped before its end it never was.
pub struct Writing {
    out: BufWriter,
    size: usize,
}

impl Writing {
    /// Bytes written so far.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes some bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.size += bytes.len();
        self.out.write_all(bytes).await.map_err(unavailable)
    }

    /// Makes the object whole; when this returns it will survive.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.out.shutdown().await.map_err(unavailable)
    }
}

/// Bytes that are here, to be read as often as one likes.
#[derive(Clone, Debug)]
pub struct Stored {
    store: Arc<dyn ObjectStore>,
    objects: Arc<[(Uuid, u64)]>,
}

impl Stored {
    /// A reader that blocks, from a byte on; for threads of [`off_thread`] only.
    pub fn open(&self, from: u64) -> std::io::Result<Reading> {
        let mut reading = Reading {
            handle: Handle::try_current().map_err(std::io::Error::other)?,
            stored: self.clone(),
            next: 0,
            object: None,
        };
        let mut from = from;
        for (_, size) in self.objects.iter() {
            if from < *size {
                break;
            }
            from -= size;
            reading.next += 1;
        }
        std::io::copy(&mut (&mut reading).take(from), &mut std::io::sink())?;
        Ok(reading)
    }
}

/// Does blocking work on a thread where it may block.
pub async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(anyhow::Error::from)?
}

/// Objects read one after the other.
pub struct Reading {
    handle: Handle,
    stored: Stored,
    next: usize,
    object: Option<Box<dyn Read + Send + Sync>>,
}

/// A store that does not answer is no fault of the file: see `From<std::io::Error>` of the service's error.
fn told(error: object_store::Error) -> std::io::Error {
    let kind = match &error {
        object_store::Error::NotFound { .. } => ErrorKind::NotFound,
        _ => ErrorKind::NotConnected,
    };
    std::io::Error::new(kind, error)
}

impl Reading {
    fn open_next(&mut self) -> std::io::Result<bool> {
        let Some((id, _)) = self.stored.objects.get(self.next) else {
            return Ok(false);
        };
        self.next += 1;
        let object = self
            .handle
            .block_on(self.stored.store.get(&name(*id)))
            .map_err(told)?;
        self.object = Some(match object.payload {
            GetResultPayload::File(file, _) => Box::new(file),
            GetResultPayload::Stream(stream) => Box::new(Streamed {
                handle: self.handle.clone(),
                stream: Mutex::new(
                    stream
                        .map(|chunk| chunk.map(|bytes| bytes.to_vec()).map_err(told))
                        .boxed(),
                ),
                chunk: std::io::Cursor::default(),
            }),
        });
        Ok(true)
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match &mut self.object {
                Some(object) => match object.read(buffer)? {
                    0 if !buffer.is_empty() => self.object = None,
                    read => return Ok(read),
                },
                None => {
                    if !self.open_next()? {
                        return Ok(0);
                    }
                }
            }
        }
    }
}

/// An object that comes over the network.
struct Streamed {
    handle: Handle,
    /// Only to be shared between threads: it is never locked.
    stream: Mutex<BoxStream<'static, std::io::Result<Vec<u8>>>>,
    chunk: std::io::Cursor<Vec<u8>>,
}

impl Read for Streamed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            let stream = self.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
            match self.handle.block_on(stream.next()) {
                Some(chunk) => self.chunk = std::io::Cursor::new(chunk?),
                None => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use object_store::memory::InMemory;

    /// Bytes in a folder, an object each.
    pub(in super::super) async fn stored(objects: &[&[u8]]) -> (tempfile::TempDir, Stored) {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::open(folder.path())
            .map_err(|error| error.report())
            .unwrap();
        let stored = write(&files, objects).await;
        (folder, stored)
    }

    async fn write(files: &Files, objects: &[&[u8]]) -> Stored {
        let mut ids = Vec::new();
        for (number, bytes) in (1..).zip(objects) {
            let id = Uuid::from_u128(number);
            let mut writing = files.write(id);
            for chunk in bytes.chunks(50_000) {
                writing
                    .write(chunk)
                    .await
                    .map_err(|error| error.report())
                    .unwrap();
            }
            ids.push((id, u64::try_from(writing.size()).unwrap()));
            writing.finish().await.map_err(|error| error.report()).unwrap();
        }
        files.stored(ids)
    }

    async fn read(file: &Stored, from: u64) -> Result<Vec<u8>, ErrorKind> {
        let file = file.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            file.open(from)?.read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        read.await.unwrap().map_err(|error: std::io::Error| error.kind())
    }

    #[tokio::test]
    async fn objects_are_read_as_one_file_from_any_byte() {
        let folder = tempfile::tempdir().unwrap();
        let large = b"0123456789".repeat(40_000);
        let objects = [&b"abc"[..], b"", &large, b"z"];
        let whole = objects.concat();
        for files in [
            Files::open(folder.path()).unwrap_or_else(|_| panic!()),
            Files::on(Arc::new(InMemory::new())),
        ] {
            let file = write(&files, &objects).await;
            for from in [0, 1, 3, 4, 200_000, 400_003, 400_004] {
                assert!(
                    read(&file, from).await.unwrap() == whole[usize::try_from(from).unwrap()..],
                    "{from}"
                );
            }
        }
    }

    #[tokio::test]
    async fn an_object_is_there_as_a_whole_or_not_at_all() {
        let (folder, file) = stored(&[b"abc"]).await;
        let files = Files::open(folder.path()).unwrap_or_else(|_| panic!());
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let half = Uuid::from_u128(9);
        let mut writing = files.write(half);
        writing
            .write(&vec![b'x'; 1 << 20])
            .await
            .unwrap_or_else(|_| panic!());

        assert_eq!(
            read(&files.stored(vec![(half, 1 << 20)]), 0).await,
            Err(ErrorKind::NotFound)
        );
        // A process that dies leaves what it had.
        std::mem::forget(writing);
        assert_eq!(names(), 2);
        for id in [half, Uuid::from_u128(1), Uuid::from_u128(7)] {
            files.remove(id).await.unwrap_or_else(|_| panic!());
        }
        assert_eq!(names(), 0);
        assert_eq!(read(&file, 0).await, Err(ErrorKind::NotFound));
    }
}
