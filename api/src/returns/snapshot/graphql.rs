//! Operations on snapshots.

use super::service;
use super::types::{FigureSnapshot, FreezeFigures, FreezeFiguresPayload, snapshots_of};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::kernel::page::{Connection, Page};
use crate::org::federation::types::Federation;
use async_graphql::{Context, Object};
use entity::returns::figure_snapshot::Entity;

/// Keeping figures as they stand.
#[derive(Default)]
pub struct SnapshotMutation;

/// Keeping figures as they stand.
#[Object]
impl SnapshotMutation {
    /// Keeps the figures of a period as they stand now (数字快照), as they were reported.
    async fn freeze_figures(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which figures.")] input: FreezeFigures,
    ) -> Result<FreezeFiguresPayload, Error> {
        let op = Op::of(context);
        let kept = match service::freeze(op, &input).await {
            Ok(id) => op.get::<Entity>(id.0, "id").await.map(FigureSnapshot),
            Err(error) => Err(error),
        };
        FreezeFiguresPayload::of(kept)
    }
}

/// The snapshots of a federation.
pub struct SnapshotsOfFederation<'a>(pub &'a Federation);

/// The snapshots of a federation.
#[Object]
impl SnapshotsOfFederation<'_> {
    /// Figures of this federation and all below it as they stood (数字快照), newest first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn snapshots(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<FigureSnapshot>, Error> {
        snapshots_of(context, self.0, Page::new(first, after, last, before)?).await
    }
}
