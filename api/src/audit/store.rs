//! The audit trail in the database.

use super::rules::Wanted;
use crate::kernel::audit::REFUSED;
use crate::kernel::scope::{Scope, Within};
use entity::audit::event::{Column, Entity};
use sea_orm::{ColumnTrait, Condition, QueryFilter, Select};

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
