//! Operations on the tree.

use super::types::{
    EndFederationLink, EndFederationLinkPayload, Federation, FederationLevel, FederationLink,
    FoundFederation, FoundFederationPayload, LinkFederations, LinkFederationsPayload, federation,
};
use super::{rules, service};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::DivisionCode;
use async_graphql::{Context, ID, Object};
use entity::id::FederationLinkId;
use entity::org::federation_link;

/// Reading the tree.
#[derive(Default)]
pub struct FederationQuery;

/// Reading the tree.
#[Object]
impl FederationQuery {
    /// A federation by id or by code; null unless the caller may know of it. Give exactly one of them.
    async fn federation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global id.")] id: Option<ID>,
        #[graphql(desc = "Division code.")] code: Option<DivisionCode>,
        #[graphql(desc = "Rank; only with a code. Left out, the highest federation that has the code.")]
        level: Option<FederationLevel>,
    ) -> Option<Result<Federation, Error>> {
        let op = Op::of(context);
        let tree = op.tree();
        let found = || {
            let id = match (id, code) {
                (Some(_), None) if level.is_some() => {
                    let alone = text("A level goes with a code.", "level 须与 code 一起使用。");
                    return Err(invalid("level", alone));
                }
                (Some(id), None) => Gid::parse(&id, "id")?,
                (None, Some(code)) => {
                    let code = rules::division_code(&code.0).map_err(|text| invalid("code", text))?;
                    let node = tree.by_code(&code, level.map(Into::into));
                    node.map(|node| node.id).ok_or(Error::NotFound("code".into()))?
                }
                _ => {
                    return Err(invalid(
                        "id",
                        text("Give an id or a code.", "请提供 id 或 code 之一。"),
                    ));
                }
            };
            op.known(id, "id").map(Federation)
        };
        match found() {
            Err(Error::NotFound(_)) => None,
            other => Some(other),
        }
    }
}

/// Shaping the tree.
#[derive(Default)]
pub struct FederationMutation;

async fn link(op: &Op, id: Result<FederationLinkId, Error>) -> Result<FederationLink, Error> {
    op.get::<federation_link::Entity>(id?.0, "id")
        .await
        .map(FederationLink)
}

/// Shaping the tree.
#[Object]
impl FederationMutation {
    /// Founds an industry, system, park or direct federation under another one.
    async fn found_federation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to found.")] input: FoundFederation,
    ) -> Result<FoundFederationPayload, Error> {
        let op = Op::of(context);
        let founded = service::found(op, &input).await;
        op.renew();
        FoundFederationPayload::of(founded.and_then(|id| federation(op, id)))
    }

    /// Draws a dated extra edge between federations: industry guidance or fee relation.
    async fn link_federations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to link.")] input: LinkFederations,
    ) -> Result<LinkFederationsPayload, Error> {
        let op = Op::of(context);
        LinkFederationsPayload::of(link(op, service::link(op, &input).await).await)
    }

    /// Ends an extra edge.
    async fn end_federation_link(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to end.")] input: EndFederationLink,
    ) -> Result<EndFederationLinkPayload, Error> {
        let op = Op::of(context);
        EndFederationLinkPayload::of(link(op, service::end_link(op, &input).await).await)
    }
}
