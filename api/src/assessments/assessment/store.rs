//! Assessments and their scores in the database.

use crate::assessments::scheme::store::{of_assessment, readable};
use crate::kernel::error::Error;
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::assessments::assessment::{Column, Entity, Model};
use entity::assessments::score::Side;
use entity::assessments::{scheme, score};
use entity::id::{AssessmentId, AssessmentSchemeId};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, Value,
};
use std::collections::HashMap;

/// Columns of a score.
const COLUMNS: usize = 11;

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

/// The assessments that a scope reaches, and those by schemes that it reaches: who is assessed may have moved away.
fn seen(scope: &Scope) -> Select<Entity> {
    let issued = scheme::Entity::within(scope)
        .select_only()
        .column(scheme::Column::Id);
    Entity::within_or(scope, Column::SchemeId.in_subquery(issued.into_query()))
}

/// The assessments by a scheme that a scope reaches, for a list.
pub(super) fn rows_of_scheme(scope: &Scope, id: AssessmentSchemeId) -> Select<Entity> {
    seen(scope).filter(Column::SchemeId.eq(id))
}

/// The loader of assessments that the caller sees; none where the caller does not.
pub(crate) struct Assessments;

impl Batch for Assessments {
    type Key = AssessmentId;
    type Value = Option<Model>;

    async fn load(op: Op, keys: Vec<AssessmentId>) -> Result<Vec<Option<Model>>, Error> {
        let scope = match op.scope(Entity::READ) {
            Err(Error::Forbidden) => return Ok(keys.iter().map(|_| None).collect()),
            scope => scope?,
        };
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = seen(&scope).filter(Column::Id.is_in(keys.iter().copied()));
        let found = asked.all(op.app().db.reader()).await?;
        let found: HashMap<AssessmentId, Model> = found.into_iter().map(|row| (row.id, row)).collect();
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }
}

/// An assessment that the caller sees, with its scheme; NotFound otherwise.
pub(super) async fn with_scheme(tx: &Tx, id: AssessmentId) -> Result<(Model, scheme::Model), Error> {
    let found = seen(&readable(tx, "id")?).filter(Column::Id.eq(id));
    let row = found.one(tx.db()).await?.ok_or(Error::NotFound("id".into()))?;
    let scheme = of_assessment(tx, &row).await?;
    Ok((row, scheme))
}

/// All assessments by a scheme that the caller was proved to issue, in order of the tree.
pub(super) async fn of_scheme(
    db: &impl ConnectionTrait,
    id: AssessmentSchemeId,
) -> Result<Vec<Model>, Error> {
    let rows = parts_of::<Entity>(Column::SchemeId, vec![id]);
    Ok(rows.order_by_asc(Column::Id).all(db).await?)
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

/// Writes totals and ranks.
pub(super) async fn rank(tx: &Tx, assessments: &[Model]) -> Result<(), Error> {
    const COLUMNS: usize = 4;
    for chunk in assessments.chunks(PARAMETERS_MAX / COLUMNS) {
        let mut sql = Sql::new(
            "UPDATE assessment SET total = ranked.column2, rank = ranked.column3, version = ranked.column4 FROM (VALUES ",
        );
        sql.rows(chunk.iter().map(|row| -> [Value; COLUMNS] {
            [
                row.id.into(),
                row.total.into(),
                row.rank.into(),
                row.version.into(),
            ]
        }));
        sql.push(") AS ranked WHERE assessment.id = ranked.column1");
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
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
