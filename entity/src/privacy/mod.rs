//! What is done with personal data as a whole: files of it, exports, and what people ask for about their own.
