//! People (人员): name, number of an identity document and phone, of whom the federation holds data, and why it may.
//!
//! - What is personal is sealed in the database and found by blind index only (PIPL 个人信息保护法 第五十一条).
//! - Shown is a mask (王*明, `1101**********002X`, `138****0000`). The plain values come out by `revealPerson`: for a
//!   purpose that a basis covers, with a reason, at most so many times a day, each time written down.
//! - A document is registered once in the country. Who registers a number that another union holds hears CONFLICT and
//!   nothing of where: the one thing that cannot be hidden, so it is limited to a few attempts.
//! - Each use has a purpose (处理目的) and a basis (合法性基础) from one day to another. Once no basis is in force and the
//!   longest retention has passed, what is personal is erased; the row stays as a tombstone (墓碑) for the trail.
//! - Nothing personal stands in events, logs, errors or figures.

pub mod id_number;
pub mod person;
pub mod basis;
