//! What becomes of lines: the first accepted line of a key wins, and nothing that can be read is lost.

use super::{Answer, Line, Reason, is_rate_anomaly};
use crate::fees::collection::types::{CollectionStatus as Status, CollectionWarning as Warning};
use crate::kernel::event::Place;
use entity::fees::waiting::WaitingReason;
use entity::id::{CollectionId, EnterpriseId, FederationId, WaitingCollectionId};
use std::collections::HashMap;
use uuid::Uuid;

/// Who pays.
#[derive(Clone, Debug)]
pub struct Payer {
    /// The enterprise.
    pub id: EnterpriseId,
    /// Where it is on the register.
    pub place: Place,
}

/// An accepted line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Which.
    pub id: CollectionId,
    /// County of its payer when it was accepted.
    pub county_id: FederationId,
    /// What it says.
    pub digest: String,
}

/// A line that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub id: WaitingCollectionId,
    /// What it says.
    pub digest: String,
    /// Why, before this delivery; none if it came with it.
    pub was: Option<WaitingReason>,
    /// Why, after it; none if it is accepted now.
    pub now: Option<WaitingReason>,
    /// Position in this delivery of the line that it is, or that changed it.
    pub index: usize,
}

/// Voucher and line.
type Key = (String, i32);

/// What is known about payers and keys of a delivery, within the caller's district.
#[derive(Debug, Default)]
pub struct Known {
    /// By code.
    pub payers: HashMap<String, Payer>,
    /// By key; more than one if counties number their vouchers alike.
    pub accepted: HashMap<Key, Vec<Accepted>>,
    /// By key.
    pub waiting: HashMap<Key, Vec<Waiting>>,
}

/// What a delivery comes to.
#[derive(Debug, Default)]
pub struct Settled {
    /// The answer to each line.
    pub answers: Vec<Answer>,
    /// Positions of the lines to write, each with its id and payer.
    pub accepted: Vec<(usize, CollectionId, Payer)>,
    /// All waiting lines of the keys of the delivery.
    pub waiting: Vec<Waiting>,
}

/// Decides about each line in its turn. `id` makes new ids.
pub fn settle(lines: &[Result<Line, Vec<Reason>>], mut known: Known, id: impl Fn() -> Uuid) -> Settled {
    let mut settled = Settled::default();
    for (index, line) in lines.iter().enumerate() {
        let answer = match line {
            Err(reasons) => Answer {
                reasons: reasons.clone(),
                ..answer(Status::Invalid, None)
            },
            Ok(line) => known.settle(index, line, &id, &mut settled.accepted),
        };
        settled.answers.push(answer);
    }
    settled.waiting = known.waiting.into_values().flatten().collect();
    // In the order in which they came.
    settled.waiting.sort_by_key(|waiting| (waiting.index, waiting.id));
    settled
}

fn answer(status: Status, collection_id: Option<CollectionId>) -> Answer {
    Answer {
        status,
        reasons: Vec::new(),
        warnings: Vec::new(),
        collection_id,
    }
}

impl Known {
    fn settle(
        &mut self,
        index: usize,
        line: &Line,
        id: &impl Fn() -> Uuid,
        accepted: &mut Vec<(usize, CollectionId, Payer)>,
    ) -> Answer {
        let key: Key = (line.voucher_id.clone(), line.line_no);
        let payer = self.payers.get(&line.uscc);
        if let Some(earlier) = self.earlier(&key, line, payer) {
            let earlier = (earlier.id, earlier.digest == line.digest);
            return match earlier {
                (earlier, true) => answer(Status::Duplicate, Some(earlier)),
                (earlier, false) => {
                    self.wait(key, (index, line), WaitingReason::ChangedAfterImport, id);
                    answer(Status::ChangedAfterImport, Some(earlier))
                }
            };
        }
        let Some(payer) = payer.cloned() else {
            self.wait(key, (index, line), WaitingReason::UnknownPayer, id);
            return answer(Status::UnknownPayer, None);
        };
        let id = CollectionId(id());
        let mut answer = answer(Status::Accepted, Some(id));
        answer.warnings = warnings(line, &payer);
        for waiting in self.waiting.get_mut(&key).into_iter().flatten() {
            let is_this = waiting.digest == line.digest;
            waiting.now = (!is_this).then_some(WaitingReason::ChangedAfterImport);
            if waiting.was.is_some() {
                waiting.index = index;
            }
        }
        self.accepted.entry(key).or_default().push(Accepted {
            id,
            county_id: payer.place.county_id,
            digest: line.digest.clone(),
        });
        accepted.push((index, id, payer));
        answer
    }

    /// The accepted line of the key: in the county of the township or of the payer, or the same line wherever its payer
    /// has moved since.
    fn earlier(&self, key: &Key, line: &Line, payer: Option<&Payer>) -> Option<&Accepted> {
        let counties = [
            Some(line.place.county_id),
            payer.map(|payer| payer.place.county_id),
        ];
        let all = self.accepted.get(key)?;
        let same = all.iter().find(|earlier| earlier.digest == line.digest);
        same.or_else(|| {
            all.iter()
                .find(|earlier| counties.contains(&Some(earlier.county_id)))
        })
    }

    /// Lets a line wait; once, however often it comes.
    fn wait(
        &mut self,
        key: Key,
        (index, line): (usize, &Line),
        reason: WaitingReason,
        id: &impl Fn() -> Uuid,
    ) {
        let same_key = self.waiting.entry(key).or_default();
        match same_key.iter_mut().find(|waiting| waiting.digest == line.digest) {
            Some(waiting) => (waiting.now, waiting.index) = (Some(reason), index),
            None => same_key.push(Waiting {
                id: WaitingCollectionId(id()),
                digest: line.digest.clone(),
                was: None,
                now: Some(reason),
                index,
            }),
        }
    }
}

fn warnings(line: &Line, payer: &Payer) -> Vec<Warning> {
    let is_elsewhere = !payer.place.path.starts_with(&line.place.path);
    let warnings = [
        (is_rate_anomaly(line), Warning::RateAnomaly),
        (is_elsewhere, Warning::TownshipDiffers),
    ];
    warnings
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, warning)| warning)
        .collect()
}
