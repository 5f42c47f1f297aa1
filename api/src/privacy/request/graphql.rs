//! Operations on requests of people.

use super::service;
use super::types::{
    FileSubjectRequest, FileSubjectRequestPayload, FulfilSubjectRequest, FulfilSubjectRequestPayload,
    RefuseSubjectRequest, RefuseSubjectRequestPayload, SubjectRequest,
};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};
use entity::id::SubjectRequestId;
use entity::privacy::subject_request::Entity;

/// What people ask for about their own data.
#[derive(Default)]
pub struct SubjectRequestMutation;

async fn written(op: &Op, id: Result<SubjectRequestId, Error>) -> Result<SubjectRequest, Error> {
    op.get::<Entity>(id?.0, "id").await.map(SubjectRequest)
}

/// What people ask for about their own data.
#[Object]
impl SubjectRequestMutation {
    /// Enters what a person asks for about their own data.
    async fn file_subject_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is asked for.")] input: FileSubjectRequest,
    ) -> Result<FileSubjectRequestPayload, Error> {
        let op = Op::of(context);
        FileSubjectRequestPayload::of(written(op, service::file(op, &input).await).await)
    }

    /// Does what a person asked for: writes the copy, corrects, or erases. FORBIDDEN to whoever entered the request; a copy
    /// counts as `revealPerson` does.
    async fn fulfil_subject_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is done.")] input: FulfilSubjectRequest,
    ) -> Result<FulfilSubjectRequestPayload, Error> {
        let op = Op::of(context);
        FulfilSubjectRequestPayload::of(written(op, service::fulfil(op, &input).await).await)
    }

    /// Refuses what a person asked for. FORBIDDEN to whoever entered the request.
    async fn refuse_subject_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is refused.")] input: RefuseSubjectRequest,
    ) -> Result<RefuseSubjectRequestPayload, Error> {
        let op = Op::of(context);
        RefuseSubjectRequestPayload::of(written(op, service::refuse(op, &input).await).await)
    }
}
