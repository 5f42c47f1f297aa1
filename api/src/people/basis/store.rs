//! Bases in the database.

use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::parts_of;
use crate::kernel::tx::Tx;
use chrono::NaiveDate;
use entity::id::PersonId;
use entity::people::basis::{Column, Entity, Model, Purpose};
use entity::people::person;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryOrder};

async fn of(db: &impl ConnectionTrait, ids: Vec<PersonId>) -> Result<Vec<Model>, Error> {
    let rows = parts_of::<Entity>(Column::PersonId, ids);
    let rows = rows.order_by_asc(Column::RecordedAt).order_by_asc(Column::Id);
    Ok(rows.all(db).await?)
}

/// The bases of a person whom the caller was proved to reach, in the order of recording.
pub(crate) async fn of_person(tx: &Tx, id: PersonId) -> Result<Vec<Model>, Error> {
    of(tx.db(), vec![id]).await
}

/// That a person of a query has a basis in force for a purpose: what [`super::rules::is_in_force`] says of a basis.
pub(crate) fn covered(purpose: Purpose, day: NaiveDate) -> SimpleExpr {
    let mut bases = Query::select();
    bases.expr(Expr::val(1)).from(Entity);
    let person = (person::Entity, person::Column::Id);
    bases.and_where(Expr::col((Entity, Column::PersonId)).equals(person));
    bases.and_where(Column::Purpose.eq(purpose));
    bases.and_where(Column::ValidFrom.lte(day));
    bases.and_where(Column::ValidTo.is_null().or(Column::ValidTo.gt(day)));
    Expr::exists(bases)
}

/// Ends what is in force or to come of a person; which it was.
pub(crate) async fn end_all(tx: &Tx, id: PersonId, day: NaiveDate) -> Result<Vec<Model>, Error> {
    let mut ended = of_person(tx, id).await?;
    ended.retain(|basis| basis.valid_to.is_none_or(|to| day < to));
    for basis in &mut ended {
        basis.valid_to = Some(Ord::max(day, basis.valid_from));
        tx.update(basis.clone()).await?;
    }
    Ok(ended)
}

/// The loader of the bases of people whom the caller sees.
pub(crate) struct BasesOf;

impl Batch for BasesOf {
    type Key = PersonId;
    type Value = Vec<Model>;

    async fn load(op: Op, keys: Vec<PersonId>) -> Result<Vec<Vec<Model>>, Error> {
        let rows = of(op.app().db.reader(), keys.clone()).await?;
        Ok(grouped(&keys, rows, |row| row.person_id))
    }
}
