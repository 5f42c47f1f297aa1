//! Uploads and their pieces in the database.

use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::files::Stored;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{AccountId, UploadId};
use entity::uploads::upload;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};
use uuid::Uuid;

/// How long pieces are kept after the last of them.
const PIECES_KEPT: TimeDelta = TimeDelta::days(1);
/// How long an upload is kept that nothing uses.
const UNUSED_KEPT: TimeDelta = TimeDelta::days(7);

fn by_id(id: UploadId) -> Sql {
    let mut sql = Sql::new(
        "SELECT id, account_id, size_bytes, sha256, content_type, chain_id, received_at, unused_since \
         FROM upload WHERE id = ",
    );
    sql.bind(id);
    sql
}

/// An upload.
pub(super) async fn find(app: &App, id: UploadId) -> Result<Option<upload::Model>, Error> {
    let found = upload::Model::find_by_statement(by_id(id).on(app.db.backend()));
    Ok(found.one(app.db.reader()).await?)
}

/// An upload, as a transaction sees it.
pub(super) async fn find_in(tx: &Tx, id: UploadId) -> Result<Option<upload::Model>, Error> {
    let found = upload::Model::find_by_statement(by_id(id).on(tx.backend()));
    Ok(found.one(tx.db()).await?)
}

/// Writes an upload and keeps the pieces of its chain; false if these are not so many any more.
pub(super) async fn insert(tx: &Tx, upload: upload::Model, pieces: u64) -> Result<bool, Error> {
    let mut sql =
        Sql::new("UPDATE upload_piece SET loose_since = NULL WHERE size_bytes IS NOT NULL AND chain_id = ");
    sql.bind(upload.chain_id);
    let kept = tx.db().execute_raw(sql.on(tx.backend())).await?.rows_affected();
    upload::Entity::insert(upload.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(kept == pieces)
}

/// Notes that something uses an upload: from now on it is kept.
pub(super) async fn keep(tx: &Tx, id: UploadId) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE upload SET unused_since = NULL WHERE id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Notes that the last thing that used an upload, unless it was a job, does not any more.
pub(super) async fn let_go(tx: &Tx, id: UploadId) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE upload SET unused_since = ");
    sql.bind(tx.op().now() - UNUSED_KEPT)
        .push(" WHERE id = ")
        .bind(id);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM job WHERE job.upload_id = upload.id)");
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// What has come of a file that is not whole.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct Chain {
    /// Which.
    pub(super) chain_id: Uuid,
    /// The byte at which it goes on.
    pub(super) end_byte: i64,
    /// So many pieces.
    pub(super) pieces: i64,
}

/// The newest chain of an account's file.
pub(super) async fn find_chain(
    app: &App,
    account_id: AccountId,
    id: UploadId,
) -> Result<Option<Chain>, Error> {
    let mut sql = Sql::new(
        "SELECT chain_id, CAST(MAX(start_byte + size_bytes) AS BIGINT) AS end_byte, COUNT(*) AS pieces \
         FROM upload_piece WHERE size_bytes IS NOT NULL AND account_id = ",
    );
    sql.bind(account_id).push(" AND upload_id = ").bind(id);
    sql.push(" GROUP BY chain_id ORDER BY chain_id DESC LIMIT 1");
    let found = Chain::find_by_statement(sql.on(app.db.backend()));
    Ok(found.one(app.db.reader()).await?)
}

async fn change(app: &App, sql: Sql) -> Result<u64, Error> {
    let db = &app.db;
    Ok(db
        .writer()
        .execute_raw(sql.on(db.backend()))
        .await?
        .rows_affected())
}

/// A piece whose object is about to be written.
pub(super) struct Begun {
    /// Under which its bytes will lie.
    pub(super) object_id: Uuid,
    /// Of which it is a piece.
    pub(super) chain_id: Uuid,
    /// Whose.
    pub(super) account_id: AccountId,
    /// Of which file.
    pub(super) upload_id: UploadId,
    /// Where it begins.
    pub(super) start_byte: i64,
}

/// Notes that an object is about to be written, so that it is removed if nobody comes back to record it.
pub(super) async fn begin(app: &App, piece: &Begun) -> Result<(), Error> {
    let mut sql = Sql::new(
        "INSERT INTO upload_piece (object_id, chain_id, account_id, upload_id, start_byte, loose_since) VALUES ",
    );
    sql.rows([[
        piece.object_id.into(),
        piece.chain_id.into(),
        piece.account_id.into(),
        piece.upload_id.into(),
        piece.start_byte.into(),
        app.clock.now().into(),
    ]]);
    change(app, sql).await.map(drop)
}

/// Adds a piece, whose object is whole, to its chain; false if the chain does not end where the piece begins.
pub(super) async fn record(app: &App, piece: &Begun, size_bytes: i64) -> Result<bool, Error> {
    let mut sql = Sql::new("UPDATE upload_piece SET size_bytes = ");
    sql.bind(size_bytes);
    sql.push(" WHERE object_id = ").bind(piece.object_id);
    sql.push(
        " AND start_byte = (SELECT COALESCE(MAX(earlier.start_byte + earlier.size_bytes), 0) \
         FROM upload_piece AS earlier WHERE earlier.size_bytes IS NOT NULL AND earlier.chain_id = ",
    );
    sql.bind(piece.chain_id).push(")");
    match change(app, sql).await {
        // Another request was faster by a hair: the unique index says so.
        Err(Error::Again(_)) => Ok(false),
        changed => Ok(changed? == 1),
    }
}

/// The bytes of a chain.
pub(super) async fn stored(app: &App, chain_id: Uuid) -> Result<Stored, Error> {
    let mut sql = Sql::new(
        "SELECT object_id, size_bytes FROM upload_piece WHERE size_bytes IS NOT NULL AND chain_id = ",
    );
    sql.bind(chain_id).push(" ORDER BY start_byte");
    let pieces = Piece::find_by_statement(sql.on(app.db.backend()));
    let pieces = pieces.all(app.db.reader()).await?;
    let size = |piece: &Piece| u64::try_from(piece.size_bytes.unwrap_or_default()).unwrap_or_default();
    let objects = pieces.iter().map(|piece| (piece.object_id, size(piece)));
    Ok(app.files.stored(objects.collect()))
}

#[derive(FromQueryResult)]
struct Piece {
    object_id: Uuid,
    size_bytes: Option<i64>,
}

/// Lets the pieces of a chain go from a byte on: they are no part of it any more.
pub(super) async fn forget(app: &App, chain_id: Uuid, from: i64) -> Result<(), Error> {
    let is_loose = |sql: &mut Sql| {
        sql.push(" WHERE loose_since IS NOT NULL AND chain_id = ")
            .bind(chain_id);
        sql.push(" AND start_byte >= ").bind(from);
    };
    let mut sql = Sql::new("UPDATE upload_piece SET size_bytes = NULL");
    is_loose(&mut sql);
    change(app, sql).await?;
    let mut sql = Sql::new("SELECT object_id, size_bytes FROM upload_piece");
    is_loose(&mut sql);
    remove(app, sql).await
}

/// Removes pieces that were let go.
async fn remove(app: &App, pieces: Sql) -> Result<(), Error> {
    let pieces = Piece::find_by_statement(pieces.on(app.db.backend()));
    for piece in pieces.all(app.db.writer()).await? {
        abandon(app, piece.object_id).await?;
    }
    Ok(())
}

/// Removes a piece that is no part of a chain: first the object, so that no process can die and leave it behind.
pub(super) async fn abandon(app: &App, object_id: Uuid) -> Result<(), Error> {
    app.files.remove(object_id).await?;
    let mut sql = Sql::new("DELETE FROM upload_piece WHERE size_bytes IS NULL AND object_id = ");
    sql.bind(object_id);
    change(app, sql).await.map(drop)
}

/// Removes what nobody will ask for any more: uploads that nothing uses, and files whose last byte never came.
pub(crate) async fn clean(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    let unused = |sql: &mut Sql| {
        sql.push(" WHERE unused_since <= ").bind(now - UNUSED_KEPT);
    };
    let mut sql = Sql::new("UPDATE upload_piece SET loose_since = ");
    sql.bind(now - UNUSED_KEPT);
    sql.push(" WHERE size_bytes IS NOT NULL AND chain_id IN (SELECT chain_id FROM upload");
    unused(&mut sql);
    sql.push(")");
    change(app, sql).await?;
    let mut sql = Sql::new("DELETE FROM upload");
    unused(&mut sql);
    change(app, sql).await?;
    remove_loose(app, now - PIECES_KEPT).await
}

async fn remove_loose(app: &App, before: DateTime<Utc>) -> Result<(), Error> {
    let mut sql = Sql::new(
        "UPDATE upload_piece SET size_bytes = NULL WHERE size_bytes IS NOT NULL AND loose_since <= ",
    );
    sql.bind(before);
    sql.push(
        " AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.chain_id = upload_piece.chain_id) \
         AND NOT EXISTS (SELECT 1 FROM upload_piece AS later WHERE later.chain_id = upload_piece.chain_id \
         AND later.loose_since > ",
    );
    sql.bind(before).push(")");
    change(app, sql).await?;
    let mut sql = Sql::new(
        "SELECT object_id, size_bytes FROM upload_piece WHERE size_bytes IS NULL AND loose_since <= ",
    );
    sql.bind(before).push(" LIMIT 1000");
    remove(app, sql).await
}

#[derive(FromQueryResult)]
struct Broken {
    id: UploadId,
}

#[derive(FromQueryResult)]
struct Count {
    uploads: i64,
}

/// Compares the uploads with the pieces that they are made of; names the first that is not whole.
pub(crate) async fn check(db: &DatabaseTransaction) -> Result<Result<String, String>, Error> {
    let backend = db.get_database_backend();
    let sql = Sql::new(
        "SELECT id FROM upload WHERE size_bytes <> (SELECT CAST(COALESCE(SUM(piece.size_bytes), 0) AS BIGINT) \
         FROM upload_piece AS piece WHERE piece.size_bytes IS NOT NULL AND piece.chain_id = upload.chain_id) \
         ORDER BY id LIMIT 1",
    );
    if let Some(broken) = Broken::find_by_statement(sql.on(backend)).one(db).await? {
        return Ok(Err(format!(
            "upload {} has other pieces than its size says",
            broken.id
        )));
    }
    let count = Count::find_by_statement(Sql::new("SELECT COUNT(*) AS uploads FROM upload").on(backend));
    let uploads = count.one(db).await?.map(|count| count.uploads);
    Ok(Ok(format!("{} uploads", uploads.unwrap_or_default())))
}
