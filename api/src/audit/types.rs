//! The audit trail as clients see it.

use super::rules::{self, Told, Wanted};
use super::store;
use crate::accounts::account::types::DisplayNames;
use crate::jobs::types::Job;
use crate::kernel::audit::REFUSED;
use crate::kernel::error::{Error, Faults, Text};
use crate::kernel::gid::{self, Gid};
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::org::federation::types::Federation;
use crate::policy::Action;
use crate::scalars::DateTime;
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::audit::event::{Column, Model};
use serde::Serialize;
use uuid::Uuid;

/// Whether something was done.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
pub enum AuditResult {
    /// 成功: it was done.
    Done,
    /// 拒绝: it was refused for want of permission, or somebody failed to sign in; nothing was changed.
    Refused,
}

/// Which entries of the audit trail; what is not said does not matter.
#[derive(Clone, Debug, Default, InputObject, Serialize)]
pub struct AuditFilter {
    /// At this instant or later.
    pub from: Option<DateTime>,
    /// Before this instant.
    pub to: Option<DateTime>,
    /// Kinds of events, at most 20, for example `ENTERPRISE_UPDATED`.
    pub kinds: Option<Vec<String>>,
    /// Operations, at most 20, for example `updateEnterprise`.
    pub operations: Option<Vec<String>>,
    /// What this account did.
    pub actor_id: Option<ID>,
    /// What happened to this record: its global id, or the `subjectId` of an entry.
    pub subject_id: Option<ID>,
    /// Only what was done, or only what was refused.
    pub result: Option<AuditResult>,
}

/// A global id, or the id inside the service as an entry shows it.
fn uuid(id: &ID) -> Result<Uuid, Text> {
    let inside = gid::split(id).map(|(_, uuid)| uuid);
    let plain = || Uuid::try_parse(id.as_str()).ok();
    inside.or_else(plain).ok_or_else(gid::not_a_uuid)
}

impl AuditFilter {
    /// What it asks for; what is wrong with it is noted.
    pub(super) fn wanted(self, faults: &mut Faults) -> Wanted {
        Wanted {
            from: self.from.map(|instant| instant.0),
            to: self.to.map(|instant| instant.0),
            kinds: self
                .kinds
                .and_then(|kinds| faults.take("filter.kinds", rules::names(kinds))),
            operations: self
                .operations
                .and_then(|operations| faults.take("filter.operations", rules::names(operations))),
            actor_id: self
                .actor_id
                .and_then(|id| faults.take("filter.actorId", uuid(&id))),
            subject_id: self
                .subject_id
                .and_then(|id| faults.take("filter.subjectId", uuid(&id))),
            is_refused: self.result.map(|result| result == AuditResult::Refused),
        }
    }
}

/// A page of the audit trail of a federation and all below it.
pub async fn audit_trail_of(
    context: &Context<'_>,
    at: &Federation,
    filter: AuditFilter,
    page: Page,
) -> Result<Connection<AuditEntry>, Error> {
    let scope = Op::of(context).scope_within(Action::ReadAudit, &at.0)?;
    let mut faults = Faults::default();
    let wanted = filter.wanted(&mut faults);
    faults.refuse()?;
    let listing = Listing {
        rows: store::rows(&scope, wanted),
        sort: Sort::number("NUMBER", Column::Seq).descending(true),
        page,
    };
    page::load(context, listing, AuditEntry::from).await
}

/// A row of `event`, as auditors see it.
pub struct AuditEntry {
    event: Model,
    told: Told,
}

impl From<Model> for AuditEntry {
    fn from(event: Model) -> Self {
        let told = rules::told(&event.body);
        AuditEntry { event, told }
    }
}

/// An entry of the audit trail (审计记录).
#[Object]
impl AuditEntry {
    /// Its number in the chain: without gaps, in the order in which things were committed.
    async fn number(&self) -> i64 {
        self.event.seq.unwrap_or_default()
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.event.at)
    }

    /// Global id of the account that acted; null for the service itself, and for who was not signed in.
    async fn actor_id(&self) -> Option<ID> {
        self.event.actor_id.map(|id| id.gid())
    }

    /// The name of the account that acted; null for the service itself, and for who was not signed in.
    async fn actor_name(&self, context: &Context<'_>) -> Option<Result<String, Error>> {
        let id = self.event.actor_id?;
        Some(Op::of(context).load::<DisplayNames>(id).await)
    }

    /// Address that it came from; null for the service itself.
    async fn origin(&self) -> Option<&str> {
        self.event.origin.as_deref()
    }

    /// The operation that did it, for example `updateEnterprise`; null for the service itself.
    async fn operation(&self) -> Option<&str> {
        self.event.operation.as_deref()
    }

    /// What kind of thing happened, for example `ENTERPRISE_UPDATED`; `REFUSED` for an attempt that was refused.
    async fn kind(&self) -> &str {
        &self.event.kind
    }

    /// The record it happened to, or for an attempt that was refused the account that tried, or at which it was tried to
    /// sign in: its id inside the service.
    async fn subject_id(&self) -> ID {
        ID(self.event.subject_id.to_string())
    }

    /// Where; null if the federation is no more.
    async fn federation(&self, context: &Context<'_>) -> Option<Federation> {
        let id = self.event.federation_id?;
        Op::of(context).tree().get(id).cloned().map(Federation)
    }

    /// Whether it was done.
    async fn result(&self) -> AuditResult {
        if self.event.kind == REFUSED {
            AuditResult::Refused
        } else {
            AuditResult::Done
        }
    }

    /// Why it was refused: NOT_FOUND for what does not exist for the account, or FORBIDDEN; of a sign-in INVALID, or
    /// RATE_LIMITED where it came too early. Null if it was done.
    async fn code(&self) -> Option<&str> {
        self.told.code.as_deref()
    }

    /// Why it was done, in the words of whoever did it; null where no reason is asked for.
    async fn reason(&self) -> Option<&str> {
        self.told.reason.as_deref()
    }

    /// The particulars, without personal data.
    async fn details(&self) -> Vec<AuditDetail> {
        let detail = |detail: &rules::Detail| AuditDetail {
            name: detail.name.clone(),
            before: detail.before.clone(),
            after: detail.after.clone(),
        };
        self.told.details.iter().map(detail).collect()
    }

    /// Hash over all of it and the entry before it (SHA-256, hex).
    async fn hash(&self) -> Option<&str> {
        self.event.hash.as_deref()
    }
}

/// A particular of an entry.
#[derive(SimpleObject)]
pub struct AuditDetail {
    /// Which.
    name: String,
    /// What it was; null for something new.
    before: Option<String>,
    /// What it is, or what was done; null for something that is gone.
    after: Option<String>,
}

/// Asks for entries of the audit trail as a file (CSV).
#[derive(Debug, InputObject, Serialize)]
pub struct ExportAuditTrail {
    /// Of which federation, with all below.
    pub federation_id: ID,
    /// Which entries; at most 100,000, unless the operator set another limit. All of them if nothing is said.
    pub filter: Option<AuditFilter>,
    /// Why, 10 to 200 characters. It is written down: at most 6 digits in a row.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What `exportAuditTrail` did.
    ExportAuditTrailPayload { job: Job }
}
