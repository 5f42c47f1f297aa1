//! The records behind a figure, in the order of the tree.

use super::{Period, Qualifier, Wanted};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::scope::Scope;
use crate::kernel::sql::Sql;
use chrono::NaiveDate;
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// The part of a figure whose records are asked for, and who may see them.
pub struct Behind<'a> {
    /// The figure.
    pub wanted: &'a Wanted,
    /// Empty for the whole, `AXIS:VALUE` for a part.
    pub dimension: &'a str,
    /// The tables that hold the records.
    pub table: &'static str,
    /// What the caller sees of it.
    pub scope: &'a Scope,
}

/// A record with what it adds to a figure.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Source {
    /// Where it was counted.
    pub path: String,
    /// The record.
    pub source_id: Uuid,
    /// What it adds.
    pub amount: i64,
    /// The last day on which it changed the figure.
    pub day: NaiveDate,
    /// How exact: the least exact of what it added.
    pub qualifier: String,
}

impl Source {
    /// How exact it is.
    pub fn exactness(&self) -> Qualifier {
        Qualifier::marked(&self.qualifier)
    }
}

#[derive(FromQueryResult)]
struct Sum {
    amount: Option<i64>,
}

impl Behind<'_> {
    /// The entries of the figure, of records that the caller sees or of all others.
    fn push_entries(&self, sql: &mut Sql, op: &Op, are_seen: bool) {
        let Wanted {
            metric,
            period,
            federation_id,
            ..
        } = self.wanted;
        sql.push(" FROM figure_entry WHERE metric = ").bind(metric.code());
        sql.push(" AND dimension = ").bind(self.dimension).push(" AND ");
        let tree = op.tree();
        let now = tree.get(*federation_id).map(|node| node.path.to_string());
        let former = tree
            .former(*federation_id)
            .iter()
            .map(|former| former.place.path.clone());
        sql.push("(1 = 0");
        for path in now.into_iter().chain(former) {
            let end = format!("{path}~");
            sql.push(" OR (path >= ")
                .bind(path)
                .push(" AND path < ")
                .bind(end)
                .push(")");
        }
        sql.push(") AND ");
        Period::holds(*period, sql);
        sql.push(if are_seen {
            " AND EXISTS"
        } else {
            " AND NOT EXISTS"
        });
        sql.push(" (SELECT 1 FROM ")
            .push(self.table)
            .push(" AS record WHERE record.id = source_id AND ");
        self.scope.push(sql, "record.path");
        sql.push(")");
    }

    /// Records after one and before another, in the order of place and id or, from the end, the other way round; only those
    /// that the caller sees.
    pub async fn seen(
        &self,
        op: &Op,
        (after, before): (Option<(&str, Uuid)>, Option<(&str, Uuid)>),
        (limit, from_end): (u64, bool),
    ) -> Result<Vec<Source>, Error> {
        if self.scope.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new(
            "SELECT path, source_id, CAST(SUM(amount) AS BIGINT) AS amount, MAX(day) AS day, MAX(qualifier) AS qualifier",
        );
        self.push_entries(&mut sql, op, true);
        for (bound, is) in [(after, ">"), (before, "<")] {
            if let Some((path, id)) = bound {
                sql.push(" AND (path, source_id) ").push(is).push(" (");
                sql.bind(path).push(", ").bind(id).push(")");
            }
        }
        sql.push(" GROUP BY path, source_id HAVING SUM(amount) <> 0 ORDER BY ");
        sql.push(if from_end {
            "path DESC, source_id DESC"
        } else {
            "path, source_id"
        });
        sql.push(" LIMIT ").bind(limit);
        let db = &op.app().db;
        let rows = Source::find_by_statement(sql.on(db.backend()));
        Ok(rows.all(db.reader()).await?)
    }

    /// What the records add that the caller does not see.
    pub async fn withheld(&self, op: &Op) -> Result<i64, Error> {
        let mut sql = Sql::new("SELECT CAST(SUM(amount) AS BIGINT) AS amount");
        self.push_entries(&mut sql, op, false);
        let db = &op.app().db;
        let sum = Sum::find_by_statement(sql.on(db.backend()))
            .one(db.reader())
            .await?;
        Ok(sum.and_then(|sum| sum.amount).unwrap_or_default())
    }
}
