//! Memberships in the database.

use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::gid::Gid;
use crate::kernel::ledger::{Recorded, counted_on};
use crate::kernel::loader::{Batch, grouped};
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::metrics::MetricId;
use crate::policy::Action;
use entity::id::{MembershipId, PersonId, TradeUnionId};
use entity::members::membership::{Column, Entity, Model, State};
use entity::members::membership_change as change;
use entity::org::trade_union;
use entity::people::person;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadMembers;
}

/// Of whom somebody is a member at a time.
const OPEN: [State; 3] = [State::Active, State::Transferring, State::Retained];

/// The memberships in a state that a scope reaches, for a list.
pub(super) fn rows(scope: &Scope, state: State) -> Select<Entity> {
    Entity::within(scope).filter(Column::State.eq(state))
}

/// Those of one union.
pub(super) fn rows_of_union(scope: &Scope, id: TradeUnionId, state: State) -> Select<Entity> {
    rows(scope, state).filter(Column::TradeUnionId.eq(id))
}

/// Those of one person, in any state.
pub(super) fn rows_of_person(scope: &Scope, id: PersonId) -> Select<Entity> {
    Entity::within(scope).filter(Column::PersonId.eq(id))
}

/// All memberships of a person, wherever they are: somebody is a member of one union at a time.
pub(crate) async fn of_person(tx: &Tx, id: PersonId) -> Result<Vec<Model>, Error> {
    Ok(rows_of_person(&tx.everywhere(), id).all(tx.db()).await?)
}

/// Whether somebody is a member by this membership.
pub(crate) fn is_open(membership: &Model) -> bool {
    OPEN.contains(&membership.state)
}

/// The union of a membership that the caller may change.
pub(crate) async fn union_of(tx: &Tx, id: TradeUnionId) -> Result<trade_union::Model, Error> {
    let rows = trade_union::Entity::within(&tx.everywhere()).filter(trade_union::Column::Id.eq(id));
    let found = rows.one(tx.db()).await?;
    found.ok_or_else(|| anyhow::anyhow!("no trade union {id}").into())
}

/// The person of a membership that the caller may change.
pub(crate) async fn person_of(tx: &Tx, id: PersonId) -> Result<person::Model, Error> {
    let rows = person::Entity::within(&tx.everywhere()).filter(person::Column::Id.eq(id));
    let found = rows.one(tx.db()).await?;
    found.ok_or_else(|| anyhow::anyhow!("no person {id}").into())
}

/// Hands the data of a person to another federation.
pub(crate) async fn hand_over(tx: &Tx, id: PersonId, to: &Place) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE person SET federation_id = ");
    sql.bind(to.federation_id).push(", path = ").bind(&*to.path);
    sql.push(", county_id = ").bind(to.county_id);
    sql.push(" WHERE id = ").bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// The loader of what happened to memberships that the caller sees, in its order.
pub(super) struct ChangesOf;

impl Batch for ChangesOf {
    type Key = MembershipId;
    type Value = Vec<change::Model>;

    async fn load(op: Op, keys: Vec<MembershipId>) -> Result<Vec<Vec<change::Model>>, Error> {
        let rows = parts_of::<change::Entity>(change::Column::MembershipId, keys.clone())
            .order_by_asc(change::Column::Version)
            .all(op.app().db.reader())
            .await?;
        Ok(grouped(&keys, rows, |row| row.membership_id))
    }
}

/// What the ledger must hold of each membership.
pub(crate) fn recorded() -> Recorded {
    let parts = [
        "''",
        "'SEX:' || sex",
        "'MIGRANT:' || CASE WHEN is_migrant_worker THEN 'YES' ELSE 'NO' END",
        "'EMPLOYMENT:' || employment_group",
        "'FORM:' || (SELECT form FROM trade_union WHERE id = trade_union_id)",
        "'HOST:' || (SELECT host_kind FROM trade_union WHERE id = trade_union_id)",
        "'WORKER_GROUP:' || (SELECT worker_group FROM trade_union WHERE id = trade_union_id)",
    ];
    const JOINED: &str = "state NOT IN ('APPLIED', 'REJECTED')";
    const LEFT: &str = "left_on IS NOT NULL";
    let counted = |metric: &str, (day, amount): (&str, i8), which: &str| -> Vec<String> {
        let place = match metric {
            "members_net_added" | "members_recruited" => counted_on("trade_union_id", day),
            _ => "federation_id".to_owned(),
        };
        let part = |part: &&str| {
            format!(
                "SELECT id AS source_id, {place} AS federation_id, {day} AS day, '{metric}' AS metric, {part} AS dimension, \
                 {amount} AS amount FROM membership WHERE {which}"
            )
        };
        parts.iter().map(part).collect()
    };
    let joined = ("began_on", 1);
    let left = ("left_on", -1);
    let recruited = format!("{JOINED} AND came_by = 'JOINING'");
    let sql = [
        counted("members", joined, JOINED),
        counted("members", left, LEFT),
        counted("members_net_added", joined, JOINED),
        counted("members_net_added", left, LEFT),
        counted("members_enrolled", joined, JOINED),
        counted("members_enrolled", left, "state IN ('TRANSFERRED', 'DECEASED')"),
        counted("members_recruited", joined, &recruited),
    ];
    Recorded {
        metrics: &[
            MetricId::MEMBERS,
            MetricId::MEMBERS_NET_ADDED,
            MetricId::MEMBERS_ENROLLED,
            MetricId::MEMBERS_RECRUITED,
        ],
        table: "membership",
        tag: MembershipId::TAG,
        read: Entity::READ,
        sql: sql.concat().join(" UNION ALL "),
        has_days: true,
        has_qualifiers: false,
    }
}

/// Members that stand elsewhere than their unions: none should.
pub(crate) const MISPLACED: &str = "\
SELECT membership.id FROM membership JOIN trade_union ON trade_union.id = membership.trade_union_id
WHERE membership.federation_id <> trade_union.federation_id OR membership.path <> trade_union.path
    OR COALESCE(CAST(membership.moved_on AS TEXT), '') <> COALESCE(CAST(trade_union.moved_on AS TEXT), '') LIMIT 1";
