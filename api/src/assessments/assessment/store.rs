//! Assessments and their scores in the database.

use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::assessments::assessment::{Column, Entity, Model};
use entity::assessments::score;
use entity::assessments::score::Side;
use entity::id::{AssessmentId, AssessmentSchemeId};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Select,
};

/// Columns of a score.
const COLUMNS: usize = 9;

impl Readable for Entity {
    const READ: Action = Action::ReadAssessments;
}

/// The assessments that a scope reaches, of a year where one is named, for a list.
pub(super) fn rows(scope: &Scope, year: Option<i32>) -> Select<Entity> {
    let rows = Entity::within(scope);
    match year {
        Some(year) => rows.filter(Column::Year.eq(year)),
        None => rows,
    }
}

/// The assessments by a scheme that a scope reaches, for a list.
pub(super) fn rows_of_scheme(scope: &Scope, id: AssessmentSchemeId) -> Select<Entity> {
    Entity::within(scope).filter(Column::SchemeId.eq(id))
}

/// All assessments by a scheme that a scope reaches, in order of the tree.
pub(super) async fn of_scheme(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: AssessmentSchemeId,
) -> Result<Vec<Model>, Error> {
    Ok(rows_of_scheme(scope, id).order_by_asc(Column::Id).all(db).await?)
}

/// The scores of assessments that the caller was proved to reach.
pub(super) async fn scores(
    db: &impl ConnectionTrait,
    ids: Vec<AssessmentId>,
) -> Result<Vec<score::Model>, Error> {
    Ok(parts_of::<score::Entity>(score::Column::AssessmentId, ids)
        .all(db)
        .await?)
}

/// The loader of the scores of assessments that the caller sees.
pub(super) struct ScoresOf;

impl Batch for ScoresOf {
    type Key = AssessmentId;
    type Value = Vec<score::Model>;

    async fn load(op: Op, keys: Vec<AssessmentId>) -> Result<Vec<Self::Value>, Error> {
        let rows = scores(op.app().db.reader(), keys.clone()).await?;
        Ok(grouped(&keys, rows, |row| row.assessment_id))
    }
}

/// Takes away what a side gave: for these items, or for all.
pub(super) async fn delete(
    tx: &Tx,
    ids: &[AssessmentId],
    side: Side,
    items: Option<&[i32]>,
) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM assessment_score WHERE assessment_id IN ");
    sql.list(ids.iter().copied())
        .push(" AND side = ")
        .bind(side.to_value());
    if let Some(items) = items {
        sql.push(" AND item IN ").list(items.iter().copied());
    }
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Writes what a side gave.
pub(super) async fn insert(tx: &Tx, scores: Vec<score::Model>) -> Result<(), Error> {
    for some in scores.chunks(PARAMETERS_MAX / COLUMNS) {
        let rows = some.iter().cloned().map(IntoActiveModel::into_active_model);
        score::Entity::insert_many(rows)
            .exec_without_returning(tx.db())
            .await?;
    }
    Ok(())
}
