//! A file of personal data (个人信息文件): for the account that asked, for seven days. Each download is counted and told.

pub mod types;
pub mod service;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::privacy::personal_file::Model;
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
            Event::Downloaded(file) => ("PERSONAL_FILE_DOWNLOADED", file),
            Event::Gone(file) => ("PERSONAL_FILE_GONE", file),
        };
        Sentence::new(
            kind,
            file.id.0,
            file.place(),
            json!({"name": file.name, "downloads": file.downloads}),
        )
    }
}
