//! Moving enterprises, grassroots unions and federations.

use super::types::{MoveEnterprise, MoveFederation, MoveTradeUnion};
use super::{Moved, Mover, rules, store};
use crate::kernel::error::{Error, Faults, conflict, invalid, text};
use crate::kernel::event::{Carry, Place};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::org::federation::rules::may_hang;
use crate::policy::Action;
use crate::scalars::Date;
use chrono::NaiveDate;
use entity::id::{EnterpriseId, FederationId, TradeUnionId};
use entity::org::{enterprise, trade_union};
use uuid::Uuid;

fn stale() -> Error {
    let stale = text("Somebody changed it meanwhile.", "该记录已被他人修改。");
    conflict("expectedVersion", stale)
}

fn there_already(field: &'static str) -> Error {
    invalid(field, text("It is there already.", "已在该工会下。"))
}

/// Where a record goes and when, checked; and why.
fn checked(
    tx: &Tx,
    action: Action,
    from: &Place,
    asked: (FederationId, Option<Date>, &str),
    (began_on, moved_on): (NaiveDate, Option<NaiveDate>),
) -> Result<(Place, NaiveDate, String), Error> {
    let (to, on, reason) = asked;
    let to = tx.authorize(action, to, "federationId")?;
    if to.id == from.federation_id {
        return Err(there_already("federationId"));
    }
    let mut faults = Faults::default();
    let day = on.map_or(tx.op().today(), |date| date.0);
    let places = [from.federation_id, to.id].into_iter();
    let theirs = places
        .flat_map(|id| tx.tree().former(id))
        .map(|former| former.until);
    let earlier = theirs.chain([began_on]).chain(moved_on);
    rules::check_day(&mut faults, day, tx.op().today(), earlier);
    let reason = faults.take("reason", rules::reason(reason));
    faults.refuse()?;
    Ok((Place::from(&*to), day, reason.unwrap_or_default()))
}

/// Takes an enterprise to another federation, with who covers it.
pub(super) async fn enterprise(op: &Op, input: &MoveEnterprise) -> Result<EnterpriseId, Error> {
    let digest = op.app().digest("moveEnterprise", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let action = Action::RegisterEnterprises;
        let id: EnterpriseId = Gid::parse(&input.id, "id")?;
        let before = tx
            .authorize_row::<enterprise::Entity>(action, id, "id")
            .await?
            .into_inner();
        if before.version != input.expected_version {
            return Err(stale());
        }
        let from = before.place();
        let to = Gid::parse(&input.federation_id, "federationId")?;
        let asked = (to, input.on, &*input.reason);
        let since = (before.registered_on, before.moved_on);
        let (to, day, reason) = checked(&tx, action, &from, asked, since)?;
        let coverages = store::coverages(&tx, id).await?;
        store::leave(&tx, id.0, &from, day).await?;
        store::move_coverages(&tx, id, (&to, day)).await?;
        tx.update(enterprise::Model {
            federation_id: to.federation_id,
            path: to.path.clone(),
            county_id: to.county_id,
            moved_on: Some(day),
            version: before.version + 1,
            updated_at: op.now(),
            ..before
        })
        .await?;
        let sources = std::iter::once(id.0).chain(coverages).collect();
        let carry = Carry {
            sources: Some(sources),
            followed: None,
            from,
            to,
            day,
        };
        commit(tx, (Mover::Enterprise, id), (carry, reason)).await
    })
    .await
}

/// Takes a grassroots union to another federation.
pub(super) async fn trade_union(op: &Op, input: &MoveTradeUnion) -> Result<TradeUnionId, Error> {
    let digest = op.app().digest("moveTradeUnion", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let action = Action::FoundTradeUnions;
        let id: TradeUnionId = Gid::parse(&input.id, "id")?;
        let before = tx
            .authorize_row::<trade_union::Entity>(action, id, "id")
            .await?
            .into_inner();
        if before.version != input.expected_version {
            return Err(stale());
        }
        let from = before.place();
        let to = Gid::parse(&input.federation_id, "federationId")?;
        let asked = (to, input.on, &*input.reason);
        let since = (before.founded_on, before.moved_on);
        let (to, day, reason) = checked(&tx, action, &from, asked, since)?;
        store::leave(&tx, id.0, &from, day).await?;
        store::move_followers(&tx, id, (&from, &to), day).await?;
        tx.update(trade_union::Model {
            federation_id: to.federation_id,
            path: to.path.clone(),
            county_id: to.county_id,
            moved_on: Some(day),
            version: before.version + 1,
            updated_at: op.now(),
            ..before
        })
        .await?;
        let carry = Carry {
            sources: Some(vec![id.0]),
            followed: Some(id.0),
            from,
            to,
            day,
        };
        commit(tx, (Mover::TradeUnion, id), (carry, reason)).await
    })
    .await
}

async fn commit<I: Into<Uuid> + Copy>(
    tx: Tx,
    (mover, id): (Mover, I),
    (carry, reason): (Carry, String),
) -> Result<crate::kernel::tx::Committed<I>, Error> {
    let moved = Moved {
        mover,
        id: id.into(),
        carry,
        reason,
    };
    tx.commit(moved, id).await
}

/// Where a federation goes, if it may.
fn new_place(node: &Node, parent: &Node) -> Result<Place, Error> {
    may_hang(node.level, parent.level).map_err(|text| invalid("parentId", text))?;
    if node.parent_id == Some(parent.id) {
        return Err(there_already("parentId"));
    }
    let key = crate::kernel::tree::key_of(&node.path);
    let county_id = if parent.is_in_one_county() {
        parent.county_id
    } else {
        node.id
    };
    Ok(Place {
        federation_id: node.id,
        path: format!("{}{key}", parent.path),
        county_id,
    })
}

/// Takes a federation to another superior, with all below it and all their records.
pub(super) async fn federation(op: &Op, input: &MoveFederation) -> Result<FederationId, Error> {
    let digest = op.app().digest("moveFederation", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |mut tx| async move {
        let action = Action::ShapeTree;
        let node = tx.authorize(action, Gid::parse(&input.id, "id")?, "id")?;
        let parent = tx.authorize(action, Gid::parse(&input.parent_id, "parentId")?, "parentId")?;
        // One who leads the federation alone cannot take it away from its superior.
        let superior = node.parent_id.ok_or(Error::Forbidden)?;
        // The superior may be gone from the list: that is why its federations go elsewhere.
        let above = tx
            .tree()
            .get(superior)
            .filter(|above| tx.scope(action).holds(&above.path));
        above.ok_or(Error::Forbidden)?;
        let to = new_place(&node, &parent)?;
        let mut faults = Faults::default();
        let day = input.on.map_or(op.today(), |date| date.0);
        let tree = tx.tree();
        let subtree = tree.below(&node).iter().map(|node| node.id).chain([node.id]);
        let own = subtree.flat_map(|id| tree.former(id));
        // It stands at one place on a day.
        let own = own.filter_map(|former| former.until.succ_opt());
        let places = [parent.id, superior].into_iter();
        let theirs = places.flat_map(|id| tree.former(id)).map(|former| former.until);
        let theirs: Vec<NaiveDate> = theirs.chain(own).collect();
        // What left it stood elsewhere from its day on, and stays where it is.
        let left = store::last_departure(&tx, &node.path).await?;
        rules::check_day(&mut faults, day, op.today(), theirs.into_iter().chain(left));
        let reason = faults.take("reason", rules::reason(&input.reason));
        faults.refuse()?;
        let from = Place::from(&*node);
        store::move_subtree(&mut tx, &node, (&parent, &to), day).await?;
        let carry = Carry {
            sources: None,
            followed: None,
            from,
            to,
            day,
        };
        commit(
            tx,
            (Mover::Federation, node.id),
            (carry, reason.unwrap_or_default()),
        )
        .await
    })
    .await
}
