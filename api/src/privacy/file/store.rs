//! Files of personal data in the database.

use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Within, parts_of};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::id::{AccountId, PersonalFileId};
use entity::privacy::personal_file::{Column, Entity, Model};
use entity::privacy::personal_file_piece as piece;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

impl Readable for Entity {
    const READ: Action = Action::ReadPeople;
}

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

/// The file that an account may fetch now, if it may still see whose data it holds.
pub(super) async fn find_own(
    tx: &Tx,
    id: PersonalFileId,
    account_id: AccountId,
) -> Result<Option<Model>, Error> {
    let rows = Entity::within(&tx.scope(Action::ReadPeople)).filter(Column::Id.eq(id));
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
    file_id: PersonalFileId,
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
        Sql::new("SELECT COUNT(DISTINCT file_id) AS count FROM personal_file_piece JOIN personal_file ON ");
    sql.push("personal_file.id = file_id WHERE expires_at <= ")
        .bind(op.now());
    let db = &op.app().db;
    let row = db.reader().query_one_raw(sql.on(db.backend())).await?;
    Ok(row
        .map(|row| row.try_get("", "count"))
        .transpose()?
        .unwrap_or_default())
}

/// Lets the time of a file be over.
pub(super) async fn expire(tx: &Tx, id: PersonalFileId) -> Result<(), Error> {
    let (mut sql, now) = (Sql::new("UPDATE personal_file SET expires_at = "), tx.op().now());
    sql.bind(now).push(" WHERE id = ").bind(id);
    sql.push(" AND expires_at > ").bind(now);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Takes away all pieces of a file.
pub(super) async fn delete_pieces(tx: &Tx, id: PersonalFileId) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM personal_file_piece WHERE file_id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}
