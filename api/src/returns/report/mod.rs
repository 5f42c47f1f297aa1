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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It was begun.
    Drafted,
    /// Its lines were written anew.
    Revised,
    /// It is no more.
    Discarded,
    /// It went to the superior.
    Submitted,
    /// The federation took it back before the superior decided.
    Recalled,
    /// It counts.
    Accepted,
    /// The superior wants something else.
    SentBack,
    /// Other lines went to the superior.
    Corrected,
    /// Nobody corrects it any more.
    Locked,
    /// It may be corrected again.
    Unlocked,
}

impl Happened {
    fn kind(self) -> &'static str {
        match self {
            Happened::Drafted => "RETURN_DRAFTED",
            Happened::Revised => "RETURN_REVISED",
            Happened::Discarded => "RETURN_DISCARDED",
            Happened::Submitted => "RETURN_SUBMITTED",
            Happened::Recalled => "RETURN_RECALLED",
            Happened::Accepted => "RETURN_ACCEPTED",
            Happened::SentBack => "RETURN_SENT_BACK",
            Happened::Corrected => "RETURN_CORRECTED",
            Happened::Locked => "RETURN_LOCKED",
            Happened::Unlocked => "RETURN_UNLOCKED",
        }
    }
}

/// The history of returns in words.
pub struct Event {
    /// Which, as it is afterwards.
    pub report: Model,
    /// What happened.
    pub happened: Happened,
    /// The lines that went to the superior, came into force or are no more; none where it is about the return as such.
    pub lines: Vec<Value>,
    /// What they add to the figures.
    pub deltas: Vec<Delta>,
}

impl Event {
    /// One that is about the return as such.
    pub fn of(report: Model, happened: Happened) -> Event {
        Event {
            report,
            happened,
            lines: Vec::new(),
            deltas: Vec::new(),
        }
    }
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let report = self.report;
        let mut body = json!({
            "from": report.opens_on, "to": report.closes_on, "state": report.state.to_value(), "version": report.version,
            "reason": report.reason,
        });
        if let (Some(body), false) = (body.as_object_mut(), self.lines.is_empty()) {
            body.insert("lines".to_owned(), Value::Array(self.lines));
        }
        Sentence::new(self.happened.kind(), report.id.0, report.place(), body).with(self.deltas)
    }
}
