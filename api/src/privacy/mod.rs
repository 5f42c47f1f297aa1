//! Personal data as a whole (个人信息保护): what leaves in bulk, what people ask for about their own, how long it stays, by
//! which key it is sealed.
//!
//! - Nobody exports alone: one account asks, another one with the right to approve allows it; at most so many rows, each
//!   with a watermark; each download counted; gone after seven days (PIPL 第五十一条; the limits lie well below those of
//!   法释〔2017〕10号 第五条).
//! - A person may have a copy, a correction, or the data deleted (PIPL 第四十四条至第五十条), answered within a set time. What a
//!   statutory duty asks to be kept is not deleted (第四十七条第二款).
//! - What nothing allows keeping any more is erased by itself (第十九条, 第四十七条第一款).
//! - Files are sealed pieces in the database, not in the file store: a piece is written with the event
//!   that tells of it, sealed anew with everything else, and gone with its row.

pub mod file;
pub mod export;
pub mod request;
pub mod retention;
pub mod sealing;
