//! Accounts in the database.

use crate::accounts::grant;
use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::{DateTime, Utc};
use entity::accounts::account::{Column, Entity, Model};
use entity::accounts::{credential, grant as grants};
use entity::id::{AccountId, FederationId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    Select,
};

impl Readable for Entity {
    const READ: Action = Action::ReadAccounts;
}

/// What is wanted of a list.
#[derive(Default)]
pub(super) struct Wanted {
    /// Disabled or not.
    pub(super) is_disabled: Option<bool>,
    /// Invited and without a password yet, or not.
    pub(super) is_invited: Option<bool>,
    pub(super) is_machine: Option<bool>,
    pub(super) has_otp: Option<bool>,
    /// Holds this role now.
    pub(super) role: Option<&'static str>,
    /// Is elevated now.
    pub(super) is_elevated: Option<bool>,
}

/// The accounts that a scope reaches and for which everything wanted holds, for a list.
pub(super) fn filtered(scope: &Scope, wanted: &Wanted, now: DateTime<Utc>) -> Select<Entity> {
    let is_set = |column: Column, is_set: Option<bool>| match is_set {
        Some(true) => Condition::all().add(column.is_not_null()),
        Some(false) => Condition::all().add(column.is_null()),
        None => Condition::all(),
    };
    let invited = wanted.is_invited.map(|is_invited| {
        let invited = Condition::all()
            .add(Column::PasswordSetAt.is_null())
            .add(Column::IsMachine.eq(false));
        if is_invited { invited } else { invited.not() }
    });
    let machine = wanted
        .is_machine
        .map(|is_machine| Column::IsMachine.eq(is_machine));
    let role = wanted.role.map(|role| {
        let held = grant::store::holders(grants::Column::Role.eq(role), now);
        Column::Id.in_subquery(held)
    });
    let elevated = wanted.is_elevated.map(|is_elevated| {
        let elevated = grant::store::holders(grants::Column::Until.is_not_null(), now);
        if is_elevated {
            Column::Id.in_subquery(elevated)
        } else {
            Column::Id.not_in_subquery(elevated)
        }
    });
    let all = Condition::all()
        .add(is_set(Column::DisabledAt, wanted.is_disabled))
        .add(is_set(Column::OtpSetAt, wanted.has_otp))
        .add_option(invited)
        .add_option(machine)
        .add_option(role)
        .add_option(elevated);
    Entity::within(scope).filter(all)
}

/// People with their home at this federation who are not disabled, as far as a scope reaches, for a list.
pub(super) fn staff(scope: &Scope, at: FederationId) -> Select<Entity> {
    Entity::within(scope)
        .filter(Column::FederationId.eq(at))
        .filter(Column::IsMachine.eq(false))
        .filter(Column::DisabledAt.is_null())
}

async fn find_where(op: &Op, condition: Sql) -> Result<Option<Model>, Error> {
    let mut sql = Sql::new("SELECT * FROM account WHERE ");
    sql.append(condition);
    let db = &op.app().db;
    Ok(Model::find_by_statement(sql.on(db.backend()))
        .one(db.reader())
        .await?)
}

/// The caller's own account.
pub(in crate::accounts) async fn own(op: &Op, id: AccountId) -> Result<Model, Error> {
    let mut sql = Sql::new("id = ");
    sql.bind(id);
    find_where(op, sql).await?.ok_or(Error::Unauthenticated)
}

/// The account of a name; for the operator.
pub(in crate::accounts) async fn find_named(op: &Op, username: &str) -> Result<Option<Model>, Error> {
    let mut sql = Sql::new("username = ");
    sql.bind(username);
    find_where(op, sql).await
}

/// An account that the caller may see: one's own, or one whose home is in reach.
pub(crate) async fn find(op: &Op, id: AccountId) -> Result<Option<Model>, Error> {
    if op.account_id() == Some(id) {
        own(op, id).await.map(Some)
    } else {
        op.find::<Entity>(id).await
    }
}

/// Where an account has its home, for its events.
pub(in crate::accounts) async fn home(tx: &Tx, id: AccountId) -> Result<Place, Error> {
    let mut sql = Sql::new("SELECT * FROM account WHERE id = ");
    sql.bind(id);
    let found = Model::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?;
    Ok(found.ok_or(Error::Unauthenticated)?.place())
}

/// Adds that an account is the caller's own or one of those that the caller may see: so what belongs to any other one is not even
/// found, and takes no longer to refuse than what there is not.
pub(in crate::accounts) fn push_known(sql: &mut Sql, op: &Op, seen: &Scope) {
    let own_id = op.account_id().map_or(uuid::Uuid::nil(), Into::into);
    sql.push(" AND (account_id = ").bind(own_id);
    sql.push(" OR account_id IN (SELECT id FROM account WHERE ");
    seen.push(sql, "path");
    sql.push("))");
}

/// An account that the caller administrates: its home is in reach, all that it may do anywhere is, and it is not the
/// caller's own. An administrator is administrated only from above.
pub(in crate::accounts) async fn administrated(
    tx: &Tx,
    action: Action,
    id: AccountId,
    field: &'static str,
) -> Result<Model, Error> {
    let account = tx.authorize_row::<Entity>(action, id, field).await?.into_inner();
    let scope = tx.scope(action);
    let held = grant::store::standing(tx, id).await?;
    // An elevation is short, and ends with whatever is done to the account.
    let mut lasting = held.iter().filter(|grant| grant.until.is_none());
    let is_above = lasting.all(|held| grant::service::is_in_reach(tx, &scope, held));
    if is_above && tx.op().account_id() != Some(id) {
        Ok(account)
    } else {
        Err(Error::Forbidden)
    }
}

/// Writes an account with what it signs in with.
pub(in crate::accounts) async fn insert(
    tx: &Tx,
    account: Model,
    credential: credential::Model,
) -> Result<(), Error> {
    Entity::insert(account.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    credential::Entity::insert(credential.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Whether an account has this name, wherever it is: a name is given once.
pub(in crate::accounts) async fn is_taken(tx: &Tx, username: &str) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT 1 FROM account WHERE username = ");
    sql.bind(username);
    Ok(tx.db().query_one_raw(sql.on(tx.backend())).await?.is_some())
}

/// Disables an account since an instant, or enables it.
pub(super) async fn set_disabled(tx: &Tx, id: AccountId, since: Option<DateTime<Utc>>) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE account SET disabled_at = ");
    sql.bind(since).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Named {
    id: AccountId,
    display_name: String,
}

/// The loader of what others see of accounts.
pub struct DisplayNames;

impl Batch for DisplayNames {
    type Key = AccountId;
    type Value = String;

    async fn load(op: Op, ids: Vec<AccountId>) -> Result<Vec<String>, Error> {
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
}
