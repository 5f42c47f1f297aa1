//! Drafting and issuing schemes.

use super::rules::{self, ASSESSED_MAX, Block, Item, Measure};
use super::types::{AssessmentItemInput, AssessmentMeasure, DraftAssessmentScheme, IssueAssessmentScheme};
use super::{Event, store};
use crate::kernel::error::{Error, Faults, Text, conflict, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::metrics::{MetricId, Unit};
use crate::policy::Action;
use crate::scalars::fixed_point;
use crate::targets::target::rules::dimension;
use entity::assessments::assessment;
use entity::assessments::scheme::Model;
use entity::id::{AssessmentId, AssessmentSchemeId, FederationId};

fn points(text: &str) -> i64 {
    // What cannot be read is no fair number of points.
    fixed_point(text, 2, false).unwrap_or_default()
}

/// The figure that an item names, with what earns all its points.
fn measure(input: &AssessmentItemInput) -> Result<Option<Measure>, (&'static str, Text)> {
    let Some(code) = &input.metric else {
        let together = text(
            "It goes with a metric, and with nothing else.",
            "须与指标一并填写。",
        );
        return match (&input.dimension, &input.full, input.measure) {
            (None, None, AssessmentMeasure::Figure) => Ok(None),
            _ => Err(("metric", together)),
        };
    };
    let unknown = || text("No such metric.", "没有该指标。");
    let metric = MetricId::coded(&code.0).ok_or_else(|| ("metric", unknown()))?;
    // The part is one that a target may be of.
    dimension(metric.entry(), input.dimension.as_deref()).map_err(|text| ("dimension", text))?;
    Ok(Some(Measure {
        metric: metric.code().to_owned(),
        dimension: input.dimension.clone(),
        full: full(input, metric).map_err(|text| ("full", text))?,
    }))
}

/// The figure that earns all points; none where the target of whoever is assessed says it.
fn full(input: &AssessmentItemInput, metric: MetricId) -> Result<Option<i64>, Text> {
    let places = if metric.entry().unit == Unit::Yuan { 2 } else { 0 };
    let full = input.full.as_ref();
    let full = full.map(|full| fixed_point(&full.0, places, false));
    match (input.measure, full) {
        (AssessmentMeasure::Completion, None) => Ok(None),
        (AssessmentMeasure::Completion, Some(_)) => Err(text(
            "The target of whoever is assessed says it.",
            "按完成率计分时，以被考评单位的目标任务为准。",
        )),
        (AssessmentMeasure::Figure, Some(Some(full))) => Ok(Some(full)),
        (AssessmentMeasure::Figure, _) => Err(text(
            "A metric needs the figure that earns all points.",
            "须填写得满分的指标值。",
        )),
    }
}

fn blocks(faults: &mut Faults, input: &DraftAssessmentScheme) -> Vec<Block> {
    let (mut number, mut blocks) = (0, Vec::new());
    for (block_index, block) in input.blocks.iter().enumerate() {
        let mut items = Vec::new();
        for (index, item) in block.items.iter().enumerate() {
            number += 1;
            let measure = measure(item).unwrap_or_else(|(field, text)| {
                faults.unless(false, format!("blocks.{block_index}.items.{index}.{field}"), text);
                None
            });
            items.push(Item {
                number,
                kind: item.kind.into(),
                title: item.title.trim().to_owned(),
                points: points(&item.points.0),
                standard: item.standard.trim().to_owned(),
                assessor: item.assessor.as_ref().map(|assessor| assessor.trim().to_owned()),
                measure,
            });
        }
        blocks.push(Block {
            title: block.title.trim().to_owned(),
            weight: block.weight,
            items,
        });
    }
    rules::check_blocks(faults, &blocks);
    blocks
}

/// Writes a draft, or writes one anew.
pub(super) async fn draft(op: &Op, input: &DraftAssessmentScheme) -> Result<AssessmentSchemeId, Error> {
    let digest = op.app().digest("draftAssessmentScheme", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let at = Gid::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::IssueAssessments, at, "federationId")?;
        let earlier = match &input.id {
            Some(id) => Some(earlier(&tx, AssessmentSchemeId::parse(id, "id")?, &at, input).await?),
            None => None,
        };
        let closes_on = input.closes_on.0;
        let figures_as_of = match input.figures_as_of {
            Some(day) => day.0,
            None => rules::figures_as_of(input.year, closes_on),
        };
        let mut faults = Faults::default();
        rules::check_head(&mut faults, &input.title, input.year, (closes_on, figures_as_of));
        let blocks = blocks(&mut faults, input);
        faults.refuse()?;
        let scheme = Model {
            id: earlier
                .as_ref()
                .map_or_else(|| AssessmentSchemeId(op.id()), |earlier| earlier.id),
            year: input.year,
            title: input.title.trim().to_owned(),
            level: input.level.into(),
            closes_on,
            figures_as_of,
            blocks: serde_json::to_string(&blocks)?,
            assessed: 0,
            version: earlier.as_ref().map_or(1, |earlier| earlier.version + 1),
            drafted_by: op.account_id().ok_or(Error::Unauthenticated)?,
            issued_at: None,
            published_at: None,
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        if store::is_taken(&tx, (at.id, scheme.id), (scheme.year, &scheme.title)).await? {
            let taken = text(
                "This federation has a scheme of this title for the year.",
                "本年度已有同名考评办法。",
            );
            return Err(conflict("title", taken));
        }
        match earlier {
            Some(_) => tx.update(scheme.clone()).await?,
            None => tx.insert(scheme.clone()).await?,
        }
        let id = scheme.id;
        tx.commit(Event::Drafted(scheme), id).await
    })
    .await
}

/// The draft that is written anew.
async fn earlier(
    tx: &Tx,
    id: AssessmentSchemeId,
    at: &Node,
    input: &DraftAssessmentScheme,
) -> Result<Model, Error> {
    let scheme = store::authorized(tx, id, "id").await?;
    if scheme.federation_id != at.id {
        return Err(Error::NotFound("id".into()));
    }
    rules::check_draft(&scheme, input.expected_version.unwrap_or_default())?;
    Ok(scheme)
}

/// Whom a scheme assesses, in order of the tree: those who are named, or all of its level below the issuer.
fn assessed<'a>(tx: &'a Tx, scheme: &Model, named: Option<&[FederationId]>) -> Result<Vec<&'a Node>, Error> {
    let tree = tx.tree();
    let below = tree
        .get(scheme.federation_id)
        .map(|issuer| tree.below(issuer))
        .unwrap_or_default();
    let is_fit = |node: &&Node| node.level == scheme.level && node.retired_on.is_none();
    let fit = below.iter().filter(is_fit);
    let chosen: Vec<&Node> = match named {
        Some(ids) => {
            let chosen: Vec<&Node> = fit.filter(|node| ids.contains(&node.id)).collect();
            if ids.iter().any(|id| !chosen.iter().any(|node| node.id == *id)) {
                return Err(Error::NotFound("federationIds".into()));
            }
            chosen
        }
        None => fit.filter(|node| !node.is_stand_in).collect(),
    };
    if (1..=ASSESSED_MAX).contains(&chosen.len()) {
        return Ok(chosen);
    }
    let rule = text(
        "A scheme assesses from 1 to 300 federations of its level below the issuer.",
        "考评对象应为印发单位下级中 1 至 300 个该层级的工会。",
    );
    Err(invalid("federationIds", rule))
}

/// Issues a draft: from here nothing of it changes, and whom it assesses is fixed. The same again changes nothing.
pub(super) async fn issue(op: &Op, input: &IssueAssessmentScheme) -> Result<AssessmentSchemeId, Error> {
    op.write(|tx| async move {
        let id = AssessmentSchemeId::parse(&input.id, "id")?;
        let scheme = store::authorized(&tx, id, "id").await?;
        rules::check_version(scheme.version, input.expected_version)?;
        if scheme.issued_at.is_some() {
            return Ok(tx.unchanged(id));
        }
        if scheme.closes_on < op.today() {
            let over = text("Its closing day is over.", "考评截止日期已过。");
            return Err(conflict("id", over));
        }
        let named = input.federation_ids.as_ref().map(|ids| {
            let parsed = ids.iter().map(|id| FederationId::parse(id, "federationIds"));
            parsed.collect::<Result<Vec<_>, _>>()
        });
        let row = |node: &Node| assessment::Model {
            id: AssessmentId(op.id()),
            scheme_id: id,
            year: scheme.year,
            version: 1,
            submitted_by: None,
            submitted_at: None,
            returned_for: None,
            total: None,
            rank: 0,
            federation_id: node.id,
            path: node.path.to_string(),
            county_id: node.county_id,
        };
        let chosen = assessed(&tx, &scheme, named.transpose()?.as_deref())?;
        let rows: Vec<assessment::Model> = chosen.into_iter().map(row).collect();
        let issued = Model {
            assessed: i32::try_from(rows.len()).unwrap_or(i32::MAX),
            issued_at: Some(op.now()),
            ..scheme
        };
        tx.update(issued.clone()).await?;
        store::insert_assessed(&tx, rows).await?;
        tx.commit(Event::Issued(issued), id).await
    })
    .await
}
