//! Returns as clients see them.

use super::rules::Written;
use super::store::{self, Days, LinesOf, OfPeriod, Which};
use crate::accounts::account::store::DisplayNames;
use crate::attachments::types::{Attachment, attachments_of};
use crate::figures::types::{Metric, Qualifier, decimal};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::Qualifier as Exactness;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::kernel::tree::Node;
use crate::metrics::MetricId;
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::returns::warning::rules::{Line as Weighed, warnings};
use crate::returns::warning::types::ReturnWarning;
use crate::scalars::{Date, DateTime, Decimal, MetricCode};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::id::AccountId;
use entity::returns::return_line::{LineState, Model as Line};
use entity::returns::statistical_return::{Column, Model, ReturnState};
use serde::Serialize;

/// Where a return is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "ReturnState")]
pub enum StatisticalReturnState {
    /// 草稿: the federation writes it.
    Draft,
    /// 已上报: the superior looks at it.
    Submitted,
    /// 已退回: the superior wants something else, see `reason`; the federation writes it. A correction that was sent back is
    /// ACCEPTED, as before it.
    SentBack,
    /// 已审核: its lines count.
    Accepted,
    /// 已锁定: its lines count, and nobody corrects them.
    Locked,
}

/// Whether a line counts.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "LineState")]
pub enum ReturnLineState {
    /// 待审核: it waits for the superior.
    Pending,
    /// 有效: it counts.
    InForce,
    /// 已更正: another line has taken its place.
    Superseded,
}

/// Whose returns a list shows.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum ReturnsOf {
    /// 本级及下级: of the federation and all below it.
    #[default]
    All,
    /// 本级: of the federation itself.
    Own,
    /// 直接下级: of those directly below it; under a municipality those of its districts and counties.
    Children,
}

/// Which returns are asked for.
pub struct ReturnsAsked {
    /// Whose.
    pub whose: ReturnsOf,
    /// Where they are.
    pub state: Option<StatisticalReturnState>,
    /// Closing on this day or later.
    pub from: Option<Date>,
    /// Closing on this day or earlier.
    pub to: Option<Date>,
}

/// A page of the returns of a federation and of those below it.
pub async fn returns_of(
    context: &Context<'_>,
    at: &Federation,
    asked: ReturnsAsked,
    page: Page,
) -> Result<Connection<StatisticalReturn>, Error> {
    let op = Op::of(context);
    let scope = op.scope_within(Action::ReadReturns, &at.0)?;
    let which = Which {
        of: match asked.whose {
            ReturnsOf::All => None,
            ReturnsOf::Own => Some(vec![at.0.id]),
            ReturnsOf::Children => {
                let tree = op.tree();
                let children = tree.children_through_stand_ins(&at.0).into_iter();
                Some(children.map(|child| child.id).collect())
            }
        },
        state: asked.state.map(Into::into),
        from: asked.from.map(|date| date.0),
        to: asked.to.map(|date| date.0),
    };
    let listing = Listing {
        rows: store::rows(&scope, which),
        sort: Sort::date("CLOSES", Column::ClosesOn).descending(true),
        page,
    };
    page::load(context, listing, StatisticalReturn).await
}

/// A page of the federations directly below one, with what they report of a period.
pub fn return_progress_of(
    context: &Context<'_>,
    at: &Federation,
    (from, to): (Date, Date),
    page: Page,
) -> Result<Connection<ReturnProgress>, Error> {
    let op = Op::of(context);
    let (scope, tree) = (op.scope_within(Action::ReadReturns, &at.0)?, op.tree());
    let is_asked = |node: &&Node| node.retired_on.is_none() && scope.holds(&node.path);
    let children = tree
        .children_through_stand_ins(&at.0)
        .into_iter()
        .filter(is_asked);
    page.slice(
        children.collect(),
        |node| node.id.gid().to_string(),
        |node| ReturnProgress {
            federation: node.clone(),
            days: (from.0, to.0),
        },
    )
}

async fn name(context: &Context<'_>, id: Option<AccountId>) -> Option<Result<String, Error>> {
    Some(Op::of(context).load::<DisplayNames>(id?).await)
}

/// A row of `statistical_return`, as clients see it.
pub struct StatisticalReturn(pub Model);

impl StatisticalReturn {
    async fn all_lines(&self, context: &Context<'_>) -> Result<Vec<Line>, Error> {
        Op::of(context).load::<LinesOf>(self.0.id).await
    }
}

/// What a federation reports for a period (统计报表), of what has no register.
#[Object]
impl StatisticalReturn {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Its files, in the order of attaching; at most 50.
    async fn attachments(&self, context: &Context<'_>) -> Result<Vec<Attachment>, Error> {
        attachments_of(context, self.0.id.0).await
    }

    /// Whose.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// What it is called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// First day of the period.
    async fn from(&self) -> Date {
        Date(self.0.opens_on)
    }

    /// Last day of the period: as of it the lines count.
    async fn to(&self) -> Date {
        Date(self.0.closes_on)
    }

    /// Where it is.
    async fn state(&self) -> StatisticalReturnState {
        self.0.state.into()
    }

    /// Why the superior sent it, or a correction of it, back or unlocked it last; null otherwise.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The lines, at most 200 at a time, by code of the metric and part: of each the newest, with those before it.
    async fn lines(&self, context: &Context<'_>) -> Result<Vec<ReturnLine>, Error> {
        let lines = self.all_lines(context).await?;
        let of_one =
            lines.chunk_by(|one, other| (&one.metric, &one.dimension) == (&other.metric, &other.dimension));
        Ok(of_one.filter_map(ReturnLine::of).collect())
    }

    /// What does not fit together, at most one for each metric and axis, or line (逻辑校验): it forbids nothing.
    async fn warnings(&self, context: &Context<'_>) -> Result<Vec<ReturnWarning>, Error> {
        let mut lines = self.all_lines(context).await?;
        lines.dedup_by(|older, newer| (&older.metric, &older.dimension) == (&newer.metric, &newer.dimension));
        let weighed = |line: &'_ Line| -> Option<(MetricId, i64)> {
            Some((MetricId::coded(&line.metric)?, line.value?))
        };
        let weighed = lines.iter().filter_map(|line| {
            let (metric, value) = weighed(line)?;
            Some(Weighed {
                metric,
                dimension: &line.dimension,
                value,
                qualifier: Exactness::marked(&line.qualifier),
            })
        });
        Ok(warnings(&weighed.collect::<Vec<_>>())
            .into_iter()
            .map(ReturnWarning)
            .collect())
    }

    /// What others see of the account that submitted it last; null until then.
    async fn submitted_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        name(context, self.0.submitted_by).await
    }

    /// Instant of submission; null until then.
    async fn submitted_at(&self) -> Option<DateTime> {
        self.0.submitted_at.map(DateTime)
    }

    /// What others see of the account that accepted it last; null until then.
    async fn accepted_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        name(context, self.0.accepted_by).await
    }

    /// Instant of acceptance; null until then.
    async fn accepted_at(&self) -> Option<DateTime> {
        self.0.accepted_at.map(DateTime)
    }

    /// Counts changes; for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

/// A federation with what it reports of a period.
pub struct ReturnProgress {
    federation: Node,
    days: Days,
}

/// Whether a federation has reported a period (填报进度).
#[Object]
impl ReturnProgress {
    /// Who reports.
    async fn federation(&self) -> Federation {
        Federation(self.federation.clone())
    }

    /// Its return of exactly this period, wherever that is; null where there is none (未报).
    async fn statistical_return(&self, context: &Context<'_>) -> Option<Result<StatisticalReturn, Error>> {
        let key = (self.federation.id, self.days);
        let found = Op::of(context).load::<OfPeriod>(key).await.transpose()?;
        Some(found.map(StatisticalReturn))
    }
}

/// A line with those whose place it takes, the newest first.
pub struct ReturnLine {
    metric: MetricId,
    line: Line,
    earlier: Vec<Line>,
}

impl ReturnLine {
    fn of(lines: &[Line]) -> Option<ReturnLine> {
        let (line, earlier) = lines.split_first()?;
        Some(ReturnLine {
            metric: MetricId::coded(&line.metric)?,
            line: line.clone(),
            earlier: earlier.to_vec(),
        })
    }
}

/// A number of a return.
#[Object]
impl ReturnLine {
    /// What is counted.
    async fn metric(&self) -> Metric {
        Metric(self.metric.entry())
    }

    /// The part, `AXIS:VALUE`; null for the whole.
    async fn dimension(&self) -> Option<&str> {
        Some(&*self.line.dimension).filter(|dimension| !dimension.is_empty())
    }

    /// How many, yuan with two decimals for money; null takes back what was reported.
    async fn value(&self) -> Option<Decimal> {
        self.line.value.map(|value| decimal(self.metric, value))
    }

    /// How exact it is.
    async fn qualifier(&self) -> Qualifier {
        Exactness::marked(&self.line.qualifier).into()
    }

    /// Free text.
    async fn note(&self) -> &str {
        &self.line.note
    }

    /// Whether it counts.
    async fn state(&self) -> ReturnLineState {
        self.line.state.into()
    }

    /// Why it corrects what was accepted; null of a first line.
    async fn reason(&self) -> Option<&str> {
        self.line.reason.as_deref()
    }

    /// What others see of the account that entered it.
    async fn entered_by(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.line.entered_by).await
    }

    /// Instant of entry.
    async fn entered_at(&self) -> DateTime {
        DateTime(self.line.entered_at)
    }

    /// The lines whose place it takes, one for each correction, the newest first; one that waits stands in front of the one
    /// that is still in force.
    async fn earlier(&self) -> Vec<ReturnLine> {
        let rests = (0..self.earlier.len()).filter_map(|index| self.earlier.get(index..));
        rests.filter_map(ReturnLine::of).collect()
    }
}

/// A number to report.
#[derive(Debug, InputObject, Serialize)]
pub struct ReturnLineInput {
    /// A metric whose origin is RETURNS.
    pub metric: MetricCode,
    /// The part: `AXIS:VALUE` with an axis of the metric; on two at a time `AXIS,AXIS:VALUE,VALUE`. A value has 1 to 40
    /// letters (of any script), digits (at most 6 in a row) or _; nothing personal. The whole if nothing is said.
    pub dimension: Option<String>,
    /// How many: a whole number from 0, of yuan with at most two decimals. Left out it takes
    /// back what was accepted; only a correction may.
    pub value: Option<Decimal>,
    /// How exact it is.
    #[graphql(default_with = "Qualifier::Exact")]
    pub qualifier: Qualifier,
    /// Free text, at most 500 characters.
    #[graphql(default)]
    pub note: String,
}

impl ReturnLineInput {
    /// For the rules.
    pub(super) fn written(&self) -> Written<'_> {
        Written {
            metric: &self.metric.0,
            dimension: self.dimension.as_deref(),
            value: self.value.as_ref().map(|value| &*value.0),
            note: &self.note,
        }
    }
}

/// Begins a return.
#[derive(Debug, InputObject, Serialize)]
pub struct DraftReturn {
    /// Whose.
    pub federation_id: ID,
    /// First day of the period, of the years 2000 to the next one.
    pub from: Date,
    /// Last day of the period, of the same years; a half-year closes on 20 June. A federation has one return of a period.
    pub to: Date,
    /// What it is called, 2 to 100 characters.
    pub title: String,
    /// The lines, at most 200, one for each metric and part.
    pub lines: Vec<ReturnLineInput>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Writes a draft, or what was sent back, anew.
#[derive(Debug, InputObject)]
pub struct ReviseReturn {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// What it is called, 2 to 100 characters; as before if nothing is said.
    pub title: Option<String>,
    /// All lines that are to wait for acceptance, at most 200.
    pub lines: Vec<ReturnLineInput>,
}

/// Corrects what was accepted.
#[derive(Debug, InputObject)]
pub struct CorrectReturn {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// What differs from what is in force: at most 200 lines together with it.
    pub lines: Vec<ReturnLineInput>,
    /// Why, 2 to 500 characters.
    pub reason: String,
}

/// Names a return as the caller saw it.
#[derive(Debug, InputObject)]
pub struct ReturnSeen {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
}

/// Names a return as the caller saw it, with a reason.
#[derive(Debug, InputObject)]
pub struct ReturnGivenBack {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Why, 2 to 500 characters.
    pub reason: String,
}

crate::payload! {
    /// What an operation on a return did; `warnings` of the return say what does not fit together. After a CONFLICT it holds
    /// the return as it is now, where the input names one.
    StatisticalReturnPayload { statistical_return: StatisticalReturn }
}

crate::payload! {
    /// What `discardReturn` did: the global id that the return had.
    DiscardReturnPayload { discarded_id: ID }
}
