//! Goals of a federation's own office (机关内部目标管理): who of the staff is to get what done by when in a year.
//!
//! - A goal is set, signed for (责任状), then reviewed; each once, and nothing of it changes otherwise. Before it is signed it
//!   may be withdrawn: then it is gone, and the trail tells why.
//! - Who it is for has their home at the federation. They always see it, and may sign it themself; somebody else reviews it.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::assessments::staff_goal::Model;
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of goals in words.
pub enum Event {
    /// One was set.
    Set(Model),
    /// Its responsibility letter was signed.
    Signed(Model),
    /// It was reviewed.
    Reviewed(Model),
    /// It was withdrawn; why.
    Withdrawn(Model, String),
}

impl Said for Event {
    /// What is written about somebody stays in the goal: it never changes, and fewer see it than the trail.
    fn sentence(self) -> Sentence {
        let (kind, goal, reason) = match self {
            Event::Set(goal) => ("STAFF_GOAL_SET", goal, None),
            Event::Signed(goal) => ("STAFF_GOAL_SIGNED", goal, None),
            Event::Reviewed(goal) => ("STAFF_GOAL_REVIEWED", goal, None),
            Event::Withdrawn(goal, reason) => ("STAFF_GOAL_WITHDRAWN", goal, Some(reason)),
        };
        let body = json!({
            "account": goal.account_id.0, "year": goal.year, "dueOn": goal.due_on, "signedOn": goal.signed_on,
            "review": goal.review.map(|review| review.to_value()), "version": goal.version, "reason": reason,
        });
        Sentence::new(kind, goal.id.0, goal.place(), body)
    }
}
