//! Sessions in the database, and who acts by one.

use super::rules::{SESSION_KEPT, SHOWN};
use crate::accounts::account::store::push_known;
use crate::accounts::client::rules::kept_scope;
use crate::accounts::client::store::push_standing;
use crate::accounts::grant::store::push_in_force;
use crate::kernel::app::App;
use crate::kernel::clock::day_of;
use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::{Actor, Grant, Op};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::{Action, Role};
use chrono::{DateTime, Utc};
use entity::accounts::session::{self, Kind};
use entity::id::{AccountId, CredentialId, FederationId, SessionId};
use sea_orm::{ActiveEnum, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Standing {
    account_id: AccountId,
    display_name: String,
    is_machine: bool,
    is_phone: bool,
    is_strong: bool,
    scope: Option<String>,
    role: Option<String>,
    federation_id: Option<Uuid>,
}

/// Who a session acts as today, with all grants in force: one statement with every request.
pub(crate) async fn actor(app: &App, session_id: SessionId) -> Result<Actor, Error> {
    let mut sql = Sql::new(
        "SELECT account.id AS account_id, display_name, is_machine, is_strong, scope, role, \
         role_grant.federation_id, session.kind = ",
    );
    sql.bind(Kind::Phone.to_value());
    sql.push(
        " AS is_phone FROM session JOIN account ON account.id = session.account_id LEFT JOIN client_credential ON \
         client_credential.id = session.credential_id",
    );
    standing(app, sql, session_id, |sql| {
        sql.push("session.ended_at IS NULL AND session.id = ")
            .bind(session_id)
            .push(" AND ");
        push_standing(sql, day_of(app.clock.now()));
    })
    .await
}

/// Without its session an account acts by all of its grants.
const SESSIONLESS: &str = "SELECT account.id AS account_id, display_name, is_machine, 1 = 1 AS is_strong, 1 = 0 AS \
                           is_phone, CAST(NULL AS TEXT) AS scope, role, role_grant.federation_id FROM account";

/// Who an account acts as today, for work that goes on without its session; Unauthenticated if it is disabled.
pub(crate) async fn actor_of(app: &App, id: AccountId) -> Result<Actor, Error> {
    standing(app, Sql::new(SESSIONLESS), SessionId(Uuid::nil()), |sql| {
        sql.push("account.id = ").bind(id);
    })
    .await
}

/// The same by name.
pub(crate) async fn actor_named(app: &App, username: &str) -> Result<Actor, Error> {
    standing(app, Sql::new(SESSIONLESS), SessionId(Uuid::nil()), |sql| {
        sql.push("username = ").bind(username);
    })
    .await
}

async fn standing(
    app: &App,
    mut sql: Sql,
    session_id: SessionId,
    whose: impl FnOnce(&mut Sql),
) -> Result<Actor, Error> {
    sql.push(" LEFT JOIN role_grant ON role_grant.account_id = account.id AND ");
    push_in_force(&mut sql, app.clock.now());
    sql.push(" WHERE disabled_at IS NULL AND ");
    whose(&mut sql);
    let rows = Standing::find_by_statement(sql.on(app.db.backend()))
        .all(app.db.reader())
        .await?;
    let first = rows.first().ok_or(Error::Unauthenticated)?;
    let grant = |row: &Standing| {
        let role = Role::named(row.role.as_deref()?)?;
        // Such a role sleeps until the session has proved the second factor.
        let sleeps = !first.is_strong && app.rules.access.otp_roles.0.contains(&role);
        (!sleeps).then_some(Grant {
            role,
            federation_id: FederationId(row.federation_id?),
        })
    };
    Ok(Actor::Account {
        id: first.account_id,
        session_id,
        display_name: first.display_name.clone(),
        is_machine: first.is_machine,
        is_phone: first.is_phone,
        grants: rows.iter().filter_map(grant).collect(),
        only: first.scope.as_deref().map(|scope| kept_scope(scope).into()),
    })
}

/// Writes a session.
pub(super) async fn insert(tx: &Tx, session: session::Model) -> Result<(), Error> {
    session::Entity::insert(session.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// A session that has not ended, unless its account is disabled.
pub(super) async fn find_open(tx: &Tx, id: SessionId) -> Result<Option<session::Model>, Error> {
    let mut sql = Sql::new(
        "SELECT session.* FROM session JOIN account ON account.id = session.account_id WHERE disabled_at IS NULL \
         AND ended_at IS NULL AND session.id = ",
    );
    sql.bind(id);
    Ok(session::Model::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?)
}

/// A session of an account that the caller may see, whether it has ended or not.
pub(super) async fn find(tx: &Tx, id: SessionId) -> Result<Option<session::Model>, Error> {
    let mut sql = Sql::new("SELECT * FROM session WHERE id = ");
    sql.bind(id);
    push_known(&mut sql, tx.op(), &tx.scope(Action::ReadAccounts));
    Ok(session::Model::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?)
}

/// Lets a session go on by its next refresh token.
pub(super) async fn refresh(tx: &Tx, next: &session::Model) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE session SET generation = ");
    sql.bind(next.generation).push(", seen_at = ").bind(next.seen_at);
    sql.push(", expires_at = ").bind(next.expires_at);
    sql.push(" WHERE id = ").bind(next.id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

fn ending(now: DateTime<Utc>) -> Sql {
    let mut sql = Sql::new("UPDATE session SET ended_at = ");
    sql.bind(now).push(", expires_at = ").bind(now);
    sql.push(" WHERE ended_at IS NULL AND ");
    sql
}

/// Ends a session.
pub(super) async fn end(tx: &Tx, id: SessionId) -> Result<(), Error> {
    let mut sql = ending(tx.op().now());
    sql.push("id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Ends all sessions of an account but one.
pub(in crate::accounts) async fn end_all(
    tx: &Tx,
    id: AccountId,
    but: Option<SessionId>,
) -> Result<(), Error> {
    let mut sql = ending(tx.op().now());
    sql.push("account_id = ").bind(id);
    if let Some(but) = but {
        sql.push(" AND id <> ").bind(but);
    }
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Ends the sessions that a client credential opened.
pub(in crate::accounts) async fn end_opened_with(tx: &Tx, id: CredentialId) -> Result<(), Error> {
    let mut sql = ending(tx.op().now());
    sql.push("credential_id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Forgets sessions that have long been over.
pub(crate) async fn forget(app: &App) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM session WHERE expires_at <= ");
    sql.bind(app.clock.now() - SESSION_KEPT);
    app.db.writer().execute_raw(sql.on(app.db.backend())).await?;
    Ok(())
}

/// The loader of the open sessions of accounts that the caller sees, last used first.
pub(super) struct SessionsOf;

impl Batch for SessionsOf {
    type Key = AccountId;
    type Value = Vec<session::Model>;

    async fn load(op: Op, keys: Vec<AccountId>) -> Result<Vec<Self::Value>, Error> {
        let mut sql = Sql::new(
            "SELECT * FROM (SELECT session.*, ROW_NUMBER() OVER (PARTITION BY account_id ORDER BY seen_at DESC, id \
             DESC) AS place FROM session WHERE ended_at IS NULL AND expires_at > ",
        );
        sql.bind(op.now()).push(" AND account_id IN ");
        sql.list(keys.iter().copied())
            .push(&format!(") AS numbered WHERE place <= {SHOWN} "))
            .push("ORDER BY seen_at DESC, id DESC");
        let db = &op.app().db;
        let rows = session::Model::find_by_statement(sql.on(db.backend()))
            .all(db.reader())
            .await?;
        Ok(grouped(&keys, rows, |row| row.account_id))
    }
}
