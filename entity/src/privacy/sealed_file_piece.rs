//! A piece of a file that goes out, sealed.

use crate::id::{SealedFileId, SealedFilePieceId};
use crate::sealed::Sealed;
use sea_orm::entity::prelude::*;

/// A row of `sealed_file_piece`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sealed_file_piece")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SealedFilePieceId,
    /// Of which file.
    pub file_id: SealedFileId,
    /// Order within the file, from 0.
    pub position: i32,
    /// Its text.
    pub content: Sealed,
}

impl ActiveModelBehavior for ActiveModel {}
