//! Grants (授权): a role on a node of the tree, for a time. A security administrator of the place or above gives them,
//! never to themselves; administrators' roles come only from above. A leader or cadre may take their role at the superior
//! for a few hours, with a reason ("break the glass"): an elevation (临时提权).

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Place, Sentence};
use chrono::NaiveDate;
use entity::accounts::grant::Model;
use serde_json::{Value, json};

/// The history of grants in words.
pub enum Event {
    /// A role was given; where.
    Given(Model, Place),
    /// A grant was given another end; where, the end before, why.
    Ended(Model, Place, Option<NaiveDate>, String),
    /// Somebody took their role at the superior; where.
    Elevated(Model, Place),
    /// An elevation was ended before its time; where, and why if somebody said.
    ElevationEnded(Model, Place, String),
}

/// A grant in the words of the trail.
fn told(grant: &Model) -> Value {
    json!({
        "grant": grant.id, "role": grant.role, "federation": grant.federation_id, "from": grant.valid_from,
        "to": grant.valid_to, "until": grant.until,
    })
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, grant, place, body) = match self {
            Event::Given(grant, place) => {
                let body = json!({"reason": grant.reason, "after": told(&grant)});
                ("ROLE_GRANTED", grant, place, body)
            }
            Event::Ended(grant, place, before, reason) => {
                let body = json!({"reason": reason, "before": {"to": before}, "after": told(&grant)});
                ("GRANT_ENDED", grant, place, body)
            }
            Event::Elevated(grant, place) => {
                let body = json!({"reason": grant.reason, "after": told(&grant)});
                ("ELEVATED", grant, place, body)
            }
            Event::ElevationEnded(grant, place, reason) => {
                let body = json!({"reason": reason, "before": told(&grant)});
                ("ELEVATION_ENDED", grant, place, body)
            }
        };
        Sentence::new(kind, grant.account_id.0, place, body)
    }
}
