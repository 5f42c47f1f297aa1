//! Operations on files of figures.

use super::service;
use super::types::{ExportFigures, ExportFiguresPayload};
use crate::jobs::{self, types::Job};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Taking figures away.
#[derive(Default)]
pub struct FigureExportMutation;

/// Taking figures away.
#[Object]
impl FigureExportMutation {
    /// Writes figures of federations into a file (CSV, XLSX) as a job: a row a federation, a column a metric. The file is
    /// for the account that asks. 20 a day, a client 200.
    async fn export_figures(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which figures, of which federations.")] input: ExportFigures,
    ) -> Result<ExportFiguresPayload, Error> {
        let op = Op::of(context);
        let job = match service::export(op, &input).await {
            Ok(id) => jobs::store::load(op, id).await.map(Job),
            Err(error) => Err(error),
        };
        ExportFiguresPayload::of(job)
    }
}
