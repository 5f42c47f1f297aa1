//! Schemes (考评办法): what federations of a level below the issuer are assessed by in a year.
//!
//! - DRAFT → ISSUED → CLOSED → PUBLISHED. A draft is replaced as a whole; what is issued never changes, whom it assesses
//!   neither. It is CLOSED on the day after its closing day, without anybody's doing.
//! - A scheme has blocks (板块) whose weights (权重) are whole percents and make 100, and a block has items. A block earns its
//!   weight in points times what its items earned by what they can earn, rounded half up to the hundredth: a total is out of
//!   100 points. Rewards (加分) and penalties (扣分) stand outside what a block can earn: a reward may lift it above its weight,
//!   a penalty never brings it below 0.
//! - An item may name a figure: then it earns its points times the figure by the figure that earns them all, at most all of
//!   them, rounded half up to the hundredth. That is one for all, or each one's own target of the year (完成率): without a
//!   target, or with one of nothing, there is nothing to earn.
//! - A stock is counted as of a day of the year, a flow from 1 January to it; self-assessment may go on into the next spring.
//! - A scheme is seen where it was issued and above; once it is issued, also by those whom it assesses.

pub mod types;
pub mod graphql;
pub mod service;
pub mod rules;
pub(crate) mod store;

use crate::kernel::event::{Event as Said, Sentence};
use entity::assessments::scheme::Model;
use sea_orm::ActiveEnum;
use serde_json::json;

/// The history of schemes in words.
pub enum Event {
    /// One was drafted, or drafted anew.
    Drafted(Model),
    /// One was issued.
    Issued(Model),
}

impl Said for Event {
    fn sentence(self) -> Sentence {
        let (kind, scheme) = match self {
            Event::Drafted(scheme) => ("ASSESSMENT_SCHEME_DRAFTED", scheme),
            Event::Issued(scheme) => ("ASSESSMENT_SCHEME_ISSUED", scheme),
        };
        let body = json!({
            "year": scheme.year, "title": scheme.title, "level": scheme.level.to_value(), "closesOn": scheme.closes_on,
            "figuresAsOf": scheme.figures_as_of, "assessed": scheme.assessed, "version": scheme.version, "blocks": scheme.blocks,
        });
        Sentence::new(kind, scheme.id.0, scheme.place(), body)
    }
}
