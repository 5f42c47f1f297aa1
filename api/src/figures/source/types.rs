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
use async_graphql::connection::{Connection, Edge};
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

/// Where a page goes on: behind a record, or behind everything.
type After = Option<(String, Uuid)>;

fn read_cursor(cursor: &str) -> Option<After> {
    if cursor == WITHHELD {
        return Some(None);
    }
    let (path, id) = cursor.split_once('.')?;
    Some(Some((path.to_owned(), id.parse().ok()?)))
}

/// The records behind a figure, a page at a time; what is withheld as the last row.
pub async fn sources_of(
    context: &Context<'_>,
    figure: &Figure,
    (first, after): (Option<i32>, Option<String>),
) -> Result<Connection<String, FigureSource>, Error> {
    let op = Op::of(context);
    let bounds = Page::new(first, after, None, None)?.bounds(read_cursor)?;
    let has_previous = bounds.after.is_some();
    let metric = figure.wanted.metric;
    let Some(register) = registers::of(op.app().db.backend(), metric) else {
        return Ok(Connection::new(false, false));
    };
    let scope = op.reach(register.read);
    let behind = Behind {
        wanted: &figure.wanted,
        dimension: &figure.dimension,
        table: register.table,
        scope: &scope,
    };
    let mut rows = Vec::new();
    if bounds.after != Some(None) {
        let after = bounds.after.flatten();
        let after = after.as_ref().map(|(path, id)| (&**path, *id));
        let seen = behind.seen(op, after, bounds.fetched).await?;
        let is_end = u64::try_from(seen.len()).is_ok_and(|count| count < bounds.fetched);
        let row = |source: Source| {
            let cursor = format!("{}.{}", source.path, source.source_id);
            (cursor, Row::Seen(source, register.tag))
        };
        rows.extend(seen.into_iter().map(row));
        let withheld = match (is_end, scope.is_empty()) {
            (false, _) => 0,
            // None of it is the caller's to see: no need to look at the entries.
            (true, true) => figure.sum.total(),
            (true, false) => behind.withheld(op).await?,
        };
        if withheld != 0 {
            rows.push((WITHHELD.to_owned(), Row::Withheld(withheld)));
        }
    }
    let limit = usize::try_from(bounds.fetched.saturating_sub(1)).unwrap_or(usize::MAX);
    let mut page = Connection::new(has_previous, rows.len() > limit);
    let edge = |(cursor, row)| Edge::new(cursor, FigureSource { metric, row });
    page.edges.extend(rows.into_iter().take(limit).map(edge));
    Ok(page)
}
