//! Delivering collections.

use super::rules::{self, Answer, Line, Reason, Settled};
use super::types::{CollectionLine, CollectionReasonCode};
use super::{Counts, Event, store};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::event::{Delta, Place};
use crate::kernel::ledger::Qualifier;
use crate::kernel::op::Op;
use crate::kernel::scope::Scope;
use crate::kernel::tree::Tree;
use crate::kernel::tx::Tx;
use crate::metrics::MetricId;
use crate::policy::Action;
use entity::fees::collection::Item;
use entity::org::federation::Level;

/// The most lines of one call, and of one transaction of a file.
pub const LINES_MAX: usize = 1_000;

/// Answers each line of a call, in its turn; writes what is new with one event, or nothing if nothing is. Refused as a
/// whole only for the number of lines or for a caller who delivers nowhere.
pub(super) async fn submit(op: &Op, lines: &[CollectionLine]) -> Result<Vec<Answer>, Error> {
    op.scope(Action::SubmitCollections)?;
    if !(1..=LINES_MAX).contains(&lines.len()) {
        let message = text("From 1 to 1,000 lines.", "每次应提交 1 至 1000 条明细。");
        return Err(invalid("lines", message));
    }
    op.write(|tx| async move {
        let scope = tx.scope(Action::SubmitCollections);
        let delivered = deliver(&tx, &scope, lines).await?;
        let Some(place) = delivered.place else {
            return Ok(tx.unchanged(delivered.answers));
        };
        let event = Event::CollectionsSubmitted {
            id: op.id(),
            place,
            counts: delivered.counts,
            deltas: delivered.deltas,
        };
        tx.commit(event, delivered.answers).await
    })
    .await
}

/// What a transaction made of a delivery, before it is committed.
pub(super) struct Delivered {
    /// The answer to each line.
    pub(super) answers: Vec<Answer>,
    /// How many of each.
    pub(super) counts: Counts,
    /// What it adds to the figures.
    pub(super) deltas: Vec<Delta>,
    /// The smallest federation that holds all that changed; none if nothing did.
    pub(super) place: Option<Place>,
}

/// Answers lines within a district and writes what is new. The caller says it in an event and commits.
pub(super) async fn deliver(tx: &Tx, scope: &Scope, raw: &[CollectionLine]) -> Result<Delivered, Error> {
    let township = |code: &str| township(tx.tree(), scope, code);
    let lines: Vec<Result<Line, Vec<Reason>>> = raw.iter().map(|raw| rules::read(raw, township)).collect();
    let known = store::known(tx, scope, &lines).await?;
    let settled = rules::settle(&lines, known, || tx.op().id());
    let place = changed(tx.tree(), &lines, &settled);
    if place.is_some() {
        store::write(tx, raw, &lines, &settled).await?;
    }
    let deltas = deltas(&lines, &settled);
    Ok(Delivered {
        counts: rules::count(&lines, &settled),
        answers: settled.answers,
        deltas,
        place,
    })
}

/// The township of a code, if it lies in the district.
fn township(tree: &Tree, scope: &Scope, code: &str) -> Result<Place, CollectionReasonCode> {
    match tree.by_code(code, Some(Level::Township)) {
        None => Err(CollectionReasonCode::UnknownTownship),
        Some(node) if !scope.holds(&node.path) => Err(CollectionReasonCode::OutOfDistrict),
        Some(node) => Ok(Place::from(node)),
    }
}

/// What accepted lines add to the figures: on the day of entry, at the payer's place.
fn deltas(lines: &[Result<Line, Vec<Reason>>], settled: &Settled) -> Vec<Delta> {
    let mut deltas = Vec::with_capacity(settled.accepted.len());
    for (index, id, payer) in &settled.accepted {
        let Some(Ok(line)) = lines.get(*index) else {
            continue;
        };
        let delta = |metric| Delta {
            metric,
            dimension: String::new(),
            place: payer.place.clone(),
            day: line.entered_on,
            amount: line.due_fen,
            qualifier: Qualifier::Exact,
            source_id: id.0,
            moved: payer.moved_on.map(|day| (payer.id.0, day)),
        };
        deltas.push(delta(MetricId::FEES_COLLECTED));
        if line.item == Item::PreparatoryFund {
            deltas.push(delta(MetricId::PREPARATORY_FUND_COLLECTED));
        }
    }
    deltas
}

/// The smallest federation, from the county up, that holds all places where something changes; none if nothing does.
fn changed(tree: &Tree, lines: &[Result<Line, Vec<Reason>>], settled: &Settled) -> Option<Place> {
    let waiting = settled
        .waiting
        .iter()
        .filter(|waiting| waiting.was != waiting.now);
    let waiting = waiting.filter_map(|waiting| Some(&lines.get(waiting.index)?.as_ref().ok()?.place));
    let paid = settled.accepted.iter().map(|(_, _, payer)| &payer.place);
    let places: Vec<&Place> = paid.chain(waiting).collect();
    let first = places.first()?;
    let mut above = std::iter::successors(tree.get(first.county_id), |node| tree.get(node.parent_id?));
    let around = above.find(|node| places.iter().all(|place| node.holds(&place.path)));
    Some(around.map_or_else(Place::everywhere, Place::from))
}
