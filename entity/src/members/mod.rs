//! Members of grassroots unions, their way from union to union, and their cards.
pub mod membership;
pub mod membership_change;
pub mod member_transfer;
pub mod member_card;
pub mod transfer_deadline;
