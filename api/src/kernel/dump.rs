//! The whole database as rows of JSON, and back: the same for SQLite and PostgreSQL, so that a backup of one can be
//! restored into the other.

use super::db::Db;
use super::error::Error;
use super::sql::{PARAMETERS_MAX, Sql};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use futures_util::TryStreamExt;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, FromQueryResult, QueryResult, StreamTrait,
    Value as Bound,
};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What a chunk of rows comes to at most.
const CHUNK_BYTES: usize = 1 << 20;
/// Tables that say what a process does just now, who is signed in, or how far the database is migrated.
const PASSING: [&str; 3] = ["lease", "session", "seaql_migrations"];

/// What a column holds: the types of our migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    BigInt,
    Boolean,
    Date,
    Instant,
    Uuid,
}

impl Kind {
    /// By the name that SQLite, or PostgreSQL, has for it.
    fn named(name: &str) -> Option<Kind> {
        Some(match name.to_ascii_lowercase().as_str() {
            "text" => Kind::Text,
            "int" | "integer" => Kind::Int,
            "bigint" => Kind::BigInt,
            "boolean" => Kind::Boolean,
            "date" => Kind::Date,
            "timestamptz" | "timestamp with time zone" => Kind::Instant,
            "uuid" => Kind::Uuid,
            _ => return None,
        })
    }

    fn read(self, row: &QueryResult, column: &str) -> Result<Value, Error> {
        Ok(match self {
            Kind::Text => row.try_get::<Option<String>>("", column)?.into(),
            Kind::Int => row.try_get::<Option<i32>>("", column)?.into(),
            Kind::BigInt => row.try_get::<Option<i64>>("", column)?.into(),
            Kind::Boolean => row.try_get::<Option<bool>>("", column)?.into(),
            Kind::Date => {
                let date = row.try_get::<Option<NaiveDate>>("", column)?;
                date.map(|date| date.to_string()).into()
            }
            Kind::Instant => {
                let instant = row.try_get::<Option<DateTime<Utc>>>("", column)?;
                instant
                    .map(|instant| instant.to_rfc3339_opts(SecondsFormat::Micros, true))
                    .into()
            }
            Kind::Uuid => row
                .try_get::<Option<Uuid>>("", column)?
                .map(|id| id.to_string())
                .into(),
        })
    }

    /// The value as a parameter of its own type, null ones too.
    fn bound(self, value: Value) -> Result<Bound, Error> {
        fn of<T: serde::de::DeserializeOwned>(value: Value) -> Result<Option<T>, Error> {
            Ok(serde_json::from_value(value)?)
        }
        Ok(match self {
            Kind::Text => of::<String>(value)?.into(),
            Kind::Int => of::<i32>(value)?.into(),
            Kind::BigInt => of::<i64>(value)?.into(),
            Kind::Boolean => of::<bool>(value)?.into(),
            Kind::Date => of::<NaiveDate>(value)?.into(),
            Kind::Instant => of::<DateTime<Utc>>(value)?.into(),
            Kind::Uuid => of::<Uuid>(value)?.into(),
        })
    }
}

/// A table as the database has it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    columns: Vec<(String, Kind)>,
    /// The tables that its rows point to.
    refers_to: HashSet<String>,
}

#[derive(FromQueryResult)]
struct Named {
    name: String,
}

#[derive(FromQueryResult)]
struct Typed {
    name: String,
    kind: String,
}

async fn table(db: &impl ConnectionTrait, name: String) -> Result<Table, Error> {
    let (columns, targets) = match db.get_database_backend() {
        DbBackend::Postgres => (
            "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS kind FROM \
             information_schema.columns WHERE table_schema = current_schema() AND ordinal_position > 0 AND \
             table_name = ",
            "SELECT DISTINCT CAST(target.relname AS TEXT) AS name FROM pg_constraint JOIN pg_class AS target ON \
             target.oid = confrelid JOIN pg_class AS origin ON origin.oid = conrelid WHERE contype = 'f' AND \
             origin.relnamespace = CAST(current_schema() AS regnamespace) AND origin.relname = ",
        ),
        _ => (
            "SELECT name, type AS kind FROM pragma_table_info WHERE arg = ",
            "SELECT DISTINCT \"table\" AS name FROM pragma_foreign_key_list WHERE arg = ",
        ),
    };
    let ask = |text: &str| {
        let mut sql = Sql::new(text);
        sql.bind(name.as_str());
        sql.on(db.get_database_backend())
    };
    let columns = Typed::find_by_statement(ask(columns)).all(db).await?;
    let column = |Typed { name: column, kind }: Typed| {
        let known = Kind::named(&kind);
        let known = known.ok_or_else(|| anyhow::anyhow!("{name}.{column} is of an unknown type {kind}"))?;
        Ok((column, known))
    };
    let columns = columns
        .into_iter()
        .map(column)
        .collect::<Result<Vec<_>, Error>>()?;
    let targets = Named::find_by_statement(ask(targets)).all(db).await?;
    let has_path = columns
        .iter()
        .any(|(column, _): &(String, Kind)| column == "path");
    if targets.iter().any(|target| target.name == name) && !has_path {
        return Err(anyhow::anyhow!("{name} points to itself and has no path to order its rows by").into());
    }
    Ok(Table {
        columns,
        refers_to: targets.into_iter().map(|target| target.name).collect(),
        name,
    })
}

/// All tables, each behind those that its rows point to.
pub async fn tables(db: &impl ConnectionTrait) -> Result<Vec<Table>, Error> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables WHERE table_schema = \
             current_schema() AND table_type = 'BASE TABLE' ORDER BY 1"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
    };
    let names = Named::find_by_statement(Sql::new(sql).on(db.get_database_backend()));
    let mut open = Vec::new();
    for Named { name } in names.all(db).await? {
        if !PASSING.contains(&name.as_str()) {
            open.push(table(db, name).await?);
        }
    }
    let mut ordered: Vec<Table> = Vec::with_capacity(open.len());
    while !open.is_empty() {
        let waiting: HashSet<String> = open.iter().map(|table| table.name.clone()).collect();
        let is_ready = |table: &Table| {
            let others = table.refers_to.iter().filter(|name| **name != table.name);
            others.into_iter().all(|name| !waiting.contains(name))
        };
        let (ready, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(is_ready);
        if ready.is_empty() {
            return Err(anyhow::anyhow!("tables point to one another in a circle").into());
        }
        ordered.extend(ready);
        open = rest;
    }
    Ok(ordered)
}

/// Reads all rows of a table, in chunks of lines: an array of JSON for each row, the names of the columns first.
pub async fn read(
    db: &DatabaseTransaction,
    table: &Table,
    mut take: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let header = serde_json::to_string(&names)?;
    let mut sql = Sql::new("SELECT * FROM ");
    sql.push(&table.name);
    // A row that points to its own table stands behind the one above it.
    if table.refers_to.contains(&table.name) {
        sql.push(" ORDER BY path");
    }
    let mut rows = db
        .stream_raw(sql.on(ConnectionTrait::get_database_backend(db)))
        .await?;
    let (mut chunk, mut count) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        if chunk.is_empty() {
            chunk.extend_from_slice(header.as_bytes());
        }
        let values = table.columns.iter().map(|(name, kind)| kind.read(&row, name));
        chunk.push(b'\n');
        serde_json::to_writer(&mut chunk, &values.collect::<Result<Vec<_>, Error>>()?)?;
        count += 1;
        if chunk.len() >= CHUNK_BYTES {
            take(&chunk)?;
            chunk.clear();
        }
    }
    if !chunk.is_empty() {
        take(&chunk)?;
    }
    Ok(count)
}

/// A database that is being filled, all or nothing.
pub struct Filling {
    db: DatabaseTransaction,
    tables: HashMap<String, Table>,
}

impl Filling {
    /// Begins with an empty database: what the migrations put there goes.
    ///
    /// # Errors
    /// If anything has happened in it.
    pub async fn begin(db: &Db) -> Result<Filling, Error> {
        let db = db.begin_locking().await?;
        let backend = ConnectionTrait::get_database_backend(&db);
        let any = Sql::new("SELECT id FROM event LIMIT 1");
        if db.query_one_raw(any.on(backend)).await?.is_some() {
            return Err(
                anyhow::anyhow!("DATABASE_URL: the database is not empty; restore into a new one").into(),
            );
        }
        let tables = tables(&db).await?;
        for table in tables.iter().rev() {
            let mut sql = Sql::new("DELETE FROM ");
            sql.push(&table.name);
            db.execute_raw(sql.on(backend)).await?;
        }
        let tables = tables
            .into_iter()
            .map(|table| (table.name.clone(), table))
            .collect();
        Ok(Filling { db, tables })
    }

    /// Writes a chunk of rows of a table.
    pub async fn write(&self, name: &str, chunk: &[u8]) -> Result<u64, Error> {
        let table = self.tables.get(name);
        let table = table.ok_or_else(|| anyhow::anyhow!("the database has no table {name}"))?;
        let mut lines = chunk.split(|byte| *byte == b'\n');
        let header: Vec<String> = serde_json::from_slice(lines.next().unwrap_or_default())?;
        let kind_of = |wanted: &String| {
            let known = table.columns.iter().find(|(name, _)| name == wanted);
            let known = known.map(|(_, kind)| *kind);
            known.ok_or_else(|| Error::from(anyhow::anyhow!("{name} has no column {wanted}")))
        };
        let kinds = header.iter().map(kind_of).collect::<Result<Vec<_>, _>>()?;
        let mut rows = Vec::new();
        for line in lines {
            let values: Vec<Value> = serde_json::from_slice(line)?;
            let bound = kinds.iter().zip(values).map(|(kind, value)| kind.bound(value));
            rows.push(bound.collect::<Result<Vec<_>, _>>()?);
        }
        for rows in rows.chunks((PARAMETERS_MAX / header.len().max(1)).max(1)) {
            let mut sql = Sql::new(&format!("INSERT INTO {name} ({}) VALUES ", header.join(", ")));
            sql.rows(rows.iter().cloned());
            self.db
                .execute_raw(sql.on(ConnectionTrait::get_database_backend(&self.db)))
                .await?;
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// Keeps what was written.
    pub async fn finish(self) -> Result<(), Error> {
        Ok(self.db.commit().await?)
    }
}
