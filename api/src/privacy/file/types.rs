//! Files that go out as clients see them.

use super::store::Files;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::DateTime;
use async_graphql::Object;
use entity::id::SealedFileId;
use entity::privacy::sealed_file::Model;

/// A row of `sealed_file`, as clients see it.
pub struct SealedFile(pub Model);

/// A file (导出文件) for whoever asked for it, sealed until it is fetched.
#[Object]
impl SealedFile {
    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Path to fetch it from, with the token of the account that asked; for others there is nothing.
    async fn path(&self) -> String {
        format!("/files/{}", self.0.id.gid().as_str())
    }

    /// How often it was fetched; each time is written down.
    async fn downloads(&self) -> i32 {
        self.0.downloads
    }

    /// Instant at which it is gone: seven days after it was begun.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }
}

/// The file of what the caller was proved to reach, if it is still there.
pub async fn file(op: &Op, id: Option<SealedFileId>) -> Option<Result<SealedFile, Error>> {
    let found = op.load::<Files>(id?).await.transpose()?;
    let is_there = |file: &Model| op.now() < file.expires_at;
    match found {
        Ok(file) => is_there(&file).then_some(Ok(SealedFile(file))),
        Err(error) => Some(Err(error)),
    }
}
