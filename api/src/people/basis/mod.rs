//! Why something may be done with a person's data (合法性基础): a purpose (处理目的) and a basis, for a time.
//!
//! - Consent (同意, PIPL 第十三条第一款第一项) is withdrawn as easily as it is given (第十五条); another purpose needs another one
//!   (第十四条).
//! - A sensitive purpose (敏感个人信息, 第二十八条) needs separate consent (单独同意, 第二十九条) or a statutory duty (法定职责或义务,
//!   第十三条第一款第三项).
//! - Each purpose has a retention (保存期限, 第十九条): so long the data stays after the last basis ended.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::people::{basis, person};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

/// The history of bases in words.
pub enum Event {
    /// One was recorded.
    Recorded(person::Model, basis::Model),
    /// Some ended, or consent was withdrawn.
    Ended(person::Model, Vec<basis::Model>),
}

/// What the trail tells of a basis.
pub(crate) fn particulars(basis: &basis::Model) -> Value {
    json!({
        "purpose": basis.purpose.to_value(), "basis": basis.basis.to_value(), "noticeVersion": basis.notice_version,
        "from": basis.valid_from, "to": basis.valid_to,
    })
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, person, bases) = match self {
            Event::Recorded(person, basis) => ("BASIS_RECORDED", person, vec![basis]),
            Event::Ended(person, bases) => ("BASIS_ENDED", person, bases),
        };
        Sentence::new(
            kind,
            person.id.0,
            person.place(),
            json!({"bases": bases.iter().map(particulars).collect::<Vec<_>>()}),
        )
    }
}
