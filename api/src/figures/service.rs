//! Figures as they move.

use super::rules::Asked;
use super::types::{Figure, figures_of};
use crate::kernel::clock::seconds_of_day_left;
use crate::kernel::error::Error;
use crate::kernel::feed;
use crate::kernel::ledger::Amount;
use crate::kernel::op::Op;
use crate::kernel::tree::Node;
use crate::metrics::MetricId;
use entity::id::FederationId;
use futures_util::future::FutureExt;
use futures_util::stream::{Stream, StreamExt, unfold};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// A caller hears of a change at most so often: a dashboard that moves is read by people.
const EVERY: Duration = Duration::from_secs(1);

type Ticks = Pin<Box<dyn Stream<Item = Result<(), Error>> + Send>>;

struct Watch {
    op: Op,
    federation_id: FederationId,
    metrics: Arc<[MetricId]>,
    ticks: Ticks,
    told: Option<(Instant, Vec<Amount>)>,
}

/// Figures of a federation as of today: at once, and again whenever one of them, or how exact it is, has changed.
pub(super) async fn watch(
    op: &Op,
    at: &Node,
    metrics: Vec<MetricId>,
) -> Result<impl Stream<Item = Result<Vec<Figure>, Error>> + Send + use<>, Error> {
    let federation_id = at.id;
    // Before the first figures are read: what happens in between is heard.
    let ticks = feed::changes_around(op, federation_id).await?;
    let watch = Watch {
        op: op.clone(),
        federation_id,
        metrics: metrics.into(),
        ticks: Box::pin(ticks),
        told: None,
    };
    Ok(unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        match watch.next().await {
            Ok(Some(figures)) => Some((Ok(figures), Some(watch))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }))
}

impl Watch {
    async fn next(&mut self) -> Result<Option<Vec<Figure>>, Error> {
        loop {
            if let Some((told_at, _)) = &self.told {
                let day_left = Duration::from_secs(seconds_of_day_left(self.op.now()));
                // With a new day begins a new question: a flow as of today may begin with the year.
                match timeout_at(*told_at + day_left, self.ticks.next()).await {
                    Ok(None) => return Ok(None),
                    Ok(Some(tick)) => tick?,
                    Err(_) => {}
                }
                sleep_until(*told_at + EVERY).await;
                // One look answers for all that happened meanwhile.
                while let Some(Some(tick)) = self.ticks.next().now_or_never() {
                    tick?;
                }
            }
            // The message is of this moment, not of the one in which the caller subscribed.
            self.op.renew();
            let figures = figures_of(
                &self.op,
                self.federation_id,
                (&self.metrics, &Asked::default(), None),
            )
            .await?;
            let amounts: Vec<Amount> = figures.iter().map(|figure| figure.sum).collect();
            let is_news = self.told.as_ref().is_none_or(|(_, told)| *told != amounts);
            self.told = Some((Instant::now(), amounts));
            if is_news {
                return Ok(Some(figures));
            }
        }
    }
}
