//! Credentials of machine clients in the database.

use super::rules::SHOWN;
use crate::accounts::account::store::push_known;
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::Scope;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::{DateTime, NaiveDate, Utc};
use entity::accounts::client_credential::{Entity, Kind, Model};
use entity::id::{AccountId, CredentialId};
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel};

/// Adds that a credential stands on a day; also true where there is none.
pub(in crate::accounts) fn push_standing(sql: &mut Sql, today: NaiveDate) {
    sql.push("client_credential.revoked_at IS NULL AND (client_credential.expires_on IS NULL OR ")
        .push("client_credential.expires_on > ")
        .bind(today)
        .push(")");
}

fn in_force(id: AccountId, kind: Kind, today: NaiveDate) -> Sql {
    let mut sql = Sql::new("SELECT * FROM client_credential WHERE ");
    push_standing(&mut sql, today);
    sql.push(" AND account_id = ").bind(id);
    sql.push(" AND kind = ")
        .bind(kind.to_value())
        .push(" ORDER BY id");
    sql
}

/// What a client may sign in with now.
pub(super) async fn standing(op: &Op, id: AccountId, kind: Kind) -> Result<Vec<Model>, Error> {
    let db = &op.app().db;
    let sql = in_force(id, kind, op.today());
    Ok(Model::find_by_statement(sql.on(db.backend()))
        .all(db.reader())
        .await?)
}

/// How many credentials of a kind a client has now.
pub(super) async fn count(tx: &Tx, id: AccountId, kind: Kind) -> Result<usize, Error> {
    let sql = in_force(id, kind, tx.op().today());
    let rows = tx.db().query_all_raw(sql.on(tx.backend())).await?;
    Ok(rows.len())
}

/// Writes a credential.
pub(in crate::accounts) async fn insert(tx: &Tx, credential: Model) -> Result<(), Error> {
    Entity::insert(credential.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

fn known(op: &Op, id: CredentialId, seen: &Scope) -> Sql {
    let mut sql = Sql::new("SELECT * FROM client_credential WHERE id = ");
    sql.bind(id);
    push_known(&mut sql, op, seen);
    sql
}

/// A credential of an account that the caller may see, as a transaction sees it.
pub(super) async fn find(tx: &Tx, id: CredentialId) -> Result<Option<Model>, Error> {
    let sql = known(tx.op(), id, &tx.scope(Action::ReadAccounts));
    Ok(Model::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?)
}

/// A credential of an account that the caller may see.
pub(super) async fn get(op: &Op, id: CredentialId) -> Result<Model, Error> {
    let sql = known(op, id, &op.reach(Action::ReadAccounts));
    let db = &op.app().db;
    let found = Model::find_by_statement(sql.on(db.backend()))
        .one(db.reader())
        .await?;
    found.ok_or(Error::NotFound("id".into()))
}

/// Takes a credential back.
pub(super) async fn revoke(tx: &Tx, id: CredentialId) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE client_credential SET revoked_at = ");
    sql.bind(tx.op().now()).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Uses an assertion of a client: false if it was used before.
pub(in crate::accounts) async fn use_assertion(
    tx: &Tx,
    id: AccountId,
    (hash, until): (&str, DateTime<Utc>),
) -> Result<bool, Error> {
    let mut sql = Sql::new("INSERT INTO used_assertion (account_id, hash, until) VALUES ");
    sql.rows([[id.into(), hash.into(), until.into()]]);
    sql.push(" ON CONFLICT (account_id, hash) DO NOTHING");
    let done = tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets assertions that are too old to come again.
pub(crate) async fn forget(app: &App) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM used_assertion WHERE until <= ");
    sql.bind(app.clock.now());
    app.db.writer().execute_raw(sql.on(app.db.backend())).await?;
    Ok(())
}

/// The loader of the credentials of accounts that the caller sees, newest first.
pub(super) struct CredentialsOf;

impl Batch for CredentialsOf {
    type Key = AccountId;
    type Value = Vec<Model>;

    async fn load(op: Op, keys: Vec<AccountId>) -> Result<Vec<Self::Value>, Error> {
        let mut sql = Sql::new(
            "SELECT * FROM (SELECT client_credential.*, ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY id DESC) \
             AS place FROM client_credential WHERE account_id IN ",
        );
        sql.list(keys.iter().copied())
            .push(&format!(") AS numbered WHERE place <= {SHOWN} ORDER BY id DESC"));
        let db = &op.app().db;
        let rows = Model::find_by_statement(sql.on(db.backend()))
            .all(db.reader())
            .await?;
        Ok(grouped(&keys, rows, |row| row.account_id))
    }
}
