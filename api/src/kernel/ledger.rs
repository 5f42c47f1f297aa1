//! Reading the statistics ledger: sums of roll-ups plus the entries not yet folded, in one statement, so exact at
//! every moment and the same work for a thousand records as for a hundred million.

use super::error::Error;
use super::loader::Batch;
use super::op::Op;
use super::sql::Sql;
use crate::metrics::MetricId;
use chrono::{Datelike, NaiveDate};
use entity::id::FederationId;
use sea_orm::FromQueryResult;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Days from the first (or the beginning of time) to the last, both counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    /// First day; none for a stock.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: NaiveDate,
}

/// A run of whole days, months or years: from the first, up to but without the last.
type Run = (&'static str, Option<NaiveDate>, NaiveDate);

fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn year_of(day: NaiveDate) -> NaiveDate {
    month_of(day).with_month(1).unwrap_or(day)
}

/// The first day not before `day` on which a new month (or year) begins.
fn next_start(day: NaiveDate, start: fn(NaiveDate) -> NaiveDate, months: u32) -> NaiveDate {
    let begun = start(day);
    if begun == day {
        day
    } else {
        begun
            .checked_add_months(chrono::Months::new(months))
            .unwrap_or(NaiveDate::MAX)
    }
}

impl Period {
    /// The fewest runs that cover the period exactly.
    fn runs(self) -> Vec<Run> {
        let end = self.to.succ_opt().unwrap_or(self.to);
        let (end_month, end_year) = (month_of(end), year_of(end));
        let Some(from) = self.from else {
            return vec![
                ("Y", None, end_year),
                ("M", Some(end_year), end_month),
                ("D", Some(end_month), end),
            ];
        };
        let first_month = next_start(from, month_of, 1);
        if first_month >= end_month {
            return vec![("D", Some(from), end)];
        }
        let mut runs = vec![("D", Some(from), first_month), ("D", Some(end_month), end)];
        let first_year = next_start(first_month, year_of, 12);
        if first_year >= end_year {
            runs.push(("M", Some(first_month), end_month));
        } else {
            runs.push(("M", Some(first_month), first_year));
            runs.push(("Y", Some(first_year), end_year));
            runs.push(("M", Some(end_year), end_month));
        }
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
    is_tail: i32,
    federation_id: Uuid,
    metric: String,
    dimension: String,
    amount: i64,
}

/// Sums by dimension value; the whole has the empty value.
pub type Sums = Vec<(String, i64)>;

/// Sums asked for in one statement, so that its parameters stay few.
const WANTED_MAX: usize = 2_000;

/// The loader of sums: one statement for each period and axis asked for at a level of an operation.
pub struct Figures;

impl Batch for Figures {
    type Key = Wanted;
    type Value = Sums;

    async fn load(op: Op, keys: Vec<Wanted>) -> Result<Vec<Sums>, Error> {
        let mut groups: HashMap<(Period, Option<&'static str>), Vec<usize>> = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            groups.entry((key.period, key.axis)).or_default().push(index);
        }
        let mut answers: Vec<Sums> = vec![Sums::new(); keys.len()];
        for ((period, axis), members) in groups {
            for members in members.chunks(WANTED_MAX) {
                let wanted: Vec<&Wanted> = members.iter().filter_map(|index| keys.get(*index)).collect();
                let sums = read(&op, period, axis, &wanted).await?;
                for (index, sums) in members.iter().zip(sums) {
                    if let Some(answer) = answers.get_mut(*index) {
                        *answer = sums;
                    }
                }
            }
        }
        Ok(answers)
    }
}

async fn read(op: &Op, period: Period, axis: Option<&str>, wanted: &[&Wanted]) -> Result<Vec<Sums>, Error> {
    let db = &op.app().db;
    let rows = Row::find_by_statement(statement(period, axis, wanted).on(db.backend()))
        .all(db.reader())
        .await?;
    let tree = op.tree();
    let mut sums: HashMap<(FederationId, &str), BTreeMap<&str, i64>> = HashMap::new();
    for row in &rows {
        let place = FederationId(row.federation_id);
        // A tail entry stands at its own place only: whoever is above it has it too.
        let above = tree.ancestors_of(place).filter(|_| row.is_tail != 0);
        for federation_id in std::iter::once(place).chain(above) {
            let parts = sums.entry((federation_id, &row.metric)).or_default();
            *parts.entry(&row.dimension).or_default() += row.amount;
        }
    }
    let sums_of = |wanted: &&Wanted| {
        let parts = sums.get(&(wanted.federation_id, wanted.metric.code()));
        let parts = parts.into_iter().flatten();
        parts
            .map(|(value, amount)| ((*value).to_owned(), *amount))
            .collect()
    };
    Ok(wanted.iter().map(sums_of).collect())
}

fn statement(period: Period, axis: Option<&str>, wanted: &[&Wanted]) -> Sql {
    let mut ids: Vec<FederationId> = wanted.iter().map(|wanted| wanted.federation_id).collect();
    ids.sort();
    ids.dedup();
    let mut metrics: Vec<&str> = wanted.iter().map(|wanted| wanted.metric.code()).collect();
    metrics.sort();
    metrics.dedup();
    let dimension = |sql: &mut Sql| match axis {
        None => drop(sql.push(" AND dimension = ''")),
        // ';' is the byte after ':': all values of the axis, as one range.
        Some(axis) => {
            sql.push(" AND dimension >= ").bind(format!("{axis}:"));
            sql.push(" AND dimension < ").bind(format!("{axis};"));
        }
    };
    let columns = "federation_id, metric, dimension, CAST(SUM(amount) AS BIGINT) AS amount";
    let grouped = " GROUP BY federation_id, metric, dimension";
    let mut sql = Sql::default();
    // One branch a run: with the runs in one OR, SQLite would read all days to find the years.
    for (grain, from, until) in period.runs() {
        sql.push("SELECT 0 AS is_tail, ")
            .push(columns)
            .push(" FROM figure_rollup WHERE federation_id IN ");
        sql.list(ids.iter().copied())
            .push(" AND metric IN ")
            .list(metrics.iter().copied());
        dimension(&mut sql);
        sql.push(" AND grain = ").bind(grain);
        if let Some(from) = from {
            sql.push(" AND day >= ").bind(from);
        }
        sql.push(" AND day < ")
            .bind(until)
            .push(grouped)
            .push(" UNION ALL ");
    }
    sql.push("SELECT 1, ")
        .push(columns)
        .push(" FROM figure_entry WHERE seq IS NULL AND metric IN ");
    sql.list(metrics);
    dimension(&mut sql);
    sql.push(" AND ");
    period.holds(&mut sql);
    sql.push(grouped);
    sql
}

/// What a domain's records say that the ledger must hold.
pub struct Expected {
    /// The metrics that these records make, all of them.
    pub metrics: &'static [MetricId],
    /// Columns source_id, federation_id, day, metric, dimension, amount.
    pub sql: String,
    /// Whether a record says on which day it counts.
    pub has_days: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_every_day_of_a_period_once() {
        let first = NaiveDate::from_ymd_opt(2023, 11, 17).unwrap();
        for offset in 0..60 {
            for length in [0, 1, 13, 14, 30, 45, 61, 200, 366, 800] {
                let from = first + chrono::Days::new(offset);
                let to = from + chrono::Days::new(length);
                let mut runs = Period { from: Some(from), to }.runs();
                runs.retain(|(_, from, until)| from.unwrap() < *until);
                runs.sort_by_key(|(_, from, _)| *from);
                assert_eq!(runs.first().unwrap().1, Some(from));
                assert_eq!(runs.last().unwrap().2, to.succ_opt().unwrap());
                assert!(
                    runs.windows(2).all(|pair| Some(pair[0].2) == pair[1].1),
                    "{from} {to} {runs:?}"
                );
                for (grain, from, until) in runs {
                    assert!(
                        grain == "D"
                            || (month_of(from.unwrap()) == from.unwrap() && month_of(until) == until)
                    );
                    assert!(
                        grain != "Y" || (year_of(from.unwrap()) == from.unwrap() && year_of(until) == until)
                    );
                }
            }
        }
    }
}
