//! The audit trail in the database.

use super::rules::Wanted;
use crate::kernel::audit::REFUSED;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::scope::{Scope, Within};
use entity::audit::event::{Column, Entity, Model};
use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

/// The numbered entries that a scope reaches and somebody wants.
pub(super) fn rows(scope: &Scope, wanted: Wanted) -> Select<Entity> {
    let refused = wanted.is_refused.map(|is_refused| match is_refused {
        true => Column::Kind.eq(REFUSED),
        false => Column::Kind.ne(REFUSED),
    });
    let conditions = Condition::all()
        .add(Column::Seq.is_not_null())
        .add_option(wanted.from.map(|from| Column::At.gte(from)))
        .add_option(wanted.to.map(|to| Column::At.lt(to)))
        .add_option(wanted.kinds.map(|kinds| Column::Kind.is_in(kinds)))
        .add_option(
            wanted
                .operations
                .map(|operations| Column::Operation.is_in(operations)),
        )
        .add_option(wanted.actor_id.map(|id| Column::ActorId.eq(id)))
        .add_option(wanted.subject_id.map(|id| Column::SubjectId.eq(id)))
        .add_option(refused);
    Entity::within(scope).filter(conditions)
}

/// Those of some entries whose numbers lie behind the first and not behind the last of these.
pub(super) fn between(rows: Select<Entity>, (after, through): (i64, i64)) -> Select<Entity> {
    rows.filter(Column::Seq.gt(after))
        .filter(Column::Seq.lte(through))
}

/// How many entries there are, counted up to a limit.
pub(super) async fn count(op: &Op, rows: Select<Entity>, limit: u64) -> Result<i64, Error> {
    let few = rows.select_only().column(Column::Seq).limit(limit).into_query();
    let mut count = Query::select();
    count.expr_as(Expr::col(Asterisk).count(), Alias::new("count"));
    count.from_subquery(few, Alias::new("few"));
    let row = op.app().db.reader().query_one(&count).await?;
    Ok(row
        .map(|row| row.try_get("", "count"))
        .transpose()?
        .unwrap_or_default())
}

/// The first of some entries, in the order of their numbers.
pub(super) async fn first(op: &Op, rows: Select<Entity>, limit: u64) -> Result<Vec<Model>, Error> {
    let rows = rows.order_by_asc(Column::Seq).limit(limit);
    Ok(rows.all(op.app().db.reader()).await?)
}
