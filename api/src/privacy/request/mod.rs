//! What a person asks for about their own data (个人信息权利请求, PIPL 第四十四条至第五十条): a copy (查阅、复制), a correction (更正),
//! deletion (删除). RECEIVED → FULFILLED or REFUSED, by the last day for it (应答期限).
//!
//! Nobody answers what they entered: to give out a copy, or to erase, takes two. A copy counts as a look at plain values of
//! whoever gets it, and is gone when the person is erased.
//!
//! Data that a statutory duty asks to be kept is not deleted (第四十七条第二款): such a request can only be refused with
//! that reason. The subject of every event here is the person.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use crate::people::person::Corrected;
use entity::privacy::subject_request::Model;
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

/// The history of requests in words.
pub enum Event {
    /// One was entered.
    Filed(Model),
    /// One was done.
    Fulfilled(Model),
    /// What was wrong was corrected.
    Corrected(Model, Box<Corrected>),
    /// One was refused.
    Refused(Model),
}

/// What is told of a request.
pub(crate) fn particulars(request: &Model) -> Value {
    json!({
        "request": request.id.0, "kind": request.kind.to_value(), "state": request.state.to_value(),
        "receivedOn": request.received_on, "dueOn": request.due_on,
        "refusal": request.refusal.map(|refusal| refusal.to_value()),
    })
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, request, corrected) = match self {
            Event::Filed(request) => ("SUBJECT_REQUEST_FILED", request, None),
            Event::Fulfilled(request) => ("SUBJECT_REQUEST_FULFILLED", request, None),
            Event::Corrected(request, corrected) => ("SUBJECT_REQUEST_FULFILLED", request, Some(corrected)),
            Event::Refused(request) => ("SUBJECT_REQUEST_REFUSED", request, None),
        };
        let mut body = particulars(&request);
        if let (Some(body), Some(corrected)) = (body.as_object_mut(), &corrected) {
            body.insert("changed".to_owned(), json!(corrected.changed));
        }
        let deltas = corrected.map(|corrected| corrected.deltas()).unwrap_or_default();
        Sentence::new(kind, request.person_id.0, request.place(), body).with(deltas)
    }
}
