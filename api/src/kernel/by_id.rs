//! Rows by id, within what the caller may read: one statement for all that a level of an operation asks for.

use super::error::Error;
use super::loader::Batch;
use super::op::Op;
use super::scope::{Readable, Within};
use super::sql::PARAMETERS_MAX;
use sea_orm::{ColumnTrait, ModelTrait, QueryFilter, Value};
use std::collections::HashMap;
use std::marker::PhantomData;
use uuid::Uuid;

/// The loader of rows of a table by id; none where the caller may not see one.
pub struct ById<E>(PhantomData<E>);

impl<E> Batch for ById<E>
where
    E: Readable,
    E::Model: Send + Sync,
{
    type Key = Uuid;
    type Value = Option<E::Model>;

    async fn load(op: Op, keys: Vec<Uuid>) -> Result<Vec<Option<E::Model>>, Error> {
        let mut asked = keys.clone();
        asked.sort();
        asked.dedup();
        let scope = match op.scope(E::READ) {
            Err(Error::Forbidden) => return Ok(keys.iter().map(|_| None).collect()),
            scope => scope?,
        };
        let mut rows = Vec::with_capacity(asked.len());
        for asked in asked.chunks(PARAMETERS_MAX) {
            let some = E::within(&scope).filter(E::ID.is_in(asked.iter().copied()));
            rows.extend(some.all(op.app().db.reader()).await?);
        }
        let key_of = |row: &E::Model| match row.get(E::ID) {
            Value::Uuid(Some(id)) => id,
            _ => Uuid::nil(),
        };
        let found: HashMap<Uuid, E::Model> = rows.into_iter().map(|row| (key_of(&row), row)).collect();
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }
}

impl Op {
    /// A row by id; none if the caller may not see it.
    pub async fn find<E>(&self, id: impl Into<Uuid>) -> Result<Option<E::Model>, Error>
    where
        E: Readable,
        E::Model: Send + Sync,
    {
        self.load::<ById<E>>(id.into()).await
    }

    /// A row by id; NotFound if the caller may not see it. `field` names the input that chose it.
    pub async fn get<E>(&self, id: impl Into<Uuid>, field: &'static str) -> Result<E::Model, Error>
    where
        E: Readable,
        E::Model: Send + Sync,
    {
        self.find::<E>(id).await?.ok_or(Error::NotFound(field.into()))
    }
}
