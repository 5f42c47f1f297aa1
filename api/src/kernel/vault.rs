//! Values that are sealed in the database: envelope encryption.
//!
//! A data key seals columns; it stands in `data_key`, itself wrapped by a master key of the key file. Each value says by
//! which data key it was sealed, and opens only in its own column and row. A blind index is a keyed hash of a normal
//! form: it finds what is equal and tells nothing else.
//!
//! A new data key seals from a while after it was made, so that every process has read it by then.

use super::clock::Clock;
use super::db::Db;
use super::error::Error;
use super::keys::{Keys, Ring, hex};
use super::sql::Sql;
use super::suite::{self, KeyBytes, Suite};
use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use entity::sealed::Sealed;
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::sync::Arc;
use uuid::Uuid;

/// How long after it was made a data key begins to seal: processes look for new ones every minute.
const KNOWN_AFTER: TimeDelta = TimeDelta::minutes(3);
/// What a data key of this purpose seals.
const COLUMN: &str = "COLUMN";
/// A key of this purpose makes blind indexes.
const INDEX: &str = "INDEX";

/// A column of a row: a value that was sealed for one opens in no other.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// `table.column`.
    pub column: &'static str,
    /// The row.
    pub row: Uuid,
}

impl Cell {
    fn context(self) -> Vec<u8> {
        [self.column.as_bytes(), self.row.as_bytes()].concat()
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: i32,
    purpose: String,
    suite: String,
    wrapped: String,
    master_id: String,
    created_at: DateTime<Utc>,
}

struct DataKey {
    id: i32,
    suite: &'static dyn Suite,
    bytes: KeyBytes,
    created_at: DateTime<Utc>,
    is_index: bool,
}

/// Seals and opens.
pub struct Vault {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    known: ArcSwap<Vec<DataKey>>,
}

fn pack(nonce: &[u8], sealed: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode([nonce, sealed].concat())
}

fn unpack(text: &str) -> Option<([u8; 12], Vec<u8>)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk()?;
    Some((*nonce, sealed.to_vec()))
}

fn broken(what: impl std::fmt::Display) -> Error {
    anyhow::anyhow!("{what} does not open").into()
}

fn wrapping(id: i32) -> Vec<u8> {
    format!("data_key.{id}").into_bytes()
}

fn unwrap(ring: &Ring, row: &Row) -> Result<DataKey, Error> {
    let suite = suite::named(&row.suite);
    let master = ring.master(&row.master_id);
    let opened = suite.zip(master).zip(unpack(&row.wrapped));
    let ((suite, master), (nonce, sealed)) = opened.ok_or_else(|| {
        anyhow::anyhow!(
            "data key {} was wrapped by the master key {}, which is not in the key file",
            row.id,
            row.master_id
        )
    })?;
    let bytes = suite.open(master, &nonce, &wrapping(row.id), &sealed)?;
    Ok(DataKey {
        id: row.id,
        suite,
        bytes: bytes.try_into().map_err(|_| broken("a data key"))?,
        created_at: row.created_at,
        is_index: row.purpose == INDEX,
    })
}

fn open(known: &[DataKey], cell: Cell, sealed: &Sealed) -> Result<String, Error> {
    let parts = sealed.0.split_once('.');
    let key = parts.and_then(|(id, _)| id.parse::<i32>().ok());
    let key = known
        .iter()
        .find(|known| Some(known.id) == key && !known.is_index);
    let packed = parts.and_then(|(_, packed)| unpack(packed));
    let (key, (nonce, bytes)) = key.zip(packed).ok_or_else(|| broken(cell.column))?;
    let plain = key.suite.open(&key.bytes, &nonce, &cell.context(), &bytes)?;
    String::from_utf8(plain).map_err(|_| broken(cell.column))
}

/// Only opens, with the data keys as they were at a moment: for proving that everything can be read.
pub struct Opener(Vec<DataKey>);

impl Opener {
    /// Reads the data keys.
    pub async fn read(db: &impl ConnectionTrait, keys: &Keys) -> Result<Opener, Error> {
        let rows = rows(db).await?;
        let known = keys.with(|ring| rows.iter().map(|row| unwrap(ring, row)).collect::<Result<_, _>>());
        Ok(Opener(known?))
    }

    /// Opens the value of a cell.
    pub fn open(&self, cell: Cell, sealed: &Sealed) -> Result<String, Error> {
        open(&self.0, cell, sealed)
    }

    /// What finds a value in a column.
    pub fn index(&self, column: &str, normal: &str) -> Result<String, Error> {
        index(&self.0, column, normal)
    }
}

async fn rows(db: &impl ConnectionTrait) -> Result<Vec<Row>, Error> {
    let sql = Sql::new("SELECT id, purpose, suite, wrapped, master_id, created_at FROM data_key ORDER BY id");
    Ok(Row::find_by_statement(sql.on(db.get_database_backend()))
        .all(db)
        .await?)
}

/// Whether nothing was ever sealed in a database.
pub async fn is_new(db: &Db) -> Result<bool, Error> {
    Ok(rows(db.unhurried()).await?.is_empty())
}

/// What finds a value in a column: a keyed hash of its normal form, hex.
fn index(known: &[DataKey], column: &str, normal: &str) -> Result<String, Error> {
    let key = known.iter().find(|key| key.is_index);
    let key = key.ok_or_else(|| broken("the vault"))?;
    let text = [column, normal].join("\u{1f}");
    Ok(hex(&key.suite.mac(&key.bytes, text.as_bytes())))
}

impl Vault {
    /// Opens the vault of a database; the first to open it makes its keys.
    pub(super) async fn open_on(db: &Db, keys: Arc<Keys>, clock: Arc<dyn Clock>) -> Result<Vault, Error> {
        let vault = Vault {
            keys,
            clock,
            known: ArcSwap::default(),
        };
        if is_new(db).await? {
            vault.insert(db, &[(1, COLUMN), (2, INDEX)]).await?;
        }
        vault.refresh(db).await?;
        Ok(vault)
    }

    /// Reads the data keys anew.
    pub async fn refresh(&self, db: &Db) -> Result<(), Error> {
        let rows = rows(db.unhurried()).await?;
        let known = self.keys.with(|ring| {
            rows.iter()
                .map(|row| unwrap(ring, row))
                .collect::<Result<Vec<_>, _>>()
        })?;
        self.known.store(Arc::new(known));
        Ok(())
    }

    /// Adds data keys, all or none; where another process was faster, theirs stand.
    async fn insert(&self, db: &Db, keys: &[(i32, &str)]) -> Result<(), Error> {
        let mut sql =
            Sql::new("INSERT INTO data_key (id, purpose, suite, wrapped, master_id, created_at) VALUES ");
        let row = |(id, purpose): &(i32, &str)| {
            let (suite, master_id, wrapped) = self.wrap(*id, &self.clock.random(), None)?;
            let now = self.clock.now();
            Ok([
                (*id).into(),
                (*purpose).into(),
                suite.into(),
                wrapped.into(),
                master_id.into(),
                now.into(),
            ])
        };
        sql.rows(keys.iter().map(row).collect::<Result<Vec<_>, Error>>()?);
        sql.push(" ON CONFLICT (id) DO NOTHING");
        db.writer().execute_raw(sql.on(db.backend())).await?;
        Ok(())
    }

    fn wrap(
        &self,
        id: i32,
        bytes: &KeyBytes,
        suite: Option<&'static dyn Suite>,
    ) -> Result<(&'static str, String, String), Error> {
        let nonce = self.nonce();
        self.keys.with(|ring| {
            let (master_id, master) = ring.newest_master()?;
            let suite = suite.unwrap_or(ring.suite);
            let wrapped = suite.seal(master, &nonce, &wrapping(id), bytes)?;
            Ok((suite.name(), master_id.to_owned(), pack(&nonce, &wrapped)))
        })
    }

    fn nonce(&self) -> [u8; 12] {
        let random = self.clock.random();
        let (nonce, _) = random.split_first_chunk().unwrap_or((&[0; 12], &[]));
        *nonce
    }

    /// Adds a data key for columns and wraps all the others by the newest master key; the id of the new one.
    pub async fn renew(&self, db: &Db) -> Result<i32, Error> {
        self.refresh(db).await?;
        let known = self.known.load_full();
        for key in known.iter() {
            let (_, master_id, wrapped) = self.wrap(key.id, &key.bytes, Some(key.suite))?;
            let mut sql = Sql::new("UPDATE data_key SET wrapped = ");
            sql.bind(wrapped).push(", master_id = ").bind(master_id);
            sql.push(" WHERE id = ").bind(key.id);
            db.writer().execute_raw(sql.on(db.backend())).await?;
        }
        let id = known.last().map_or(1, |key| key.id + 1);
        self.insert(db, &[(id, COLUMN)]).await?;
        self.refresh(db).await?;
        Ok(id)
    }

    fn newest(known: &[DataKey], now: DateTime<Utc>) -> Option<&DataKey> {
        let columns = || known.iter().filter(|key| !key.is_index);
        let settled = columns().rfind(|key| key.created_at + KNOWN_AFTER <= now);
        // The first key of all seals at once.
        settled.or_else(|| columns().next())
    }

    /// The id of the data key that seals now.
    pub fn newest_key(&self) -> i32 {
        let now = self.clock.now();
        Vault::newest(&self.known.load(), now).map_or(0, |key| key.id)
    }

    /// The id of the data key that was made last: it seals now, or soon.
    pub fn coming_key(&self) -> i32 {
        let known = self.known.load();
        let newest = known.iter().rfind(|key| !key.is_index);
        newest.map_or(0, |key| key.id)
    }

    /// Seals a value for a cell.
    pub fn seal(&self, cell: Cell, plain: &str) -> Result<Sealed, Error> {
        let known = self.known.load();
        let key = Vault::newest(&known, self.clock.now()).ok_or_else(|| broken("the vault"))?;
        let nonce = self.nonce();
        let sealed = key
            .suite
            .seal(&key.bytes, &nonce, &cell.context(), plain.as_bytes())?;
        Ok(Sealed(format!("{}.{}", key.id, pack(&nonce, &sealed))))
    }

    /// Opens the value of a cell.
    ///
    /// # Errors
    /// If it was sealed for another cell or changed, or by a data key that there is not.
    pub fn open(&self, cell: Cell, sealed: &Sealed) -> Result<String, Error> {
        open(&self.known.load(), cell, sealed)
    }

    /// What finds a value in a column: a keyed hash of its normal form, hex.
    pub fn index(&self, column: &str, normal: &str) -> Result<String, Error> {
        index(&self.known.load(), column, normal)
    }
}
