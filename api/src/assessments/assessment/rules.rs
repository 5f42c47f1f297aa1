//! Decisions about assessments: when who may give points, and how many.

use crate::assessments::scheme::rules::{Block, ITEMS_MAX, Item, Kind, State, earned};
use crate::figures;
use crate::kernel::error::{Error, Faults, conflict, invalid, text};
use crate::kernel::ledger::{Amount, Qualifier, Sums, Wanted};
use crate::metrics::MetricId;
use crate::targets::target::rules::Goal;
use chrono::NaiveDate;
use entity::assessments::scheme::Model as Scheme;
use entity::assessments::score::{Model, Side};
use entity::id::FederationId;
use std::collections::HashSet;

/// Characters of a remark.
const REMARK_MAX: usize = 1_000;
/// Records that prove a score.
const EVIDENCE_MAX: usize = 10;

/// What a side gives for an item.
#[derive(Clone, Debug)]
pub struct Given {
    /// Number of the item.
    pub item: i32,
    /// In hundredths; none if it cannot be read.
    pub points: Option<i64>,
    /// Why.
    pub remark: Option<String>,
    /// Global ids of records that prove it.
    pub evidence: Vec<String>,
}

/// A self-assessment is written until the closing day, and until it was handed in.
pub fn may_assess(state: State, is_submitted: bool) -> Result<(), Error> {
    let refusal = match state {
        State::Issued if !is_submitted => return Ok(()),
        State::Issued => text("It was handed in.", "自评已提交，不能再修改。"),
        State::Draft | State::Closed | State::Published => text("Self-assessment is over.", "自评已截止。"),
    };
    Err(conflict("id", refusal))
}

/// The issuer gives back what was handed in, while it can be handed in again.
pub fn may_return(state: State, is_submitted: bool) -> Result<(), Error> {
    let refusal = match state {
        State::Issued if is_submitted => return Ok(()),
        State::Issued | State::Draft => text("It was not handed in.", "自评尚未提交。"),
        State::Closed | State::Published => text("Self-assessment is over.", "自评已截止。"),
    };
    Err(conflict("id", refusal))
}

/// The issuer scores until it publishes.
pub fn may_score(state: State) -> Result<(), Error> {
    match state {
        State::Issued | State::Closed => Ok(()),
        State::Draft | State::Published => {
            let published = text("The scores were published.", "考评结果已通报，不能再修改。");
            Err(conflict("id", published))
        }
    }
}

/// Scores are published when self-assessment is over and every basic item without a figure has been scored.
pub fn may_publish(state: State, unscored: usize) -> Result<(), Error> {
    let refusal = match state {
        State::Closed if unscored == 0 => return Ok(()),
        State::Closed => text(
            format!("Items are still to be scored: {unscored}."),
            format!("尚有 {unscored} 个项目未评分。"),
        ),
        State::Draft | State::Issued | State::Published => text(
            "It is published after its closing day.",
            "须在考评截止日期之后通报。",
        ),
    };
    Err(conflict("id", refusal))
}

/// The items of all blocks.
pub fn items(blocks: &[Block]) -> impl Iterator<Item = &Item> {
    blocks.iter().flat_map(|block| &block.items)
}

/// Points that a side gives: at most those of the item, once for each. What a figure scores, nobody assesses of
/// themselves, and the issuer only with a remark.
pub fn check_given(side: Side, blocks: &[Block], given: &[Given]) -> Result<(), Error> {
    let (mut faults, mut seen) = (Faults::default(), HashSet::new());
    for (index, score) in given.iter().enumerate() {
        let at = |field: &str| format!("scores.{index}.{field}");
        let item = items(blocks).find(|item| item.number == score.item);
        let rule = text(
            "An item of the scheme, named once.",
            "应为考评办法中的项目，且不得重复。",
        );
        faults.unless(item.is_some() && seen.insert(score.item), at("item"), rule);
        let Some(item) = item else { continue };
        let is_fair = score
            .points
            .is_some_and(|points| (0..=item.points).contains(&points));
        let rule = text(
            "From 0 to the points of the item, with two decimals at most.",
            "应在 0 与项目分值之间，最多两位小数。",
        );
        faults.unless(is_fair, at("points"), rule);
        let remark = score.remark.as_deref().map(str::trim).unwrap_or_default();
        let rule = text("At most 1,000 characters.", "最多 1000 个字符。");
        faults.unless(remark.chars().count() <= REMARK_MAX, at("remark"), rule);
        if item.measure.is_some() {
            match side {
                Side::Own => {
                    let rule = text("A figure scores it.", "该项目由指标自动评分。");
                    faults.unless(false, at("item"), rule);
                }
                Side::Issuer => {
                    let rule = text(
                        "Other points than the figure's need a remark.",
                        "改变自动评分须说明理由。",
                    );
                    faults.unless(!remark.is_empty(), at("remark"), rule);
                }
            }
        }
    }
    faults.refuse()
}

/// How many records prove each score of a self-assessment: at most 10, and at most 100 scores.
pub fn check_evidence(counts: impl ExactSizeIterator<Item = usize>) -> Result<(), Error> {
    let mut faults = Faults::default();
    let rule = text("At most 100 scores.", "评分最多 100 项。");
    faults.unless(counts.len() <= ITEMS_MAX, "scores", rule);
    for (index, count) in counts.enumerate() {
        let rule = text("At most 10 records.", "证明材料最多 10 项。");
        faults.unless(count <= EVIDENCE_MAX, format!("scores.{index}.evidence"), rule);
    }
    faults.refuse()
}

/// What a side gave for an item.
pub fn of_item(scores: &[Model], side: Side, item: i32) -> Option<&Model> {
    scores
        .iter()
        .find(|score| score.side == side && score.item == item)
}

/// How many basic items without a figure the issuer has not scored.
pub fn unscored(blocks: &[Block], scores: &[Model]) -> usize {
    let waits = |item: &&Item| {
        item.kind == Kind::Base
            && item.measure.is_none()
            && of_item(scores, Side::Issuer, item.number).is_none()
    };
    items(blocks).filter(waits).count()
}

/// What to sum for an item at a federation; none without a figure.
pub fn wanted(scheme: &Scheme, item: &Item, at: FederationId) -> Option<Wanted> {
    let measure = item.measure.as_ref()?;
    let metric = MetricId::coded(&measure.metric)?;
    let axis = measure.dimension.as_deref().and_then(|dimension| {
        let (axis, _) = dimension.split_once(':')?;
        figures::rules::axis(metric.code(), metric.entry().axes, axis).ok()
    });
    let day = scheme.figures_as_of;
    let period = figures::rules::Asked::as_of(day);
    let period = period.period(metric.entry().nature, day).ok()?;
    Some(Wanted {
        federation_id: at,
        metric,
        axis,
        period,
    })
}

/// Whose target of what, as amended by which day, says what earns all points of an item; none where the item says it.
pub fn target(scheme: &Scheme, item: &Item, at: FederationId) -> Option<(FederationId, Goal, NaiveDate)> {
    let measure = item.measure.as_ref().filter(|measure| measure.full.is_none())?;
    let goal = Goal {
        metric: MetricId::coded(&measure.metric)?,
        dimension: measure.dimension.clone().unwrap_or_default(),
        year: scheme.year,
    };
    Some((at, goal, scheme.figures_as_of))
}

/// What is counted for an item that names a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The figure.
    pub figure: i64,
    /// How exact it is.
    pub qualifier: Qualifier,
    /// The target of whoever is assessed, where the item counts its completion and there is one.
    pub target: Option<i64>,
}

impl Counted {
    /// What sums, and a target, say.
    pub fn of(item: &Item, sums: &Sums, target: Option<i64>) -> Counted {
        let amount = figure(item, sums);
        Counted {
            figure: amount.total(),
            qualifier: amount.qualifier(),
            target,
        }
    }

    /// What was kept at publication.
    pub fn kept(score: &Model) -> Option<Counted> {
        Some(Counted {
            figure: score.figure?,
            qualifier: Qualifier::marked(score.qualifier.as_deref().unwrap_or_default()),
            target: score.target,
        })
    }

    /// What it earns of an item's points; nothing without a target, or of one of nothing.
    pub fn earned(self, item: &Item) -> i64 {
        let full = item.measure.as_ref().and_then(|measure| measure.full);
        let full = full.or(self.target).filter(|full| *full > 0);
        full.map_or(0, |full| earned(item.points, self.figure, full))
    }
}

/// What an item counts of the sums that it wants.
fn figure(item: &Item, sums: &Sums) -> Amount {
    let dimension = item
        .measure
        .as_ref()
        .and_then(|measure| measure.dimension.as_deref())
        .unwrap_or_default();
    let counted = sums.iter().filter(|(value, _)| value == dimension);
    counted.map(|(_, amount)| *amount).sum()
}

/// What refuses evidence that is not of the assessed federation.
pub fn foreign_evidence(index: usize) -> Error {
    let rule = text(
        "A record of the assessed federation.",
        "证明材料应为被考评工会的记录。",
    );
    invalid(format!("scores.{index}.evidence"), rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessments::scheme::rules::Measure;

    fn blocks() -> Vec<Block> {
        let item = |number: i32, measure: Option<Measure>| Item {
            number,
            kind: Kind::Base,
            title: "走访企业".to_owned(),
            points: 1_000,
            standard: "每月一次".to_owned(),
            assessor: None,
            measure,
        };
        let measure = Measure {
            metric: "visits".to_owned(),
            dimension: None,
            full: Some(12),
        };
        vec![Block {
            title: "维权".to_owned(),
            weight: 100,
            items: vec![item(1, None), item(2, Some(measure))],
        }]
    }

    #[test]
    fn points_are_those_of_the_item_at_most() {
        let given = |item: i32, points: Option<i64>, remark: Option<&str>| Given {
            item,
            points,
            remark: remark.map(str::to_owned),
            evidence: Vec::new(),
        };
        for (side, scores, good) in [
            (Side::Own, vec![given(1, Some(0), None)], true),
            (Side::Own, vec![given(1, Some(1_000), None)], true),
            (Side::Own, vec![given(1, Some(1_001), None)], false),
            (Side::Own, vec![given(1, Some(-1), None)], false),
            (Side::Own, vec![given(1, None, None)], false),
            (Side::Own, vec![given(3, Some(1), None)], false),
            (
                Side::Own,
                vec![given(1, Some(1), None), given(1, Some(1), None)],
                false,
            ),
            (Side::Own, vec![given(2, Some(1), Some("实际走访"))], false),
            (Side::Issuer, vec![given(2, Some(1), Some("实际走访"))], true),
            (Side::Issuer, vec![given(2, Some(1), None)], false),
            (Side::Issuer, vec![given(2, Some(1), Some("  "))], false),
        ] {
            assert_eq!(check_given(side, &blocks(), &scores).is_ok(), good, "{scores:?}");
        }
        assert_eq!(unscored(&blocks(), &[]), 1);
    }

    #[test]
    fn completion_is_of_ones_own_target() {
        let item = |full: Option<i64>| {
            let mut item = blocks()[0].items[1].clone();
            item.measure = item.measure.map(|measure| Measure { full, ..measure });
            item
        };
        for (full, target, figure, expected) in [
            (None, Some(10), 5, 500),
            (None, Some(100), 50, 500),
            (None, Some(100), 100, 1_000),
            (None, Some(100), 130, 1_000),
            (None, Some(0), 5, 0),
            (None, None, 5, 0),
            (Some(20), None, 5, 250),
        ] {
            let counted = Counted {
                figure,
                qualifier: Qualifier::Exact,
                target,
            };
            assert_eq!(
                counted.earned(&item(full)),
                expected,
                "{full:?} {target:?} {figure}"
            );
        }
    }

    #[test]
    fn everything_has_its_time() {
        for (state, assess, score, publish) in [
            (State::Draft, false, false, false),
            (State::Issued, true, true, false),
            (State::Closed, false, true, true),
            (State::Published, false, false, false),
        ] {
            assert_eq!(may_assess(state, false).is_ok(), assess, "{state:?}");
            assert!(may_assess(state, true).is_err());
            assert_eq!(may_return(state, true).is_ok(), assess, "{state:?}");
            assert!(may_return(state, false).is_err());
            assert_eq!(may_score(state).is_ok(), score, "{state:?}");
            assert_eq!(may_publish(state, 0).is_ok(), publish, "{state:?}");
            assert!(may_publish(state, 1).is_err());
        }
    }
}
