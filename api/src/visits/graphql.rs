//! Operations on visits.

use super::service;
use super::types::{
    CorrectVisit, CorrectVisitPayload, RecordVisit, RecordVisitPayload, Visit, VisitRecorded, VoidVisit,
    VoidVisitPayload,
};
use crate::kernel::error::Error;
use crate::kernel::feed::{self, Interest};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::policy::Action;
use async_graphql::futures_util::{Stream, StreamExt};
use async_graphql::{Context, ID, Object, Subscription};
use entity::id::VisitId;
use entity::visits::visit::Entity;

/// Recording and correcting visits.
#[derive(Default)]
pub struct VisitMutation;

async fn written(op: &Op, id: Result<VisitId, Error>) -> Result<Visit, Error> {
    op.get::<Entity>(id?.0, "id").await.map(Visit)
}

/// Recording and correcting visits.
#[Object]
impl VisitMutation {
    /// Records a field visit under the phone's own id; sending it again is harmless.
    async fn record_visit(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to record.")] input: RecordVisit,
    ) -> Result<RecordVisitPayload, Error> {
        let op = Op::of(context);
        RecordVisitPayload::of(written(op, service::record(op, &input).await).await)
    }

    /// Corrects a field visit; the figures follow.
    async fn correct_visit(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to correct.")] input: CorrectVisit,
    ) -> Result<CorrectVisitPayload, Error> {
        let op = Op::of(context);
        let id = match VisitId::parse(&input.id, "id") {
            Ok(id) => id,
            Err(error) => return CorrectVisitPayload::of(Err(error)),
        };
        let done = service::correct(op, id, &input).await;
        let is_conflict = matches!(done, Err(Error::Conflict(_)));
        let mut payload = CorrectVisitPayload::of(written(op, done).await)?;
        if is_conflict {
            payload.visit = op.find::<Entity>(id.0).await?.map(Visit);
        }
        Ok(payload)
    }

    /// Voids a field visit (作废) that never was, or was recorded twice: it counts no more, and stays readable. GONE if it was
    /// voided before.
    async fn void_visit(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: VoidVisit,
    ) -> Result<VoidVisitPayload, Error> {
        let op = Op::of(context);
        let done = match VisitId::parse(&input.id, "id") {
            Ok(id) => service::void(op, id, &input).await,
            Err(error) => Err(error),
        };
        VoidVisitPayload::of(written(op, done).await)
    }
}

/// Visits as they come in.
#[derive(Default)]
pub struct VisitSubscription;

/// Visits as they come in.
#[Subscription]
impl VisitSubscription {
    /// Each visit recorded in a federation and all below it. With `after` nothing is lost over a reconnect.
    async fn visit_recorded(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Where.")] federation_id: ID,
        #[graphql(desc = "The last cursor seen; left out, only what happens from now on.")] after: Option<
            String,
        >,
    ) -> Result<impl Stream<Item = Result<VisitRecorded, Error>>, Error> {
        let op = Op::of(context).clone();
        let node = op.known(Gid::parse(&federation_id, "federationId")?, "federationId")?;
        let scope = op.scope_within(Action::ReadVisits, &node)?;
        let interest = Interest {
            kinds: &["VISIT_RECORDED"],
            subject_id: None,
            scope,
        };
        let after = feed::read_cursor(&op, after.as_deref()).await?;
        let events = feed::subscribe(&op, after, interest);
        Ok(events.filter_map(move |event| {
            let op = op.clone();
            async move {
                let link = match event {
                    Ok(link) => link,
                    Err(error) => return Some(Err(error)),
                };
                // The message is of this moment, not of the one in which the caller subscribed.
                op.renew();
                let cursor = link.seq.unwrap_or_default().to_string();
                match op.find::<Entity>(link.subject_id).await {
                    Ok(visit) => visit.map(|visit| {
                        Ok(VisitRecorded {
                            visit: Visit(visit),
                            cursor,
                        })
                    }),
                    Err(error) => Some(Err(error)),
                }
            }
        }))
    }
}
