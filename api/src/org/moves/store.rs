//! Moves in the database.

use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::scope::Within;
use crate::kernel::sql::{PARAMETERS_MAX, Sql};
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::tables::{FOLLOWERS, PLACED};
use chrono::NaiveDate;
use entity::id::{EnterpriseId, TradeUnionId};
use entity::org::coverage;
use entity::org::federation::Level;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, Value};
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

/// Takes along what follows a grassroots union, and the data of its members that its superior holds.
pub(super) async fn move_followers(
    tx: &Tx,
    id: TradeUnionId,
    (from, to): (&Place, &Place),
    day: NaiveDate,
) -> Result<(), Error> {
    let placed = |table: &str| {
        let mut sql = Sql::new(&format!("UPDATE {table} SET federation_id = "));
        sql.bind(to.federation_id).push(", path = ").bind(&*to.path);
        sql.push(", county_id = ").bind(to.county_id);
        sql
    };
    for follower in &FOLLOWERS {
        let mut sql = placed(follower.table);
        if follower.is_counted {
            sql.push(", moved_on = ").bind(day);
        }
        sql.push(&format!(" WHERE {} = ", follower.column)).bind(id);
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    let mut sql = placed("person");
    sql.push(" WHERE federation_id = ").bind(from.federation_id);
    sql.push(" AND id IN (SELECT person_id FROM membership WHERE trade_union_id = ")
        .bind(id);
    sql.push(" AND state IN ('APPLIED', 'ACTIVE', 'TRANSFERRING', 'RETAINED'))");
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// The last day on which something left a place or a place below it.
pub(super) async fn last_departure(tx: &Tx, path: &str) -> Result<Option<NaiveDate>, Error> {
    let mut sql = Sql::new("SELECT until FROM former_place WHERE path >= ");
    sql.bind(path).push(" AND path < ").bind(format!("{path}~"));
    sql.push(" ORDER BY until DESC LIMIT 1");
    let row = tx.db().query_one_raw(sql.on(tx.backend())).await?;
    Ok(row.map(|row| row.try_get("", "until")).transpose()?)
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
    let tree = tx.tree().clone();
    let nodes: Vec<&Node> = std::iter::once(node).chain(tree.below(node)).collect();
    for chunk in nodes.chunks(PARAMETERS_MAX / 5) {
        let mut sql =
            Sql::new("INSERT INTO former_place (subject_id, until, federation_id, path, county_id) VALUES ");
        sql.rows(chunk.iter().map(|node| -> [Value; 5] {
            [
                node.id.into(),
                day.into(),
                node.id.into(),
                node.path.to_string().into(),
                node.county_id.into(),
            ]
        }));
        // Two moves on a day: it stood at the first of the places until then.
        sql.push(" ON CONFLICT (subject_id, until) DO NOTHING");
        tx.db().execute_raw(sql.on(tx.backend())).await?;
    }
    let mut sql = Sql::new("UPDATE federation SET parent_id = ");
    sql.bind(parent.id).push(" WHERE id = ").bind(node.id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    let kept = PLACED.iter().filter(|table| **table != "event");
    for (table, key) in
        std::iter::once(("federation", "id")).chain(kept.map(|table| (*table, "federation_id")))
    {
        for chunk in nodes.chunks(PARAMETERS_MAX) {
            let mut sql = Sql::new("UPDATE ");
            sql.push(table).push(" SET path = ").bind(&*to.path);
            sql.push(&format!(" || substr(path, {})", node.path.len() + 1));
            // From the county up a place is its own county, and so are those below it.
            if node.level == Level::Township {
                sql.push(", county_id = ").bind(to.county_id);
            }
            sql.push(" WHERE ")
                .push(key)
                .push(" IN ")
                .list(chunk.iter().map(|node| node.id));
            tx.db().execute_raw(sql.on(tx.backend())).await?;
        }
    }
    Ok(())
}
