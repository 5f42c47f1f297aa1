//! Decisions about membership cards.

use super::Fate;
use crate::kernel::error::{Text, text};
use crate::org::federation::rules::half_width;
use entity::members::member_card::{CardState, Model};

/// Cards that a membership may have had.
const CARDS_MAX: usize = 20;

/// The normal form of a card's number: 4 to 20 letters and digits.
pub fn number(raw: &str) -> Result<String, Text> {
    let plain = raw.chars().map(half_width).filter(|c| !c.is_whitespace());
    let number: String = plain.map(|c| c.to_ascii_uppercase()).collect();
    let is_right =
        (4..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_right
        .then_some(number)
        .ok_or_else(|| text("From 4 to 20 letters and digits.", "应为 4 至 20 位字母和数字。"))
}

/// What becomes of the newest card of a membership by what happens; none where there is none. `cards` stand in the order of
/// issue.
pub fn after(fate: Fate, cards: &[Model]) -> Result<Option<(Model, CardState)>, Text> {
    let newest = cards.last();
    let state = newest.map(|card| card.state);
    let becomes = |state| Ok(newest.map(|card| (card.clone(), state)));
    if matches!(fate, Fate::Issued | Fate::Replaced) && cards.len() >= CARDS_MAX {
        return Err(text("20 cards were issued already.", "该会籍已发证 20 次。"));
    }
    match (fate, state) {
        (Fate::Issued, Some(CardState::Valid)) => {
            Err(text("The member has a card.", "该会员已有有效会员证。"))
        }
        (Fate::Issued, _) => Ok(None),
        (Fate::Replaced, Some(CardState::Lost)) => Ok(None),
        (Fate::Lost, Some(CardState::Valid)) => becomes(CardState::Lost),
        (Fate::Replaced, Some(CardState::Valid)) => becomes(CardState::Replaced),
        (Fate::Cancelled, Some(CardState::Valid)) => becomes(CardState::Cancelled),
        _ => Err(text("The member has no such card.", "该会员没有相应的会员证。")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::{MemberCardId, MembershipId};
    use uuid::Uuid;

    fn card(state: CardState) -> Model {
        Model {
            id: MemberCardId(Uuid::nil()),
            membership_id: MembershipId(Uuid::nil()),
            number: "0001".to_owned(),
            state,
            issued_on: "2026-01-01".parse().unwrap(),
            ended_on: None,
        }
    }

    #[test]
    fn one_card_is_good_at_a_time() {
        use CardState::*;
        for (fate, newest, expected) in [
            (Fate::Issued, None, Some(None)),
            (Fate::Issued, Some(Valid), None),
            (Fate::Issued, Some(Cancelled), Some(None)),
            (Fate::Lost, Some(Valid), Some(Some(Lost))),
            (Fate::Lost, Some(Lost), None),
            (Fate::Lost, None, None),
            (Fate::Replaced, Some(Valid), Some(Some(Replaced))),
            (Fate::Replaced, Some(Lost), Some(None)),
            (Fate::Replaced, Some(Cancelled), None),
            (Fate::Replaced, None, None),
            (Fate::Cancelled, Some(Valid), Some(Some(Cancelled))),
            (Fate::Cancelled, Some(Lost), None),
        ] {
            let cards: Vec<Model> = newest.map(card).into_iter().collect();
            let found = after(fate, &cards)
                .ok()
                .map(|found| found.map(|(_, state)| state));
            assert_eq!(found, expected, "{fate:?} {newest:?}");
        }
    }

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(number(" hn 0001２ ").unwrap_or_default(), "HN00012");
        assert!(number("001").is_err());
        assert!(number("0001-2").is_err());
    }
}
