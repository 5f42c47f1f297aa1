//! The statistics ledger. Here it is read: sums of roll-ups plus the entries not yet folded, in one statement, so exact
//! at every moment and the same work for a thousand records as for a hundred million.
//!
//! An entry stands at a path: the federation where it counts and those above it, as they stood on its day. Roll-ups
//! follow from entries alone, so a federation that moves takes no history along.

pub mod entry;
pub mod fold;
pub mod recount;
pub mod series;
pub mod source;

use super::error::Error;
use super::loader::Batch;
use super::op::Op;
use super::sql::Sql;
use super::tree::Tree;
use crate::metrics::MetricId;
use crate::policy::Action;
use chrono::{Datelike, NaiveDate};
use entity::id::FederationId;
use sea_orm::{DbBackend, FromQueryResult};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// How exact a number is (数字口径): 158, 500 余, 近 30.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Qualifier {
    /// As counted.
    #[default]
    Exact,
    /// 余、多、以上: at least.
    AtLeast,
    /// 近、约: about.
    About,
}

impl Qualifier {
    /// As the database keeps it.
    pub const fn mark(self) -> &'static str {
        match self {
            Qualifier::Exact => "=",
            Qualifier::AtLeast => ">",
            Qualifier::About => "~",
        }
    }

    /// The qualifier of a mark.
    pub fn marked(mark: &str) -> Qualifier {
        match mark {
            ">" => Qualifier::AtLeast,
            "~" => Qualifier::About,
            _ => Qualifier::Exact,
        }
    }
}

/// A sum, apart by how exact its parts are: 500 余 taken back leaves no trace of having been inexact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    exact: i64,
    at_least: i64,
    about: i64,
}

impl Amount {
    /// Nothing but this.
    pub fn of(amount: i64, qualifier: Qualifier) -> Amount {
        let mut sum = Amount::default();
        *sum.part(qualifier) = amount;
        sum
    }

    fn part(&mut self, qualifier: Qualifier) -> &mut i64 {
        match qualifier {
            Qualifier::Exact => &mut self.exact,
            Qualifier::AtLeast => &mut self.at_least,
            Qualifier::About => &mut self.about,
        }
    }

    /// How many, or fen.
    pub fn total(self) -> i64 {
        self.exact + self.at_least + self.about
    }

    /// As exact as the least exact that is in it.
    pub fn qualifier(self) -> Qualifier {
        match (self.about, self.at_least) {
            (0, 0) => Qualifier::Exact,
            (0, _) => Qualifier::AtLeast,
            _ => Qualifier::About,
        }
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.exact += other.exact;
        self.at_least += other.at_least;
        self.about += other.about;
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Amount>>(amounts: I) -> Amount {
        amounts.fold(Amount::default(), |mut sum, amount| {
            sum += amount;
            sum
        })
    }
}

/// Days from the first (or the beginning of time) to the last, both counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// First day; none for a stock.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: NaiveDate,
}

/// How finely sums are kept: each kind of time with the first day of the next coarser one that a day lies in.
type Grain = (&'static str, fn(NaiveDate) -> NaiveDate);

/// By day, by ten days (旬), by month; and by year, which nothing is coarser than.
const GRAINS: [Grain; 3] = [("D", ten_days_of), ("T", month_of), ("M", year_of)];

/// A run of whole days, ten days, months or years: from the first, up to but without the last.
type Run = (&'static str, Option<NaiveDate>, NaiveDate);

/// The 1st, 11th or 21st: the third one has what is left of the month.
fn ten_days_of(day: NaiveDate) -> NaiveDate {
    let first = match day.day() {
        1..=10 => 1,
        11..=20 => 11,
        _ => 21,
    };
    day.with_day(first).unwrap_or(day)
}

fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn year_of(day: NaiveDate) -> NaiveDate {
    month_of(day).with_month(1).unwrap_or(day)
}

/// The first day not before `day` on which a new time begins.
fn next_start(mut day: NaiveDate, start: fn(NaiveDate) -> NaiveDate) -> NaiveDate {
    while start(day) != day {
        let Some(next) = day.succ_opt() else { break };
        day = next;
    }
    day
}

impl Period {
    /// The fewest runs that cover the period exactly.
    fn runs(self) -> Vec<Run> {
        let (mut from, mut until) = (self.from, self.to.succ_opt().unwrap_or(self.to));
        let mut runs = Vec::new();
        for (grain, coarser) in GRAINS {
            let last = coarser(until);
            if let Some(first) = from {
                let next = next_start(first, coarser);
                if next >= last {
                    runs.push((grain, from, until));
                    return runs;
                }
                if first < next {
                    runs.push((grain, from, next));
                }
                from = Some(next);
            }
            if last < until {
                runs.push((grain, Some(last), until));
            }
            until = last;
        }
        runs.push(("Y", from, until));
        runs
    }

    fn holds(self, sql: &mut Sql) {
        sql.push("day <= ").bind(self.to);
        if let Some(from) = self.from {
            sql.push(" AND day >= ").bind(from);
        }
    }
}

/// What to sum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Where, with all below it.
    pub federation_id: FederationId,
    /// What.
    pub metric: MetricId,
    /// Split by this axis; none for the whole.
    pub axis: Option<&'static str>,
    /// When.
    pub period: Period,
}

#[derive(FromQueryResult)]
struct Row {
    slot: i32,
    federation_id: Option<Uuid>,
    path: Option<String>,
    metric: String,
    dimension: String,
    qualifier: String,
    amount: i64,
}

/// Sums by dimension value; the whole has the empty value.
pub type Sums = Vec<(String, Amount)>;

/// Parameters of one statement.
const PARAMETERS_MAX: usize = 20_000;

/// The loader of sums: one statement for all that is asked for at a level of an operation.
pub struct Figures;

/// Days and axis.
type Alike = (Period, Option<&'static str>);

/// What is asked for of the same days and axis.
struct Group<'a> {
    period: Period,
    axis: Option<&'static str>,
    /// With their places in the question.
    wanted: Vec<(usize, &'a Wanted)>,
}

impl Group<'_> {
    fn ids(&self) -> Vec<FederationId> {
        let mut ids: Vec<FederationId> = self
            .wanted
            .iter()
            .map(|(_, wanted)| wanted.federation_id)
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }

    fn metrics(&self) -> Vec<&'static str> {
        let mut metrics: Vec<&str> = self
            .wanted
            .iter()
            .map(|(_, wanted)| wanted.metric.code())
            .collect();
        metrics.sort();
        metrics.dedup();
        metrics
    }
}

impl Batch for Figures {
    type Key = Wanted;
    type Value = Sums;

    async fn load(op: Op, keys: Vec<Wanted>) -> Result<Vec<Sums>, Error> {
        let mut alike: HashMap<Alike, Vec<(usize, &Wanted)>> = HashMap::new();
        for key in keys.iter().enumerate() {
            alike.entry((key.1.period, key.1.axis)).or_default().push(key);
        }
        let groups = alike
            .into_iter()
            .map(|((period, axis), wanted)| Group { period, axis, wanted });
        let mut answers: Vec<Sums> = vec![Sums::new(); keys.len()];
        let (mut together, mut parameters) = (Vec::new(), 0);
        for group in groups {
            let more = (group.ids().len() + group.metrics().len() + 4) * (group.period.runs().len() + 1);
            if parameters + more > PARAMETERS_MAX && !together.is_empty() {
                read(&op, &std::mem::take(&mut together), &mut answers).await?;
                parameters = 0;
            }
            parameters += more;
            together.push(group);
        }
        read(&op, &together, &mut answers).await?;
        Ok(answers)
    }
}

async fn read(op: &Op, groups: &[Group<'_>], answers: &mut [Sums]) -> Result<(), Error> {
    if groups.is_empty() {
        return Ok(());
    }
    let db = &op.app().db;
    // Added up in the database: fetching a row costs more than adding it.
    let mut sql = Sql::new(
        "SELECT slot, federation_id, path, metric, dimension, qualifier, CAST(SUM(amount) AS BIGINT) AS amount FROM (",
    );
    for (slot, group) in groups.iter().enumerate() {
        if slot > 0 {
            sql.push(" UNION ALL ");
        }
        sql.append(statement(db.backend(), slot, group));
    }
    sql.push(") AS part GROUP BY slot, federation_id, path, metric, dimension, qualifier");
    let rows = Row::find_by_statement(sql.on(db.backend()));
    let rows = rows.all(db.reader()).await?;
    let tree = op.tree();
    let mut sums: HashMap<(i32, FederationId, &str), BTreeMap<&str, Amount>> = HashMap::new();
    for row in &rows {
        let amount = Amount::of(row.amount, Qualifier::marked(&row.qualifier));
        for federation_id in counted_at(&tree, row.federation_id, row.path.as_deref()) {
            let parts = sums.entry((row.slot, federation_id, &row.metric)).or_default();
            *parts.entry(&row.dimension).or_default() += amount;
        }
    }
    for (slot, group) in (0_i32..).zip(groups) {
        for (place, wanted) in &group.wanted {
            let parts = sums.get(&(slot, wanted.federation_id, wanted.metric.code()));
            let parts = parts.into_iter().flatten();
            let parts = parts.map(|(value, amount)| ((*value).to_owned(), *amount));
            if let Some(answer) = answers.get_mut(*place) {
                *answer = parts.collect();
            }
        }
    }
    Ok(())
}

/// Where a row counts: a sum at its federation, an entry of the tail at all federations on its path.
fn counted_at<'a>(
    tree: &'a Tree,
    federation_id: Option<Uuid>,
    path: Option<&'a str>,
) -> impl Iterator<Item = FederationId> + 'a {
    let on_path = tree.on_path(path.unwrap_or_default()).map(|node| node.id);
    federation_id.map(FederationId).into_iter().chain(on_path)
}

/// Says which entries of the tail: the whole, or all values of an axis.
fn push_dimension(sql: &mut Sql, axis: Option<&str>) {
    match axis {
        None => drop(sql.push(" AND dimension = ''")),
        // ';' is the byte after ':': all values of the axis, as one range.
        Some(axis) => {
            sql.push(" AND dimension >= ").bind(format!("{axis}:"));
            sql.push(" AND dimension < ").bind(format!("{axis};"));
        }
    }
}

/// The entries that are not folded yet. SQLite is told which index has them: by another it would walk all entries.
fn tail(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => " FROM figure_entry INDEXED BY figure_entry_tail WHERE seq IS NULL",
        _ => " FROM figure_entry WHERE seq IS NULL",
    }
}

fn statement(backend: DbBackend, slot: usize, group: &Group<'_>) -> Sql {
    let (ids, metrics) = (group.ids(), group.metrics());
    let sum = "metric, dimension, qualifier, CAST(SUM(amount) AS BIGINT) AS amount";
    let mut sql = Sql::default();
    // One branch a run: with the runs in one OR, SQLite would read all days to find the years.
    for (grain, from, until) in group.period.runs() {
        sql.push(&format!("SELECT {slot} AS slot, federation_id, NULL AS path, "));
        sql.push(sum).push(" FROM figure_rollup WHERE federation_id IN ");
        sql.list(ids.iter().copied())
            .push(" AND metric IN ")
            .list(metrics.iter().copied());
        sql.push(" AND axis = ").bind(group.axis.unwrap_or_default());
        sql.push(" AND grain = ").bind(grain);
        if let Some(from) = from {
            sql.push(" AND day >= ").bind(from);
        }
        sql.push(" AND day < ")
            .bind(until)
            .push(" GROUP BY federation_id, metric, dimension, qualifier UNION ALL ");
    }
    sql.push(&format!("SELECT {slot}, NULL, path, "))
        .push(sum)
        .push(tail(backend));
    sql.push(" AND metric IN ").list(metrics);
    push_dimension(&mut sql, group.axis);
    sql.push(" AND ");
    group.period.holds(&mut sql);
    sql.push(" GROUP BY path, metric, dimension, qualifier");
    sql
}

/// Where a record of a day is counted that tells in `moved_on` when its owner had come to `federation_id`: an expression of
/// SQL. Before that day the owner stood elsewhere.
pub fn counted_on(owner_id: &str, day: &str) -> String {
    format!(
        "CASE WHEN moved_on IS NOT NULL AND {day} < moved_on THEN (SELECT former_place.federation_id FROM former_place WHERE \
         subject_id = {owner_id} AND until > {day} ORDER BY until LIMIT 1) ELSE federation_id END"
    )
}

/// What a register says that the ledger must hold, and where its records are.
pub struct Recorded {
    /// The metrics that these records make, all of them.
    pub metrics: &'static [MetricId],
    /// Their table.
    pub table: &'static str,
    /// The tag of their global ids.
    pub tag: u8,
    /// What one must be allowed to do to see them.
    pub read: Action,
    /// Columns source_id, federation_id, day, metric, dimension, amount; and qualifier, where numbers may be inexact.
    pub sql: String,
    /// Whether its numbers may be inexact.
    pub has_qualifiers: bool,
    /// Whether a record says on which day it counts.
    pub has_days: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;

    #[test]
    fn runs_cover_every_day_of_a_period_once() {
        let first = NaiveDate::from_ymd_opt(2023, 11, 17).unwrap();
        for offset in 0..60 {
            for length in [0, 1, 9, 10, 13, 14, 30, 45, 61, 200, 366, 800] {
                let from = first + Days::new(offset);
                let to = from + Days::new(length);
                let mut runs = Period { from: Some(from), to }.runs();
                runs.sort_by_key(|(_, from, _)| *from);
                assert_eq!(runs.first().unwrap().1, Some(from));
                assert_eq!(runs.last().unwrap().2, to.succ_opt().unwrap());
                assert!(
                    runs.windows(2).all(|pair| Some(pair[0].2) == pair[1].1),
                    "{from} {to} {runs:?}"
                );
                for (grain, from, until) in runs {
                    let start = match grain {
                        "D" => |day| day,
                        "T" => ten_days_of,
                        "M" => month_of,
                        _ => year_of,
                    };
                    assert!(from.unwrap() < until || grain == "Y", "{grain} {from:?} {until}");
                    assert_eq!(
                        (start(from.unwrap()), start(until)),
                        (from.unwrap(), until),
                        "{grain}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_stock_reads_few_sums_on_any_day() {
        for (to, runs) in [
            ("2026-06-20", "Y..2026-01-01 M..2026-06-01 T..2026-06-21"),
            (
                "2026-06-29",
                "Y..2026-01-01 M..2026-06-01 T..2026-06-21 D..2026-06-30",
            ),
            ("2026-06-30", "Y..2026-01-01 M..2026-07-01"),
            ("2025-12-31", "Y..2026-01-01"),
        ] {
            let to = to.parse().unwrap();
            let mut found = Period { from: None, to }.runs();
            found.sort_by_key(|(_, from, _)| *from);
            let told: Vec<String> = found
                .iter()
                .map(|(grain, _, until)| format!("{grain}..{until}"))
                .collect();
            assert_eq!(told.join(" "), runs);
        }
    }
}
