//! Operations on returns.

use super::rules::Step;
use super::service;
use super::types::{
    CorrectReturn, DiscardReturnPayload, DraftReturn, ReturnGivenBack, ReturnProgress, ReturnSeen,
    ReturnsAsked, ReturnsOf, ReviseReturn, StatisticalReturn, StatisticalReturnPayload,
    StatisticalReturnState, return_progress_of, returns_of,
};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{Connection, Page};
use crate::org::federation::types::Federation;
use crate::scalars::Date;
use async_graphql::{Context, ID, Object};
use entity::id::StatisticalReturnId;
use entity::returns::statistical_return::Entity;
use std::future::Future;

/// Reporting (统计报表).
#[derive(Default)]
pub struct ReturnMutation;

/// What was done; after a conflict the return as it is now, where the input names one.
async fn payload(
    op: &Op,
    named: Option<&ID>,
    done: impl Future<Output = Result<StatisticalReturnId, Error>>,
) -> Result<StatisticalReturnPayload, Error> {
    let done = done.await;
    let is_conflict = matches!(done, Err(Error::Conflict(_)));
    let found = match done {
        Ok(id) => op.get::<Entity>(id.0, "id").await.map(StatisticalReturn),
        Err(error) => Err(error),
    };
    let mut payload = StatisticalReturnPayload::of(found)?;
    let named = named.and_then(|id| StatisticalReturnId::parse(id, "id").ok());
    if let (Some(id), true) = (named, is_conflict) {
        payload.statistical_return = op.find::<Entity>(id.0).await?.map(StatisticalReturn);
    }
    Ok(payload)
}

async fn decided(
    op: &Op,
    id: &ID,
    step: (Step, i32),
    reason: Option<&str>,
) -> Result<StatisticalReturnPayload, Error> {
    let done = async { service::decide(op, StatisticalReturnId::parse(id, "id")?, step, reason).await };
    payload(op, Some(id), done).await
}

/// Reporting (统计报表).
#[Object]
impl ReturnMutation {
    /// Begins a return (起草报表) of a federation for a period. A metric that comes from records is refused.
    async fn draft_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to report.")] input: DraftReturn,
    ) -> Result<StatisticalReturnPayload, Error> {
        let op = Op::of(context);
        payload(op, None, service::draft(op, &input)).await
    }

    /// Writes the lines of a draft, or of what was sent back, anew (修改报表).
    async fn revise_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to report.")] input: ReviseReturn,
    ) -> Result<StatisticalReturnPayload, Error> {
        let op = Op::of(context);
        payload(op, Some(&input.id), service::revise(op, &input)).await
    }

    /// Takes away a draft, or what was sent back (作废报表), with its lines: the period is free again. CONFLICT while it has
    /// files.
    async fn discard_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: ReturnSeen,
    ) -> Result<DiscardReturnPayload, Error> {
        let discarded = service::discard(Op::of(context), &input).await;
        DiscardReturnPayload::of(discarded.map(|id| id.gid()))
    }

    /// Sends a return to the superior (上报), once its period is over. CONFLICT if the federation reported the same for some
    /// of the days already.
    async fn submit_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: ReturnSeen,
    ) -> Result<StatisticalReturnPayload, Error> {
        let op = Op::of(context);
        payload(op, Some(&input.id), service::submit(op, &input)).await
    }

    /// Takes back what was submitted (撤回) before the superior decides: it is a draft again. A correction is given up: what was
    /// accepted stays as it is.
    async fn recall_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: ReturnSeen,
    ) -> Result<StatisticalReturnPayload, Error> {
        let step = (Step::Recall, input.expected_version);
        decided(Op::of(context), &input.id, step, None).await
    }

    /// Lets what was submitted count as of the closing day (审核通过); for the superior, of the topmost federation for
    /// itself. FORBIDDEN to whoever submitted it.
    async fn accept_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: ReturnSeen,
    ) -> Result<StatisticalReturnPayload, Error> {
        let op = Op::of(context);
        payload(op, Some(&input.id), service::accept(op, &input)).await
    }

    /// Gives back what was submitted (退回), for a reason; for the superior. A correction ends with it: what was accepted stays
    /// as it is, and may be corrected again.
    async fn send_back_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: ReturnGivenBack,
    ) -> Result<StatisticalReturnPayload, Error> {
        let step = (Step::SendBack, input.expected_version);
        decided(Op::of(context), &input.id, step, Some(&input.reason)).await
    }

    /// Corrects what was accepted (更正): it goes to the superior again, and until it is accepted the old lines stay in force.
    async fn correct_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is right instead.")] input: CorrectReturn,
    ) -> Result<StatisticalReturnPayload, Error> {
        let op = Op::of(context);
        payload(op, Some(&input.id), service::correct(op, &input)).await
    }

    /// Ends corrections of what was accepted (锁定); for the superior.
    async fn lock_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: ReturnSeen,
    ) -> Result<StatisticalReturnPayload, Error> {
        let step = (Step::Lock, input.expected_version);
        decided(Op::of(context), &input.id, step, None).await
    }

    /// Lets what was locked be corrected again (解锁), for a reason; for the superior.
    async fn unlock_return(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: ReturnGivenBack,
    ) -> Result<StatisticalReturnPayload, Error> {
        let step = (Step::Unlock, input.expected_version);
        decided(Op::of(context), &input.id, step, Some(&input.reason)).await
    }
}

/// The returns of a federation.
pub struct ReturnsOfFederation<'a>(pub &'a Federation);

/// The returns of a federation.
#[Object]
impl ReturnsOfFederation<'_> {
    /// What is reported for periods (统计报表), the period that closes last first. What waits for this federation to accept is
    /// `returns(whose: CHILDREN, state: SUBMITTED)`.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn returns(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "Whose; of this federation and all below it if nothing is said.",
            default
        )]
        whose: ReturnsOf,
        #[graphql(desc = "Only those that are here.")] state: Option<StatisticalReturnState>,
        #[graphql(desc = "Only those that close on this day or later.")] from: Option<Date>,
        #[graphql(desc = "Only those that close on this day or earlier.")] to: Option<Date>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<StatisticalReturn>, Error> {
        let asked = ReturnsAsked {
            whose,
            state,
            from,
            to,
        };
        returns_of(context, self.0, asked, Page::new(first, after, last, before)?).await
    }

    /// Who of the federations directly below has reported exactly this period, and where that is (填报进度): all of them, in
    /// order of code; only those whose returns the caller sees.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn return_progress(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "First day of the period.")] from: Date,
        #[graphql(desc = "Last day of the period.")] to: Date,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<ReturnProgress>, Error> {
        let page = Page::new(first, after, last, before)?;
        return_progress_of(context, self.0, (from, to), page)
    }
}
