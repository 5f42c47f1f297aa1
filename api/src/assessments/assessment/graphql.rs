//! Operations on assessments, and what a federation shows of them.

use super::service;
use super::types::{
    AssessSelf, AssessSelfPayload, Assessment, PublishAssessment, PublishAssessmentPayload, ReturnAssessment,
    ReturnAssessmentPayload, ScoreAssessment, ScoreAssessmentPayload, assessment, assessments_of, proved,
};
use crate::accounts::account::types::{StaffMember, staff_of};
use crate::assessments::goal::types::{StaffGoal, staff_goals_of};
use crate::assessments::patch::types::{Patch, patches_of};
use crate::assessments::scheme::types::{AssessmentScheme, scheme, schemes_of};
use crate::kernel::error::{Error, UserError};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{Connection, Page};
use crate::org::federation::types::Federation;
use async_graphql::{Context, ID, Object};
use entity::id::AssessmentId;

/// Assessing oneself, scoring and publishing.
#[derive(Default)]
pub struct AssessmentMutation;

/// The assessment after a change, or after a conflict about it; and why it was not changed.
async fn changed(
    op: &Op,
    id: &ID,
    done: Result<AssessmentId, Error>,
) -> Result<(Option<Assessment>, Vec<UserError>), Error> {
    let shows = matches!(done, Ok(_) | Err(Error::Conflict(_)));
    let user_errors = match done {
        Ok(_) => Vec::new(),
        Err(error) => error.refusals()?,
    };
    let assessment = match AssessmentId::parse(id, "id") {
        Ok(id) if shows => Some(assessment(op, id).await?),
        _ => None,
    };
    Ok((assessment, user_errors))
}

/// Assessing oneself, scoring and publishing.
#[Object]
impl AssessmentMutation {
    /// Assesses one's own federation (自评), all items anew each time. CONFLICT after it was handed in, or after the closing
    /// day.
    async fn assess_self(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "All that one gives oneself.")] input: AssessSelf,
    ) -> Result<AssessSelfPayload, Error> {
        let op = Op::of(context);
        let done = match proved(op, &input).await {
            Ok(()) => service::assess(op, &input).await,
            Err(error) => Err(error),
        };
        let (assessment, user_errors) = changed(op, &input.id, done).await?;
        Ok(AssessSelfPayload {
            assessment,
            user_errors,
        })
    }

    /// Gives a self-assessment that was handed in back (退回自评), so that it is corrected and handed in anew; by the issuer of its
    /// scheme, whose scores stay. CONFLICT if it is not handed in, and after the closing day.
    async fn return_assessment(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What to give back, and why.")] input: ReturnAssessment,
    ) -> Result<ReturnAssessmentPayload, Error> {
        let op = Op::of(context);
        let done = service::give_back(op, &input).await;
        let (assessment, user_errors) = changed(op, &input.id, done).await?;
        Ok(ReturnAssessmentPayload {
            assessment,
            user_errors,
        })
    }

    /// Scores an assessment for the issuer of its scheme (考评), some items or all; the others stay as they are. CONFLICT once
    /// the scores are published.
    async fn score_assessment(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What is given.")] input: ScoreAssessment,
    ) -> Result<ScoreAssessmentPayload, Error> {
        let op = Op::of(context);
        let done = service::score(op, &input).await;
        let (assessment, user_errors) = changed(op, &input.id, done).await?;
        Ok(ScoreAssessmentPayload {
            assessment,
            user_errors,
        })
    }

    /// Publishes the scores of all whom a scheme assesses, and ranks them (通报). From here nothing changes. CONFLICT before the
    /// day after the closing day, and while a BASE item without a figure is not scored. Publishing again changes nothing.
    async fn publish_assessment(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which scheme.")] input: PublishAssessment,
    ) -> Result<PublishAssessmentPayload, Error> {
        let op = Op::of(context);
        PublishAssessmentPayload::of(match service::publish(op, &input).await {
            Ok(id) => scheme(op, id).await,
            Err(error) => Err(error),
        })
    }
}

/// How a federation assesses, how it is assessed, who is responsible for it, and what its office sets its staff.
pub struct AssessmentsOfFederation<'a>(pub &'a Federation);

/// How a federation assesses, how it is assessed, who is responsible for it, and what its office sets its staff.
#[Object]
impl AssessmentsOfFederation<'_> {
    /// People whose home this federation itself is (工作人员), in order of entry: whom `setStaffGoal` and `assignPatch` may name. For
    /// whoever may ASSIGN_PATCHES here; who can no longer sign in is left out.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn staff(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<StaffMember>, Error> {
        staff_of(context, self.0, Page::new(first, after, last, before)?).await
    }

    /// Schemes of this federation and all below it, newest year first: those that they issue, and those by which they are
    /// assessed.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn assessment_schemes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those of this year.")] year: Option<i32>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<AssessmentScheme>, Error> {
        let page = Page::new(first, after, last, before)?;
        schemes_of(context, self.0, year, page).await
    }

    /// How this federation and all below it are assessed, newest year first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn assessments(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those of this year.")] year: Option<i32>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Assessment>, Error> {
        let page = Page::new(first, after, last, before)?;
        assessments_of(context, self.0, year, page).await
    }

    /// Who is responsible for this federation and those below it, newest first; those that are over are left out unless asked
    /// for.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn patches(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Also those that are over.", default)] with_past: bool,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Patch>, Error> {
        let page = Page::new(first, after, last, before)?;
        patches_of(context, self.0, with_past, page).await
    }

    /// Goals of this federation's own office (机关内部目标管理), not of those below, latest due first.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn staff_goals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those of this year.")] year: Option<i32>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<StaffGoal>, Error> {
        let page = Page::new(first, after, last, before)?;
        staff_goals_of(context, self.0, year, page).await
    }
}
