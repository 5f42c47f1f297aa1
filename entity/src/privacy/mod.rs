//! What leaves in files, exports of personal data, and what people ask for about their own.
pub mod sealed_file;
pub mod sealed_file_piece;
pub mod export;
pub mod subject_request;
