//! Giving points, of oneself and by the issuer, giving back what was handed in, and publishing all.

use super::rules::{self, Counted, Given};
use super::types::{AssessSelf, PublishAssessment, ReturnAssessment, ScoreAssessment};
use super::{Event, store};
use crate::assessments::scheme;
use crate::assessments::scheme::rules::{Block, Item};
use crate::assessments::scheme::store::Schemes;
use crate::figures::rules::{Ranked, ranked};
use crate::kernel::error::{Error, invalid};
use crate::kernel::gid::Gid;
use crate::kernel::ledger::Figures;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::people::person::rules::reason;
use crate::policy::Action;
use crate::scalars::fixed_point;
use crate::targets::target::store::AmountsOn;
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
            row.returned_for = None;
        }
        let told = write(&tx, &row, Side::Own, given).await?;
        tx.commit(Event::SelfAssessed(row, told), id).await
    })
    .await
}

/// Gives a self-assessment that was handed in back, for a reason. What the issuer gave so far stays.
pub(super) async fn give_back(op: &Op, input: &ReturnAssessment) -> Result<AssessmentId, Error> {
    let digest = op.app().digest("returnAssessment", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let id = AssessmentId::parse(&input.id, "id")?;
        let (row, scheme) = store::with_scheme(&tx, id).await?;
        tx.authorize(Action::IssueAssessments, scheme.federation_id, "id")?;
        scheme::rules::check_version(row.version, input.expected_version)?;
        let state = scheme::rules::state(&scheme, op.today());
        rules::may_return(state, row.submitted_at.is_some())?;
        let reason = reason(&input.reason).map_err(|why| invalid("reason", why))?;
        let row = Model {
            version: row.version + 1,
            submitted_by: None,
            submitted_at: None,
            returned_for: Some(reason),
            ..row
        };
        tx.update(row.clone()).await?;
        tx.commit(Event::Returned(row), id).await
    })
    .await
}

/// Whether a self-assessment that the caller was proved to reach is still being written: until it is handed in, or the
/// closing day is over.
pub(crate) async fn is_open(tx: &Tx, row: &Model) -> Result<bool, Error> {
    let scheme = scheme::store::of_assessment(tx, row).await?;
    let state = scheme::rules::state(&scheme, tx.op().today());
    Ok(rules::may_assess(state, row.submitted_at.is_some()).is_ok())
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
        qualifier: None,
        target: None,
        scored_by,
    };
    let scores: Vec<Score> = given.into_iter().map(score).collect();
    let told = scores.iter().map(|score| (score.item, score.points)).collect();
    store::insert(tx, scores).await?;
    tx.update(row.clone()).await?;
    Ok(told)
}

/// What is counted for the items of a scheme that name figures, by assessment and item.
type AllCounted = HashMap<(AssessmentId, i32), Counted>;

/// What is counted for all whom a scheme assesses that the caller was proved to issue, wherever they stand now. It is read
/// before the transaction: a writer holds no second connection.
async fn counted(op: &Op, scheme: &Scheme) -> Result<AllCounted, Error> {
    let rows = store::of_scheme(op.app().db.reader(), scheme.id).await?;
    let blocks = scheme::store::blocks(scheme)?;
    let (mut places, mut asked, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        for item in rules::items(&blocks) {
            if let Some(wanted) = rules::wanted(scheme, item, row.federation_id) {
                places.push((row.id, item));
                asked.push(wanted);
                targets.extend(rules::target(scheme, item, row.federation_id));
            }
        }
    }
    let sums = Figures::load(op.clone(), asked).await?;
    let mut targets = AmountsOn::load(op.clone(), targets).await?.into_iter();
    let mut all = AllCounted::new();
    for ((id, item), sums) in places.into_iter().zip(sums) {
        let is_completion = item
            .measure
            .as_ref()
            .is_some_and(|measure| measure.full.is_none());
        let target = is_completion.then(|| targets.next()).flatten().flatten();
        all.insert((id, item.number), Counted::of(item, &sums, target));
    }
    Ok(all)
}

/// Publishes the scores of all whom a scheme assesses, with their ranks. The same again changes nothing.
pub(super) async fn publish(op: &Op, input: &PublishAssessment) -> Result<AssessmentSchemeId, Error> {
    let id = AssessmentSchemeId::parse(&input.id, "id")?;
    let seen = op.load::<Schemes>(id).await?;
    let issuing = op.reach(Action::IssueAssessments);
    let counted = match seen.filter(|scheme| issuing.holds(&scheme.path) && scheme.published_at.is_none()) {
        Some(scheme) => counted(op, &scheme).await?,
        None => AllCounted::new(),
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
    (scores, counted): (&[Score], &AllCounted),
) -> Result<Vec<Score>, Error> {
    let score = |item: &Item| {
        let counted = counted.get(&(assessment_id, item.number));
        // Nothing is published as nothing because it was not counted.
        if item.measure.is_some() && counted.is_none() {
            return Err(anyhow::anyhow!("nothing was counted for {assessment_id}").into());
        }
        let given = rules::of_item(scores, Side::Issuer, item.number).cloned();
        let earned = counted.map(|counted| Score {
            id: AssessmentScoreId(op.id()),
            assessment_id,
            item: item.number,
            side: Side::Issuer,
            points: counted.earned(item),
            remark: None,
            evidence: String::new(),
            figure: None,
            qualifier: None,
            target: None,
            scored_by,
        });
        Ok(given.or(earned).map(|score| Score {
            figure: counted.map(|counted| counted.figure),
            qualifier: counted.map(|counted| counted.qualifier.mark().to_owned()),
            target: counted.and_then(|counted| counted.target),
            ..score
        }))
    };
    rules::items(blocks)
        .filter_map(|item| score(item).transpose())
        .collect()
}
