//! Transfers in the database.

use super::rules::DAYS;
use crate::kernel::error::Error;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::scope::{Readable, Scope, Within, parts_of};
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{FederationId, MemberTransferId, MembershipId, TradeUnionId};
use entity::members::member_transfer::{Column, Entity, Model, TransferState};
use entity::members::{membership, transfer_deadline};
use entity::org::trade_union;
use entity::people::person;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, Select};

impl Readable for Entity {
    const READ: Action = Action::ReadMembers;
}

/// The transfers that wait for unions in a scope, for a list; of these only those that went up, or that did not.
pub(super) fn waiting(scope: &Scope, is_escalated: Option<bool>, today: NaiveDate) -> Select<Entity> {
    let rows = Entity::within(scope).filter(Column::State.eq(TransferState::Waiting));
    match is_escalated {
        None => rows,
        Some(true) => rows.filter(Column::EscalatesOn.lte(today)),
        Some(false) => rows.filter(Column::EscalatesOn.gt(today)),
    }
}

/// A union anywhere in the country: a member may go to any.
pub(super) async fn find_union(tx: &Tx, id: TradeUnionId) -> Result<trade_union::Model, Error> {
    let rows = trade_union::Entity::within(&tx.everywhere()).filter(trade_union::Column::Id.eq(id));
    let found = rows.one(tx.db()).await?;
    found.ok_or(Error::NotFound("tradeUnionId".into()))
}

/// The membership that a transfer which the caller may decide on ends.
pub(super) async fn leaving(tx: &Tx, id: MembershipId) -> Result<membership::Model, Error> {
    let rows = membership::Entity::within(&tx.everywhere()).filter(membership::Column::Id.eq(id));
    let found = rows.one(tx.db()).await?;
    found.ok_or_else(|| anyhow::anyhow!("no membership {id}").into())
}

/// Ends a transfer that waits, because its member is no more.
pub(crate) async fn cancel(tx: &Tx, id: MembershipId, today: NaiveDate) -> Result<(), Error> {
    let mut sql =
        Sql::new("UPDATE member_transfer SET state = 'CANCELLED', version = version + 1, decided_on = ");
    sql.bind(today)
        .push(" WHERE state = 'WAITING' AND membership_id = ");
    sql.bind(id);
    tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(())
}

/// How long transfers may wait, as these federations say from a day on: the lowest of them that says anything.
async fn days(db: &impl ConnectionTrait, ids: Vec<FederationId>, day: NaiveDate) -> Result<i32, Error> {
    let mut sql = Sql::new("SELECT days FROM transfer_deadline WHERE federation_id IN ");
    sql.list(ids).push(" AND valid_from <= ").bind(day);
    sql.push(" ORDER BY length(path) DESC, valid_from DESC LIMIT 1");
    let row = db.query_one_raw(sql.on(db.get_database_backend())).await?;
    let days = row.map(|row| row.try_get("", "days")).transpose()?;
    Ok(days.unwrap_or(DAYS))
}

/// How long a transfer to a union of a federation may wait.
pub(super) async fn days_at(tx: &Tx, id: FederationId) -> Result<i32, Error> {
    let above: Vec<FederationId> = tx.tree().ancestors_of(id).chain([id]).collect();
    days(tx.db(), above, tx.op().today()).await
}

/// What a federation that the caller may speak for has said from a day on.
pub(super) async fn set_from(
    tx: &Tx,
    id: FederationId,
    day: NaiveDate,
) -> Result<Option<transfer_deadline::Model>, Error> {
    use transfer_deadline::Column;
    let rows = transfer_deadline::Entity::within(&tx.scope(Action::AdmitMembers));
    let rows = rows
        .filter(Column::FederationId.eq(id))
        .filter(Column::ValidFrom.eq(day));
    Ok(rows.one(tx.db()).await?)
}

/// The loader of how long transfers to unions of federations that the caller knows may wait today.
pub(super) struct DaysAt;

impl Batch for DaysAt {
    type Key = FederationId;
    type Value = i32;

    async fn load(op: Op, keys: Vec<FederationId>) -> Result<Vec<i32>, Error> {
        let tree = op.tree();
        let mut found = Vec::with_capacity(keys.len());
        let mut ids: Vec<FederationId> = keys.clone();
        ids.extend(keys.iter().flat_map(|id| tree.ancestors_of(*id)));
        ids.sort();
        ids.dedup();
        let rows = parts_of::<transfer_deadline::Entity>(transfer_deadline::Column::FederationId, ids)
            .filter(transfer_deadline::Column::ValidFrom.lte(op.today()))
            .all(op.app().db.reader())
            .await?;
        for key in keys {
            let path = tree
                .get(key)
                .map(|node| node.path.to_string())
                .unwrap_or_default();
            let own = rows.iter().filter(|row| path.starts_with(&row.path));
            let nearest = own.max_by_key(|row| (row.path.len(), row.valid_from));
            found.push(nearest.map_or(DAYS, |row| row.days));
        }
        Ok(found)
    }
}

/// Who leaves which union.
#[derive(Clone)]
pub(super) struct Departure {
    /// The membership that ends.
    pub(super) membership: membership::Model,
    /// Who.
    pub(super) person: person::Model,
    /// Which union.
    pub(super) union: trade_union::Model,
}

/// The loader of who leaves which union by transfers that the caller sees: the other side has to know whom it takes in.
pub(super) struct Departures;

impl Batch for Departures {
    type Key = MembershipId;
    type Value = Option<Departure>;

    async fn load(op: Op, keys: Vec<MembershipId>) -> Result<Vec<Option<Departure>>, Error> {
        let db = op.app().db.reader();
        let memberships = parts_of::<membership::Entity>(membership::Column::Id, keys.clone());
        let memberships = memberships.all(db).await?;
        let ids = memberships.iter().map(|row| row.person_id).collect();
        let people = parts_of::<person::Entity>(person::Column::Id, ids)
            .all(db)
            .await?;
        let ids = memberships.iter().map(|row| row.trade_union_id).collect();
        let unions = parts_of::<trade_union::Entity>(trade_union::Column::Id, ids);
        let unions = unions.all(db).await?;
        let departure = |key: &MembershipId| {
            let membership = memberships.iter().find(|row| row.id == *key)?;
            let person = people.iter().find(|row| row.id == membership.person_id)?;
            let union = unions.iter().find(|row| row.id == membership.trade_union_id)?;
            Some(Departure {
                membership: membership.clone(),
                person: person.clone(),
                union: union.clone(),
            })
        };
        Ok(keys.iter().map(departure).collect())
    }
}

/// The loader of the names of unions that transfers lead to which the caller sees.
pub(super) struct UnionNames;

impl Batch for UnionNames {
    type Key = TradeUnionId;
    type Value = String;

    async fn load(op: Op, keys: Vec<TradeUnionId>) -> Result<Vec<String>, Error> {
        let rows = parts_of::<trade_union::Entity>(trade_union::Column::Id, keys.clone());
        let rows = rows.all(op.app().db.reader()).await?;
        let name = |key: &TradeUnionId| rows.iter().find(|row| row.id == *key).map(|row| row.name.clone());
        Ok(keys.iter().map(|key| name(key).unwrap_or_default()).collect())
    }
}

/// The loader of transfers that the caller has submitted.
pub(super) struct Submitted;

impl Batch for Submitted {
    type Key = MemberTransferId;
    type Value = Option<Model>;

    async fn load(op: Op, keys: Vec<MemberTransferId>) -> Result<Vec<Option<Model>>, Error> {
        let rows = parts_of::<Entity>(Column::Id, keys.clone());
        let rows = rows.all(op.app().db.reader()).await?;
        let of = |key: &MemberTransferId| rows.iter().find(|row| row.id == *key).cloned();
        Ok(keys.iter().map(of).collect())
    }
}

/// The loader of the transfers that wait of memberships that the caller sees.
pub(crate) struct WaitingOf;

impl Batch for WaitingOf {
    type Key = MembershipId;
    type Value = Option<Model>;

    async fn load(op: Op, keys: Vec<MembershipId>) -> Result<Vec<Option<Model>>, Error> {
        let rows = parts_of::<Entity>(Column::MembershipId, keys.clone());
        let rows = rows.filter(Column::State.eq(TransferState::Waiting));
        let rows = rows.all(op.app().db.reader()).await?;
        let of = |key: &MembershipId| rows.iter().find(|row| row.membership_id == *key).cloned();
        Ok(keys.iter().map(of).collect())
    }
}
