//! Setting pace rules.

use super::rules::{self, Point};
use super::types::SetPaceRule;
use super::{Event, store};
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::policy::Action;
use crate::targets::target::rules::{check_year, metric};
use entity::id::{FederationId, PaceRuleId};
use entity::targets::pace_rule::Model;

/// What an input says, judged: the code of the metric, empty for all, and the points.
fn read(input: &SetPaceRule, op: &Op) -> Result<(&'static str, Vec<Point>), Error> {
    let mut faults = Faults::default();
    faults.take("year", check_year(input.year, op.today()));
    let code = input
        .metric
        .as_ref()
        .map(|code| faults.take("metric", metric(&code.0)));
    let point = |(index, point): (usize, &super::types::PacePointInput)| {
        let basis_points = faults.take(
            format!("points.{index}.percent"),
            rules::basis_points(&point.percent.0),
        );
        basis_points.map(|basis_points| Point {
            due_on: point.due_on.0,
            basis_points,
        })
    };
    let points: Vec<Point> = input.points.iter().enumerate().filter_map(point).collect();
    faults.refuse()?;
    rules::check(input.year, &points)?;
    Ok((code.flatten().map_or("", |metric| metric.code()), points))
}

/// Sets a rule or replaces it. The same again changes nothing.
pub(super) async fn set(op: &Op, input: &SetPaceRule) -> Result<Model, Error> {
    op.write(|tx| async move {
        let at = FederationId::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::IssueTargets, at, "federationId")?;
        let (metric, points) = read(input, op)?;
        let points = serde_json::to_string(&points)?;
        let before = store::set_by(&tx, at.id, (input.year, metric)).await?;
        if let Some(same) = before.as_ref().filter(|before| before.points == points) {
            let same = same.clone();
            return Ok(tx.unchanged(same));
        }
        let version = before.as_ref().map_or(0, |before| before.version);
        if version != input.expected_version {
            let meanwhile = text("Somebody set it meanwhile.", "该进度要求已被他人修改。");
            return Err(conflict("expectedVersion", meanwhile));
        }
        let rule = Model {
            id: before
                .as_ref()
                .map_or_else(|| PaceRuleId(op.id()), |before| before.id),
            year: input.year,
            metric: metric.to_owned(),
            points,
            version: version + 1,
            set_by: op.account_id().ok_or(Error::Unauthenticated)?,
            set_at: op.now(),
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        match &before {
            None => tx.insert(rule.clone()).await?,
            Some(_) => tx.update(rule.clone()).await?,
        }
        let event = Event::Set(rule.clone(), before.map(|before| before.points));
        tx.commit(event, rule).await
    })
    .await
}
