//! Snapshots as clients see them.

use super::service::days;
use super::store::{self, LinesOf};
use crate::accounts::account::store::DisplayNames;
use crate::figures::rules::Asked;
use crate::figures::types::{Figure, Metric, NamedPeriod, Qualifier, decimal, figures_of};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::Qualifier as Exactness;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::metrics::MetricId;
use crate::org::federation::types::{Federation, federation};
use crate::policy::Action;
use crate::scalars::{Date, DateTime, Decimal, MetricCode};
use async_graphql::{Context, ID, InputObject, Object};
use entity::returns::figure_snapshot::{Column, Model};
use entity::returns::snapshot_line::Model as Line;
use serde::Serialize;

/// A page of the snapshots of a federation and all below it.
pub async fn snapshots_of(
    context: &Context<'_>,
    at: &Federation,
    page: Page,
) -> Result<Connection<FigureSnapshot>, Error> {
    let listing = Listing {
        rows: store::rows(&Op::of(context).scope_within(Action::ReadFigures, &at.0)?),
        sort: Sort::instant("FROZEN", Column::FrozenAt).descending(true),
        page,
    };
    page::load(context, listing, FigureSnapshot).await
}

/// A row of `figure_snapshot`, as clients see it.
pub struct FigureSnapshot(pub Model);

/// Figures of a period as they stood (数字快照).
#[Object]
impl FigureSnapshot {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// Whose figures, and of those below it.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// What it is called.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// First day of flows.
    async fn from(&self) -> Date {
        Date(self.0.opens_on)
    }

    /// Last day of flows, and the day of stocks.
    async fn to(&self) -> Date {
        Date(self.0.closes_on)
    }

    /// Instant as of which they stood so.
    async fn frozen_at(&self) -> DateTime {
        DateTime(self.0.frozen_at)
    }

    /// What others see of the account that kept them.
    async fn frozen_by(&self, context: &Context<'_>) -> Result<String, Error> {
        Op::of(context).load::<DisplayNames>(self.0.frozen_by).await
    }

    /// The figures: of the federation, then of those directly below it, each in the order in which the metrics were named. A
    /// page reads no more of them than it shows.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn lines(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<SnapshotLine>, Error> {
        let page = Page::new(first, after, last, before)?;
        let bounds = page.bounds(|cursor| cursor.parse::<i32>().ok())?;
        let lines = Op::of(context).load::<LinesOf>((self.0.id, bounds)).await;
        let lines = lines.map_err(|error| page.late(error))?;
        let days = days(self.0.opens_on, self.0.closes_on);
        let item = |line: Line| {
            let metric = MetricId::coded(&line.metric);
            let metric = metric.ok_or_else(|| anyhow::anyhow!("no metric has the code {}", line.metric))?;
            Ok((line.position.to_string(), SnapshotLine { metric, line, days }))
        };
        let items: Result<_, Error> = lines.into_iter().map(item).collect();
        Ok(page.finish(items?, store::total(self.0.id)))
    }
}

/// A row of `snapshot_line`, as clients see it.
pub struct SnapshotLine {
    metric: MetricId,
    line: Line,
    days: Asked,
}

impl SnapshotLine {
    /// None if the federation has gone where the caller reads no figures.
    async fn now(&self, context: &Context<'_>) -> Option<Result<Figure, Error>> {
        let asked = (&[self.metric][..], &self.days, None);
        match figures_of(Op::of(context), self.line.of_id, asked).await {
            Ok(figures) => figures.into_iter().next().map(Ok),
            Err(Error::NotFound(_) | Error::Forbidden) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// A figure as it stood, beside what it is now.
#[Object]
impl SnapshotLine {
    /// Whose figure; null where the federation has gone where the caller knows nothing of it.
    async fn federation(&self, context: &Context<'_>) -> Option<Federation> {
        let known = Op::of(context).known(self.line.of_id, "id");
        known.ok().map(Federation)
    }

    /// The full name of that federation as it was then.
    async fn name(&self) -> &str {
        &self.line.of_name
    }

    /// What is counted.
    async fn metric(&self) -> Metric {
        Metric(self.metric.entry())
    }

    /// How many it was; yuan with two decimals for money.
    async fn value(&self) -> Decimal {
        decimal(self.metric, self.line.value)
    }

    /// How exact it was.
    async fn qualifier(&self) -> Qualifier {
        Exactness::marked(&self.line.qualifier).into()
    }

    /// What it is now, for the same days; null where the federation has gone out of the caller's reach since.
    async fn live(&self, context: &Context<'_>) -> Option<Result<Figure, Error>> {
        self.now(context).await
    }

    /// By how much it has moved since: what it is now less what it was; null as `live` is.
    async fn moved(&self, context: &Context<'_>) -> Option<Result<Decimal, Error>> {
        let now = self.now(context).await?;
        Some(now.map(|now| decimal(self.metric, now.sum.total() - self.line.value)))
    }
}

/// Keeps figures as they stand.
#[derive(Debug, InputObject, Serialize)]
pub struct FreezeFigures {
    /// Whose.
    pub federation_id: ID,
    /// What the snapshot is called, 2 to 100 characters.
    pub title: String,
    /// Codes of metrics, 1 to 50.
    pub metrics: Vec<MetricCode>,
    /// First day of flows; 1 January if nothing is said.
    pub from: Option<Date>,
    /// Last day, not in the future; today if nothing is said.
    pub to: Option<Date>,
    /// A period by name, instead of days.
    pub period: Option<NamedPeriod>,
    /// Whether those directly below it are in it too; under a municipality its districts and counties.
    #[graphql(default)]
    pub has_children: bool,
    /// Makes a repeated call harmless for 7 days.
    pub idempotency_key: Option<String>,
}

crate::payload! {
    /// What `freezeFigures` did.
    FreezeFiguresPayload { figure_snapshot: FigureSnapshot }
}
