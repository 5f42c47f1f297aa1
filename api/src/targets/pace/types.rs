//! Pace rules as clients see them.

use super::rules::{POINTS_MAX, Point};
use super::store::RulesOf;
use crate::figures::types::Metric;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::metrics::MetricId;
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::scalars::{Date, DateTime, Decimal, MetricCode};
use crate::targets::progress::rules::percent;
use async_graphql::{Context, ID, InputObject, Object};
use entity::targets::pace_rule;

/// The rules that a federation set for a year.
pub async fn pace_rules_of(
    context: &Context<'_>,
    at: &Federation,
    year: i32,
) -> Result<Vec<PaceRule>, Error> {
    let op = Op::of(context);
    op.authorize(Action::ReadTargets, at.0.id, "id")?;
    let rules = op.load::<RulesOf>((at.0.id, year)).await?;
    rules.into_iter().map(PaceRule::read).collect()
}

/// A row of `pace_rule`, read.
pub struct PaceRule {
    row: pace_rule::Model,
    /// What it says.
    pub points: Vec<Point>,
}

impl PaceRule {
    /// Reads a row.
    pub fn read(row: pace_rule::Model) -> Result<PaceRule, Error> {
        let points = serde_json::from_str(&row.points)?;
        Ok(PaceRule { row, points })
    }
}

/// How much of the targets of a year is due by which day (进度要求), set by a federation for all below it.
#[Object]
impl PaceRule {
    /// Who set it.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.row.federation_id)
    }

    /// The calendar year.
    async fn year(&self) -> i32 {
        self.row.year
    }

    /// Whose targets; null for all metrics that have no rule of their own.
    async fn metric(&self) -> Option<Metric> {
        MetricId::coded(&self.row.metric).map(|metric| Metric(metric.entry()))
    }

    /// What is due by when, in order of the days, at most 53; in between it grows by the day.
    async fn points(&self) -> Vec<PacePoint> {
        self.points
            .iter()
            .take(POINTS_MAX)
            .cloned()
            .map(PacePoint)
            .collect()
    }

    /// Counts changes; `setPaceRule` asks for it.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// Instant at which it was last set.
    async fn set_at(&self) -> DateTime {
        DateTime(self.row.set_at)
    }
}

/// A point of a pace rule.
pub struct PacePoint(Point);

/// What is due by a day (时间节点).
#[Object]
impl PacePoint {
    /// The day, at whose end it is due.
    async fn due_on(&self) -> Date {
        Date(self.0.due_on)
    }

    /// Percent of the target, with two decimals.
    async fn percent(&self) -> Decimal {
        Decimal(percent(self.0.basis_points, 10_000).unwrap_or_default())
    }
}

/// What is due by a day.
#[derive(InputObject)]
pub struct PacePointInput {
    /// The day, in the rule's year.
    pub due_on: Date,
    /// Percent of the target, from 0 to 100 with at most two decimals.
    pub percent: Decimal,
}

/// Sets the pace for all federations below one.
#[derive(InputObject)]
pub struct SetPaceRule {
    /// Who sets it.
    pub federation_id: ID,
    /// The calendar year, from 2000 to the next one.
    pub year: i32,
    /// Whose targets; left out, those of all metrics that have no rule of their own.
    pub metric: Option<MetricCode>,
    /// From 1 to 53, in order of the days, the percent never falling; the last is 31 December with 100.
    pub points: Vec<PacePointInput>,
    /// The version that the caller saw; 0 if there was none.
    pub expected_version: i32,
}

crate::payload! {
    /// What `setPaceRule` did.
    SetPaceRulePayload { pace_rule: PaceRule }
}
