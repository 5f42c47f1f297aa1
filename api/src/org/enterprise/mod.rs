//! Enterprises (企业, 用人单位): the employers of a place, known by their unified social credit code.
//!
//! An enterprise counts in the figures from the day it is registered until it is deregistered (注销); who covers it does
//! so no longer than that.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;
pub mod import;

use crate::kernel::event::{Delta, Event as Said, Sentence, change, net};
use crate::kernel::ledger::Qualifier;
use crate::metrics::MetricId;
use crate::org::trade_union::covered;
use chrono::NaiveDate;
use entity::id::EnterpriseId;
use entity::org::coverage;
use entity::org::enterprise::{EnterpriseStatus, Model};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

/// The history of enterprises in words.
pub enum Event {
    /// One was entered.
    Registered(Model),
    /// One was changed.
    Updated {
        /// As it was.
        before: Box<Model>,
        /// As it is.
        after: Box<Model>,
        /// The day from which the figures show it.
        day: NaiveDate,
        /// The coverage that ends with it on that day.
        ended: Option<coverage::Model>,
    },
}

/// What an enterprise adds to the figures, `sign` times.
pub fn deltas(enterprise: &Model, day: NaiveDate, sign: i64) -> Vec<Delta> {
    if enterprise.status == EnterpriseStatus::Deregistered {
        return Vec::new();
    }
    let EnterpriseId(source_id) = enterprise.id;
    let part = format!("OWNERSHIP:{}", enterprise.ownership.to_value());
    let mut deltas = Vec::with_capacity(4);
    for (metric, amount) in [
        (MetricId::ENTERPRISES, 1),
        (MetricId::EMPLOYEES, i64::from(enterprise.employees)),
    ] {
        for dimension in [String::new(), part.clone()] {
            let amount = sign * amount;
            deltas.push(Delta {
                metric,
                dimension,
                place: enterprise.place(),
                day,
                amount,
                qualifier: Qualifier::Exact,
                source_id,
                moved: enterprise.moved_on.map(|day| (source_id, day)),
            });
        }
    }
    deltas
}

/// What the audit trail tells of an enterprise that changed.
fn particulars(enterprise: &Model) -> [(&'static str, Value); 6] {
    [
        ("name", json!(enterprise.name)),
        ("ownership", json!(enterprise.ownership.to_value())),
        ("industry", json!(enterprise.industry)),
        ("employees", json!(enterprise.employees)),
        ("status", json!(enterprise.status.to_value())),
        (
            "locationE6",
            json!([enterprise.latitude_e6, enterprise.longitude_e6]),
        ),
    ]
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        match self {
            Event::Registered(enterprise) => {
                let body = json!({"uscc": enterprise.uscc});
                let deltas = deltas(&enterprise, enterprise.registered_on, 1);
                Sentence::new("ENTERPRISE_REGISTERED", enterprise.id.0, enterprise.place(), body).with(deltas)
            }
            Event::Updated {
                before,
                after,
                day,
                ended,
            } => {
                let mut body = change(&particulars(&before), &particulars(&after));
                if let (Some(body), Some(ended)) = (body.as_object_mut(), &ended) {
                    body.insert("coverageEnded".to_owned(), json!(ended.id));
                }
                let own = deltas(&before, day, -1).into_iter().chain(deltas(&after, day, 1));
                let ended = ended.iter().map(|coverage| covered(coverage, day, -1));
                let deltas = net(own.chain(ended));
                Sentence::new("ENTERPRISE_UPDATED", after.id.0, after.place(), body).with(deltas)
            }
        }
    }
}
