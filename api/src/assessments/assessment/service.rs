//! Giving points, of oneself and by the issuer, and publishing them.

use super::rules::{self, Given};
use super::types::{AssessSelf, PublishAssessment, ScoreAssessment};
use super::{Event, store};
use crate::assessments::scheme;
use crate::assessments::scheme::rules::{Block, Item};
use crate::assessments::scheme::store::Schemes;
use crate::figures::rules::{Ranked, ranked};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::{Figures, Sums};
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use crate::scalars::fixed_point;
use entity::assessments::assessment::{Entity, Model};
use entity::assessments::scheme::Model as Scheme;
use entity::assessments::score::{Model as Score, Side};
use entity::id::{AccountId, AssessmentId, AssessmentSchemeId, AssessmentScoreId};
use std::collections::HashMap;

/// Assesses one's own federation, all anew each time; what is final is handed in.
pub(super) async fn assess(op: &Op, input: &AssessSelf) -> Result<AssessmentId, Error> {
    let digest = op.app().digest("assessSelf", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = AssessmentId::parse(&input.id, "id")?;
        let row = tx
            .authorize_row::<Entity>(Action::AssessSelf, id, "id")
            .await?
            .into_inner();
        let scheme = scheme::store::of_assessment(&tx, &row).await?;
        scheme::rules::check_version(row.version, input.expected_version)?;
        let state = scheme::rules::state(&scheme, op.today());
        rules::may_assess(state, row.submitted_at.is_some())?;
        let given = input.scores.iter().map(|score| Given {
            item: score.item,
            points: fixed_point(&score.points.0, 2, false),
            remark: score.remark.clone(),
            evidence: score.evidence.iter().map(|id| id.to_string()).collect(),
        });
        let given: Vec<Given> = given.collect();
        rules::check_given(Side::Own, &scheme::store::blocks(&scheme)?, &given)?;
        store::delete(&tx, &[id], Side::Own, None).await?;
        let mut row = Model {
            version: row.version + 1,
            ..row
        };
        if input.is_final {
            row.submitted_by = op.account_id();
            row.submitted_at = Some(op.now());
        }
        let told = write(&tx, &row, Side::Own, given).await?;
        tx.commit(Event::SelfAssessed(row, told), id).await
    })
    .await
}

/// Scores what a scheme of the caller's federation assesses; what is not named stays as it is.
pub(super) async fn score(op: &Op, input: &ScoreAssessment) -> Result<AssessmentId, Error> {
    let digest = op.app().digest("scoreAssessment", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = AssessmentId::parse(&input.id, "id")?;
        let (row, scheme) = store::with_scheme(&tx, id).await?;
        tx.authorize(Action::IssueAssessments, scheme.federation_id, "id")?;
        scheme::rules::check_version(row.version, input.expected_version)?;
        rules::may_score(scheme::rules::state(&scheme, op.today()))?;
        let given = input.scores.iter().map(|score| Given {
            item: score.item,
            points: fixed_point(&score.points.0, 2, false),
            remark: score.remark.clone(),
            evidence: Vec::new(),
        });
        let given: Vec<Given> = given.collect();
        rules::check_given(Side::Issuer, &scheme::store::blocks(&scheme)?, &given)?;
        let items: Vec<i32> = given.iter().map(|score| score.item).collect();
        store::delete(&tx, &[id], Side::Issuer, Some(&items)).await?;
        let row = Model {
            version: row.version + 1,
            ..row
        };
        let told = write(&tx, &row, Side::Issuer, given).await?;
        tx.commit(Event::Scored(scheme, row, told), id).await
    })
    .await
}

/// Writes an assessment with what a side gave; the points by item.
async fn write(tx: &Tx, row: &Model, side: Side, given: Vec<Given>) -> Result<Vec<(i32, i64)>, Error> {
    let op = tx.op();
    let scored_by = op.account_id().ok_or(Error::Unauthenticated)?;
    let score = |given: Given| Score {
        id: AssessmentScoreId(op.id()),
        assessment_id: row.id,
        item: given.item,
        side,
        points: given.points.unwrap_or_default(),
        remark: given
            .remark
            .map(|remark| remark.trim().to_owned())
            .filter(|remark| !remark.is_empty()),
        evidence: given.evidence.join(" "),
        figure: None,
        scored_by,
    };
    let scores: Vec<Score> = given.into_iter().map(score).collect();
    let told = scores.iter().map(|score| (score.item, score.points)).collect();
    store::insert(tx, scores).await?;
    tx.update(row.clone()).await?;
    Ok(told)
}

/// The sums that the items of a scheme want, by assessment and item.
type Counted = HashMap<(AssessmentId, i32), i64>;

/// What is counted for all whom a scheme assesses that the caller was proved to issue, wherever they stand now. It is read
/// before the transaction: a writer holds no second connection.
async fn counted(op: &Op, scheme: &Scheme) -> Result<Counted, Error> {
    let rows = store::of_scheme(op.app().db.reader(), scheme.id).await?;
    let blocks = scheme::store::blocks(scheme)?;
    let (mut places, mut asked) = (Vec::new(), Vec::new());
    for row in &rows {
        for item in rules::items(&blocks) {
            if let Some(wanted) = rules::wanted(scheme, item, row.federation_id) {
                places.push((row.id, item));
                asked.push(wanted);
            }
        }
    }
    let sums = Figures::load(op.clone(), asked).await?;
    let figure =
        |((id, item), sums): ((AssessmentId, &Item), Sums)| ((id, item.number), rules::figure(item, &sums));
    Ok(places.into_iter().zip(sums).map(figure).collect())
}

/// Publishes the scores of all whom a scheme assesses, with their ranks. The same again changes nothing.
pub(super) async fn publish(op: &Op, input: &PublishAssessment) -> Result<AssessmentSchemeId, Error> {
    let id = AssessmentSchemeId::parse(&input.id, "id")?;
    let seen = op.load::<Schemes>(id).await?;
    let issuing = op.reach(Action::IssueAssessments);
    let counted = match seen.filter(|scheme| issuing.holds(&scheme.path) && scheme.published_at.is_none()) {
        Some(scheme) => counted(op, &scheme).await?,
        None => Counted::new(),
    };
    let counted = &counted;
    op.write(|tx| async move {
        let scheme = scheme::store::authorized(&tx, id, "id").await?;
        if scheme.published_at.is_some() {
            return Ok(tx.unchanged(id));
        }
        let rows = store::of_scheme(tx.db(), id).await?;
        let ids: Vec<AssessmentId> = rows.iter().map(|row| row.id).collect();
        let scores = store::scores(tx.db(), ids.clone()).await?;
        let scores = grouped(&ids, scores, |score| score.assessment_id);
        let blocks = scheme::store::blocks(&scheme)?;
        let unscored = scores.iter().map(|scores| rules::unscored(&blocks, scores)).sum();
        rules::may_publish(scheme::rules::state(&scheme, op.today()), unscored)?;
        let by = op.account_id().ok_or(Error::Unauthenticated)?;
        let (mut frozen, mut totals) = (Vec::new(), Vec::new());
        for (row, scores) in rows.into_iter().zip(&scores) {
            let own = freeze(op, (row.id, by), &blocks, (scores, counted))?;
            let total = scheme::rules::total(&blocks, |item| {
                rules::of_item(&own, Side::Issuer, item.number).map(|score| score.points)
            });
            totals.push((row, total));
            frozen.extend(own);
        }
        store::delete(&tx, &ids, Side::Issuer, None).await?;
        store::insert(&tx, frozen).await?;
        let ranked: Vec<Model> = ranked(totals, |one, other| one.1.cmp(&other.1))
            .into_iter()
            .map(of_rank)
            .collect();
        store::rank(&tx, &ranked).await?;
        let scheme = Scheme {
            published_at: Some(op.now()),
            ..scheme
        };
        tx.update(scheme.clone()).await?;
        tx.commit(Event::Published(scheme, ranked), id).await
    })
    .await
}

/// An assessment with its total and position.
fn of_rank(ranked: Ranked<(Model, i64)>) -> Model {
    let (row, total) = ranked.who;
    Model {
        total: Some(total),
        rank: i32::try_from(ranked.position).unwrap_or(i32::MAX),
        version: row.version + 1,
        ..row
    }
}

/// What the issuer gave, and what figures give where the issuer gave nothing, each with its figure.
fn freeze(
    op: &Op,
    (assessment_id, scored_by): (AssessmentId, AccountId),
    blocks: &[Block],
    (scores, counted): (&[Score], &Counted),
) -> Result<Vec<Score>, Error> {
    let score = |item: &Item| {
        let figure = match &item.measure {
            Some(measure) => {
                let figure = counted.get(&(assessment_id, item.number)).copied();
                // Nothing is published as nothing because it was not counted.
                let figure =
                    figure.ok_or_else(|| anyhow::anyhow!("nothing was counted for {assessment_id}"))?;
                Some((figure, scheme::rules::earned(item.points, figure, measure.full)))
            }
            None => None,
        };
        let given = rules::of_item(scores, Side::Issuer, item.number).cloned();
        let earned = figure.map(|(_, points)| Score {
            id: AssessmentScoreId(op.id()),
            assessment_id,
            item: item.number,
            side: Side::Issuer,
            points,
            remark: None,
            evidence: String::new(),
            figure: None,
            scored_by,
        });
        let figure = figure.map(|(figure, _)| figure);
        Ok(given.or(earned).map(|score| Score { figure, ..score }))
    };
    rules::items(blocks)
        .filter_map(|item| score(item).transpose())
        .collect()
}
