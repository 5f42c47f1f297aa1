//! Relay connections: the only pagination. Keyset on any offered sort, one statement for all parents of a level.

use super::error::{Error, invalid, text};
use super::loader::Batch;
use super::op::Op;
use crate::scalars;
use async_graphql::connection::{self, Edge, EmptyFields};
use async_graphql::{Context, ObjectType, OutputType};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use entity::placed::Placed;
use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait, Query, SelectStatement, SimpleExpr, UnionType};
use sea_orm::{ConnectionTrait, FromQueryResult, ModelTrait, Order, QueryTrait, Select, Value};
use std::collections::HashMap;
use std::marker::PhantomData;

/// The most that one page holds.
pub const PAGE_MAX: i32 = 100;
/// What a page holds if nobody says.
const PAGE_DEFAULT: i32 = 20;

/// A page of a list, with its total on demand.
pub type Connection<T> = connection::Connection<String, T, Total, EmptyFields>;

/// The arguments of a connection, checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    limit: u64,
    after: Option<String>,
    before: Option<String>,
    from_end: bool,
}

impl Page {
    /// Checks the arguments: `first` or `last`, at most 100; 20 if neither is given.
    pub fn new(
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Page, Error> {
        let (field, asked) = match (first, last) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "last",
                    text("Give first or last, not both.", "first 与 last 不能同时使用。"),
                ));
            }
            (None, Some(last)) => ("last", last),
            (first, None) => ("first", first.unwrap_or(PAGE_DEFAULT)),
        };
        let limit = u64::try_from(asked).ok().filter(|_| asked <= PAGE_MAX);
        let limit = limit.ok_or_else(|| invalid(field, text("From 0 to 100.", "取值范围为 0 至 100。")))?;
        Ok(Page {
            limit,
            after,
            before,
            from_end: field == "last",
        })
    }

    /// What a page that took too long says: half of it.
    pub fn late(&self, error: Error) -> Error {
        match error {
            Error::Timeout { .. } => Error::Timeout {
                first: Some(Ord::max(self.limit / 2, 1)),
            },
            other => other,
        }
    }

    /// The first of a list, for a field that shows one.
    fn of_one() -> Page {
        Page {
            limit: 1,
            after: None,
            before: None,
            from_end: false,
        }
    }

    /// Puts fetched items, in order of fetching and one more than the limit if there are more, into a connection.
    pub fn finish<T: OutputType, F: ObjectType>(
        &self,
        mut items: Vec<(String, T)>,
        fields: F,
    ) -> connection::Connection<String, T, F> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let (has_previous, has_next) = if self.from_end {
            items.reverse();
            (has_more, self.before.is_some())
        } else {
            (self.after.is_some(), has_more)
        };
        let mut page = connection::Connection::with_additional_fields(has_previous, has_next, fields);
        page.edges
            .extend(items.into_iter().map(|(cursor, item)| Edge::new(cursor, item)));
        page
    }

    /// A page of items that are all at hand, in their order.
    pub fn slice<T, N: OutputType>(
        &self,
        items: Vec<T>,
        cursor: impl Fn(&T) -> String,
        node: impl Fn(T) -> N,
    ) -> Result<Connection<N>, Error> {
        let total = Total::Known(i64::try_from(items.len()).unwrap_or(i64::MAX));
        let find = |wanted: &Option<String>, field: &'static str| match wanted {
            Some(wanted) => {
                let position = items.iter().position(|item| cursor(item) == *wanted);
                position.map(Some).ok_or_else(|| bad_cursor(field))
            }
            None => Ok(None),
        };
        let start = find(&self.after, "after")?.map_or(0, |position| position + 1);
        let end = find(&self.before, "before")?.unwrap_or(items.len());
        let more = usize::try_from(self.limit + 1).unwrap_or(usize::MAX);
        let between = items.into_iter().take(end).skip(start);
        let chosen: Vec<T> = if self.from_end {
            between.rev().take(more).collect()
        } else {
            between.take(more).collect()
        };
        let items = chosen
            .into_iter()
            .map(|item| (cursor(&item), node(item)))
            .collect();
        Ok(self.finish(items, total))
    }

    /// The page as keys of a list that has its own.
    pub fn bounds<K>(&self, parse: impl Fn(&str) -> Option<K>) -> Result<Bounds<K>, Error> {
        let bound = |cursor: &Option<String>, field| match cursor {
            Some(cursor) => parse(cursor).map(Some).ok_or_else(|| bad_cursor(field)),
            None => Ok(None),
        };
        Ok(Bounds {
            after: bound(&self.after, "after")?,
            before: bound(&self.before, "before")?,
            fetched: self.limit + 1,
            from_end: self.from_end,
        })
    }
}

/// Which part of a list to fetch.
#[derive(Clone, Debug)]
pub struct Bounds<K> {
    /// Only what follows it.
    pub after: Option<K>,
    /// Only what precedes it.
    pub before: Option<K>,
    /// How many: one more than the page holds, to know whether there are more.
    pub fetched: u64,
    /// From the last one backwards.
    pub from_end: bool,
}

fn bad_cursor(field: &'static str) -> Error {
    invalid(field, text("Not a cursor of this list.", "游标不属于此列表。"))
}

/// How values of a sort column are written into a cursor and read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SortKind {
    Text,
    Int,
    Number,
    Date,
    Instant,
}

/// An order that a list offers; the id follows as the last key.
#[derive(Clone, Copy, Debug)]
pub struct Sort<E: Placed> {
    /// Its name in cursors.
    tag: &'static str,
    column: E::Column,
    kind: SortKind,
    descending: bool,
}

impl<E: Placed> Sort<E> {
    /// By a text column, in byte order.
    pub fn text(tag: &'static str, column: E::Column) -> Self {
        Sort::of(tag, column, SortKind::Text)
    }

    /// By an integer column.
    pub fn int(tag: &'static str, column: E::Column) -> Self {
        Sort::of(tag, column, SortKind::Int)
    }

    /// By a column of long integers.
    pub fn number(tag: &'static str, column: E::Column) -> Self {
        Sort::of(tag, column, SortKind::Number)
    }

    /// By a date column.
    pub fn date(tag: &'static str, column: E::Column) -> Self {
        Sort::of(tag, column, SortKind::Date)
    }

    /// By an instant column.
    pub fn instant(tag: &'static str, column: E::Column) -> Self {
        Sort::of(tag, column, SortKind::Instant)
    }

    fn of(tag: &'static str, column: E::Column, kind: SortKind) -> Self {
        Sort {
            tag,
            column,
            kind,
            descending: false,
        }
    }

    /// The other way round.
    pub fn descending(self, descending: bool) -> Self {
        Sort { descending, ..self }
    }

    fn cursor(&self, row: &E::Model) -> String {
        let value = match row.get(self.column) {
            Value::String(Some(text)) => text,
            Value::Int(Some(number)) => number.to_string(),
            Value::BigInt(Some(number)) => number.to_string(),
            Value::ChronoDate(Some(date)) => date.to_string(),
            Value::ChronoDateTimeUtc(Some(instant)) => instant.to_rfc3339(),
            _ => String::new(),
        };
        let id = match row.get(E::ID) {
            Value::Uuid(Some(id)) => id.to_string(),
            _ => String::new(),
        };
        BASE64_URL_SAFE_NO_PAD.encode(format!("{}\n{id}\n{value}", self.tag))
    }

    fn parse(&self, cursor: &str) -> Option<[SimpleExpr; 2]> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        // No cursor of ours holds a NUL character, and PostgreSQL would fail on one.
        if text.contains('\0') {
            return None;
        }
        let (tag, rest) = text.split_once('\n')?;
        let (id, value) = rest.split_once('\n')?;
        if tag != self.tag {
            return None;
        }
        let value: Value = match self.kind {
            SortKind::Text => value.into(),
            SortKind::Int => value.parse::<i32>().ok()?.into(),
            SortKind::Number => value.parse::<i64>().ok()?.into(),
            SortKind::Date => scalars::day(value)?.into(),
            SortKind::Instant => scalars::instant(value)?.into(),
        };
        Some([Expr::val(value), Expr::val(id.parse::<uuid::Uuid>().ok()?)])
    }
}

/// A list of rows of one table under one parent, one page of it.
pub struct Listing<E: Placed> {
    /// The scoped and filtered rows.
    pub rows: Select<E>,
    /// In this order.
    pub sort: Sort<E>,
    /// This page.
    pub page: Page,
}

impl<E: Placed> Listing<E> {
    fn query(&self) -> Result<SelectStatement, Error> {
        let mut query = self.rows.clone().into_query();
        let columns = || -> SimpleExpr {
            Expr::tuple([
                Expr::col((E::default(), self.sort.column)),
                Expr::col((E::default(), E::ID)),
            ])
        };
        let bound = |cursor: &Option<String>, field| match cursor {
            Some(cursor) => self.sort.parse(cursor).map(Some).ok_or_else(|| bad_cursor(field)),
            None => Ok(None),
        };
        for (keys, is_after) in [
            (bound(&self.page.after, "after")?, true),
            (bound(&self.page.before, "before")?, false),
        ] {
            if let Some(keys) = keys {
                let keys = Expr::tuple(keys);
                let goes_up = is_after != self.sort.descending;
                query.and_where(if goes_up {
                    columns().gt(keys)
                } else {
                    columns().lt(keys)
                });
            }
        }
        let order = self.order();
        query.order_by((E::default(), self.sort.column), order.clone());
        query.order_by((E::default(), E::ID), order);
        query.limit(self.page.limit + 1);
        Ok(query)
    }

    fn order(&self) -> Order {
        if self.sort.descending == self.page.from_end {
            Order::Asc
        } else {
            Order::Desc
        }
    }
}

/// The loader of pages: all lists of the same order that a level of an operation asks for are one statement.
struct Lists<E>(PhantomData<E>);

const SLOT: &str = "slot";
/// Lists in one statement: SQLite takes 500 parts.
pub const PARTS_MAX: usize = 200;

fn slotted(slot: usize, query: SelectStatement) -> SelectStatement {
    let mut outer = Query::select();
    outer
        .expr_as(
            Expr::val(i32::try_from(slot).unwrap_or(i32::MAX)),
            Alias::new(SLOT),
        )
        .column(Asterisk);
    outer.from_subquery(query, Alias::new("t"));
    outer
}

impl<E: Placed> Batch for Lists<E>
where
    E::Model: Send + Sync,
{
    type Key = Listing<E>;
    type Value = Vec<E::Model>;

    async fn load(op: Op, keys: Vec<Listing<E>>) -> Result<Vec<Vec<E::Model>>, Error> {
        let mut groups: HashMap<(&'static str, bool), Vec<(usize, SelectStatement)>> = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            groups
                .entry((key.sort.tag, key.order() == Order::Asc))
                .or_default()
                .push((index, key.query()?));
        }
        let db = op.app().db.reader();
        let mut answers: Vec<Vec<E::Model>> = keys.iter().map(|_| Vec::new()).collect();
        for group in groups.into_values() {
            for group in group.chunks(PARTS_MAX) {
                for (slot, row) in rows_of::<E>(db.query_all(&together(&keys, group)).await?)? {
                    if let Some(answer) = answers.get_mut(slot) {
                        answer.push(row);
                    }
                }
            }
        }
        Ok(answers)
    }
}

/// Lists of one order as one statement; each row says in which slot it belongs.
fn together<E: Placed>(keys: &[Listing<E>], group: &[(usize, SelectStatement)]) -> SelectStatement {
    let mut parts = group.iter().map(|(slot, query)| slotted(*slot, query.clone()));
    let mut all = parts.next().unwrap_or_default();
    let key = group.first().and_then(|(slot, _)| keys.get(*slot));
    let (Some(key), true) = (key, group.len() > 1) else {
        return all;
    };
    for part in parts {
        all.union(UnionType::All, part);
    }
    let mut ordered = Query::select();
    ordered.column(Asterisk).from_subquery(all, Alias::new("u"));
    ordered.order_by(Alias::new(SLOT), Order::Asc);
    ordered
        .order_by(key.sort.column, key.order())
        .order_by(E::ID, key.order());
    ordered
}

fn rows_of<E: Placed>(rows: Vec<sea_orm::QueryResult>) -> Result<Vec<(usize, E::Model)>, Error> {
    let row = |row: sea_orm::QueryResult| {
        let slot = usize::try_from(row.try_get::<i32>("", SLOT)?).unwrap_or(usize::MAX);
        Ok((slot, E::Model::from_query_result(&row, "")?))
    };
    rows.into_iter().map(row).collect()
}

/// The loader of totals: all lists of one table at a level are one statement.
struct Totals;

impl Batch for Totals {
    type Key = SelectStatement;
    type Value = i64;

    async fn load(op: Op, keys: Vec<SelectStatement>) -> Result<Vec<i64>, Error> {
        let mut totals = vec![0; keys.len()];
        let keys: Vec<(usize, SelectStatement)> = keys.into_iter().enumerate().collect();
        for keys in keys.chunks(PARTS_MAX) {
            let mut parts = keys.iter().map(|(slot, query)| {
                let mut outer = Query::select();
                outer.expr_as(
                    Expr::val(i32::try_from(*slot).unwrap_or(i32::MAX)),
                    Alias::new(SLOT),
                );
                outer.expr_as(Expr::col(Asterisk).count(), Alias::new("total"));
                outer.from_subquery(query.clone(), Alias::new("t"));
                outer
            });
            let mut all = parts.next().unwrap_or_default();
            for part in parts {
                all.union(UnionType::All, part);
            }
            for row in op.app().db.reader().query_all(&all).await? {
                let slot = usize::try_from(row.try_get::<i32>("", SLOT)?).unwrap_or(usize::MAX);
                if let Some(total) = totals.get_mut(slot) {
                    *total = row.try_get("", "total")?;
                }
            }
        }
        Ok(totals)
    }
}

/// How many there are on all pages; counted only when asked.
pub enum Total {
    /// At hand.
    Known(i64),
    /// To be counted.
    Asked(Box<SelectStatement>),
}

/// Fields of every connection.
#[async_graphql::Object]
impl Total {
    /// How many there are on all pages. Counting costs: ask only if it is shown.
    async fn total_count(&self, context: &Context<'_>) -> Result<i64, Error> {
        match self {
            Total::Known(total) => Ok(*total),
            Total::Asked(query) => Op::of(context).load::<Totals>((**query).clone()).await,
        }
    }
}

/// Loads a page; only its total, if the selection asks for nothing else.
pub async fn load<E, N>(
    context: &Context<'_>,
    listing: Listing<E>,
    node: impl Fn(E::Model) -> N,
) -> Result<Connection<N>, Error>
where
    E: Placed,
    E::Model: Send + Sync,
    N: OutputType,
{
    let selected = context.look_ahead();
    let asks_rows = ["edges", "nodes", "pageInfo"]
        .iter()
        .any(|name| selected.field(name).exists());
    let Listing { rows, sort, page } = listing;
    let mut count = rows.clone().into_query();
    count.clear_selects().expr(Expr::col((E::default(), E::ID)));
    let total = Total::Asked(Box::new(count));
    if !asks_rows {
        return Ok(page.finish(Vec::new(), total));
    }
    let kept = page.clone();
    let found = Op::of(context)
        .load::<Lists<E>>(Listing { rows, sort, page })
        .await;
    let found = found.map_err(|error| kept.late(error))?;
    let items = found
        .into_iter()
        .map(|row| (sort.cursor(&row), node(row)))
        .collect();
    Ok(kept.finish(items, total))
}

/// The first row of a list; for all parents of a level in one statement.
pub async fn first<E>(op: &Op, rows: Select<E>, sort: Sort<E>) -> Result<Option<E::Model>, Error>
where
    E: Placed,
    E::Model: Send + Sync,
{
    let found = op
        .load::<Lists<E>>(Listing {
            rows,
            sort,
            page: Page::of_one(),
        })
        .await?;
    Ok(found.into_iter().next())
}
