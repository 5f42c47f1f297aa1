//! Operations on collections.

use super::service;
use super::types::{CollectionResult, SubmitCollections, SubmitCollectionsPayload};
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
}
