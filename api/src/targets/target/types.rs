//! Targets as clients see them.

use super::rules::{self, Goal};
use super::store::{self, AmendmentsOf, HandedDown, Shares};
use crate::accounts::account::types::DisplayNames;
use crate::figures::types::Metric;
use crate::kernel::error::{Error, UserError, invalid};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::metrics::MetricId;
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::scalars::{Date, DateTime, Decimal, MetricCode};
use crate::targets::progress::types::{TargetProgress, progress_of};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::targets::target::Column;
use entity::targets::{amendment, target};
use serde::Serialize;

/// Where a target is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum TargetState {
    /// 已下达: issued, no responsibility letter yet.
    Issued,
    /// 已签责任状: both signed the responsibility letter.
    Signed,
    /// 已关闭: nothing is amended any more.
    Closed,
}

/// Whose targets a list holds.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum TargetHolder {
    /// 本级: those of the federation itself.
    #[default]
    Itself,
    /// 下级: those of the federations that are directly below it today, whoever issued them.
    DirectlyBelow,
}

/// Which targets.
pub struct TargetFilter {
    /// Whose.
    pub holder: TargetHolder,
    /// Of which year.
    pub year: Option<i32>,
    /// Of which metric.
    pub metric: Option<MetricCode>,
}

/// A page of targets of a federation, or of those directly below it.
pub async fn targets_of(
    context: &Context<'_>,
    at: &Federation,
    filter: TargetFilter,
    page: Page,
) -> Result<Connection<Target>, Error> {
    let op = Op::of(context);
    let scope = op.scope_within(Action::ReadTargets, &at.0)?;
    let metric = filter.metric.map(|code| rules::metric(&code.0)).transpose();
    let wanted = store::Wanted {
        federation_ids: match filter.holder {
            TargetHolder::Itself => vec![at.0.id],
            TargetHolder::DirectlyBelow => store::directly_below(&op.tree(), at.0.id),
        },
        year: filter.year,
        metric: metric.map_err(|why| invalid("metric", why))?.map(MetricId::code),
    };
    let listing = Listing {
        rows: store::rows(&scope, &wanted),
        sort: Sort::text("METRIC", Column::Metric),
        page,
    };
    page::load(context, listing, Target).await
}

/// A row of `target`, as clients see it.
pub struct Target(pub target::Model);

impl Target {
    pub(super) fn goal(&self) -> Result<Goal, Error> {
        let lost = || anyhow::anyhow!("no metric {}", self.0.metric);
        Ok(Goal::of(&self.0).ok_or_else(lost)?)
    }

    fn written(&self, amount: i64) -> Result<Decimal, Error> {
        Ok(Decimal(rules::written(amount, self.goal()?.metric.entry().unit)))
    }

    async fn amended(&self, op: &Op) -> Result<i64, Error> {
        let amendments = op.load::<AmendmentsOf>(self.0.id).await?;
        Ok(rules::in_force(self.0.amount, &amendments, op.today()))
    }

    /// How it was handed down, beside itself.
    pub async fn handed_down(&self, op: &Op) -> Result<TargetDecomposition, Error> {
        let goal = self.goal()?;
        let unit = goal.metric.entry().unit;
        let own = self.amended(op).await?;
        let shares = op.load::<HandedDown>((self.0.federation_id, goal)).await?;
        Ok(TargetDecomposition { unit, own, shares })
    }
}

/// A target (目标任务): how much of a metric a federation shall have on 31 December, or do in the year, as its superior says.
#[Object]
impl Target {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Whose target it is.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// Who issued it: the superior of that time; at the top the federation itself. Who may ISSUE_TARGETS at the superior of
    /// today may change it.
    async fn issuer(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.issuer_id)
    }

    /// What is counted.
    async fn metric(&self) -> Result<Metric, Error> {
        Ok(Metric(self.goal()?.metric.entry()))
    }

    /// Which part of it, `AXIS:VALUE`, for example `PURPOSE:SAFETY`; null for the whole.
    async fn dimension(&self) -> Option<&str> {
        Some(self.0.dimension.as_str()).filter(|part| !part.is_empty())
    }

    /// The calendar year.
    async fn year(&self) -> i32 {
        self.0.year
    }

    /// As it was issued, in the metric's unit; yuan with two decimals.
    async fn amount(&self) -> Result<Decimal, Error> {
        self.written(self.0.amount)
    }

    /// As it is today, with all amendments (调整后目标).
    async fn amended_amount(&self, context: &Context<'_>) -> Result<Decimal, Error> {
        self.written(self.amended(Op::of(context)).await?)
    }

    /// Where it is.
    async fn state(&self) -> TargetState {
        match (self.0.closed_on, self.0.signed_on) {
            (Some(_), _) => TargetState::Closed,
            (None, Some(_)) => TargetState::Signed,
            (None, None) => TargetState::Issued,
        }
    }

    /// Day of the responsibility letter (责任状); null without one.
    async fn signed_on(&self) -> Option<Date> {
        self.0.signed_on.map(Date)
    }

    /// Who signed the letter, for both sides; null without one.
    async fn signers(&self) -> Option<&str> {
        self.0.signers.as_deref()
    }

    /// Day on which it was closed; null until then.
    async fn closed_on(&self) -> Option<Date> {
        self.0.closed_on.map(Date)
    }

    /// How it was changed (追加、调整), in order; at most 50.
    async fn amendments(&self, context: &Context<'_>) -> Result<Vec<TargetAmendment>, Error> {
        let unit = self.goal()?.metric.entry().unit;
        let amendments = Op::of(context).load::<AmendmentsOf>(self.0.id).await?;
        let amendment = |row| TargetAmendment { unit, row };
        Ok(amendments.into_iter().map(amendment).collect())
    }

    /// What those directly below the federation today have of it (层层分解).
    async fn decomposition(&self, context: &Context<'_>) -> Result<TargetDecomposition, Error> {
        self.handed_down(Op::of(context)).await
    }

    /// How far it is reached.
    async fn progress(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "By the end of which day, today if nothing is said; of the target's year the nearest to it."
        )]
        as_of: Option<Date>,
    ) -> Result<TargetProgress, Error> {
        let op = Op::of(context);
        progress_of(op, (&self.0, self.goal()?), as_of.map(|date| date.0)).await
    }

    /// Counts changes; whoever changes it says which they saw.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Instant at which it was issued.
    async fn issued_at(&self) -> DateTime {
        DateTime(self.0.issued_at)
    }
}

/// A row of `target_amendment`, as clients see it.
pub struct TargetAmendment {
    unit: crate::metrics::Unit,
    row: amendment::Model,
}

/// A change of a target during its year (追加、调整).
#[Object]
impl TargetAmendment {
    /// What the target is from its day on.
    async fn amount(&self) -> Decimal {
        Decimal(rules::written(self.row.amount, self.unit))
    }

    /// First day on which it holds.
    async fn effective_on(&self) -> Date {
        Date(self.row.effective_on)
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.row.reason
    }

    /// What others see of the account that amended.
    async fn amended_by(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.row.amended_by).await
    }

    /// Instant at which it was entered.
    async fn amended_at(&self) -> DateTime {
        DateTime(self.row.amended_at)
    }
}

/// Targets beside the one above them.
pub struct TargetDecomposition {
    unit: crate::metrics::Unit,
    own: i64,
    shares: Shares,
}

impl TargetDecomposition {
    /// What is worth a look.
    pub fn warnings(&self) -> Vec<TargetWarning> {
        let is_less = self.shares.count > 0 && self.shares.sum < self.own;
        is_less
            .then_some(TargetWarning::ChildrenBelowOwn)
            .into_iter()
            .collect()
    }
}

/// What those directly below a federation have of its own target, all as amended until today; of each the last such target.
#[Object]
impl TargetDecomposition {
    /// How many federations directly below it have such a target.
    async fn children_count(&self) -> i64 {
        self.shares.count
    }

    /// What theirs are together.
    async fn children_sum(&self) -> Decimal {
        Decimal(rules::written(self.shares.sum, self.unit))
    }

    /// By how much that is more than its own; negative for less.
    async fn difference(&self) -> Decimal {
        Decimal(rules::written(self.shares.sum - self.own, self.unit))
    }
}

/// What is allowed and worth a look.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum TargetWarning {
    /// 分解数低于本级目标: the targets of those directly below a federation are together less than its own.
    ChildrenBelowOwn,
}

/// What one federation is asked for.
#[derive(Debug, InputObject, Serialize)]
pub struct TargetShare {
    /// Which; directly below the issuer, or the issuer itself if nobody is above it.
    pub federation_id: ID,
    /// How much, from 0, in the metric's unit: whole, or yuan with at most two decimals. Up to 10^15, or 10^13 yuan.
    pub amount: Decimal,
}

/// Hands a metric down to federations directly below.
#[derive(Debug, InputObject, Serialize)]
pub struct IssueTargets {
    /// Who issues.
    pub issuer_id: ID,
    /// What is counted.
    pub metric: MetricCode,
    /// Only this part of it, `AXIS:VALUE`.
    pub dimension: Option<String>,
    /// The calendar year, from 2000 to the next one.
    pub year: i32,
    /// For whom how much, from 1 to 100; all of them are issued, or none.
    pub targets: Vec<TargetShare>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Records the responsibility letter of a target.
#[derive(Debug, InputObject, Serialize)]
pub struct SignTarget {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// When it was signed: in the target's year or the year before, not in the future.
    pub signed_on: Date,
    /// Who signed for both sides, 1 to 100 characters.
    pub signers: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Changes a target from a day on.
#[derive(Debug, InputObject, Serialize)]
pub struct AmendTarget {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// What the target is from then on, not by how much it changes.
    pub amount: Decimal,
    /// First day on which it holds, in the target's year, not in the future and not before the last amendment; today if
    /// nothing is said.
    pub effective_on: Option<Date>,
    /// Why, 10 to 200 characters, without numbers of persons; it stands in the audit trail.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Closes a target.
#[derive(Debug, InputObject, Serialize)]
pub struct CloseTarget {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Withdraws a target.
#[derive(Debug, InputObject, Serialize)]
pub struct WithdrawTarget {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Why, 10 to 200 characters, without numbers of persons; it stands in the audit trail.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// What `issueTargets` did.
#[derive(SimpleObject)]
pub struct IssueTargetsPayload {
    /// The targets as they are now, in the order of the input; none if the call was refused.
    pub targets: Vec<Target>,
    /// What is worth a look; nothing is refused for it.
    pub warnings: Vec<TargetWarning>,
    /// Why nothing was changed; empty when it was done.
    pub user_errors: Vec<UserError>,
}

crate::payload! {
    /// What `signTarget` did. After a CONFLICT it holds the target as it is now.
    SignTargetPayload { target: Target }
}

/// What `amendTarget` did.
#[derive(SimpleObject)]
pub struct AmendTargetPayload {
    /// The target as it is now, also after a CONFLICT; null if the call was refused otherwise.
    pub target: Option<Target>,
    /// What is worth a look in how the target was handed down, or in how the superior's own was; nothing is refused for it.
    pub warnings: Vec<TargetWarning>,
    /// Why nothing was changed; empty when it was done.
    pub user_errors: Vec<UserError>,
}

crate::payload! {
    /// What `closeTarget` did. After a CONFLICT it holds the target as it is now.
    CloseTargetPayload { target: Target }
}

crate::payload! {
    /// What `withdrawTarget` did: the global id that the target had.
    WithdrawTargetPayload { withdrawn_id: ID }
}
