//! Files of personal data as clients see them.

use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::DateTime;
use async_graphql::Object;
use entity::id::PersonalFileId;
use entity::privacy::personal_file::{Entity, Model};

/// A row of `personal_file`, as clients see it.
pub struct PersonalFile(pub Model);

/// A file of personal data (个人信息文件), for whoever asked for it.
#[Object]
impl PersonalFile {
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

/// A file that is still there; none otherwise.
pub async fn file(op: &Op, id: Option<PersonalFileId>) -> Option<Result<PersonalFile, Error>> {
    let found = op.find::<Entity>(id?.0).await.transpose()?;
    let is_there = |file: &Model| op.now() < file.expires_at;
    match found {
        Ok(file) => is_there(&file).then_some(Ok(PersonalFile(file))),
        Err(error) => Some(Err(error)),
    }
}
