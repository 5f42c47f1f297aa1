//! People in the database.

use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{AccountId, PersonId};
use entity::members::membership;
use entity::org::trade_union;
use entity::people::person::{Column, Entity, Model};
use sea_orm::{ColumnTrait, ConnectionTrait, PaginatorTrait, QueryFilter, QueryOrder, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadPeople;
}

/// Whose data is looked for, by blind indexes; everything named must hold.
#[derive(Default)]
pub(crate) struct Wanted {
    /// One of these documents and numbers.
    pub(crate) numbers: Option<Vec<String>>,
    /// This phone.
    pub(crate) phone: Option<String>,
}

/// The people that a scope reaches and who are not erased, for a list.
pub(crate) fn rows(scope: &Scope, wanted: Wanted) -> Select<Entity> {
    let mut rows = Entity::within(scope).filter(Column::ErasedAt.is_null());
    if let Some(numbers) = wanted.numbers {
        rows = rows.filter(Column::NumberIndex.is_in(numbers));
    }
    if let Some(phone) = wanted.phone {
        rows = rows.filter(Column::PhoneIndex.eq(phone));
    }
    rows
}

/// Whether anybody else has a document, wherever they are: a document is registered once in the country.
pub(super) async fn is_known(tx: &Tx, number_index: &str, but: PersonId) -> Result<bool, Error> {
    let same = Entity::within(&tx.everywhere()).filter(Column::NumberIndex.eq(number_index));
    Ok(same.filter(Column::Id.ne(but)).one(tx.db()).await?.is_some())
}

/// All memberships of a person, wherever they are, with their unions: a correction counts in each.
pub(super) async fn memberships(
    tx: &Tx,
    id: PersonId,
) -> Result<Vec<(membership::Model, trade_union::Model)>, Error> {
    let own = membership::Entity::within(&tx.everywhere()).filter(membership::Column::PersonId.eq(id));
    let own = own.all(tx.db()).await?;
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let ids = own.iter().map(|membership| membership.trade_union_id);
    let unions = trade_union::Entity::within(&tx.everywhere()).filter(trade_union::Column::Id.is_in(ids));
    let unions = unions.all(tx.db()).await?;
    let with_union = |membership: membership::Model| {
        let union = unions.iter().find(|union| union.id == membership.trade_union_id);
        Some((membership, union?.clone()))
    };
    Ok(own.into_iter().filter_map(with_union).collect())
}

/// Says until when the data may be kept.
pub(crate) async fn keep_until(tx: &Tx, id: PersonId, day: Option<NaiveDate>) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE person SET keep_until = ");
    sql.bind(day).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

fn overdue(scope: &Scope, day: NaiveDate) -> Select<Entity> {
    rows(scope, Wanted::default()).filter(Column::KeepUntil.lte(day))
}

/// Somebody whose data nothing allows keeping any more, if there is one.
pub(crate) async fn find_overdue(tx: &Tx) -> Result<Option<Model>, Error> {
    let rows = overdue(&tx.everywhere(), tx.op().today()).order_by_asc(Column::KeepUntil);
    Ok(rows.order_by_asc(Column::Id).one(tx.db()).await?)
}

/// How many of these there are where the caller may erase them.
pub(crate) async fn count_overdue(op: &Op) -> Result<i64, Error> {
    let scope = op.scope(Action::RegisterPeople)?;
    let count = overdue(&scope, op.today()).count(op.app().db.reader()).await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Counts what an account does on a day, in every process; how often it was by now.
pub(crate) async fn count_access(tx: &Tx, account_id: AccountId, kind: &'static str) -> Result<i64, Error> {
    let mut sql = Sql::new("INSERT INTO personal_access (account_id, day, kind, count) VALUES ");
    sql.rows([[account_id.into(), tx.op().today().into(), kind.into(), 1.into()]]);
    sql.push(" ON CONFLICT (account_id, day, kind) DO UPDATE SET count = personal_access.count + 1 RETURNING count");
    let row = tx.db().query_one_raw(sql.on(tx.backend())).await?;
    let row = row.ok_or_else(|| Error::from(anyhow::anyhow!("an access was not counted")))?;
    Ok(row.try_get::<i32>("", "count")?.into())
}
