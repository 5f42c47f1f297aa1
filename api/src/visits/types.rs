//! Visits as clients see them.

use super::store::{self, FindingsOf};
use crate::accounts::account::types::DisplayNames;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::org::enterprise::types::{Enterprise, Location, LocationInput};
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::scalars::{Date, DateTime};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::id::EnterpriseId;
use entity::org::enterprise;
use entity::visits::visit::{Column, Entity};
use entity::visits::{finding, visit};
use serde::Serialize;
use uuid::Uuid;

/// What a visit is for.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "visit::Purpose")]
pub enum VisitPurpose {
    /// 摸底建会: canvassing for a trade union.
    Canvass,
    /// 劳动合同: labour contracts and wages.
    LabourContract,
    /// 安全生产: safety.
    Safety,
    /// 督促检查: a supervision round.
    Supervision,
    /// 慰问帮扶: consolation and help.
    Care,
    /// 其他.
    Other,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq, Serialize)]
#[graphql(remote = "finding::Severity")]
pub enum Severity {
    /// 提示: worth knowing.
    Notice,
    /// 一般: to be put right.
    Minor,
    /// 严重: to be put right at once.
    Major,
}

/// In which order visits are listed.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum VisitOrder {
    /// Newest first.
    #[default]
    StartedDesc,
    /// Oldest first.
    StartedAsc,
}

fn sort(order: VisitOrder) -> Sort<Entity> {
    Sort::instant("STARTED", Column::StartedAt).descending(order == VisitOrder::StartedDesc)
}

/// A page of the visits in a federation and all below it.
pub async fn visits_of(
    context: &Context<'_>,
    at: &Federation,
    order: VisitOrder,
    page: Page,
) -> Result<Connection<Visit>, Error> {
    let rows = store::rows(&Op::of(context).scope_within(Action::ReadVisits, &at.0)?);
    page::load(
        context,
        Listing {
            rows,
            sort: sort(order),
            page,
        },
        Visit,
    )
    .await
}

/// A page of the visits to an enterprise.
pub async fn visits_of_enterprise(
    context: &Context<'_>,
    id: EnterpriseId,
    order: VisitOrder,
    page: Page,
) -> Result<Connection<Visit>, Error> {
    let rows = store::rows_of_enterprise(&Op::of(context).scope(Action::ReadVisits)?, id);
    page::load(
        context,
        Listing {
            rows,
            sort: sort(order),
            page,
        },
        Visit,
    )
    .await
}

/// The newest visit to an enterprise that stands, if the caller may see visits.
pub async fn last_visit(op: &Op, id: EnterpriseId) -> Option<Result<Visit, Error>> {
    let rows = match op.scope(Action::ReadVisits) {
        Ok(scope) => store::standing(store::rows_of_enterprise(&scope, id)),
        Err(error) => return Some(Err(error)),
    };
    let newest = page::first(op, rows, sort(VisitOrder::StartedDesc)).await;
    newest.map(|visit| visit.map(Visit)).transpose()
}

/// A row of `visit`, as clients see it.
pub struct Visit(pub visit::Model);

/// A field visit (走访) to an enterprise.
#[Object]
impl Visit {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// The id that the phone made.
    async fn uuid(&self) -> Uuid {
        self.0.id.0
    }

    /// Whom it went to; null if the caller may not see it.
    async fn enterprise(&self, context: &Context<'_>) -> Option<Result<Enterprise, Error>> {
        let found = Op::of(context)
            .find::<enterprise::Entity>(self.0.enterprise_id.0)
            .await;
        found.map(|found| found.map(Enterprise)).transpose()
    }

    /// The federation where the enterprise is.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// What others see of the account that went.
    async fn visitor(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.0.visitor_id).await
    }

    /// What for.
    async fn purpose(&self) -> VisitPurpose {
        self.0.purpose.into()
    }

    /// Instant of arrival.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    /// Instant of leaving; null if nobody has said.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }

    /// Where the phone was; null if it did not say.
    async fn position(&self) -> Option<Location> {
        Location::of(self.0.latitude_e6, self.0.longitude_e6)
    }

    /// Free text.
    async fn notes(&self) -> &str {
        &self.0.notes
    }

    /// What it found, in the order of recording; at most 50.
    async fn findings(&self, context: &Context<'_>) -> Result<Vec<Finding>, Error> {
        Ok(Op::of(context)
            .load::<FindingsOf>(self.0.id)
            .await?
            .into_iter()
            .map(Finding)
            .collect())
    }

    /// Counts corrections; `correctVisit` asks for it.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Instant at which it was voided (作废) and left the figures; null while it stands.
    async fn voided_at(&self) -> Option<DateTime> {
        self.0.voided_at.map(DateTime)
    }

    /// Why it was voided; null while it stands.
    async fn void_reason(&self) -> Option<&str> {
        self.0.void_reason.as_deref()
    }

    /// Instant at which the service heard of it.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }
}

/// A row of `finding`, as clients see it.
pub struct Finding(finding::Model);

/// Something that a visit found.
#[Object]
impl Finding {
    /// Global id; a correction of the findings makes new ones.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// How bad.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }

    /// What.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Day by which it should be put right; null if none was set.
    async fn due_on(&self) -> Option<Date> {
        self.0.due_on.map(Date)
    }
}

/// Something that a visit found.
#[derive(Clone, Debug, InputObject, Serialize)]
pub struct FindingInput {
    /// How bad.
    pub severity: Severity,
    /// What, 1 to 1,000 characters.
    pub description: String,
    /// Day by which it should be put right.
    pub due_on: Option<Date>,
}

/// Records a visit. Sending the same again is harmless: the id names it.
#[derive(Debug, InputObject, Serialize)]
pub struct RecordVisit {
    /// The phone's own id for the visit: any UUID, best version 7.
    pub id: Uuid,
    /// Whom it went to.
    pub enterprise_id: ID,
    /// What for.
    pub purpose: VisitPurpose,
    /// Instant of arrival; at most 10 minutes ahead of the service's clock.
    pub started_at: DateTime,
    /// Instant of leaving.
    pub ended_at: Option<DateTime>,
    /// Where the phone was.
    pub position: Option<LocationInput>,
    /// Free text, at most 10,000 characters.
    #[graphql(default)]
    pub notes: String,
    /// What it found, at most 50.
    #[graphql(default)]
    pub findings: Vec<FindingInput>,
}

/// Corrects a visit; what is left out stays.
#[derive(Debug, InputObject, Serialize)]
pub struct CorrectVisit {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// What for.
    pub purpose: Option<VisitPurpose>,
    /// Instant of arrival.
    pub started_at: Option<DateTime>,
    /// Instant of leaving.
    pub ended_at: Option<DateTime>,
    /// Where the phone was.
    pub position: Option<LocationInput>,
    /// Free text, at most 10,000 characters.
    pub notes: Option<String>,
    /// All that it found, at most 50: replaces the findings before.
    pub findings: Option<Vec<FindingInput>>,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

/// Voids a visit.
#[derive(Debug, InputObject, Serialize)]
pub struct VoidVisit {
    /// Which.
    pub id: ID,
    /// The version that the caller saw.
    pub expected_version: i32,
    /// Why, 10 to 200 characters, without numbers of persons; it stands in the audit trail.
    pub reason: String,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What `voidVisit` did.
    VoidVisitPayload { visit: Visit }
}

crate::payload! {
    /// What `recordVisit` did.
    RecordVisitPayload { visit: Visit }
}

crate::payload! {
    /// What `correctVisit` did. After a CONFLICT it holds the visit as it is now.
    CorrectVisitPayload { visit: Visit }
}

/// A visit that was just recorded.
#[derive(SimpleObject)]
pub struct VisitRecorded {
    /// The visit.
    pub visit: Visit,
    /// Give it as `after` to go on from here.
    pub cursor: String,
}
