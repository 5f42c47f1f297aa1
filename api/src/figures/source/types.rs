//! Sources of figures as clients see them.

use crate::figures::types::{Figure, Qualifier, decimal};
use crate::kernel::error::Error;
use crate::kernel::ledger::source::{Behind, Source};
use crate::kernel::op::Op;
use crate::kernel::page::Page;
use crate::kernel::tree::key_of;
use crate::metrics::MetricId;
use crate::node::{self, Node};
use crate::org::federation::types::Federation;
use crate::registers;
use crate::scalars::{Date, Decimal};
use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, Object};
use uuid::Uuid;

/// A record behind a figure, or what is withheld of it.
pub struct FigureSource {
    metric: MetricId,
    row: Row,
}

enum Row {
    /// A record, with the tag of its global id.
    Seen(Source, u8),
    /// The sum of what the caller may not see.
    Withheld(i64),
}

/// A record that a figure is the sum of.
#[Object]
impl FigureSource {
    /// What it adds to the figure.
    async fn value(&self) -> Decimal {
        let amount = match &self.row {
            Row::Seen(source, _) => source.amount,
            Row::Withheld(amount) => *amount,
        };
        decimal(self.metric, amount)
    }

    /// Whether it stands for all that the caller may not see.
    async fn is_withheld(&self) -> bool {
        matches!(self.row, Row::Withheld(_))
    }

    /// The record; null where it is withheld.
    async fn record(&self, context: &Context<'_>) -> Option<Result<Node, Error>> {
        match &self.row {
            Row::Seen(source, tag) => node::visible(Op::of(context), *tag, source.source_id).await,
            Row::Withheld(_) => None,
        }
    }

    /// The federation where it was counted; null where it is withheld, or not the caller's to know any more.
    async fn federation(&self, context: &Context<'_>) -> Option<Federation> {
        let Row::Seen(source, _) = &self.row else {
            return None;
        };
        let op = Op::of(context);
        let id = op
            .tree()
            .on_path(key_of(&source.path))
            .next()
            .map(|node| node.id)?;
        op.known(id, "id").ok().map(Federation)
    }

    /// The last day on which it changed the figure; null where it is withheld.
    async fn day(&self) -> Option<Date> {
        match &self.row {
            Row::Seen(source, _) => Some(Date(source.day)),
            Row::Withheld(_) => None,
        }
    }

    /// How exact it is; null where it is withheld.
    async fn qualifier(&self) -> Option<Qualifier> {
        match &self.row {
            Row::Seen(source, _) => Some(source.exactness().into()),
            Row::Withheld(_) => None,
        }
    }
}

/// The cursor of the withheld row.
const WITHHELD: &str = "withheld";

/// A row of the list: a record by where it was counted and its id, or the end.
#[derive(Clone, Debug)]
enum At {
    Record(String, Uuid),
    End,
}

impl At {
    fn read(cursor: &str) -> Option<At> {
        if cursor == WITHHELD {
            return Some(At::End);
        }
        let (path, id) = cursor.split_once('.')?;
        Some(At::Record(path.to_owned(), id.parse().ok()?))
    }

    fn record(at: &Option<At>) -> Option<(&str, Uuid)> {
        match at {
            Some(At::Record(path, id)) => Some((path, *id)),
            _ => None,
        }
    }
}

/// The records behind a figure, a page at a time; what is withheld as the last row.
pub async fn sources_of(
    context: &Context<'_>,
    figure: &Figure,
    page: Page,
) -> Result<Connection<String, FigureSource>, Error> {
    let op = Op::of(context);
    let metric = figure.wanted.metric;
    let bounds = page.bounds(At::read)?;
    let register = registers::of(op.app().db.backend(), metric);
    let (Some(register), false) = (register, matches!(bounds.after, Some(At::End))) else {
        return Ok(page.finish(Vec::new(), EmptyFields));
    };
    let scope = op.reach(register.read);
    let behind = Behind {
        wanted: &figure.wanted,
        dimension: &figure.dimension,
        table: register.table,
        scope: &scope,
    };
    let between = (At::record(&bounds.after), At::record(&bounds.before));
    let seen = behind
        .seen(op, between, (bounds.fetched, bounds.from_end))
        .await?;
    let is_all = bounds.from_end || u64::try_from(seen.len()).is_ok_and(|count| count < bounds.fetched);
    let withheld = match (bounds.before.is_none() && is_all, scope.is_empty()) {
        (false, _) => 0,
        // None of it is the caller's to see: no need to look at the entries.
        (true, true) => figure.sum.total(),
        (true, false) => behind.withheld(op).await?,
    };
    let row = |source: Source| {
        let cursor = format!("{}.{}", source.path, source.source_id);
        (cursor, Row::Seen(source, register.tag))
    };
    let mut rows: Vec<(String, Row)> = seen.into_iter().map(row).collect();
    if withheld != 0 {
        let end = if bounds.from_end { 0 } else { rows.len() };
        rows.insert(end, (WITHHELD.to_owned(), Row::Withheld(withheld)));
    }
    let rows = rows.into_iter();
    let sources = rows.map(|(cursor, row)| (cursor, FigureSource { metric, row }));
    Ok(page.finish(sources.collect(), EmptyFields))
}
