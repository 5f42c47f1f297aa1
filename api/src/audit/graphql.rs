//! Operations on the audit trail.

use super::service;
use super::types::{ExportAuditTrail, ExportAuditTrailPayload};
use crate::jobs::{self, types::Job};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Taking the audit trail away.
#[derive(Default)]
pub struct AuditMutation;

/// Taking the audit trail away.
#[Object]
impl AuditMutation {
    /// Writes entries of the audit trail into a file as a job; that is an entry too. The file is for the account that asks.
    async fn export_audit_trail(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which entries, and why.")] input: ExportAuditTrail,
    ) -> Result<ExportAuditTrailPayload, Error> {
        let op = Op::of(context);
        let job = match service::export(op, &input).await {
            Ok(id) => jobs::store::load(op, id).await.map(Job),
            Err(error) => Err(error),
        };
        ExportAuditTrailPayload::of(job)
    }
}
