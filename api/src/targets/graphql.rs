//! What a federation is asked for, and how those below it stand.

use super::pace::types::{PaceRule, pace_rules_of};
use super::progress::types::{Asked, RankedFederation, RankingBy, ranking_of};
use super::target::types::{Target, TargetFilter, TargetHolder, targets_of};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::op::Op;
use crate::kernel::page::{Connection, PAGE_MAX, Page};
use crate::org::federation::types::{Federation, FederationLevel};
use crate::scalars::{Date, MetricCode};
use async_graphql::{Context, Object};

/// The targets of a federation, and how those below it stand.
pub struct TargetsOfFederation<'a>(pub &'a Federation);

/// The targets of a federation, and how those below it stand.
#[Object]
impl TargetsOfFederation<'_> {
    /// Targets (目标任务) of this federation, or of the federations directly below it; in order of metric.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn targets(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose.", default)] of: TargetHolder,
        #[graphql(desc = "Only of this year.")] year: Option<i32>,
        #[graphql(desc = "Only of this metric.")] metric: Option<MetricCode>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Target>, Error> {
        let filter = TargetFilter {
            holder: of,
            year,
            metric,
        };
        targets_of(context, self.0, filter, Page::new(first, after, last, before)?).await
    }

    /// The pace rules (进度要求) that this federation set for all below it, at most one a metric and one for all.
    async fn pace_rules(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of which year.")] year: i32,
    ) -> Result<Vec<PaceRule>, Error> {
        pace_rules_of(context, self.0, year).await
    }

    /// The federations of a level below this one in their order (排名), the best first; those who are level share a position.
    /// By VALUE all of them; by COMPLETION those who have a target of the year of the last day, exact as of that day.
    #[expect(clippy::too_many_arguments, reason = "what, who, when, by what, how many")]
    async fn ranking(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what.")] metric: MetricCode,
        #[graphql(desc = "Of which federations.")] level: FederationLevel,
        #[graphql(desc = "Of which part of it, AXIS:VALUE; the whole if nothing is said.")] dimension: Option<
            String,
        >,
        #[graphql(desc = "Day of a stock and last day of a flow; today if nothing is said.")] as_of: Option<
            Date,
        >,
        #[graphql(desc = "First day of a flow by VALUE; 1 January if nothing is said.")] from: Option<Date>,
        #[graphql(desc = "Last day, instead of asOf.")] to: Option<Date>,
        #[graphql(desc = "By what.", default)] by: RankingBy,
        #[graphql(desc = "How many from the top, at most 100; 100 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "How many from the bottom instead, at most 100; in the same order.")] last: Option<
            i32,
        >,
    ) -> Result<Vec<RankedFederation>, Error> {
        let asked = Asked {
            metric,
            dimension,
            level,
            as_of,
            between: (from, to),
            by,
        };
        let (is_from_top, field, count) = match (first, last) {
            (Some(_), Some(_)) => {
                let both = text("Give first or last, not both.", "first 与 last 不能同时使用。");
                return Err(invalid("last", both));
            }
            (None, Some(last)) => (false, "last", last),
            (first, None) => (true, "first", first.unwrap_or(PAGE_MAX)),
        };
        let count = usize::try_from(count).ok().filter(|_| count <= PAGE_MAX);
        let count = count.ok_or_else(|| invalid(field, text("From 0 to 100.", "取值范围为 0 至 100。")))?;
        let ranking = ranking_of(Op::of(context), &self.0.0, asked).await?;
        let skipped = if is_from_top {
            0
        } else {
            ranking.len().saturating_sub(count)
        };
        Ok(ranking.into_iter().skip(skipped).take(count).collect())
    }
}
