//! Founding federations that no list has, and linking federations.

use super::types::{EndFederationLink, FoundFederation, LinkFederations};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Faults, text};
use crate::kernel::event::Place;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::policy::Action;
use entity::id::{FederationId, FederationLinkId};
use entity::org::federation::Kind;
use entity::org::federation_link;

/// Founds an industry, system, park or direct federation under another one; refused unless its level is lower.
pub(super) async fn found(op: &Op, input: &FoundFederation) -> Result<FederationId, Error> {
    let digest = op.app().digest("foundFederation", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |mut tx| async move {
        let parent = tx.authorize(
            Action::ShapeTree,
            Gid::parse(&input.parent_id, "parentId")?,
            "parentId",
        )?;
        let name = input.name.trim();
        let mut faults = Faults::default();
        faults.take("level", rules::may_hang(input.level.into(), parent.level));
        let named = (2..=100).contains(&name.chars().count());
        faults.unless(
            named,
            "name",
            text("From 2 to 100 characters.", "名称长度应为 2 至 100 个字符。"),
        );
        let listed = Kind::from(input.kind) == Kind::Territorial;
        let from_list = text(
            "Territorial federations come from the division list.",
            "地方总工会来自行政区划表。",
        );
        faults.unless(!listed, "kind", from_list);
        faults.refuse()?;
        let (id, place) =
            store::insert(&mut tx, &parent, input.level.into(), input.kind.into(), name).await?;
        tx.commit(Event::FederationFounded(id, place), id).await
    })
    .await
}

/// Draws a dated extra edge; refused while another of the same meaning is in force.
pub(super) async fn link(op: &Op, input: &LinkFederations) -> Result<FederationLinkId, Error> {
    let digest = op.app().digest("linkFederations", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let lower = tx.authorize(
            Action::ShapeTree,
            Gid::parse(&input.federation_id, "federationId")?,
            "federationId",
        )?;
        let upper = tx.authorize(
            Action::ReadTree,
            Gid::parse(&input.superior_id, "superiorId")?,
            "superiorId",
        );
        // An edge may lead to a federation above one's own scope: knowing it is enough.
        let upper = match upper {
            Ok(node) => node.id,
            Err(Error::Forbidden) => Gid::parse(&input.superior_id, "superiorId")?,
            Err(error) => return Err(error),
        };
        let mut faults = Faults::default();
        let itself = text("A federation is not linked to itself.", "不能与自身建立关系。");
        faults.unless(lower.id != upper, "superiorId", itself);
        let to = input.to.map(|date| date.0);
        faults.take("to", rules::check_period(input.from.0, to));
        faults.refuse()?;
        let link = federation_link::Model {
            id: FederationLinkId(op.id()),
            federation_id: lower.id,
            superior_id: upper,
            kind: input.kind.into(),
            valid_from: input.from.0,
            valid_to: to,
            path: lower.path.to_string(),
            county_id: lower.county_id,
        };
        store::refuse_overlap(&tx, &tx.scope(Action::ReadTree), &link).await?;
        let id = link.id;
        store::insert_link(&tx, link).await?;
        tx.commit(Event::FederationsLinked(id, Place::from(&*lower)), id)
            .await
    })
    .await
}

/// Ends an extra edge on a day; the same day again changes nothing.
pub(super) async fn end_link(op: &Op, input: &EndFederationLink) -> Result<FederationLinkId, Error> {
    op.write(|tx| async move {
        let id: FederationLinkId = Gid::parse(&input.id, "id")?;
        let link = tx
            .authorize_row::<federation_link::Entity>(Action::ShapeTree, id, "id")
            .await?;
        if link.valid_to == Some(input.to.0) {
            return Ok(tx.unchanged(id));
        }
        let mut faults = Faults::default();
        faults.take("to", rules::check_period(link.valid_from, Some(input.to.0)));
        faults.refuse()?;
        store::end_link(&tx, id, input.to.0).await?;
        tx.commit(Event::FederationLinkEnded(id, link.place()), id).await
    })
    .await
}
