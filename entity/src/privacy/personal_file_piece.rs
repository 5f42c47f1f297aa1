//! A piece of a file of personal data, sealed.

use crate::id::{PersonalFileId, PersonalFilePieceId};
use crate::sealed::Sealed;
use sea_orm::entity::prelude::*;

/// A row of `personal_file_piece`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "personal_file_piece")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PersonalFilePieceId,
    /// Of which file.
    pub file_id: PersonalFileId,
    /// Order within the file, from 0.
    pub position: i32,
    /// Its text.
    pub content: Sealed,
}

impl ActiveModelBehavior for ActiveModel {}
