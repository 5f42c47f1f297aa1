//! Retention (保存期限): once nothing allows keeping a person's data any more it is erased, and files whose time is
//! over are emptied. The service does it by itself, one at a time.

pub mod jobs;
