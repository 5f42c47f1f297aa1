//! Operations that move something.

use super::service;
use super::types::{
    MoveEnterprise, MoveEnterprisePayload, MoveFederation, MoveFederationPayload, MoveTradeUnion,
    MoveTradeUnionPayload,
};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::org::enterprise::types::Enterprise;
use crate::org::federation::types::federation;
use crate::org::trade_union::types::TradeUnion;
use async_graphql::{Context, Object};
use entity::org::{enterprise, trade_union};

/// Moving (隶属关系变更).
#[derive(Default)]
pub struct MoveMutation;

/// Moving (隶属关系变更).
#[Object]
impl MoveMutation {
    /// Takes an enterprise, with who covers it, to another federation from a day on. Figures before that day stay.
    async fn move_enterprise(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What goes where.")] input: MoveEnterprise,
    ) -> Result<MoveEnterprisePayload, Error> {
        let op = Op::of(context);
        let moved = match service::enterprise(op, &input).await {
            Ok(id) => op.get::<enterprise::Entity>(id.0, "id").await.map(Enterprise),
            Err(error) => Err(error),
        };
        MoveEnterprisePayload::of(moved)
    }

    /// Takes a grassroots union to another federation from a day on. Figures before that day stay.
    async fn move_trade_union(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What goes where.")] input: MoveTradeUnion,
    ) -> Result<MoveTradeUnionPayload, Error> {
        let op = Op::of(context);
        let moved = match service::trade_union(op, &input).await {
            Ok(id) => op.get::<trade_union::Entity>(id.0, "id").await.map(TradeUnion),
            Err(error) => Err(error),
        };
        MoveTradeUnionPayload::of(moved)
    }

    /// Takes a federation, with all below it and all their records, to another superior from a day on. Figures before that
    /// day stay with the old superior; so does the audit trail.
    async fn move_federation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What goes where.")] input: MoveFederation,
    ) -> Result<MoveFederationPayload, Error> {
        let op = Op::of(context);
        let moved = service::federation(op, &input).await;
        op.renew();
        MoveFederationPayload::of(moved.and_then(|id| federation(op, id)))
    }
}
