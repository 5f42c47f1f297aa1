//! What a federation reports for a period (统计报表): DRAFT → SUBMITTED → ACCEPTED or SENT_BACK by the superior → LOCKED.
//!
//! It counts from the day of acceptance on as of its closing day, and never before it is accepted. Nobody accepts what
//! they submitted; the topmost federation accepts its own. A correction of what was accepted goes to the superior again;
//! until it is accepted the old lines are in force, and afterwards they still stand beside the new ones.
//!
//! Each federation reports what no federation below it reports: figures add up. What happened is reported once for a day.
//! A stock is what was reported last; a return without a line for it leaves it as it was.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Delta, Event as Said, Sentence};
use entity::returns::statistical_return::Model;
use sea_orm::ActiveEnum;
use serde_json::{Value, json};

/// What happened with a return.
pub enum Happened {
    /// It was begun.
    Drafted,
    /// Its lines were written anew.
    Revised,
    /// It went to the superior.
    Submitted,
    /// It counts: these lines, and what they add to the figures.
    Accepted(Vec<Value>, Vec<Delta>),
    /// The superior wants something else.
    SentBack,
    /// Other lines went to the superior.
    Corrected,
    /// Nobody corrects it any more.
    Locked,
    /// It may be corrected again.
    Unlocked,
}

/// The history of returns in words.
pub struct Event {
    /// Which, as it is afterwards.
    pub report: Model,
    /// What happened.
    pub happened: Happened,
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let report = self.report;
        let mut body = json!({
            "from": report.opens_on, "to": report.closes_on, "state": report.state.to_value(), "version": report.version,
            "reason": report.reason,
        });
        let (kind, deltas) = match self.happened {
            Happened::Drafted => ("RETURN_DRAFTED", Vec::new()),
            Happened::Revised => ("RETURN_REVISED", Vec::new()),
            Happened::Submitted => ("RETURN_SUBMITTED", Vec::new()),
            Happened::SentBack => ("RETURN_SENT_BACK", Vec::new()),
            Happened::Corrected => ("RETURN_CORRECTED", Vec::new()),
            Happened::Locked => ("RETURN_LOCKED", Vec::new()),
            Happened::Unlocked => ("RETURN_UNLOCKED", Vec::new()),
            Happened::Accepted(lines, deltas) => {
                if let Some(body) = body.as_object_mut() {
                    body.insert("lines".to_owned(), Value::Array(lines));
                }
                ("RETURN_ACCEPTED", deltas)
            }
        };
        Sentence::new(kind, report.id.0, report.place(), body).with(deltas)
    }
}
