//! Accounts, grants and sessions in the database.

use super::rules::SESSION_KEPT;
use crate::kernel::app::App;
use crate::kernel::clock::day_of;
use crate::kernel::error::Error;
use crate::kernel::op::{Actor, Grant, Op};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Role;
use chrono::{DateTime, NaiveDate, Utc};
use entity::accounts::{account, grant, session};
use entity::id::{AccountId, FederationId, SessionId};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel};
use uuid::Uuid;

/// What signing in needs to know of an account.
#[derive(FromQueryResult)]
pub(super) struct Credentials {
    pub(super) id: AccountId,
    pub(super) secret_hash: String,
    pub(super) federation_id: Option<Uuid>,
}

/// The credentials of an account in force, with a place for its events.
pub(super) async fn find_credentials(
    app: &App,
    username: &str,
    is_machine: bool,
) -> Result<Option<Credentials>, Error> {
    let mut sql = Sql::new(
        "SELECT account.id, secret_hash, (SELECT federation_id FROM role_grant WHERE account_id = account.id \
         ORDER BY id LIMIT 1) AS federation_id FROM account WHERE disabled_at IS NULL AND username = ",
    );
    sql.bind(username).push(" AND is_machine = ").bind(is_machine);
    Ok(Credentials::find_by_statement(sql.on(app.db.backend()))
        .one(app.db.reader())
        .await?)
}

#[derive(FromQueryResult)]
struct Standing {
    account_id: AccountId,
    display_name: String,
    is_machine: bool,
    role: Option<String>,
    federation_id: Option<Uuid>,
}

/// Who a session acts as today, with all grants in force: one statement with every request.
pub(crate) async fn actor(app: &App, session_id: SessionId) -> Result<Actor, Error> {
    let mut account =
        Sql::new("account.id = (SELECT account_id FROM session WHERE ended_at IS NULL AND id = ");
    account.bind(session_id).push(")");
    standing(app, account, session_id).await
}

/// Who an account acts as today, for work that goes on without its session; Unauthenticated if it is disabled.
pub(crate) async fn actor_of(app: &App, id: AccountId) -> Result<Actor, Error> {
    let mut account = Sql::new("account.id = ");
    account.bind(id);
    standing(app, account, SessionId(Uuid::nil())).await
}

/// The same by name.
pub(crate) async fn actor_named(app: &App, username: &str) -> Result<Actor, Error> {
    let mut account = Sql::new("username = ");
    account.bind(username);
    standing(app, account, SessionId(Uuid::nil())).await
}

async fn standing(app: &App, account: Sql, session_id: SessionId) -> Result<Actor, Error> {
    let today = day_of(app.clock.now());
    let mut sql = Sql::new(
        "SELECT account.id AS account_id, display_name, is_machine, role, federation_id FROM account \
         LEFT JOIN role_grant ON role_grant.account_id = account.id AND valid_from <= ",
    );
    sql.bind(today)
        .push(" AND (valid_to IS NULL OR valid_to > ")
        .bind(today);
    sql.push(") WHERE disabled_at IS NULL AND ").append(account);
    let rows = Standing::find_by_statement(sql.on(app.db.backend()))
        .all(app.db.reader())
        .await?;
    let first = rows.first().ok_or(Error::Unauthenticated)?;
    let grant = |row: &Standing| {
        let role = Role::named(row.role.as_deref()?)?;
        Some(Grant {
            role,
            federation_id: FederationId(row.federation_id?),
        })
    };
    Ok(Actor::Account {
        id: first.account_id,
        session_id,
        display_name: first.display_name.clone(),
        is_machine: first.is_machine,
        grants: rows.iter().filter_map(grant).collect(),
    })
}

/// Writes an account.
pub(super) async fn insert(tx: &Tx, account: account::Model) -> Result<(), Error> {
    account::Entity::insert(account.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Writes a grant.
pub(super) async fn insert_grant(tx: &Tx, grant: grant::Model) -> Result<(), Error> {
    grant::Entity::insert(grant.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Writes a session.
pub(super) async fn insert_session(tx: &Tx, session: session::Model) -> Result<(), Error> {
    session::Entity::insert(session.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Whether an account has this name.
pub(super) async fn is_taken(tx: &Tx, username: &str) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT 1 FROM account WHERE username = ");
    sql.bind(username);
    Ok(tx.db().query_one_raw(sql.on(tx.backend())).await?.is_some())
}

/// A session whose refresh token may be used.
#[derive(FromQueryResult)]
pub(super) struct Refreshable {
    pub(super) id: SessionId,
    pub(super) account_id: AccountId,
    pub(super) federation_id: Option<Uuid>,
}

/// The beginning of a search for a session, with a place for its events.
const SESSION: &str = "SELECT session.id, session.account_id, (SELECT federation_id FROM role_grant WHERE account_id \
                       = session.account_id ORDER BY id LIMIT 1) AS federation_id FROM session WHERE ended_at IS NULL";

/// The session that a refresh token is good for.
pub(super) async fn find_refreshable(
    tx: &Tx,
    refresh_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<Refreshable>, Error> {
    let mut sql = Sql::new(SESSION);
    // The literal lets the partial index serve it.
    sql.push(" AND refresh_hash <> '' AND refresh_hash = ")
        .bind(refresh_hash);
    sql.push(" AND expires_at > ").bind(now);
    sql.push(
        " AND EXISTS (SELECT 1 FROM account WHERE account.id = session.account_id AND disabled_at IS NULL)",
    );
    Ok(Refreshable::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?)
}

/// The session whose refresh token before the present one this was, if the present one expires before an instant.
pub(super) async fn find_reused(
    tx: &Tx,
    previous_hash: &str,
    expires_before: DateTime<Utc>,
) -> Result<Option<Refreshable>, Error> {
    let mut sql = Sql::new(SESSION);
    sql.push(" AND previous_hash <> '' AND previous_hash = ")
        .bind(previous_hash);
    sql.push(" AND expires_at < ").bind(expires_before);
    Ok(Refreshable::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?)
}

/// Gives a session its next refresh token.
pub(super) async fn rotate(
    tx: &Tx,
    id: SessionId,
    refresh_hash: &str,
    until: DateTime<Utc>,
) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE session SET previous_hash = refresh_hash, refresh_hash = ");
    sql.bind(refresh_hash)
        .push(", expires_at = ")
        .bind(until)
        .push(" WHERE id = ")
        .bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Ends a session.
pub(super) async fn end_session(tx: &Tx, id: SessionId) -> Result<(), Error> {
    let now = tx.op().now();
    let mut sql = Sql::new("UPDATE session SET ended_at = ");
    sql.bind(now).push(", expires_at = ").bind(now);
    sql.push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Forgets sessions that have long been over.
pub(crate) async fn forget_sessions(app: &App) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM session WHERE expires_at <= ");
    sql.bind(app.clock.now() - SESSION_KEPT);
    app.db.writer().execute_raw(sql.on(app.db.backend())).await?;
    Ok(())
}

/// Dates of the grants of the caller, as `viewer` shows them.
#[derive(FromQueryResult)]
pub(super) struct GrantRow {
    pub(super) role: String,
    pub(super) federation_id: FederationId,
    pub(super) valid_from: NaiveDate,
    pub(super) valid_to: Option<NaiveDate>,
}

/// The caller's grants in force today.
pub(super) async fn grants(op: &Op, id: AccountId) -> Result<Vec<GrantRow>, Error> {
    let today = op.today();
    let mut sql =
        Sql::new("SELECT role, federation_id, valid_from, valid_to FROM role_grant WHERE account_id = ");
    sql.bind(id)
        .push(" AND valid_from <= ")
        .bind(today)
        .push(" AND (valid_to IS NULL OR valid_to > ");
    sql.bind(today).push(") ORDER BY id");
    let db = &op.app().db;
    Ok(GrantRow::find_by_statement(sql.on(db.backend()))
        .all(db.reader())
        .await?)
}

#[derive(FromQueryResult)]
struct Named {
    id: AccountId,
    display_name: String,
}

/// What others see of accounts, in the order of the ids.
pub(crate) async fn display_names(op: &Op, ids: Vec<AccountId>) -> Result<Vec<String>, Error> {
    let mut sql = Sql::new("SELECT id, display_name FROM account WHERE id IN ");
    sql.list(ids.iter().copied());
    let db = &op.app().db;
    let rows = Named::find_by_statement(sql.on(db.backend()))
        .all(db.reader())
        .await?;
    let name = |id: &AccountId| {
        rows.iter()
            .find(|row| row.id == *id)
            .map(|row| row.display_name.clone())
    };
    Ok(ids.iter().map(|id| name(id).unwrap_or_default()).collect())
}
