//! A person (人员): entered, corrected, looked at, erased.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub mod plain;
pub(crate) mod store;

use crate::kernel::event::{Delta, Event as Said, Place, Sentence};
use crate::members::membership::Member;
use crate::people::basis::particulars;
use entity::members::membership;
use entity::org::trade_union;
use entity::people::{basis, person::Model};
use sea_orm::ActiveEnum;
use serde_json::json;
use uuid::Uuid;

/// A membership that counts otherwise by a correction: before, after, and its union.
pub type Recounted = (membership::Model, membership::Model, trade_union::Model);

/// What a correction changed.
pub struct Corrected {
    /// The person as it is now.
    pub person: Model,
    /// What, by name.
    pub changed: Vec<&'static str>,
    /// The memberships that count otherwise by it.
    pub recounted: Vec<Recounted>,
}

impl Corrected {
    /// What was wrong was so from the beginning: the figures say what is right from then on.
    pub fn deltas(self) -> Vec<Delta> {
        let counted = self.recounted.into_iter().flat_map(|(before, after, union)| {
            let before = Member::of(before, &union);
            Member::of(after, &union).more_than(Some(&before))
        });
        counted.collect()
    }
}

/// The history of a person in words. It says what was changed and never what it is.
pub enum Event {
    /// Somebody was looked for at a place by these.
    LookedFor(Place, Vec<&'static str>),
    /// One was entered, with the first basis.
    Registered(Model, basis::Model),
    /// These were corrected.
    Corrected(Corrected),
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
            Event::Corrected(corrected) => {
                let (person, body) = (corrected.person.clone(), json!({"changed": corrected.changed}));
                let (id, place) = (person.id.0, person.place());
                return Sentence::new("PERSON_CORRECTED", id, place, body).with(corrected.deltas());
            }
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
