//! Looking at jobs, once or live. Each is asked for by a mutation of the domain that does the work.

use super::types::{Job, JobChange};
use super::{service, store};
use crate::kernel::error::Error;
use crate::kernel::feed::read_cursor;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use async_graphql::futures_util::stream::{Stream, StreamExt};
use async_graphql::{Context, ID, Object, Subscription};
use entity::id::JobId;

/// Looking at jobs.
#[derive(Default)]
pub struct JobQuery;

/// Looking at jobs.
#[Object]
impl JobQuery {
    /// A job; null unless the caller may see it.
    async fn job(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global id.")] id: ID,
    ) -> Option<Result<Job, Error>> {
        let found = match JobId::parse(&id, "id") {
            Ok(id) => store::load(Op::of(context), id).await,
            Err(error) => Err(error),
        };
        match found.map(Job) {
            Err(Error::NotFound(_)) => None,
            other => Some(other),
        }
    }
}

/// Watching jobs.
#[derive(Default)]
pub struct JobSubscription;

/// Watching jobs.
#[Subscription]
impl JobSubscription {
    /// A job as it is now, at once, and again after each change; completes when it is DONE or FAILED.
    async fn job_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Global id.")] id: ID,
        #[graphql(desc = "Cursor of the last change that the caller has seen.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<JobChange, Error>> + use<>, Error> {
        let op = Op::of(context);
        let after = read_cursor(op, after.as_deref()).await?;
        let changes = service::watch(op, Gid::parse(&id, "id")?, after).await?;
        Ok(changes.map(|change| {
            change.map(|(job, position)| JobChange {
                job: Job(job),
                cursor: position.to_string(),
            })
        }))
    }
}
