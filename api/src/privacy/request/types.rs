//! Requests of people as clients see them.

use super::store;
use crate::accounts::account::store::DisplayNames;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::org::federation::types::Federation;
use crate::people::person::types::{Person, PersonCorrection};
use crate::policy::Action;
use crate::privacy::file::types::{SealedFile, file};
use crate::scalars::{Date, DateTime};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::people::person;
use entity::privacy::subject_request::{self, Column, RequestState};
use serde::Serialize;

/// What a person asks for about their own data (PIPL art. 44 to 50).
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "subject_request::RequestKind")]
pub enum SubjectRequestKind {
    /// 查阅、复制: a copy of all that is held (art. 45).
    Copy,
    /// 更正、补充: a correction (art. 46).
    Correct,
    /// 删除: deletion (art. 47).
    Delete,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "subject_request::RequestState")]
pub enum SubjectRequestState {
    /// 待答复: waits for an answer.
    Received,
    /// 已完成: done.
    Fulfilled,
    /// 已拒绝: see `refusal`.
    Refused,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "subject_request::Refusal")]
pub enum SubjectRequestRefusal {
    /// 法定职责或义务: the data has to be kept (art. 47); for deletion only.
    StatutoryDuty,
    /// 身份未核实: it is not proved who asks (art. 50).
    IdentityUnproven,
    /// 未持有相关信息: nothing of the kind is held.
    NothingHeld,
}

/// A page of the requests in a federation and all below it.
pub async fn subject_requests_of(
    context: &Context<'_>,
    at: &Federation,
    (state, overdue): (Option<SubjectRequestState>, Option<bool>),
    page: Page,
) -> Result<Connection<SubjectRequest>, Error> {
    let op = Op::of(context);
    let scope = op.scope_within(Action::ReadPeople, &at.0)?;
    let listing = Listing {
        rows: store::rows(&scope, state.map(Into::into), overdue, op.today()),
        sort: Sort::date("DUE", Column::DueOn),
        page,
    };
    page::load(context, listing, SubjectRequest).await
}

/// A row of `subject_request`, as clients see it.
pub struct SubjectRequest(pub subject_request::Model);

/// What a person asked for about their own data (个人信息权利请求).
#[Object]
impl SubjectRequest {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Who asked.
    async fn person(&self, context: &Context<'_>) -> Result<Person, Error> {
        let found = Op::of(context)
            .get::<person::Entity>(self.0.person_id.0, "id")
            .await;
        found.map(Person)
    }

    /// What for.
    async fn kind(&self) -> SubjectRequestKind {
        self.0.kind.into()
    }

    /// Where it is.
    async fn state(&self) -> SubjectRequestState {
        self.0.state.into()
    }

    /// Day on which the person asked.
    async fn received_on(&self) -> Date {
        Date(self.0.received_on)
    }

    /// Last day for an answer.
    async fn due_on(&self) -> Date {
        Date(self.0.due_on)
    }

    /// Whether it waits for an answer after its last day.
    async fn is_overdue(&self, context: &Context<'_>) -> bool {
        self.0.state == RequestState::Received && self.0.due_on < Op::of(context).today()
    }

    /// What others see of the account that answered; null until then.
    async fn answered_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        Some(Op::of(context).load::<DisplayNames>(self.0.answered_by?).await)
    }

    /// Instant of the answer; null until then.
    async fn answered_at(&self) -> Option<DateTime> {
        self.0.answered_at.map(DateTime)
    }

    /// Why it was refused; null unless it was.
    async fn refusal(&self) -> Option<SubjectRequestRefusal> {
        self.0.refusal.map(Into::into)
    }

    /// The copy (JSON), for the account that answered; null if there is none, and once it is gone: after seven days, or with
    /// the person's data.
    async fn file(&self, context: &Context<'_>) -> Option<Result<SealedFile, Error>> {
        file(Op::of(context), self.0.file_id).await
    }
}

/// Enters what a person asks for.
#[derive(Debug, InputObject, Serialize)]
pub struct FileSubjectRequest {
    /// Who asks.
    pub person_id: ID,
    /// What for.
    pub kind: SubjectRequestKind,
    /// Day on which the person asked, not in the future; today if nothing is said. The last day for an answer is 15 days
    /// later, unless the operator set another time.
    pub received_on: Option<Date>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Does what a person asked for.
#[derive(InputObject)]
pub struct FulfilSubjectRequest {
    /// Which request; not one that one entered oneself.
    pub id: ID,
    /// What is right instead; for a request to correct, and for no other.
    pub correction: Option<PersonCorrection>,
}

/// Refuses what a person asked for.
#[derive(Debug, InputObject)]
pub struct RefuseSubjectRequest {
    /// Which request; not one that one entered oneself.
    pub id: ID,
    /// Why.
    pub reason: SubjectRequestRefusal,
}

crate::payload! {
    /// What `fileSubjectRequest` did.
    FileSubjectRequestPayload { subject_request: SubjectRequest }
}

crate::payload! {
    /// What `fulfilSubjectRequest` did. CONFLICT on a deletion means that a statutory duty forbids it.
    FulfilSubjectRequestPayload { subject_request: SubjectRequest }
}

crate::payload! {
    /// What `refuseSubjectRequest` did.
    RefuseSubjectRequestPayload { subject_request: SubjectRequest }
}
