//! Operations on bases.

use super::service;
use super::types::{RecordConsent, RecordConsentPayload, WithdrawConsent, WithdrawConsentPayload};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::people::person::graphql::written;
use async_graphql::{Context, Object};

/// Recording why people's data may be used.
#[derive(Default)]
pub struct BasisMutation;

/// Recording why people's data may be used.
#[Object]
impl BasisMutation {
    /// Records that a person consented, or another legal basis.
    async fn record_consent(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to record.")] input: RecordConsent,
    ) -> Result<RecordConsentPayload, Error> {
        let op = Op::of(context);
        RecordConsentPayload::of(written(op, service::record(op, &input).await).await)
    }

    /// Withdraws a person's consent, or ends another basis, from today.
    async fn withdraw_consent(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What ends.")] input: WithdrawConsent,
    ) -> Result<WithdrawConsentPayload, Error> {
        let op = Op::of(context);
        WithdrawConsentPayload::of(written(op, service::withdraw(op, &input).await).await)
    }
}
