//! Logins that were begun, and links of accounts, in the database.

use super::rules::PENDING;
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::keys::sha256;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use entity::accounts::session::Kind;
use entity::id::AccountId;
use sea_orm::{ActiveEnum, ConnectionTrait, FromQueryResult};

/// A login that was begun.
#[derive(FromQueryResult)]
pub(super) struct Pending {
    /// Who began it signed in, to link the account.
    pub(super) account_id: Option<AccountId>,
    /// On what.
    pub(super) kind: Kind,
}

/// Keeps a login that begins.
pub(super) async fn begin(op: &Op, state: &str, kind: Kind) -> Result<(), Error> {
    let mut sql = Sql::new("INSERT INTO provider_login (state_hash, account_id, kind, until) VALUES ");
    sql.rows([[
        sha256(state.as_bytes()).into(),
        op.account_id().into(),
        kind.to_value().into(),
        (op.now() + PENDING).into(),
    ]]);
    let db = &op.app().db;
    db.writer().execute_raw(sql.on(db.backend())).await?;
    Ok(())
}

/// Takes a login that was begun: it is good once.
pub(super) async fn take(op: &Op, state: &str) -> Result<Option<Pending>, Error> {
    let mut sql = Sql::new("DELETE FROM provider_login WHERE state_hash = ");
    sql.bind(sha256(state.as_bytes()));
    sql.push(" AND until > ").bind(op.now());
    sql.push(" RETURNING account_id, kind");
    let db = &op.app().db;
    Ok(Pending::find_by_statement(sql.on(db.backend()))
        .one(db.writer())
        .await?)
}

/// Forgets logins that nobody ended in time.
pub(crate) async fn forget(app: &App) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM provider_login WHERE until <= ");
    sql.bind(app.clock.now());
    app.db.writer().execute_raw(sql.on(app.db.backend())).await?;
    Ok(())
}

/// Adds that an account is linked to somebody at a provider.
pub(in crate::accounts) fn push_linked(sql: &mut Sql, issuer: &str, subject: &str) {
    sql.push("account.id IN (SELECT account_id FROM provider_link WHERE issuer = ")
        .bind(issuer)
        .push(" AND subject = ")
        .bind(subject)
        .push(")");
}

/// Links an account to somebody at a provider, instead of to anybody before: false if another account is linked so.
pub(super) async fn link(tx: &Tx, id: AccountId, issuer: &str, subject: &str) -> Result<bool, Error> {
    unlink(tx, id).await?;
    let mut sql = Sql::new("INSERT INTO provider_link (account_id, issuer, subject, linked_at) VALUES ");
    sql.rows([[id.into(), issuer.into(), subject.into(), tx.op().now().into()]]);
    sql.push(" ON CONFLICT (issuer, subject) DO NOTHING");
    let done = tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(done.rows_affected() == 1)
}

/// Whether an account is linked to anybody.
pub(super) async fn has_link(tx: &Tx, id: AccountId) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT 1 FROM provider_link WHERE account_id = ");
    sql.bind(id);
    Ok(tx.db().query_one_raw(sql.on(tx.backend())).await?.is_some())
}

/// Ends the link of an account.
pub(in crate::accounts) async fn unlink(tx: &Tx, id: AccountId) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM provider_link WHERE account_id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Linked {
    account_id: AccountId,
}

/// The loader of whether accounts that the caller sees are linked.
pub(super) struct AreLinked;

impl Batch for AreLinked {
    type Key = AccountId;
    type Value = bool;

    async fn load(op: Op, keys: Vec<AccountId>) -> Result<Vec<bool>, Error> {
        let mut sql = Sql::new("SELECT account_id FROM provider_link WHERE account_id IN ");
        sql.list(keys.iter().copied());
        let db = &op.app().db;
        let rows = Linked::find_by_statement(sql.on(db.backend()))
            .all(db.reader())
            .await?;
        let is_linked = |id: &AccountId| rows.iter().any(|row| row.account_id == *id);
        Ok(keys.iter().map(is_linked).collect())
    }
}
