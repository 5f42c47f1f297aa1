//! Sealed values in the database, whatever they are.

use super::SealedColumn;
use crate::kernel::error::Error;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

/// A sealed value and its row.
#[derive(FromQueryResult)]
pub(crate) struct Value {
    /// The row.
    pub(crate) id: Uuid,
    /// As it is sealed.
    pub(crate) sealed: String,
}

/// The next values of a column, in the order of their rows.
pub(crate) async fn after(
    db: &impl ConnectionTrait,
    at: &SealedColumn,
    id: Uuid,
    limit: i64,
) -> Result<Vec<Value>, Error> {
    let mut sql = Sql::new("SELECT ");
    sql.push(at.id)
        .push(" AS id, ")
        .push(at.column)
        .push(" AS sealed FROM ")
        .push(at.table);
    sql.push(" WHERE ")
        .push(at.column)
        .push(" IS NOT NULL AND ")
        .push(at.id)
        .push(" > ")
        .bind(id);
    sql.push(" ORDER BY ").push(at.id).push(" LIMIT ").bind(limit);
    Ok(Value::find_by_statement(sql.on(db.get_database_backend()))
        .all(db)
        .await?)
}

/// Puts new values in the place of those that are still as they were: row, old, new.
pub(super) async fn replace(
    tx: &Tx,
    at: &SealedColumn,
    values: Vec<[sea_orm::Value; 3]>,
) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE ");
    sql.push(at.table)
        .push(" SET ")
        .push(at.column)
        .push(" = changed.column3 FROM (VALUES ");
    sql.rows(values);
    sql.push(") AS changed WHERE ")
        .push(at.table)
        .push(".")
        .push(at.id)
        .push(" = changed.column1 AND ");
    sql.push(at.table)
        .push(".")
        .push(at.column)
        .push(" = changed.column2");
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
}

/// The first row whose value a key did not seal.
pub(super) async fn first_older(
    db: &impl ConnectionTrait,
    at: &SealedColumn,
    key: i32,
) -> Result<Option<Uuid>, Error> {
    let mut sql = Sql::new("SELECT ");
    sql.push(at.id).push(" AS id FROM ").push(at.table);
    sql.push(" WHERE ").push(at.column).push(" NOT LIKE ");
    sql.bind(format!("{key}.%"));
    sql.push(" ORDER BY ").push(at.id).push(" LIMIT 1");
    let found = Row::find_by_statement(sql.on(db.get_database_backend()))
        .one(db)
        .await?;
    Ok(found.map(|row| row.id))
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many values of a column there are; of those that a key did not seal, if one is named.
pub(crate) async fn count(
    db: &impl ConnectionTrait,
    at: &SealedColumn,
    but: Option<i32>,
) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT COUNT(*) AS count FROM ");
    sql.push(at.table)
        .push(" WHERE ")
        .push(at.column)
        .push(" IS NOT NULL");
    if let Some(key) = but {
        sql.push(" AND ")
            .push(at.column)
            .push(" NOT LIKE ")
            .bind(format!("{key}.%"));
    }
    let found = Count::find_by_statement(sql.on(db.get_database_backend()))
        .one(db)
        .await?;
    Ok(found.map(|found| found.count).unwrap_or_default())
}
