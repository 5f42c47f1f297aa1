//! The records behind a figure, in the order of the tree.

use super::{Period, Qualifier, Wanted};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::scope::Scope;
use crate::kernel::sql::Sql;
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, FromQueryResult};
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

/// Keys between which the records of a page lie.
pub type Between<'a> = (Option<(&'a str, Uuid)>, Option<(&'a str, Uuid)>);

impl Behind<'_> {
    /// All places where the figure's federation stands or stood.
    fn paths(&self, op: &Op) -> Vec<String> {
        let (tree, id) = (op.tree(), self.wanted.federation_id);
        let now = tree.get(id).map(|node| node.path.to_string());
        let former = tree.former(id).iter().map(|former| former.place.path.clone());
        let mut paths: Vec<String> = now.into_iter().chain(former).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The entries of the figure, of records that the caller sees or of all others. One branch a path: with the paths in one
    /// OR no index gives the entries in their order.
    fn push_entries(&self, sql: &mut Sql, op: &Op, (are_seen, between): (bool, Between<'_>)) {
        let Wanted { metric, period, .. } = self.wanted;
        sql.push(" FROM (");
        for (place, path) in self.paths(op).into_iter().enumerate() {
            if place > 0 {
                sql.push(" UNION ALL ");
            }
            let end = format!("{path}~");
            sql.push("SELECT path, source_id, day, qualifier, amount FROM figure_entry WHERE metric = ");
            sql.bind(metric.code())
                .push(" AND dimension = ")
                .bind(self.dimension);
            sql.push(" AND path >= ")
                .bind(path)
                .push(" AND path < ")
                .bind(end)
                .push(" AND ");
            Period::holds(*period, sql);
            for (bound, is) in [(between.0, ">"), (between.1, "<")] {
                if let Some((path, id)) = bound {
                    sql.push(" AND (path, source_id) ").push(is).push(" (");
                    sql.bind(path).push(", ").bind(id).push(")");
                }
            }
        }
        sql.push(") AS entry WHERE ")
            .push(if are_seen { "EXISTS" } else { "NOT EXISTS" });
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
        between: Between<'_>,
        (limit, from_end): (u64, bool),
    ) -> Result<Vec<Source>, Error> {
        if self.scope.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new(
            "SELECT path, source_id, CAST(SUM(amount) AS BIGINT) AS amount, MAX(day) AS day, MAX(qualifier) AS qualifier",
        );
        self.push_entries(&mut sql, op, (true, between));
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

    /// Whether a record that was counted here may be elsewhere by now: else who sees the places sees the records.
    async fn may_have_left(&self, op: &Op) -> Result<bool, Error> {
        let paths = self.paths(op);
        if !paths.iter().all(|path| self.scope.holds(path)) {
            return Ok(true);
        }
        let mut sql = Sql::new("SELECT until FROM former_place WHERE ");
        for (place, path) in paths.into_iter().enumerate() {
            let end = format!("{path}~");
            sql.push(if place > 0 { " OR " } else { "" });
            sql.push("(path >= ")
                .bind(path)
                .push(" AND path < ")
                .bind(end)
                .push(")");
        }
        sql.push(" LIMIT 1");
        let db = &op.app().db;
        let found = db.reader().query_one_raw(sql.on(db.backend())).await?;
        Ok(found.is_some())
    }

    /// What the records add that the caller does not see.
    pub async fn withheld(&self, op: &Op) -> Result<i64, Error> {
        if !self.may_have_left(op).await? {
            return Ok(0);
        }
        let mut sql = Sql::new("SELECT CAST(SUM(amount) AS BIGINT) AS amount");
        self.push_entries(&mut sql, op, (false, (None, None)));
        let db = &op.app().db;
        let sum = Sum::find_by_statement(sql.on(db.backend()))
            .one(db.reader())
            .await?;
        Ok(sum.and_then(|sum| sum.amount).unwrap_or_default())
    }
}
