//! Schemes as clients see them.

use super::rules::{self, Block, Item, Kind, State};
use super::store::{self, Schemes};
use crate::assessments::assessment::types::{Assessment, assessments_of_scheme};
use crate::figures::types::Metric;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::metrics::{MetricId, Unit};
use crate::org::federation::types::{Federation, FederationLevel, federation};
use crate::policy::Action;
use crate::scalars::{Date, DateTime, Decimal, MetricCode, yuan};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::assessments::scheme::{Column, Model};
use entity::id::AssessmentSchemeId;
use serde::Serialize;

/// Where a scheme is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "State")]
pub enum AssessmentSchemeState {
    /// 草案: may be written anew.
    Draft,
    /// 已印发: those assessed assess themselves, until the closing day.
    Issued,
    /// 已截止: after the closing day; the issuer scores.
    Closed,
    /// 已通报: scores and ranks are out.
    Published,
}

/// How an item counts.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "Kind")]
pub enum AssessmentItemKind {
    /// 基本分: what there is to earn.
    #[default]
    Base,
    /// 加分: on top of it.
    Reward,
    /// 扣分: taken off.
    Penalty,
}

/// What the figure of an item is set against.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq, Serialize)]
pub enum AssessmentMeasure {
    /// 指标值: `full`, the same for all.
    #[default]
    Figure,
    /// 完成率: each one's own target of the year, as amended; all of it earns all points.
    Completion,
}

/// A page of the schemes of a federation and all below it: those that they issue, and those by which they are assessed.
pub async fn schemes_of(
    context: &Context<'_>,
    at: &Federation,
    year: Option<i32>,
    page: Page,
) -> Result<Connection<AssessmentScheme>, Error> {
    let scope = Op::of(context).scope_within(Action::ReadAssessments, &at.0)?;
    let listing = Listing {
        rows: store::of_year(store::rows(&scope), year),
        sort: Sort::int("YEAR", Column::Year).descending(true),
        page,
    };
    page::load(context, listing, AssessmentScheme).await
}

/// A scheme that the caller sees.
pub async fn scheme(op: &Op, id: AssessmentSchemeId) -> Result<AssessmentScheme, Error> {
    let found = op.load::<Schemes>(id).await?;
    found.map(AssessmentScheme).ok_or(Error::NotFound("id".into()))
}

/// Hundredths of a point as points.
pub fn points(hundredths: i64) -> Decimal {
    Decimal(yuan(hundredths))
}

/// A figure of a metric: money in yuan.
pub fn amount(metric: MetricId, amount: i64) -> Decimal {
    Decimal(match metric.entry().unit {
        Unit::Yuan => yuan(amount),
        _ => amount.to_string(),
    })
}

/// A row of `assessment_scheme`, as clients see it.
pub struct AssessmentScheme(pub Model);

/// What federations below the issuer are assessed by in a year (考评办法). It is seen where it is issued and above, and once
/// it is issued also by those whom it assesses.
#[Object]
impl AssessmentScheme {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Who issues it.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// The year that is assessed.
    async fn year(&self) -> i32 {
        self.0.year
    }

    /// What it is called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Rank of those whom it assesses.
    async fn level(&self) -> FederationLevel {
        self.0.level.into()
    }

    /// Where it is today.
    async fn state(&self, context: &Context<'_>) -> AssessmentSchemeState {
        rules::state(&self.0, Op::of(context).today()).into()
    }

    /// Last day of self-assessment.
    async fn closes_on(&self) -> Date {
        Date(self.0.closes_on)
    }

    /// Last day of what figures count (指标统计日), in the year: a stock as of it, a flow from 1 January to it.
    async fn figures_as_of(&self) -> Date {
        Date(self.0.figures_as_of)
    }

    /// What it consists of, in its order; at most 12.
    async fn blocks(&self) -> Result<Vec<AssessmentBlock>, Error> {
        let blocks = store::blocks(&self.0)?;
        Ok(blocks.into_iter().map(AssessmentBlock).collect())
    }

    /// Counts drafts; `draftAssessmentScheme` and `issueAssessmentScheme` ask for it.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// How many federations it assesses, those included that the caller does not see; 0 before it is issued.
    async fn assessed_count(&self) -> i32 {
        self.0.assessed
    }

    /// Instant at which it was issued; null before.
    async fn issued_at(&self) -> Option<DateTime> {
        self.0.issued_at.map(DateTime)
    }

    /// Instant at which scores and ranks were published; null before.
    async fn published_at(&self) -> Option<DateTime> {
        self.0.published_at.map(DateTime)
    }

    /// Assessments by it that the caller sees, by rank; in order of the tree before they are published. Whoever is assessed
    /// sees only their own.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn assessments(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Assessment>, Error> {
        let page = Page::new(first, after, last, before)?;
        assessments_of_scheme(context, self.0.id, page).await
    }
}

/// A block of a scheme, as clients see it.
pub struct AssessmentBlock(Block);

/// A block of a scheme (考评板块). It earns its weight in points times what its items earned by what they can earn, rewards left
/// out; rounded half up to the hundredth, never below 0.
#[Object]
impl AssessmentBlock {
    /// What it is about.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Its weight in percent; those of all blocks make 100.
    async fn weight(&self) -> i32 {
        self.0.weight
    }

    /// What its items can earn, rewards left out.
    async fn points(&self) -> Decimal {
        points(self.0.points())
    }

    /// What it consists of, in its order; a scheme has at most 100.
    async fn items(&self) -> Vec<AssessmentItem> {
        self.0.items.iter().cloned().map(AssessmentItem).collect()
    }
}

/// An item of a scheme, as clients see it.
#[derive(Clone)]
pub struct AssessmentItem(pub Item);

impl AssessmentItem {
    /// Whether each one's own target says what earns all points.
    pub fn is_completion(&self) -> bool {
        let measure = self.0.measure.as_ref();
        measure.is_some_and(|measure| measure.full.is_none())
    }

    /// The metric whose figure scores it.
    pub fn metric_id(&self) -> Option<MetricId> {
        MetricId::coded(&self.0.measure.as_ref()?.metric)
    }
}

/// An item of a scheme (考评项目).
#[Object]
impl AssessmentItem {
    /// Its number in the scheme, from 1: scores name it.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// How it counts.
    async fn kind(&self) -> AssessmentItemKind {
        self.0.kind.into()
    }

    /// What it is about.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The most that is given for it, or taken off.
    async fn points(&self) -> Decimal {
        points(self.0.points)
    }

    /// What earns the points (评分标准).
    async fn standard(&self) -> &str {
        &self.0.standard
    }

    /// Who judges it, for example 县委组织部 (党建带工建同考核); null for the issuer. The issuer enters the score.
    async fn assessor(&self) -> Option<&str> {
        self.0.assessor.as_deref()
    }

    /// What is counted to score it; null if somebody judges it.
    async fn metric(&self) -> Option<Metric> {
        self.metric_id().map(|metric| Metric(metric.entry()))
    }

    /// The part of the metric that counts, as in `PURPOSE:SAFETY`; null for the whole.
    async fn dimension(&self) -> Option<&str> {
        self.0.measure.as_ref()?.dimension.as_deref()
    }

    /// What its figure is set against; null without a metric.
    async fn measure(&self) -> Option<AssessmentMeasure> {
        let against = match self.is_completion() {
            true => AssessmentMeasure::Completion,
            false => AssessmentMeasure::Figure,
        };
        self.0.measure.as_ref().map(|_| against)
    }

    /// The figure that earns all points, in the unit of the metric; null without one, and by COMPLETION.
    async fn full(&self) -> Option<Decimal> {
        let full = self.0.measure.as_ref()?.full?;
        self.metric_id().map(|metric| amount(metric, full))
    }
}

/// An item of a scheme.
#[derive(Debug, InputObject, Serialize)]
pub struct AssessmentItemInput {
    /// How it counts.
    #[graphql(default)]
    pub kind: AssessmentItemKind,
    /// What it is about, 1 to 100 characters.
    pub title: String,
    /// The most that is given for it, or taken off: above 0, at most 1,000, with two decimals at most.
    pub points: Decimal,
    /// What earns the points, 1 to 1,000 characters.
    pub standard: String,
    /// Who judges it if not the issuer, 1 to 100 characters.
    pub assessor: Option<String>,
    /// What is counted to score it: points times the figure by what earns all points, at most all of them, rounded half up to
    /// the hundredth.
    pub metric: Option<MetricCode>,
    /// The part of the metric that counts: one of its axes and a value, as in `PURPOSE:SAFETY`.
    pub dimension: Option<String>,
    /// What earns all points: `full`, or each one's own target (COMPLETION). Whoever has no target, or one of nothing, earns
    /// nothing.
    #[graphql(default)]
    pub measure: AssessmentMeasure,
    /// The figure that earns all points, above 0, in the unit of the metric; with a metric and not without, and not by
    /// COMPLETION.
    pub full: Option<Decimal>,
}

/// A block of a scheme.
#[derive(Debug, InputObject, Serialize)]
pub struct AssessmentBlockInput {
    /// What it is about, 1 to 100 characters.
    pub title: String,
    /// Its weight in percent, above 0; those of all blocks make 100.
    pub weight: i32,
    /// What it consists of, one of kind BASE at least; at most 100 in all blocks.
    pub items: Vec<AssessmentItemInput>,
}

/// Writes the draft of a scheme.
#[derive(Debug, InputObject, Serialize)]
pub struct DraftAssessmentScheme {
    /// Which draft it replaces; a new one if nothing is said.
    pub id: Option<ID>,
    /// The version that the caller saw; with `id`.
    pub expected_version: Option<i32>,
    /// Who issues it.
    pub federation_id: ID,
    /// The year that is assessed.
    pub year: i32,
    /// What it is called, 1 to 100 characters; given once in a year.
    pub title: String,
    /// Rank of those assessed. That they stand below the issuer is asked when it is issued: nobody is assessed from below.
    pub level: FederationLevel,
    /// Last day of self-assessment: in the year that is assessed, or up to 31 March after it.
    pub closes_on: Date,
    /// Last day of what figures count: in that year, not after `closesOn`. If nothing is said 31 December, or `closesOn` if it
    /// is earlier.
    pub figures_as_of: Option<Date>,
    /// What it consists of, 1 to 12.
    pub blocks: Vec<AssessmentBlockInput>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Issues a draft.
#[derive(Debug, InputObject)]
pub struct IssueAssessmentScheme {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Whom it assesses: federations of its level anywhere below the issuer, from 1 to 300; all of them if nothing is said.
    pub federation_ids: Option<Vec<ID>>,
}

crate::payload! {
    /// What `draftAssessmentScheme` did.
    DraftAssessmentSchemePayload { assessment_scheme: AssessmentScheme }
}

crate::payload! {
    /// What `issueAssessmentScheme` did.
    IssueAssessmentSchemePayload { assessment_scheme: AssessmentScheme }
}
