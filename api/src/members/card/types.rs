//! Membership cards as clients see them.

use crate::scalars::Date;
use async_graphql::{Enum, ID, InputObject, Object};
use entity::members::member_card;
use serde::Serialize;

/// Where a card is in its life.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "member_card::CardState")]
pub enum MemberCardState {
    /// 有效.
    Valid,
    /// 已挂失.
    Lost,
    /// 已换发: another one took its place.
    Replaced,
    /// 已注销.
    Cancelled,
}

/// A row of `member_card`, as clients see it.
pub struct MemberCard(pub member_card::Model);

impl MemberCard {
    /// Whether it is good.
    pub(crate) fn is_valid(&self) -> bool {
        self.0.state == member_card::CardState::Valid
    }
}

/// A membership card (会员证).
#[Object]
impl MemberCard {
    /// Number, one in the country.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Where it is in its life.
    async fn state(&self) -> MemberCardState {
        self.0.state.into()
    }

    /// Day of issue.
    async fn issued_on(&self) -> Date {
        Date(self.0.issued_on)
    }

    /// The day on which it ceased to be good; null while it is.
    async fn ended_on(&self) -> Option<Date> {
        self.0.ended_on.map(Date)
    }
}

/// Gives a member a card.
#[derive(InputObject, Serialize)]
pub struct IssueCard {
    /// Whose.
    pub membership_id: ID,
    /// Number, 4 to 20 letters and digits; given once in the country.
    pub number: String,
    /// Day of issue: not in the future, and not before the membership began or the card before it ended.
    pub on: Date,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Ends the good card of a member.
#[derive(InputObject, Serialize)]
pub struct EndCard {
    /// Whose.
    pub membership_id: ID,
    /// The day on which it ceases to be good: not in the future, and not before its issue.
    pub on: Date,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}
