//! Membership cards in the database.

use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::parts_of;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use chrono::NaiveDate;
use entity::id::MembershipId;
use entity::members::member_card::{Column, Entity, Model};
use sea_orm::{ConnectionTrait, QueryOrder};

/// The cards of a membership that the caller may change, in the order of issue.
pub(super) async fn of_membership(tx: &Tx, id: MembershipId) -> Result<Vec<Model>, Error> {
    let rows = parts_of::<Entity>(Column::MembershipId, vec![id]);
    Ok(rows.order_by_asc(Column::Id).all(tx.db()).await?)
}

/// Whether a number was given before, anywhere: it is given once in the country.
pub(super) async fn is_given(tx: &Tx, number: &str) -> Result<bool, Error> {
    let rows = parts_of::<Entity>(Column::Number, vec![number.to_owned()]);
    Ok(rows.one(tx.db()).await?.is_some())
}

/// Cancels the good card of a membership that ends.
pub(crate) async fn take_back(tx: &Tx, id: MembershipId, on: NaiveDate) -> Result<(), Error> {
    // A membership may be told to have ended before its card was issued.
    let mut sql = Sql::new("UPDATE member_card SET state = 'CANCELLED', ended_on = CASE WHEN issued_on > ");
    sql.bind(on).push(" THEN issued_on ELSE ").bind(on);
    sql.push(" END WHERE state = 'VALID' AND membership_id = ")
        .bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// The loader of the cards of memberships that the caller sees, in the order of issue.
pub(crate) struct CardsOf;

impl Batch for CardsOf {
    type Key = MembershipId;
    type Value = Vec<Model>;

    async fn load(op: Op, keys: Vec<MembershipId>) -> Result<Vec<Vec<Model>>, Error> {
        let rows = parts_of::<Entity>(Column::MembershipId, keys.clone())
            .order_by_asc(Column::Id)
            .all(op.app().db.reader())
            .await?;
        Ok(grouped(&keys, rows, |row| row.membership_id))
    }
}
