//! Grants in the database.

use crate::accounts::account::store::push_known;
use crate::kernel::clock::day_of;
use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::Scope;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::{Action, Role};
use chrono::{DateTime, NaiveDate, Utc};
use entity::accounts::grant::{Column, Entity, Model};
use entity::id::{AccountId, GrantId};
use sea_orm::sea_query::{Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, FromQueryResult, IntoActiveModel,
};

/// Adds that a grant holds at an instant.
pub(in crate::accounts) fn push_in_force(sql: &mut Sql, now: DateTime<Utc>) {
    let today = day_of(now);
    sql.push("valid_from <= ").bind(today);
    sql.push(" AND (valid_to IS NULL OR valid_to > ").bind(today);
    sql.push(") AND (until IS NULL OR until > ").bind(now).push(")");
}

/// The accounts that hold something of a kind at an instant, for the filter of a list.
pub(in crate::accounts) fn holders(kind: SimpleExpr, now: DateTime<Utc>) -> SelectStatement {
    let today = day_of(now);
    let in_force = Condition::all()
        .add(Column::ValidFrom.lte(today))
        .add(Column::ValidTo.is_null().or(Column::ValidTo.gt(today)))
        .add(Column::Until.is_null().or(Column::Until.gt(now)));
    Query::select()
        .column(Column::AccountId)
        .from(Entity)
        .cond_where(in_force.add(kind))
        .take()
}

/// The beginning of a search for grants in force or to come; one that ended on its first day never is.
fn standing_at(now: DateTime<Utc>) -> Sql {
    let mut sql = Sql::new(
        "SELECT * FROM role_grant WHERE (valid_to IS NULL OR (valid_to > valid_from AND valid_to > ",
    );
    sql.bind(day_of(now))
        .push(")) AND (until IS NULL OR until > ")
        .bind(now);
    sql.push(")");
    sql
}

/// What an account holds or is to hold, oldest first.
pub(in crate::accounts) async fn standing(tx: &Tx, id: AccountId) -> Result<Vec<Model>, Error> {
    let mut sql = standing_at(tx.op().now());
    sql.push(" AND account_id = ").bind(id).push(" ORDER BY id");
    Ok(Model::find_by_statement(sql.on(tx.backend()))
        .all(tx.db())
        .await?)
}

fn known(op: &Op, id: GrantId, seen: &Scope) -> Sql {
    let mut sql = Sql::new("SELECT * FROM role_grant WHERE id = ");
    sql.bind(id);
    push_known(&mut sql, op, seen);
    sql
}

/// A grant of an account that the caller may see, as a transaction sees it.
pub(super) async fn find(tx: &Tx, id: GrantId) -> Result<Option<Model>, Error> {
    let sql = known(tx.op(), id, &tx.scope(Action::ReadAccounts));
    Ok(Model::find_by_statement(sql.on(tx.backend()))
        .one(tx.db())
        .await?)
}

/// A grant of an account that the caller may see.
pub(super) async fn get(op: &Op, id: GrantId) -> Result<Model, Error> {
    let sql = known(op, id, &op.reach(Action::ReadAccounts));
    let db = &op.app().db;
    let found = Model::find_by_statement(sql.on(db.backend()))
        .one(db.reader())
        .await?;
    found.ok_or(Error::NotFound("id".into()))
}

/// Writes a grant.
pub(super) async fn insert(tx: &Tx, grant: Model) -> Result<(), Error> {
    Entity::insert(grant.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Gives a grant another end.
pub(super) async fn end(tx: &Tx, id: GrantId, to: NaiveDate) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE role_grant SET valid_to = ");
    sql.bind(to).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Ends an elevation now.
pub(super) async fn end_elevation(tx: &Tx, id: GrantId) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE role_grant SET until = ");
    sql.bind(tx.op().now()).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Ends what was elevated on a grant, by an instant.
pub(super) async fn end_elevations_by(tx: &Tx, grant: &Model, by: DateTime<Utc>) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE role_grant SET until = ");
    sql.bind(by).push(" WHERE until > ").bind(by);
    sql.push(" AND account_id = ").bind(grant.account_id);
    sql.push(" AND role = ").bind(grant.role.as_str());
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Ends what elevations an account has now.
pub(in crate::accounts) async fn end_elevations(tx: &Tx, id: AccountId) -> Result<(), Error> {
    let now = tx.op().now();
    let mut sql = Sql::new("UPDATE role_grant SET until = ");
    sql.bind(now).push(" WHERE until > ").bind(now);
    sql.push(" AND account_id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Beside {
    account_id: AccountId,
    role: String,
    other: String,
}

/// Proves that no account ever held an administrator's role and another one on the same day: how many grants there are,
/// or the first two that do not go together. An elevation lies within the days of a grant of the same role.
pub(crate) async fn check(db: &impl ConnectionTrait) -> Result<Result<String, String>, Error> {
    let administrators = Role::ALL.iter().filter(|(role, _)| role.is_administrator());
    let mut sql = Sql::new(
        "SELECT one.account_id, one.role, two.role AS other FROM role_grant AS one JOIN role_grant AS two ON \
         two.account_id = one.account_id AND two.role <> one.role AND one.until IS NULL AND two.until IS NULL AND (two.valid_to IS NULL OR one.valid_from < \
         two.valid_to) AND (one.valid_to IS NULL OR two.valid_from < one.valid_to) WHERE one.role IN ",
    );
    sql.list(administrators.map(|(_, name)| *name));
    sql.push(" AND (one.valid_to IS NULL OR one.valid_to > one.valid_from)");
    sql.push(" AND (two.valid_to IS NULL OR two.valid_to > two.valid_from) ORDER BY one.id LIMIT 1");
    let backend = db.get_database_backend();
    if let Some(found) = Beside::find_by_statement(sql.on(backend)).one(db).await? {
        let Beside {
            account_id,
            role,
            other,
        } = found;
        return Ok(Err(format!("account {account_id} holds {role} beside {other}")));
    }
    let sql = Sql::new("SELECT COUNT(*) AS count FROM role_grant");
    let row = db.query_one_raw(sql.on(backend)).await?;
    let count: i64 = row
        .map(|row| row.try_get("", "count"))
        .transpose()?
        .unwrap_or_default();
    Ok(Ok(format!("{count} grants")))
}

/// The loader of what accounts that the caller sees hold or are to hold, oldest first.
pub(super) struct GrantsOf;

impl Batch for GrantsOf {
    type Key = AccountId;
    type Value = Vec<Model>;

    async fn load(op: Op, keys: Vec<AccountId>) -> Result<Vec<Self::Value>, Error> {
        let mut sql = standing_at(op.now());
        sql.push(" AND account_id IN ")
            .list(keys.iter().copied())
            .push(" ORDER BY id");
        let db = &op.app().db;
        let rows = Model::find_by_statement(sql.on(db.backend()))
            .all(db.reader())
            .await?;
        Ok(grouped(&keys, rows, |row| row.account_id))
    }
}
