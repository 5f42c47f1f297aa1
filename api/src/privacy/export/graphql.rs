//! Operations on exports.

use super::service;
use super::types::{
    ApproveExport, ApproveExportPayload, Export, RefuseExport, RefuseExportPayload, RequestExport,
    RequestExportPayload,
};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};
use entity::id::ExportId;
use entity::privacy::export::Entity;

/// Personal data in bulk.
#[derive(Default)]
pub struct ExportMutation;

async fn written(op: &Op, id: Result<ExportId, Error>) -> Result<Export, Error> {
    op.get::<Entity>(id?.0, "id").await.map(Export)
}

/// Personal data in bulk.
#[Object]
impl ExportMutation {
    /// Asks for personal data in bulk; somebody else has to allow it.
    async fn request_export(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is asked for.")] input: RequestExport,
    ) -> Result<RequestExportPayload, Error> {
        let op = Op::of(context);
        RequestExportPayload::of(written(op, service::request(op, &input).await).await)
    }

    /// Allows what somebody else asked for; the file is then written.
    async fn approve_export(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is allowed.")] input: ApproveExport,
    ) -> Result<ApproveExportPayload, Error> {
        let op = Op::of(context);
        ApproveExportPayload::of(written(op, service::approve(op, &input).await).await)
    }

    /// Refuses what somebody else asked for.
    async fn refuse_export(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is refused.")] input: RefuseExport,
    ) -> Result<RefuseExportPayload, Error> {
        let op = Op::of(context);
        RefuseExportPayload::of(written(op, service::refuse(op, &input).await).await)
    }
}
