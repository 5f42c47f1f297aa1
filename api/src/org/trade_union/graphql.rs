//! Operations on grassroots unions.

use super::service;
use super::types::{
    CoverEnterprise, CoverEnterprisePayload, Coverage, EndCoverage, EndCoveragePayload, FoundTradeUnion,
    FoundTradeUnionPayload, TradeUnion,
};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};
use entity::id::CoverageId;
use entity::org::{coverage, trade_union};

/// Founding grassroots unions and saying whom they cover.
#[derive(Default)]
pub struct TradeUnionMutation;

async fn covered(op: &Op, id: Result<CoverageId, Error>) -> Result<Coverage, Error> {
    op.get::<coverage::Entity>(id?.0, "id").await.map(Coverage)
}

/// Founding grassroots unions and saying whom they cover.
#[Object]
impl TradeUnionMutation {
    /// Founds a grassroots union (建会) under a federation.
    async fn found_trade_union(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to found.")] input: FoundTradeUnion,
    ) -> Result<FoundTradeUnionPayload, Error> {
        let op = Op::of(context);
        let union = match service::found(op, &input).await {
            Ok(id) => op.get::<trade_union::Entity>(id.0, "id").await.map(TradeUnion),
            Err(error) => Err(error),
        };
        FoundTradeUnionPayload::of(union)
    }

    /// Lets a trade union cover an enterprise from a day. Another union's coverage must have ended by then.
    async fn cover_enterprise(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who covers whom.")] input: CoverEnterprise,
    ) -> Result<CoverEnterprisePayload, Error> {
        let op = Op::of(context);
        CoverEnterprisePayload::of(covered(op, service::cover(op, &input).await).await)
    }

    /// Ends a coverage.
    async fn end_coverage(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to end.")] input: EndCoverage,
    ) -> Result<EndCoveragePayload, Error> {
        let op = Op::of(context);
        EndCoveragePayload::of(covered(op, service::end_coverage(op, &input).await).await)
    }
}
