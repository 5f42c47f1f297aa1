//! Delivering collections.

use super::rules::{self, Answer, Line, Reason, Settled};
use super::types::{CollectionLine, CollectionReasonCode, CollectionStatus};
use super::{Counts, Event, store};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::event::{Delta, Place};
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
        let Delivered { answers, event } = deliver(&tx, &scope, lines).await?;
        match event {
            Some(event) => tx.commit(event, answers).await,
            None => Ok(tx.unchanged(answers)),
        }
    })
    .await
}

/// What a transaction made of a delivery, before it is committed.
pub(super) struct Delivered {
    /// The answer to each line.
    pub(super) answers: Vec<Answer>,
    /// What to say about it; none if nothing changed.
    pub(super) event: Option<Event>,
}

/// Answers lines within a district and writes what is new. The caller commits.
pub(super) async fn deliver(tx: &Tx, scope: &Scope, raw: &[CollectionLine]) -> Result<Delivered, Error> {
    let place = |code: &str| place(tx.tree(), scope, code);
    let lines: Vec<Result<Line, Vec<Reason>>> = raw.iter().map(|raw| rules::read(raw, place)).collect();
    let known = store::known(tx, scope, &lines).await?;
    let settled = rules::settle(&lines, known, || tx.op().id());
    let event = event(tx, &lines, &settled);
    if event.is_some() {
        store::write(tx, raw, &lines, &settled).await?;
    }
    Ok(Delivered {
        answers: settled.answers,
        event,
    })
}

/// The township of a code, if it lies in the district.
fn place(tree: &Tree, scope: &Scope, code: &str) -> Result<Place, CollectionReasonCode> {
    match tree.by_code(code, Some(Level::Township)) {
        None => Err(CollectionReasonCode::UnknownTownship),
        Some(node) if !scope.holds(&node.path) => Err(CollectionReasonCode::OutOfDistrict),
        Some(node) => Ok(Place::from(node)),
    }
}

/// What a delivery changes, in words; none if nothing.
fn event(tx: &Tx, lines: &[Result<Line, Vec<Reason>>], settled: &Settled) -> Option<Event> {
    let changed = settled
        .waiting
        .iter()
        .filter(|waiting| waiting.was != waiting.now);
    let waited = changed.filter_map(|waiting| Some(&lines.get(waiting.index)?.as_ref().ok()?.place));
    let paid = settled.accepted.iter().map(|(_, _, payer)| &payer.place);
    let places: Vec<&Place> = paid.chain(waited).collect();
    if places.is_empty() {
        return None;
    }
    let mut counts = Counts::default();
    for answer in &settled.answers {
        *match answer.status {
            CollectionStatus::Accepted => &mut counts.accepted,
            CollectionStatus::Duplicate => &mut counts.duplicate,
            CollectionStatus::ChangedAfterImport => &mut counts.changed_after_import,
            CollectionStatus::UnknownPayer => &mut counts.unknown_payer,
            CollectionStatus::Invalid => &mut counts.invalid,
        } += 1;
    }
    let mut deltas = Vec::with_capacity(settled.accepted.len());
    for (index, id, payer) in &settled.accepted {
        let Some(Ok(line)) = lines.get(*index) else {
            continue;
        };
        counts.due_fen += line.due_fen;
        let delta = |metric| Delta {
            metric,
            dimension: String::new(),
            place: payer.place.clone(),
            day: line.entered_on,
            amount: line.due_fen,
            source_id: id.0,
        };
        deltas.push(delta(MetricId::FeesCollected));
        if line.item == Item::PreparatoryFund {
            deltas.push(delta(MetricId::PreparatoryFundCollected));
        }
    }
    Some(Event::CollectionsSubmitted {
        id: tx.op().id(),
        place: around(tx.tree(), &places),
        counts,
        deltas,
    })
}

/// The smallest federation, from the county up, that holds all places.
fn around(tree: &Tree, places: &[&Place]) -> Place {
    let county = places.first().and_then(|place| tree.get(place.county_id));
    let mut above = county
        .into_iter()
        .flat_map(|county| std::iter::once(county).chain(tree.ancestors(county)));
    let around = above.find(|node| places.iter().all(|place| node.holds(&place.path)));
    around.map_or_else(Place::everywhere, Place::from)
}
