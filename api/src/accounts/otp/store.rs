//! Second factors in the database.

use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use entity::accounts::credential;
use entity::id::{AccountId, SessionId};
use entity::sealed::Sealed;
use sea_orm::{ConnectionTrait, FromQueryResult};

/// What the caller's own account signs in with.
pub(super) async fn own(op: &Op, id: AccountId) -> Result<Option<credential::Model>, Error> {
    let mut sql = Sql::new("SELECT * FROM credential WHERE account_id = ");
    sql.bind(id);
    let db = &op.app().db;
    Ok(credential::Model::find_by_statement(sql.on(db.backend()))
        .one(db.reader())
        .await?)
}

/// Keeps a sealed secret until a first code is right.
pub(super) async fn set_pending(tx: &Tx, id: AccountId, sealed: &Sealed) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE credential SET otp_pending = ");
    sql.bind(sealed.clone()).push(" WHERE account_id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Lets the pending secret be the one in force, its code of a step used; false if another one is pending by now.
pub(super) async fn confirm(tx: &Tx, id: AccountId, sealed: &Sealed, step: i64) -> Result<bool, Error> {
    let mut sql = Sql::new("UPDATE credential SET otp_secret = otp_pending, otp_pending = NULL, otp_step = ");
    sql.bind(step)
        .push(" WHERE account_id = ")
        .bind(id)
        .push(" AND otp_pending = ")
        .bind(sealed.clone());
    let done = tx.db().execute_raw(sql.on(tx.backend())).await?;
    let mut sql = Sql::new("UPDATE account SET otp_set_at = ");
    sql.bind(tx.op().now()).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(done.rows_affected() == 1)
}

/// Replaces the recovery codes of an account.
pub(super) async fn set_recovery(tx: &Tx, id: AccountId, hashes: Vec<String>) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM recovery_code WHERE account_id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    if hashes.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("INSERT INTO recovery_code (account_id, code_hash) VALUES ");
    sql.rows(hashes.into_iter().map(|hash| [id.into(), hash.into()]));
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Notes that a session has proved the second factor.
pub(super) async fn strengthen(tx: &Tx, id: SessionId) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE session SET is_strong = ");
    sql.bind(true).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Takes the second factor away.
pub(super) async fn clear(tx: &Tx, id: AccountId) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE credential SET otp_secret = NULL, otp_pending = NULL WHERE account_id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    let mut sql = Sql::new("UPDATE account SET otp_set_at = NULL WHERE id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    set_recovery(tx, id, Vec::new()).await
}
