//! A person (人员): entered, corrected, looked at, erased.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub mod plain;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use crate::people::basis::particulars;
use entity::people::{basis, person::Model};
use sea_orm::ActiveEnum;
use serde_json::json;
use uuid::Uuid;

/// The history of a person in words. It says what was changed and never what it is.
pub enum Event {
    /// Somebody was looked for at a place by these.
    LookedFor(Place, Vec<&'static str>),
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
    /// What is personal was taken away.
    Erased {
        /// Whose.
        person: Model,
        /// The bases that ended with it.
        ended: Vec<basis::Model>,
        /// Why.
        cause: &'static str,
        /// The request that asked for it, if one did.
        request: Option<Uuid>,
    },
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, person, body) = match self {
            Event::LookedFor(place, by) => {
                let at = place.federation_id.0;
                return Sentence::new("PERSON_LOOKED_FOR", at, place, json!({"by": by}));
            }
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
            Event::Erased {
                person,
                ended,
                cause,
                request,
            } => {
                let ended: Vec<_> = ended.iter().map(particulars).collect();
                let body = json!({"cause": cause, "request": request, "bases": ended});
                ("PERSON_ERASED", person, body)
            }
        };
        Sentence::new(kind, person.id.0, person.place(), body)
    }
}
