//! Memberships (会籍): applying, joining, retaining, leaving.
//!
//! ```text
//! APPLIED → REJECTED
//!         → ACTIVE ⇄ RETAINED → WITHDRAWN | STRUCK_OFF | EXPELLED | DECEASED
//!                  ⇄ TRANSFERRING → TRANSFERRED (and ACTIVE elsewhere)
//! ```

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Delta, Event as Said, Sentence, net};
use crate::kernel::ledger::Qualifier;
use crate::metrics::MetricId;
use chrono::NaiveDate;
use entity::members::membership::{CameBy, Model, State};
use entity::members::membership_change::{ChangeKind, Model as Change};
use entity::org::trade_union;
use sea_orm::ActiveEnum;
use serde_json::json;

/// A membership as the figures see it.
pub struct Member {
    membership: Model,
    /// Each part of the figures that it belongs to; the first is the whole.
    parts: [String; 7],
}

impl Member {
    /// The membership in its union.
    pub fn of(membership: Model, union: &trade_union::Model) -> Member {
        let is_migrant = if membership.is_migrant_worker { "YES" } else { "NO" };
        let parts = [
            String::new(),
            format!("SEX:{}", membership.sex.to_value()),
            format!("MIGRANT:{is_migrant}"),
            format!("EMPLOYMENT:{}", membership.employment_group.to_value()),
            format!("FORM:{}", union.form.to_value()),
            format!("HOST:{}", union.host_kind.to_value()),
            format!("WORKER_GROUP:{}", union.worker_group.to_value()),
        ];
        Member { membership, parts }
    }

    /// All that it adds to the figures.
    fn deltas(&self) -> Vec<Delta> {
        let counted = self.counted();
        let deltas = counted.iter().flat_map(|(metric, day, amount)| {
            self.parts.iter().map(|part| Delta {
                metric: *metric,
                dimension: part.clone(),
                place: self.membership.place(),
                day: *day,
                amount: *amount,
                qualifier: Qualifier::Exact,
                source_id: self.membership.id.0,
                moved: self
                    .membership
                    .moved_on
                    .map(|day| (self.membership.trade_union_id.0, day)),
            })
        });
        deltas.collect()
    }

    /// Joining and leaving. Who goes to another union is enrolled there instead, and who has died is enrolled nowhere.
    fn counted(&self) -> Vec<(MetricId, NaiveDate, i64)> {
        let Model {
            state,
            came_by,
            began_on,
            left_on,
            ..
        } = self.membership;
        if matches!(state, State::Applied | State::Rejected) {
            return Vec::new();
        }
        let mut counted = vec![
            (MetricId::MEMBERS, began_on, 1),
            (MetricId::MEMBERS_NET_ADDED, began_on, 1),
            (MetricId::MEMBERS_ENROLLED, began_on, 1),
        ];
        if came_by == CameBy::Joining {
            counted.push((MetricId::MEMBERS_RECRUITED, began_on, 1));
        }
        if let Some(left_on) = left_on {
            counted.push((MetricId::MEMBERS, left_on, -1));
            counted.push((MetricId::MEMBERS_NET_ADDED, left_on, -1));
            if matches!(state, State::Transferred | State::Deceased) {
                counted.push((MetricId::MEMBERS_ENROLLED, left_on, -1));
            }
        }
        counted
    }

    /// What it adds to the figures now and did not before.
    pub fn more_than(&self, before: Option<&Member>) -> Vec<Delta> {
        let less = before.into_iter().flat_map(Member::deltas).map(|delta| Delta {
            amount: -delta.amount,
            ..delta
        });
        net(self.deltas().into_iter().chain(less))
    }
}

/// The history of memberships in words.
pub struct Event {
    /// What happened.
    pub change: Change,
    /// The membership before, if there was one.
    pub before: Option<Model>,
    /// The membership after.
    pub after: Model,
    /// Its union.
    pub union: trade_union::Model,
}

impl Event {
    /// The kind of event that a change is.
    fn kind(&self) -> &'static str {
        match self.change.kind {
            ChangeKind::Applied => "MEMBERSHIP_APPLIED_FOR",
            ChangeKind::Rejected => "APPLICATION_REJECTED",
            ChangeKind::Joined => "MEMBER_ADMITTED",
            ChangeKind::Retained => "MEMBERSHIP_RETAINED",
            ChangeKind::Reactivated => "MEMBERSHIP_REACTIVATED",
            ChangeKind::TransferSubmitted => "TRANSFER_SUBMITTED",
            ChangeKind::TransferRefused => "TRANSFER_REFUSED",
            ChangeKind::TransferredOut | ChangeKind::TransferredIn => "MEMBER_TRANSFERRED",
            ChangeKind::Withdrawn => "MEMBER_WITHDRAWN",
            ChangeKind::StruckOff => "MEMBER_STRUCK_OFF",
            ChangeKind::Expelled => "MEMBER_EXPELLED",
            ChangeKind::Died => "MEMBER_DIED",
        }
    }

    /// What it adds to the figures.
    pub fn deltas(&self) -> Vec<Delta> {
        let before = self.before.clone().map(|before| Member::of(before, &self.union));
        Member::of(self.after.clone(), &self.union).more_than(before.as_ref())
    }
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (change, after) = (&self.change, &self.after);
        let body = json!({
            "tradeUnion": after.trade_union_id, "state": after.state.to_value(), "on": change.effective_on,
            "reason": change.reason.map(|reason| reason.to_value()), "version": after.version,
        });
        Sentence::new(self.kind(), after.id.0, after.place(), body).with(self.deltas())
    }
}
