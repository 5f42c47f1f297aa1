//! A person (人员): entered, corrected, looked at, erased.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub mod plain;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use crate::people::basis::particulars;
use entity::people::{basis, person::Model};
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of a person in words. It says what was changed and never what it is.
pub enum Event {
    /// One was entered, with the first basis.
    Registered(Model, basis::Model),
    /// These were corrected.
    Corrected(Model, Vec<&'static str>),
    /// Plain values were looked at.
    Revealed {
        /// Whose.
        person: Model,
        /// Which.
        fields: Vec<&'static str>,
        /// What for.
        purpose: basis::Purpose,
        /// Why.
        reason: String,
    },
    /// What is personal was taken away, for this cause.
    Erased(Model, &'static str),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, person, body) = match self {
            Event::Registered(person, basis) => {
                let body = json!({"idType": person.id_type.to_value(), "basis": particulars(&basis)});
                ("PERSON_REGISTERED", person, body)
            }
            Event::Corrected(person, changed) => ("PERSON_CORRECTED", person, json!({"changed": changed})),
            Event::Revealed {
                person,
                fields,
                purpose,
                reason,
            } => {
                let body = json!({"fields": fields, "purpose": purpose.to_value(), "reason": reason});
                ("PERSON_REVEALED", person, body)
            }
            Event::Erased(person, cause) => ("PERSON_ERASED", person, json!({"cause": cause})),
        };
        Sentence::new(kind, person.id.0, person.place(), body)
    }
}
