//! Writing the tree; reading it costs no SQL.

use super::rules::{self, Changes, Division};
use crate::kernel::error::{Error, conflict, text};
use crate::kernel::event::Place;
use crate::kernel::scope::{Readable, Scope, Within};
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tree::{Node, Tree};
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{FederationId, FederationLinkId};
use entity::org::federation::{Kind, Level};
use entity::org::{federation, federation_link};
use sea_orm::{
    ActiveEnum, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, Select, Value,
};
use std::collections::HashMap;

const COLUMNS: usize = 9;

/// A federation about to be founded.
struct Founded {
    id: FederationId,
    parent_id: Option<FederationId>,
    division: Division,
    path: String,
    county_id: FederationId,
}

/// Where new divisions hang: under one another, or under what the tree has.
fn place(tx: &Tx, first_key: i64, added: &[Division]) -> Result<Vec<Founded>, Error> {
    let tree: &Tree = tx.tree();
    let mut founded: Vec<Founded> = Vec::with_capacity(added.len());
    let mut fresh: HashMap<(Level, &str), usize> = HashMap::with_capacity(added.len());
    for (number, division) in (first_key..).zip(added) {
        let id = FederationId(tx.op().id());
        let parent = rules::superiors(&division.code, division.level)
            .into_iter()
            .find_map(|(level, code)| {
                let known = tree.by_code(&code, Some(level));
                let known = known.map(|node| (node.id, node.path.to_string(), node.county_id, level));
                known.or_else(|| {
                    let parent = founded.get(*fresh.get(&(level, code.as_str()))?)?;
                    Some((parent.id, parent.path.clone(), parent.county_id, level))
                })
            });
        let key = rules::path_key(number).ok_or_else(|| anyhow::anyhow!("the tree has no key left"))?;
        let (parent_id, path, county_id) = match parent {
            Some((parent_id, path, county_id, level)) => {
                let county_id = if level >= Level::County { county_id } else { id };
                (Some(parent_id), path + &key, county_id)
            }
            None => (None, key, id),
        };
        fresh.insert((division.level, division.code.as_str()), founded.len());
        founded.push(Founded {
            id,
            parent_id,
            division: division.clone(),
            path,
            county_id,
        });
    }
    Ok(founded)
}

/// Writes what a list changes.
pub(super) async fn apply(tx: &mut Tx, changes: &Changes) -> Result<(), Error> {
    let keys = i64::try_from(changes.added.len()).unwrap_or(i64::MAX);
    let first_key = tx.change_tree(keys).await?;
    let founded = place(tx, first_key, &changes.added)?;
    for chunk in founded.chunks(PARAMETERS_MAX / COLUMNS) {
        let mut sql = Sql::new(
            "INSERT INTO federation (id, parent_id, level, kind, code, name, is_stand_in, path, county_id) VALUES ",
        );
        sql.rows(chunk.iter().map(|founded| -> [Value; COLUMNS] {
            let Founded {
                id,
                parent_id,
                division,
                path,
                county_id,
            } = founded;
            [
                (*id).into(),
                parent_id.map(|parent_id| parent_id.0).into(),
                division.level.to_value().into(),
                Kind::Territorial.to_value().into(),
                division.code.as_str().into(),
                division.name.as_str().into(),
                rules::is_stand_in(division.level, &division.name).into(),
                path.as_str().into(),
                (*county_id).into(),
            ]
        }));
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    for (id, name, is_stand_in) in &changes.renamed {
        let mut sql = Sql::new("UPDATE federation SET name = ");
        sql.bind(name.as_str())
            .push(", is_stand_in = ")
            .bind(*is_stand_in)
            .push(" WHERE id = ")
            .bind(*id);
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    retire(tx, &changes.retired, Some(tx.op().today())).await?;
    retire(tx, &changes.revived, None).await
}

async fn retire(tx: &Tx, ids: &[FederationId], day: Option<NaiveDate>) -> Result<(), Error> {
    for chunk in ids.chunks(PARAMETERS_MAX - 1) {
        let mut sql = Sql::new("UPDATE federation SET retired_on = ");
        sql.bind(day).push(" WHERE id IN ").list(chunk.iter().copied());
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}

/// Writes a federation that no list has.
pub(super) async fn insert(
    tx: &mut Tx,
    parent: &Node,
    level: Level,
    kind: Kind,
    name: &str,
) -> Result<(FederationId, Place), Error> {
    let number = tx.change_tree(1).await?;
    let key = rules::path_key(number).ok_or_else(|| anyhow::anyhow!("the tree has no key left"))?;
    let id = FederationId(tx.op().id());
    let path = format!("{}{key}", parent.path);
    let county_id = if parent.is_in_one_county() {
        parent.county_id
    } else {
        id
    };
    let row = federation::ActiveModel {
        id: Set(id),
        parent_id: Set(Some(parent.id)),
        level: Set(level),
        kind: Set(kind),
        code: Set(None),
        name: Set(name.to_owned()),
        is_stand_in: Set(false),
        retired_on: Set(None),
        path: Set(path.clone()),
        county_id: Set(county_id),
    };
    federation::Entity::insert(row)
        .exec_without_returning(tx.db())
        .await?;
    Ok((
        id,
        Place {
            federation_id: id,
            path,
            county_id,
        },
    ))
}

impl Readable for federation_link::Entity {
    const READ: Action = Action::ReadTree;
}

/// The extra edges of a federation, for a list.
pub(super) fn links_of(scope: &Scope, id: FederationId) -> Select<federation_link::Entity> {
    federation_link::Entity::within(scope).filter(federation_link::Column::FederationId.eq(id))
}

/// Writes an extra edge.
pub(super) async fn insert_link(tx: &Tx, link: federation_link::Model) -> Result<(), Error> {
    federation_link::Entity::insert(link.into_active_model())
        .exec_without_returning(tx.db())
        .await?;
    Ok(())
}

/// Refuses an edge of the same meaning that is already in force in the period.
pub(super) async fn refuse_overlap(
    tx: &Tx,
    scope: &Scope,
    link: &federation_link::Model,
) -> Result<(), Error> {
    use federation_link::Column;
    let mut same = federation_link::Entity::within(scope)
        .filter(Column::FederationId.eq(link.federation_id))
        .filter(Column::Kind.eq(link.kind))
        .filter(
            Condition::any()
                .add(Column::ValidTo.is_null())
                .add(Column::ValidTo.gt(link.valid_from)),
        );
    if let Some(to) = link.valid_to {
        same = same.filter(Column::ValidFrom.lt(to));
    }
    match same.one(tx.db()).await? {
        None => Ok(()),
        Some(_) => Err(conflict(
            "from",
            text("Such a link is already in force then.", "该期间已存在同类关系。"),
        )),
    }
}

/// Ends an extra edge.
pub(super) async fn end_link(tx: &Tx, id: FederationLinkId, to: NaiveDate) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE federation_link SET valid_to = ");
    sql.bind(to).push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}
