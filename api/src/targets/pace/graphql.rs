//! Operations on pace rules.

use super::service;
use super::types::{PaceRule, SetPaceRule, SetPaceRulePayload};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Setting pace rules.
#[derive(Default)]
pub struct PaceMutation;

/// Setting pace rules.
#[Object]
impl PaceMutation {
    /// Sets how much of the targets below a federation is due by which day of a year (进度要求), instead of what it set before.
    /// The same again changes nothing.
    async fn set_pace_rule(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to set.")] input: SetPaceRule,
    ) -> Result<SetPaceRulePayload, Error> {
        let set = service::set(Op::of(context), &input).await;
        SetPaceRulePayload::of(set.and_then(PaceRule::read))
    }
}
