//! Passwords and invitations in the database.

use super::rules::REMEMBERED;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use chrono::{DateTime, Utc};
use entity::accounts::account;
use entity::id::AccountId;
use sea_orm::{ConnectionTrait, FromQueryResult};

/// The account that a code invites, while it is good.
pub(super) async fn find_invited(op: &Op, code_hash: &str) -> Result<Option<account::Model>, Error> {
    let mut sql = Sql::new(
        "SELECT account.* FROM account JOIN credential ON credential.account_id = account.id WHERE disabled_at IS \
         NULL AND invitation_hash IS NOT NULL AND invitation_hash = ",
    );
    sql.bind(code_hash)
        .push(" AND invitation_until > ")
        .bind(op.now());
    let db = &op.app().db;
    Ok(account::Model::find_by_statement(sql.on(db.backend()))
        .one(db.reader())
        .await?)
}

#[derive(FromQueryResult)]
struct Former {
    secret_hash: String,
}

/// Hashes of the last passwords of an account.
pub(super) async fn former(op: &Op, id: AccountId) -> Result<Vec<String>, Error> {
    let mut sql = Sql::new("SELECT secret_hash FROM former_password WHERE account_id = ");
    sql.bind(id)
        .push(&format!(" ORDER BY id DESC LIMIT {REMEMBERED}"));
    let db = &op.app().db;
    let rows = Former::find_by_statement(sql.on(db.backend()))
        .all(db.reader())
        .await?;
    Ok(rows.into_iter().map(|row| row.secret_hash).collect())
}

/// Sets the password of an account, and ends its invitation.
pub(in crate::accounts) async fn set(tx: &Tx, id: AccountId, secret_hash: &str) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE credential SET secret_hash = ");
    sql.bind(secret_hash)
        .push(", invitation_hash = NULL, invitation_until = NULL WHERE account_id = ")
        .bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    let mut sql = Sql::new("UPDATE account SET password_set_at = ");
    sql.bind(tx.op().now()).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    remember(tx, id, secret_hash).await
}

/// Remembers a password among the last ones.
pub(in crate::accounts) async fn remember(tx: &Tx, id: AccountId, secret_hash: &str) -> Result<(), Error> {
    let mut sql = Sql::new("INSERT INTO former_password (id, account_id, secret_hash) VALUES ");
    sql.rows([[tx.op().id().into(), id.into(), secret_hash.into()]]);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    let mut sql = Sql::new("DELETE FROM former_password WHERE account_id = ");
    sql.bind(id)
        .push(" AND id NOT IN (SELECT id FROM former_password WHERE account_id = ")
        .bind(id)
        .push(&format!(" ORDER BY id DESC LIMIT {REMEMBERED})"));
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Whether a code still invites an account.
pub(super) async fn is_invited(tx: &Tx, id: AccountId, code_hash: &str) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT 1 FROM credential WHERE account_id = ");
    sql.bind(id).push(" AND invitation_hash = ").bind(code_hash);
    Ok(tx.db().query_one_raw(sql.on(tx.backend())).await?.is_some())
}

/// Voids the password of an account: it is invited anew.
pub(super) async fn void(tx: &Tx, id: AccountId, code_hash: &str, until: DateTime<Utc>) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE credential SET secret_hash = '', invitation_hash = ");
    sql.bind(code_hash)
        .push(", invitation_until = ")
        .bind(until)
        .push(" WHERE account_id = ")
        .bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    let mut sql = Sql::new("UPDATE account SET password_set_at = NULL WHERE id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}
