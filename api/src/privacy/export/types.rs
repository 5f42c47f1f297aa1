//! Exports as clients see them.

use super::{rules, store};
use crate::accounts::account::store::DisplayNames;
use crate::jobs::types::JobFailure;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::org::federation::types::{Federation, federation};
use crate::people::basis::types::ProcessingPurpose;
use crate::policy::Action;
use crate::privacy::file::types::{SealedFile, file};
use crate::scalars::DateTime;
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::privacy::export::{self, Column};
use serde::Serialize;

/// What is exported.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "export::ExportKind")]
pub enum ExportKind {
    /// 人员: name, document, number, phone, federation and day of entry of people.
    People,
}

/// Where an export is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "export::ExportState")]
pub enum ExportState {
    /// 待审批: waits for somebody else to decide.
    Requested,
    /// 已拒绝: see `refusal`.
    Refused,
    /// 已批准: the file is being written.
    Approved,
    /// 可下载: the file is there for whoever asked; after seven days it is gone.
    Ready,
    /// 已失败: the file could not be written, see `failure`.
    Failed,
}

/// A page of the exports of a federation and all below it, newest first.
pub async fn exports_of(
    context: &Context<'_>,
    at: &Federation,
    state: Option<ExportState>,
    page: Page,
) -> Result<Connection<Export>, Error> {
    let scope = Op::of(context).scope_within(Action::ReadPeople, &at.0)?;
    let listing = Listing {
        rows: store::rows(&scope, state.map(Into::into)),
        sort: Sort::instant("REQUESTED", Column::RequestedAt).descending(true),
        page,
    };
    page::load(context, listing, Export).await
}

/// A row of `export`, as clients see it.
pub struct Export(pub export::Model);

/// Personal data that was asked for in bulk (导出申请).
#[Object]
impl Export {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// What is exported.
    async fn kind(&self) -> ExportKind {
        self.0.kind.into()
    }

    /// Where it is.
    async fn state(&self) -> ExportState {
        self.0.state.into()
    }

    /// Number under which it is decided; it stands in every row of the file.
    async fn number(&self) -> String {
        rules::number(&self.0)
    }

    /// Whose data, with all below.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// What for: only people with a basis in force for it are in the file.
    async fn purpose(&self) -> ProcessingPurpose {
        self.0.purpose.into()
    }

    /// Why it was asked for.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What others see of the account that asked.
    async fn requested_by(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.0.requested_by).await
    }

    /// Instant of asking.
    async fn requested_at(&self) -> DateTime {
        DateTime(self.0.requested_at)
    }

    /// What others see of the account that decided; null until then.
    async fn decided_by(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        Some(Op::of(context).load::<DisplayNames>(self.0.decided_by?).await)
    }

    /// Instant of the decision; null until then.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime)
    }

    /// Why it was refused; null unless it was.
    async fn refusal(&self) -> Option<&str> {
        self.0.refusal.as_deref()
    }

    /// Why the file could not be written; null unless it is FAILED.
    async fn failure(&self) -> Option<Result<JobFailure, Error>> {
        self.0.failure.as_deref().map(JobFailure::read)
    }

    /// The file (CSV); null until it is READY, and once it is gone.
    async fn file(&self, context: &Context<'_>) -> Option<Result<SealedFile, Error>> {
        let is_whole = self.0.state == export::ExportState::Ready;
        file(Op::of(context), self.0.file_id.filter(|_| is_whole)).await
    }
}

/// Asks for personal data in bulk.
#[derive(Debug, InputObject, Serialize)]
pub struct RequestExport {
    /// Whose data, with all below; at most 500 people, unless the operator set another limit.
    pub federation_id: ID,
    /// What.
    pub kind: ExportKind,
    /// What for; people without a basis in force for it are left out.
    pub purpose: ProcessingPurpose,
    /// Why, 10 to 200 characters. It is written down: at most 6 digits in a row.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Allows an export.
#[derive(Debug, InputObject)]
pub struct ApproveExport {
    /// Which; not one's own.
    pub id: ID,
}

/// Refuses an export.
#[derive(Debug, InputObject)]
pub struct RefuseExport {
    /// Which; not one's own.
    pub id: ID,
    /// Why, 10 to 200 characters. It is written down: at most 6 digits in a row.
    pub reason: String,
}

crate::payload! {
    /// What `requestExport` did.
    RequestExportPayload { export: Export }
}

crate::payload! {
    /// What `approveExport` did.
    ApproveExportPayload { export: Export }
}

crate::payload! {
    /// What `refuseExport` did.
    RefuseExportPayload { export: Export }
}
