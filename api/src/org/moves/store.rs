//! Moves in the database.

use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::scope::Within;
use crate::kernel::sql::Sql;
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::tables::PLACED;
use chrono::NaiveDate;
use entity::id::EnterpriseId;
use entity::org::coverage;
use entity::org::federation::Level;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use uuid::Uuid;

/// Notes where a record stood until a day.
pub(super) async fn leave(tx: &Tx, id: Uuid, from: &Place, until: NaiveDate) -> Result<(), Error> {
    let mut sql =
        Sql::new("INSERT INTO former_place (subject_id, until, federation_id, path, county_id) VALUES ");
    sql.rows([[
        id.into(),
        until.into(),
        from.federation_id.into(),
        from.path.as_str().into(),
        from.county_id.into(),
    ]]);
    // Two moves on a day: it stood at the first of the places until then.
    sql.push(" ON CONFLICT (subject_id, until) DO NOTHING");
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// All coverages of an enterprise, wherever they are: they stand where it does.
pub(super) async fn coverages(tx: &Tx, id: EnterpriseId) -> Result<Vec<Uuid>, Error> {
    let rows = coverage::Entity::within(&tx.everywhere()).filter(coverage::Column::EnterpriseId.eq(id));
    let rows = rows.all(tx.db()).await?;
    Ok(rows.into_iter().map(|row| row.id.0).collect())
}

/// Takes the coverages of an enterprise along.
pub(super) async fn move_coverages(
    tx: &Tx,
    id: EnterpriseId,
    (to, day): (&Place, NaiveDate),
) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE coverage SET federation_id = ");
    sql.bind(to.federation_id).push(", path = ").bind(&*to.path);
    sql.push(", county_id = ")
        .bind(to.county_id)
        .push(", moved_on = ")
        .bind(day);
    sql.push(" WHERE enterprise_id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// Hangs a federation under another superior: it, all below it and all rows that hang from them get new paths.
///
/// Events and entries of the ledger keep theirs: they say where something was when it happened.
pub(super) async fn move_subtree(
    tx: &mut Tx,
    node: &Node,
    (parent, to): (&Node, &Place),
    day: NaiveDate,
) -> Result<(), Error> {
    tx.change_tree(0).await?;
    let (old, end) = (&*node.path, format!("{}~", node.path));
    let mut sql =
        Sql::new("INSERT INTO former_place (subject_id, until, federation_id, path, county_id) SELECT id, ");
    sql.push("CAST(").bind(day.to_string()).push(match tx.backend() {
        sea_orm::DbBackend::Postgres => " AS DATE)",
        _ => " AS TEXT)",
    });
    sql.push(", id, path, county_id FROM federation WHERE path >= ")
        .bind(old);
    sql.push(" AND path < ").bind(&*end);
    sql.push(" ON CONFLICT (subject_id, until) DO NOTHING");
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    let mut sql = Sql::new("UPDATE federation SET parent_id = ");
    sql.bind(parent.id).push(" WHERE id = ").bind(node.id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    let kept = PLACED.iter().filter(|table| **table != "event");
    for table in std::iter::once(&"federation").chain(kept) {
        let mut sql = Sql::new("UPDATE ");
        sql.push(table).push(" SET path = ").bind(&*to.path);
        sql.push(" || substr(path, ")
            .push(&(old.len() + 1).to_string())
            .push(")");
        // From the county up a place is its own county, and so are those below it.
        if node.level == Level::Township {
            sql.push(", county_id = ").bind(to.county_id);
        }
        sql.push(" WHERE path >= ")
            .bind(old)
            .push(" AND path < ")
            .bind(&*end);
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    Ok(())
}
