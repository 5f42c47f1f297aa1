//! Schemes in the database.

use super::rules::Block;
use crate::kernel::error::Error;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::tx::Tx;
use crate::policy::Action;
use entity::assessments::assessment;
use entity::assessments::scheme::{Column, Entity, Model};
use entity::id::{AssessmentSchemeId, FederationId};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadAssessments;
}

/// The schemes that a scope reaches, and those by which somebody whom it reaches is assessed.
pub(super) fn rows(scope: &Scope) -> Select<Entity> {
    let assessed = assessment::Entity::within(scope)
        .select_only()
        .column(assessment::Column::SchemeId);
    Entity::within_or(scope, Column::Id.in_subquery(assessed.into_query()))
}

/// Those of a year, where one is named.
pub(super) fn of_year(rows: Select<Entity>, year: Option<i32>) -> Select<Entity> {
    match year {
        Some(year) => rows.filter(Column::Year.eq(year)),
        None => rows,
    }
}

/// The loader of schemes that the caller sees; none where the caller does not.
pub(in crate::assessments) struct Schemes;

impl Batch for Schemes {
    type Key = AssessmentSchemeId;
    type Value = Option<Model>;

    async fn load(op: Op, keys: Vec<AssessmentSchemeId>) -> Result<Vec<Option<Model>>, Error> {
        let scope = match op.scope(Entity::READ) {
            Err(Error::Forbidden) => return Ok(keys.iter().map(|_| None).collect()),
            scope => scope?,
        };
        let asked = rows(&scope).filter(Column::Id.is_in(keys.iter().copied()));
        let found = asked.all(op.app().db.reader()).await?;
        let of = |key: &AssessmentSchemeId| found.iter().find(|row| row.id == *key).cloned();
        Ok(keys.iter().map(of).collect())
    }
}

/// Where the caller sees schemes and assessments, for a write; NotFound if nowhere.
pub(in crate::assessments) fn readable(tx: &Tx, field: &'static str) -> Result<Scope, Error> {
    tx.op().scope(Entity::READ).map_err(|error| match error {
        Error::Forbidden => Error::NotFound(field.into()),
        other => other,
    })
}

/// A scheme of an issuer where the caller may do this; NotFound unless it may be seen.
pub(in crate::assessments) async fn authorized(
    tx: &Tx,
    id: AssessmentSchemeId,
    field: &'static str,
) -> Result<Model, Error> {
    let found = rows(&readable(tx, field)?)
        .filter(Column::Id.eq(id))
        .one(tx.db())
        .await?;
    let scheme = found.ok_or(Error::NotFound(field.into()))?;
    tx.authorize(Action::IssueAssessments, scheme.federation_id, field)?;
    Ok(scheme)
}

/// The scheme of an assessment that the caller was proved to reach.
pub(in crate::assessments) async fn of_assessment(tx: &Tx, row: &assessment::Model) -> Result<Model, Error> {
    let found = Entity::within(&tx.everywhere()).filter(Column::Id.eq(row.scheme_id));
    let found = found.one(tx.db()).await?;
    found.ok_or_else(|| anyhow::anyhow!("assessment {} has no scheme", row.id).into())
}

/// Whether an issuer has another scheme of this name in a year.
pub(super) async fn is_taken(
    tx: &Tx,
    (at, id): (FederationId, AssessmentSchemeId),
    (year, title): (i32, &str),
) -> Result<bool, Error> {
    let same = Entity::within(&tx.everywhere())
        .filter(Column::FederationId.eq(at))
        .filter(Column::Year.eq(year))
        .filter(Column::Title.eq(title))
        .filter(Column::Id.ne(id));
    Ok(same.one(tx.db()).await?.is_some())
}

/// Writes whom a scheme assesses.
pub(super) async fn insert_assessed(tx: &Tx, rows: Vec<assessment::Model>) -> Result<(), Error> {
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    assessment::Entity::insert_many(rows)
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// The blocks of a scheme.
pub(in crate::assessments) fn blocks(scheme: &Model) -> Result<Vec<Block>, Error> {
    Ok(serde_json::from_str(&scheme.blocks)?)
}
