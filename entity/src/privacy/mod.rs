//! What is done with personal data as a whole: files of it, exports, and what people ask for about their own.
pub mod personal_file;
pub mod personal_file_piece;
pub mod export;
pub mod subject_request;
