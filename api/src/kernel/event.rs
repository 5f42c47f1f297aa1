//! One sentence per write: what happened, in the domain's own words. From it follow the audit entry, the deltas of
//! statistics, the change feed and the message to subscribers; no domain does any of these by hand.

use super::ledger::Qualifier;
use super::tree::Node;
use crate::metrics::MetricId;
use chrono::NaiveDate;
use entity::id::FederationId;
pub use entity::placed::Place;
use serde_json::{Value, json};
use uuid::Uuid;

impl From<&Node> for Place {
    fn from(node: &Node) -> Self {
        Place {
            federation_id: node.id,
            path: node.path.to_string(),
            county_id: node.county_id,
        }
    }
}

/// A dated fact of statistics: `amount` more of a metric at a place on a day, because of a record.
#[derive(Clone, Debug)]
pub struct Delta {
    /// What is counted.
    pub metric: MetricId,
    /// Empty for the whole, `AXIS:VALUE` for a part.
    pub dimension: String,
    /// Where.
    pub place: Place,
    /// When.
    pub day: NaiveDate,
    /// How many, or fen.
    pub amount: i64,
    /// How exact.
    pub qualifier: Qualifier,
    /// The record it comes from.
    pub source_id: Uuid,
    /// Whose moves it follows and the last of them; none if it never was elsewhere.
    pub moved: Option<(Uuid, NaiveDate)>,
}

/// What is counted at one place is counted at another from a day on.
#[derive(Clone, Debug)]
pub struct Carry {
    /// These records only; none for a federation with all below it.
    pub sources: Option<Vec<Uuid>>,
    /// The grassroots union whose followers come along ([`crate::tables::FOLLOWERS`]); none if it is none that moves.
    pub followed: Option<Uuid>,
    /// The old place.
    pub from: Place,
    /// The new place.
    pub to: Place,
    /// The first day at the new place.
    pub day: NaiveDate,
}

/// What an event says.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// What kind of thing happened, for example `ENTERPRISE_REGISTERED`.
    pub kind: &'static str,
    /// The record it happened to.
    pub subject_id: Uuid,
    /// Where.
    pub place: Place,
    /// The particulars, without personal data.
    pub body: Value,
    /// What it adds to the figures.
    pub deltas: Vec<Delta>,
    /// What it takes from one place to another.
    pub carry: Option<Box<Carry>>,
}

impl Sentence {
    /// One that adds nothing to the figures.
    pub fn new(kind: &'static str, subject_id: Uuid, place: Place, body: Value) -> Sentence {
        Sentence {
            kind,
            subject_id,
            place,
            body,
            deltas: Vec::new(),
            carry: None,
        }
    }

    /// The same, and what it adds to the figures.
    pub fn with(self, deltas: Vec<Delta>) -> Sentence {
        Sentence { deltas, ..self }
    }

    /// The same, and what it takes from one place to another.
    pub fn carrying(self, carry: Carry) -> Sentence {
        Sentence {
            carry: Some(Box::new(carry)),
            ..self
        }
    }
}

/// What a change was, for the particulars of an event: `before` and `after`, each with what differs and nothing else.
/// What is personal is not in it.
pub fn change(before: &[(&str, Value)], after: &[(&str, Value)]) -> Value {
    let differs = |(name, value): &&(&str, Value), other: &[(&str, Value)]| {
        !other
            .iter()
            .any(|(named, valued)| named == name && valued == value)
    };
    let only = |of: &[(&str, Value)], other: &[(&str, Value)]| -> Value {
        let kept = of.iter().filter(|pair| differs(pair, other));
        Value::Object(
            kept.map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    };
    json!({"before": only(before, after), "after": only(after, before)})
}

/// Adds up deltas of the same metric, dimension, place, day and record; what cancels out falls away.
pub fn net(deltas: impl IntoIterator<Item = Delta>) -> Vec<Delta> {
    fn key(delta: &Delta) -> (MetricId, &str, Qualifier, FederationId, NaiveDate, Uuid) {
        let Delta {
            metric,
            dimension,
            qualifier,
            place,
            day,
            source_id,
            ..
        } = delta;
        (
            *metric,
            dimension,
            *qualifier,
            place.federation_id,
            *day,
            *source_id,
        )
    }
    let mut net: Vec<Delta> = Vec::new();
    for delta in deltas {
        match net.iter_mut().find(|other| key(other) == key(&delta)) {
            Some(other) => other.amount += delta.amount,
            None => net.push(delta),
        }
    }
    net.retain(|delta| delta.amount != 0);
    net
}

/// A domain's history in words.
pub trait Event {
    /// What it says.
    fn sentence(self) -> Sentence;
}
