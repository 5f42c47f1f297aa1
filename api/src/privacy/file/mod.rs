//! A file that goes out (导出文件): sealed pieces, for the account that asked, for seven days. Each download is counted and
//! told. What it holds says what the account must still be allowed to read; a table ends each row with a watermark (水印):
//! the number under which it was asked for, who, and when.

pub mod types;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::privacy::sealed_file::Model;
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of files in words.
pub enum Event {
    /// It was fetched, for the n-th time.
    Downloaded(Model),
    /// Its time was over.
    Gone(Model),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, file) = match self {
            Event::Downloaded(file) => ("FILE_DOWNLOADED", file),
            Event::Gone(file) => ("FILE_GONE", file),
        };
        Sentence::new(
            kind,
            file.id.0,
            file.place(),
            json!({"holds": file.holds.to_value(), "name": file.name, "downloads": file.downloads}),
        )
    }
}
