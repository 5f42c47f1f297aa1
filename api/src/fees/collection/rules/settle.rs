//! What becomes of lines: the first accepted line of a key wins, and nothing that can be read is lost.

use super::{Answer, Line, Reason, is_rate_anomaly};
use crate::fees::collection::Counts;
use crate::fees::collection::types::{CollectionStatus as Status, CollectionWarning as Warning};
use crate::kernel::event::Place;
use chrono::NaiveDate;
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
    /// The day on which it came there; none if it never was elsewhere.
    pub moved_on: Option<NaiveDate>,
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

/// Counts the answers and sums up the accepted lines, exact to the fen.
pub fn count(lines: &[Result<Line, Vec<Reason>>], settled: &Settled) -> Counts {
    let of = |status| {
        settled
            .answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    let accepted = settled
        .accepted
        .iter()
        .filter_map(|(index, ..)| lines.get(*index)?.as_ref().ok());
    Counts {
        accepted: of(Status::Accepted),
        duplicate: of(Status::Duplicate),
        changed_after_import: of(Status::ChangedAfterImport),
        unknown_payer: of(Status::UnknownPayer),
        invalid: of(Status::Invalid),
        due_fen: accepted.map(|line| line.due_fen).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fees::collection::rules::read;
    use crate::fees::collection::types::CollectionLine;
    use std::cell::Cell;

    const ONE: &str = "91350100M000100Y43";
    const OTHER: &str = "914403001922038216";

    fn place(number: u128) -> Place {
        Place {
            federation_id: Uuid::from_u128(number).into(),
            path: format!("0001{number:04}"),
            county_id: Uuid::from_u128(number / 10).into(),
        }
    }

    /// A line of a voucher by a payer over an amount, in the township 11 of county 1.
    fn line(voucher: &str, uscc: &str, due: &str) -> Result<Line, Vec<Reason>> {
        let raw = CollectionLine {
            voucher_id: Some(voucher.into()),
            line_no: Some(1),
            uscc: Some(uscc.into()),
            wages: Some("0".into()),
            payable: Some(due.into()),
            due: Some(due.into()),
            ..read::tests::good()
        };
        read(&raw, |_| Ok(place(11)))
    }

    fn known(payers: &[(&str, u128)]) -> Known {
        let payer = |(uscc, number): &(&str, u128)| {
            let payer = Payer {
                id: Uuid::from_u128(*number).into(),
                place: place(*number),
                moved_on: None,
            };
            ((*uscc).to_owned(), payer)
        };
        Known {
            payers: payers.iter().map(payer).collect(),
            ..Known::default()
        }
    }

    /// What the next delivery knows after one.
    fn after(lines: &[Result<Line, Vec<Reason>>], settled: &Settled, payers: &[(&str, u128)]) -> Known {
        let mut known = known(payers);
        for (index, id, payer) in &settled.accepted {
            let line = lines[*index].as_ref().unwrap();
            let same_key = known
                .accepted
                .entry((line.voucher_id.clone(), line.line_no))
                .or_default();
            same_key.push(Accepted {
                id: *id,
                county_id: payer.place.county_id,
                digest: line.digest.clone(),
            });
        }
        for waiting in settled.waiting.iter().filter(|waiting| waiting.now.is_some()) {
            let line = lines[waiting.index].as_ref().unwrap();
            let same_key = known
                .waiting
                .entry((line.voucher_id.clone(), line.line_no))
                .or_default();
            same_key.push(Waiting {
                was: waiting.now,
                ..waiting.clone()
            });
        }
        known
    }

    fn run(lines: &[Result<Line, Vec<Reason>>], known: Known) -> (Vec<Status>, Settled) {
        let next = Cell::new(1_000);
        let settled = settle(lines, known, || {
            next.set(next.get() + 1);
            Uuid::from_u128(next.get())
        });
        (
            settled.answers.iter().map(|answer| answer.status).collect(),
            settled,
        )
    }

    fn changes(settled: &Settled) -> Vec<(Option<WaitingReason>, Option<WaitingReason>)> {
        let changed = settled
            .waiting
            .iter()
            .filter(|waiting| waiting.was != waiting.now);
        changed.map(|waiting| (waiting.was, waiting.now)).collect()
    }

    #[test]
    fn the_first_line_of_a_key_wins_and_a_second_delivery_changes_nothing() {
        use Status::*;
        let lines = [
            line("a", ONE, "10"),
            line("a", ONE, "10"),
            line("a", ONE, "11"),
            line("a", ONE, "11"),
            line("b", OTHER, "12"),
            line("c", ONE, "-4.05"),
            Err(Vec::new()),
        ];
        let payers = [(ONE, 11)];

        let (first, settled) = run(&lines, known(&payers));
        let (second, again) = run(&lines, after(&lines, &settled, &payers));

        let expected = [
            Accepted,
            Duplicate,
            ChangedAfterImport,
            ChangedAfterImport,
            UnknownPayer,
            Accepted,
            Invalid,
        ];
        assert_eq!(first, expected);
        assert_eq!(settled.waiting.len(), 2);
        assert_eq!(count(&lines, &settled).due_fen, 595);
        assert_eq!(settled.answers[2].collection_id, settled.answers[0].collection_id);
        assert_eq!(second[..2], [Duplicate, Duplicate]);
        assert_eq!(second[2..5], expected[2..5]);
        assert_eq!(second[5..], [Duplicate, Invalid]);
        assert!(again.accepted.is_empty() && changes(&again).is_empty());
    }

    #[test]
    fn a_line_leaves_the_work_list_when_its_payer_is_registered() {
        let lines = [line("a", ONE, "10"), line("a", ONE, "11")];
        let (first, settled) = run(&lines, known(&[]));
        assert_eq!(first, [Status::UnknownPayer; 2]);

        let payers = [(ONE, 11)];
        let (second, settled) = run(&lines[..1], after(&lines, &settled, &payers));

        assert_eq!(second, [Status::Accepted]);
        let (unknown, changed) = (WaitingReason::UnknownPayer, WaitingReason::ChangedAfterImport);
        assert_eq!(
            changes(&settled),
            [(Some(unknown), None), (Some(unknown), Some(changed))]
        );
    }

    #[test]
    fn an_accepted_line_stays_a_duplicate_after_its_payer_moved_or_left_the_register() {
        let lines = [line("a", ONE, "10")];
        let (_, settled) = run(&lines, known(&[(ONE, 21)]));
        for payers in [&[][..], &[(ONE, 31)]] {
            let (again, _) = run(&lines, after(&lines, &settled, payers));
            assert_eq!(again, [Status::Duplicate]);
        }
    }

    #[test]
    fn counties_that_number_their_vouchers_alike_do_not_disturb_each_other() {
        let mut elsewhere = line("a", OTHER, "12");
        elsewhere.as_mut().unwrap().place = place(21);
        let lines = [line("a", ONE, "10"), elsewhere];
        let (answers, settled) = run(&lines, known(&[(ONE, 11), (OTHER, 21)]));
        assert_eq!(answers, [Status::Accepted; 2]);
        assert!(settled.waiting.is_empty());
    }

    #[test]
    fn a_payer_of_another_township_is_a_warning() {
        for (number, expected) in [(11, vec![]), (12, vec![Warning::TownshipDiffers])] {
            let (_, settled) = run(&[line("a", ONE, "0")], known(&[(ONE, number)]));
            assert_eq!(settled.answers[0].warnings, expected);
        }
    }
}
