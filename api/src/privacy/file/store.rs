//! Files that go out in the database.

use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::scope::{Within, parts_of};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use entity::id::{AccountId, SealedFileId};
use entity::privacy::sealed_file::{Column, Entity, Model};
use entity::privacy::sealed_file_piece as piece;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

/// Writes a new one.
pub(super) async fn insert(tx: &Tx, file: Model) -> Result<(), Error> {
    Entity::insert(file.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Writes a piece.
pub(super) async fn insert_piece(tx: &Tx, piece: piece::Model) -> Result<(), Error> {
    piece::Entity::insert(piece.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// The loader of files of what the caller was proved to reach.
pub(super) struct Files;

impl Batch for Files {
    type Key = SealedFileId;
    type Value = Option<Model>;

    async fn load(op: Op, keys: Vec<SealedFileId>) -> Result<Vec<Option<Model>>, Error> {
        let rows = parts_of::<Entity>(Column::Id, keys.clone());
        let files = rows.all(op.app().db.reader()).await?;
        let file = |id: &SealedFileId| files.iter().find(|file| file.id == *id).cloned();
        Ok(keys.iter().map(file).collect())
    }
}

/// The file of an account, until it is over.
pub(super) async fn find_own(
    tx: &Tx,
    id: SealedFileId,
    account_id: AccountId,
) -> Result<Option<Model>, Error> {
    let rows = Entity::within(&tx.everywhere()).filter(Column::Id.eq(id));
    let rows = rows
        .filter(Column::AccountId.eq(account_id))
        .filter(Column::ExpiresAt.gt(tx.op().now()));
    Ok(rows.one(tx.db()).await?)
}

/// Writes a changed one.
pub(super) async fn update(tx: &Tx, file: Model) -> Result<(), Error> {
    file.into_active_model().reset_all().update(tx.db()).await?;
    Ok(())
}

/// A piece of a file that the caller was proved to reach.
pub(super) async fn find_piece(
    app: &App,
    file_id: SealedFileId,
    position: i32,
) -> Result<Option<piece::Model>, Error> {
    let rows = parts_of::<piece::Entity>(piece::Column::FileId, vec![file_id]);
    Ok(rows
        .filter(piece::Column::Position.eq(position))
        .one(app.db.reader())
        .await?)
}

/// A file that is over and still has pieces.
pub(super) async fn find_over(tx: &Tx) -> Result<Option<Model>, Error> {
    let rows = Entity::within(&tx.everywhere()).filter(Column::ExpiresAt.lte(tx.op().now()));
    let mut pieces = sea_orm::sea_query::Query::select();
    pieces.column(piece::Column::FileId).from(piece::Entity);
    let rows = rows
        .filter(Column::Id.in_subquery(pieces))
        .order_by_asc(Column::Id);
    Ok(rows.one(tx.db()).await?)
}

/// How many of these there are.
pub(crate) async fn count_over(op: &Op) -> Result<i64, Error> {
    let mut sql =
        Sql::new("SELECT COUNT(DISTINCT file_id) AS count FROM sealed_file_piece JOIN sealed_file ON ");
    sql.push("sealed_file.id = file_id WHERE expires_at <= ")
        .bind(op.now());
    let db = &op.app().db;
    let row = db.reader().query_one_raw(sql.on(db.backend())).await?;
    Ok(row
        .map(|row| row.try_get("", "count"))
        .transpose()?
        .unwrap_or_default())
}

/// Lets the time of a file be over.
pub(super) async fn expire(tx: &Tx, id: SealedFileId) -> Result<(), Error> {
    let (mut sql, now) = (Sql::new("UPDATE sealed_file SET expires_at = "), tx.op().now());
    sql.bind(now).push(" WHERE id = ").bind(id);
    sql.push(" AND expires_at > ").bind(now);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Takes away all pieces of a file.
pub(super) async fn delete_pieces(tx: &Tx, id: SealedFileId) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM sealed_file_piece WHERE file_id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}
