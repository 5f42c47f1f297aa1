//! Operations on schemes.

use super::service;
use super::types::{
    AssessmentScheme, DraftAssessmentScheme, DraftAssessmentSchemePayload, IssueAssessmentScheme,
    IssueAssessmentSchemePayload, scheme,
};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};
use entity::id::AssessmentSchemeId;

/// Drafting and issuing schemes.
#[derive(Default)]
pub struct AssessmentSchemeMutation;

async fn written(op: &Op, id: Result<AssessmentSchemeId, Error>) -> Result<AssessmentScheme, Error> {
    scheme(op, id?).await
}

/// Drafting and issuing schemes.
#[Object]
impl AssessmentSchemeMutation {
    /// Writes the draft of a scheme (考评办法), or with its `id` writes one anew as a whole. CONFLICT once it is issued.
    async fn draft_assessment_scheme(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The whole scheme.")] input: DraftAssessmentScheme,
    ) -> Result<DraftAssessmentSchemePayload, Error> {
        let op = Op::of(context);
        DraftAssessmentSchemePayload::of(written(op, service::draft(op, &input).await).await)
    }

    /// Issues a draft to those whom it assesses: from here nothing of it changes. Issuing it again changes nothing.
    async fn issue_assessment_scheme(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and to whom.")] input: IssueAssessmentScheme,
    ) -> Result<IssueAssessmentSchemePayload, Error> {
        let op = Op::of(context);
        IssueAssessmentSchemePayload::of(written(op, service::issue(op, &input).await).await)
    }
}
