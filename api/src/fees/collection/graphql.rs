//! Operations on collections.

use super::types::{
    CollectionResult, ImportCollections, ImportCollectionsPayload, SubmitCollections,
    SubmitCollectionsPayload,
};
use super::{import, service};
use crate::jobs::{self, types::Job};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Delivering collections.
#[derive(Default)]
pub struct CollectionMutation;

/// Delivering collections.
#[Object]
impl CollectionMutation {
    /// Delivers lines that the tax bureau collected; each is answered by itself. Sending them again changes nothing:
    /// accepted lines answer DUPLICATE, the others as before.
    async fn submit_collections(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to deliver.")] input: SubmitCollections,
    ) -> Result<SubmitCollectionsPayload, Error> {
        let answers = match service::submit(Op::of(context), &input.lines).await {
            Ok(answers) => answers,
            Err(error) => {
                return Ok(SubmitCollectionsPayload {
                    user_errors: error.refusals()?,
                    ..SubmitCollectionsPayload::default()
                });
            }
        };
        let answered = input.lines.into_iter().zip(&answers).enumerate();
        let results = answered.map(|(index, (line, answer))| CollectionResult::new(index, line, answer));
        Ok(SubmitCollectionsPayload {
            results: results.collect(),
            user_errors: Vec::new(),
        })
    }
    /// Delivers a file of lines (CSV or NDJSON, UTF-8 or GB18030, header names as the fields of a line or in Chinese) that
    /// was sent to `/uploads/{id}`. Lines that are not accepted stand in the error file of the job. Asking again for the
    /// same file gives the same job; sending the file again under another id changes nothing.
    async fn import_collections(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which file, for which district.")] input: ImportCollections,
    ) -> Result<ImportCollectionsPayload, Error> {
        let op = Op::of(context);
        let found = match import::enqueue(op, &input).await {
            Ok(id) => jobs::store::load(op, id).await.map(Job),
            Err(error) => Err(error),
        };
        ImportCollectionsPayload::of(found)
    }
}
