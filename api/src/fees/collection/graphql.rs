//! Operations on collections.

use super::types::{
    Collection, CollectionFilter, CollectionResult, ImportCollections, ImportCollectionsPayload,
    SubmitCollections, SubmitCollectionsPayload, WaitingCollection, WaitingReason, page_of_federation,
    waiting_page_of_federation,
};
use super::{import, service};
use crate::jobs::{self, types::Job};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::page::{Connection, Page};
use crate::org::federation::types::Federation;
use crate::scalars::Date;
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

/// What the tax bureau delivered for a federation.
pub struct FeesOfFederation<'a>(pub &'a Federation);

/// What the tax bureau delivered for a federation.
#[Object]
impl FeesOfFederation<'_> {
    /// Lines that the tax bureau collected from payers of this federation and all below it, newest first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn collections(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Entered by the treasury on this day or later.")] from: Option<Date>,
        #[graphql(desc = "Entered by the treasury on this day or before.")] to: Option<Date>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Collection>, Error> {
        let page = Page::new(first, after, last, before)?;
        page_of_federation(context, &self.0.0, CollectionFilter { from, to }, page).await
    }

    /// Delivered lines that somebody has to look at: payers nobody knows, and other content under an accepted key.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn waiting_collections(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those that wait for this reason.")] reason: Option<WaitingReason>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<WaitingCollection>, Error> {
        let page = Page::new(first, after, last, before)?;
        waiting_page_of_federation(context, &self.0.0, reason, page).await
    }
}
