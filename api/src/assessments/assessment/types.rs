//! Assessments as clients see them.

use super::rules::{self, Counted};
use super::store::{self, Assessments, ScoresOf};
use crate::accounts::account::types::DisplayNames;
use crate::assessments::scheme;
use crate::assessments::scheme::rules::Block;
use crate::assessments::scheme::store::Schemes;
use crate::assessments::scheme::types::{AssessmentItem, AssessmentScheme, amount, points};
use crate::attachments::types::{Attachment, attachments_of};
use crate::figures::types::Qualifier;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::Figures;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::node::{self, Node};
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::scalars::{DateTime, Decimal};
use crate::targets::target::store::AmountsOn;
use async_graphql::futures_util::future::{join_all, try_join, try_join_all};
use async_graphql::{Context, ID, InputObject, Object};
use entity::assessments::assessment::{Column, Entity, Model};
use entity::assessments::score::{Model as Score, Side};
use entity::id::{AssessmentId, AssessmentSchemeId};
use serde::Serialize;
use tokio::sync::OnceCell;

/// A page of the assessments of a federation and all below it.
pub async fn assessments_of(
    context: &Context<'_>,
    at: &Federation,
    year: Option<i32>,
    page: Page,
) -> Result<Connection<Assessment>, Error> {
    let scope = Op::of(context).scope_within(Action::ReadAssessments, &at.0)?;
    let listing = Listing {
        rows: store::rows(&scope, year),
        sort: Sort::int("YEAR", Column::Year).descending(true),
        page,
    };
    page::load(context, listing, Assessment::new).await
}

/// A page of the assessments by a scheme.
pub async fn assessments_of_scheme(
    context: &Context<'_>,
    id: AssessmentSchemeId,
    page: Page,
) -> Result<Connection<Assessment>, Error> {
    let scope = Op::of(context).scope(Action::ReadAssessments)?;
    let listing = Listing {
        rows: store::rows_of_scheme(&scope, id),
        sort: Sort::int("RANK", Column::Rank),
        page,
    };
    page::load(context, listing, Assessment::new).await
}

/// An assessment that the caller sees.
pub async fn assessment(op: &Op, id: AssessmentId) -> Result<Assessment, Error> {
    let found = op.load::<Assessments>(id).await?;
    found.map(Assessment::new).ok_or(Error::NotFound("id".into()))
}

/// What all scores of an assessment come from, as far as the caller sees it.
struct Sheet {
    blocks: Vec<Block>,
    scores: Vec<Score>,
    /// What is counted for each item that names a figure.
    counted: Vec<(i32, Counted)>,
    /// The caller stands at the issuer or above, or everything is published.
    sees_issuer: bool,
}

impl Sheet {
    fn counted(&self, item: &scheme::rules::Item) -> Option<Counted> {
        let mut counted = self.counted.iter();
        counted
            .find(|(number, _)| *number == item.number)
            .map(|(_, counted)| *counted)
    }

    fn earned(&self, item: &scheme::rules::Item) -> Option<i64> {
        self.counted(item).map(|counted| counted.earned(item))
    }

    /// The points that a side gave for an item, or else a figure.
    fn points(&self, side: Side, item: &scheme::rules::Item) -> Option<i64> {
        let given = rules::of_item(&self.scores, side, item.number).map(|score| score.points);
        given.or_else(|| self.earned(item))
    }
}

/// A row of `assessment`, as clients see it.
pub struct Assessment {
    /// The row.
    pub row: Model,
    sheet: OnceCell<Sheet>,
}

impl Assessment {
    /// An assessment whose scores are not yet read.
    pub fn new(row: Model) -> Assessment {
        Assessment {
            row,
            sheet: OnceCell::new(),
        }
    }

    async fn scheme_row(&self, op: &Op) -> Result<entity::assessments::scheme::Model, Error> {
        let found = op.load::<Schemes>(self.row.scheme_id).await?;
        found.ok_or_else(|| anyhow::anyhow!("assessment {} has no scheme", self.row.id).into())
    }

    async fn sheet(&self, op: &Op) -> Result<&Sheet, Error> {
        self.sheet.get_or_try_init(|| self.read(op)).await
    }

    async fn read(&self, op: &Op) -> Result<Sheet, Error> {
        let scheme = self.scheme_row(op).await?;
        let blocks = scheme::store::blocks(&scheme)?;
        let mut scores = op.load::<ScoresOf>(self.row.id).await?;
        let is_published = scheme.published_at.is_some();
        let counted = if is_published {
            let frozen = scores.iter().filter(|score| score.side == Side::Issuer);
            frozen
                .filter_map(|score| Some((score.item, Counted::kept(score)?)))
                .collect()
        } else {
            self.counted(op, &scheme, &blocks).await?
        };
        let sees_issuer = is_published || op.reach(Action::ReadAssessments).holds(&scheme.path);
        if !sees_issuer {
            scores.retain(|score| score.side == Side::Own);
        }
        Ok(Sheet {
            blocks,
            scores,
            counted,
            sees_issuer,
        })
    }

    /// What is counted as of now for each item that names a figure.
    async fn counted(
        &self,
        op: &Op,
        scheme: &entity::assessments::scheme::Model,
        blocks: &[Block],
    ) -> Result<Vec<(i32, Counted)>, Error> {
        let place = self.row.federation_id;
        let asked = rules::items(blocks).filter_map(|item| Some((item, rules::wanted(scheme, item, place)?)));
        let counted = asked.map(|(item, wanted)| async move {
            let target = async {
                match rules::target(scheme, item, place) {
                    Some(asked) => op.load::<AmountsOn>(asked).await,
                    None => Ok(None),
                }
            };
            let (sums, target) = try_join(op.load::<Figures>(wanted), target).await?;
            Ok((item.number, Counted::of(item, &sums, target)))
        });
        try_join_all(counted).await
    }
}

/// How a federation does by a scheme (考评). Before publication whoever is assessed sees only their own side of it.
#[Object]
impl Assessment {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.row.id.gid()
    }

    /// By which scheme.
    async fn scheme(&self, context: &Context<'_>) -> Result<AssessmentScheme, Error> {
        self.scheme_row(Op::of(context)).await.map(AssessmentScheme)
    }

    /// Its files, in the order of attaching; at most 50.
    async fn attachments(&self, context: &Context<'_>) -> Result<Vec<Attachment>, Error> {
        attachments_of(context, self.row.id.0).await
    }

    /// Who is assessed.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.row.federation_id)
    }

    /// Instant at which the self-assessment was handed in; null while it was not.
    async fn submitted_at(&self) -> Option<DateTime> {
        self.row.submitted_at.map(DateTime)
    }

    /// What others see of the account that handed it in; null while nobody did.
    async fn submitted_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        Some(Op::of(context).load::<DisplayNames>(self.row.submitted_by?).await)
    }

    /// Why the issuer gave back what was handed in (退回); null unless it did, and once it is handed in again.
    async fn returned_for(&self) -> Option<&str> {
        self.row.returned_for.as_deref()
    }

    /// What the federation gives itself, with what its figures earn: points out of 100.
    async fn self_total(&self, context: &Context<'_>) -> Result<Decimal, Error> {
        let sheet = self.sheet(Op::of(context)).await?;
        let total = scheme::rules::total(&sheet.blocks, |item| sheet.points(Side::Own, item));
        Ok(points(total))
    }

    /// What the issuer gave so far, with what figures earn: points out of 100. Null to whoever is assessed, until it is
    /// published.
    async fn total(&self, context: &Context<'_>) -> Option<Result<Decimal, Error>> {
        if let Some(total) = self.row.total {
            return Some(Ok(points(total)));
        }
        let sheet = match self.sheet(Op::of(context)).await {
            Ok(sheet) => sheet,
            Err(error) => return Some(Err(error)),
        };
        let total = scheme::rules::total(&sheet.blocks, |item| sheet.points(Side::Issuer, item));
        sheet.sees_issuer.then(|| Ok(points(total)))
    }

    /// Position among all whom the scheme assesses, from 1; equals share one (1, 2, 2, 4). Null until it is published.
    async fn rank(&self) -> Option<i32> {
        (self.row.rank > 0).then_some(self.row.rank)
    }

    /// Counts changes; `assessSelf`, `returnAssessment` and `scoreAssessment` ask for it.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// One for each item of the scheme, in its order; at most 100.
    async fn scores(&self, context: &Context<'_>) -> Result<Vec<AssessmentScore>, Error> {
        let sheet = self.sheet(Op::of(context)).await?;
        let score = |item: &scheme::rules::Item| AssessmentScore {
            own: rules::of_item(&sheet.scores, Side::Own, item.number).cloned(),
            issuer: rules::of_item(&sheet.scores, Side::Issuer, item.number).cloned(),
            counted: sheet.counted(item),
            sees_issuer: sheet.sees_issuer,
            item: AssessmentItem(item.clone()),
        };
        Ok(rules::items(&sheet.blocks).map(score).collect())
    }
}

/// What was given for an item, as clients see it.
pub struct AssessmentScore {
    item: AssessmentItem,
    own: Option<Score>,
    issuer: Option<Score>,
    counted: Option<Counted>,
    sees_issuer: bool,
}

impl AssessmentScore {
    fn earned(&self) -> Option<i64> {
        self.counted.map(|counted| counted.earned(&self.item.0))
    }
}

/// What was given for an item of an assessment.
#[Object]
impl AssessmentScore {
    /// For what.
    async fn item(&self) -> &AssessmentItem {
        &self.item
    }

    /// What is counted for it: until publication as of now, then as of publication; null without a metric.
    async fn figure(&self) -> Option<Decimal> {
        Some(amount(self.item.metric_id()?, self.counted?.figure))
    }

    /// How exact the figure is; null without a metric.
    async fn qualifier(&self) -> Option<Qualifier> {
        self.counted.map(|counted| counted.qualifier.into())
    }

    /// The federation's own target that the figure is set against by COMPLETION, as amended by `figuresAsOf`; null where there is
    /// none: then the figure earns nothing.
    async fn target(&self) -> Option<Decimal> {
        Some(amount(self.item.metric_id()?, self.counted?.target?))
    }

    /// What the figure earns; null without a metric.
    async fn figure_points(&self) -> Option<Decimal> {
        self.earned().map(points)
    }

    /// What the federation gives itself (自评分); null if it gave nothing.
    async fn self_points(&self) -> Option<Decimal> {
        self.own.as_ref().map(|own| points(own.points))
    }

    /// Why; null if it did not say.
    async fn self_remark(&self) -> Option<&str> {
        self.own.as_ref()?.remark.as_deref()
    }

    /// Records that prove it; null where the caller may not see one, or it is gone. At most 10.
    async fn evidence(&self, context: &Context<'_>) -> Result<Vec<Option<Node>>, Error> {
        let op = Op::of(context);
        let ids = self
            .own
            .as_ref()
            .map(|own| own.evidence.as_str())
            .unwrap_or_default();
        let ids: Vec<ID> = ids.split_whitespace().map(ID::from).collect();
        let found = join_all(ids.iter().map(|id| node::seen(op, id))).await;
        found.into_iter().map(Option::transpose).collect()
    }

    /// What counts for it (考评分): what the issuer gave, or else what the figure earns. Null where nothing was given; to whoever
    /// is assessed, until it is published.
    async fn points(&self) -> Option<Decimal> {
        let given = self.issuer.as_ref().map(|issuer| issuer.points);
        given.or(self.earned()).filter(|_| self.sees_issuer).map(points)
    }

    /// Why the issuer gave it; null if nothing was said, and to whoever is assessed, until it is published.
    async fn remark(&self) -> Option<&str> {
        self.issuer.as_ref()?.remark.as_deref()
    }
}

/// What one gives oneself for an item.
#[derive(Debug, InputObject, Serialize)]
pub struct SelfScoreInput {
    /// Number of the item; not of one that a figure scores.
    pub item: i32,
    /// From 0 to the points of the item, with two decimals at most.
    pub points: Decimal,
    /// Why, at most 1,000 characters; nothing personal.
    pub remark: Option<String>,
    /// Global ids of records of the assessed federation that prove it: visits, enterprises, unions, files attached to the
    /// assessment (`attachFile`). At most 10, each seen by the caller.
    #[graphql(default)]
    pub evidence: Vec<ID>,
}

/// Assesses one's own federation.
#[derive(Debug, InputObject, Serialize)]
pub struct AssessSelf {
    /// Which assessment.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// All that one gives oneself, at most 100: replaces what one gave before.
    pub scores: Vec<SelfScoreInput>,
    /// Whether it is handed in: then it changes no more, unless the issuer gives it back.
    pub is_final: bool,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Gives back what was handed in.
#[derive(Debug, InputObject, Serialize)]
pub struct ReturnAssessment {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Why, 10 to 200 characters, without numbers of persons: whoever is assessed sees it, and it stands in the audit trail.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// What the issuer gives for an item.
#[derive(Debug, InputObject, Serialize)]
pub struct IssuerScoreInput {
    /// Number of the item.
    pub item: i32,
    /// From 0 to the points of the item, with two decimals at most.
    pub points: Decimal,
    /// Why, at most 1,000 characters; nothing personal. Needed where other points stand than the figure earns.
    pub remark: Option<String>,
}

/// Scores an assessment for the issuer.
#[derive(Debug, InputObject, Serialize)]
pub struct ScoreAssessment {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// What is given, at most 100; items that are not named stay as they are.
    pub scores: Vec<IssuerScoreInput>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Publishes the scores of a scheme.
#[derive(Debug, InputObject)]
pub struct PublishAssessment {
    /// Which scheme.
    pub id: ID,
}

/// Whether all that proves a self-assessment is of the assessed federation and seen by the caller. It is asked here, as
/// nothing below knows all kinds of records.
pub async fn proved(op: &Op, input: &AssessSelf) -> Result<(), Error> {
    rules::check_evidence(input.scores.iter().map(|score| score.evidence.len()))?;
    let id = AssessmentId::parse(&input.id, "id")?;
    // Whoever may not see it is refused, and written down, by what comes after.
    let Some(row) = op.find::<Entity>(id.0).await? else {
        return Ok(());
    };
    let path = &row.path;
    let prove = async |index: usize, id: &ID| match node::place(op, id).await {
        Ok(place) if place.starts_with(path) => Ok(()),
        Ok(_) | Err(Error::NotFound(_)) => Err(rules::foreign_evidence(index)),
        Err(error) => Err(error),
    };
    let scores = input.scores.iter().enumerate();
    let proofs = scores.flat_map(|(index, score)| score.evidence.iter().map(move |id| (index, id)));
    try_join_all(proofs.map(|(index, id)| prove(index, id))).await?;
    Ok(())
}

crate::payload! {
    /// What `assessSelf` did. After a CONFLICT it holds the assessment as it is now.
    AssessSelfPayload { assessment: Assessment }
}

crate::payload! {
    /// What `returnAssessment` did. After a CONFLICT it holds the assessment as it is now.
    ReturnAssessmentPayload { assessment: Assessment }
}

crate::payload! {
    /// What `scoreAssessment` did. After a CONFLICT it holds the assessment as it is now.
    ScoreAssessmentPayload { assessment: Assessment }
}

crate::payload! {
    /// What `publishAssessment` did.
    PublishAssessmentPayload { assessment_scheme: AssessmentScheme }
}
