//! Operations on sessions.

use super::service;
use super::types::{
    EndSession, EndSessionPayload, LoginInput, LoginPayload, LogoutPayload, RefreshSessionInput,
    RefreshSessionPayload, Viewer,
};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::DateTime;
use async_graphql::{Context, Object};

/// Who is asking.
#[derive(Default)]
pub struct SessionQuery;

/// Who is asking.
#[Object]
impl SessionQuery {
    /// Who is asking, and what they may do where.
    async fn viewer(&self, context: &Context<'_>) -> Viewer {
        Viewer(Op::of(context).actor().clone())
    }
}

/// Signing in and out.
#[derive(Default)]
pub struct SessionMutation;

/// Signing in and out.
#[Object]
impl SessionMutation {
    /// Signs a person in. Machines use `/oauth/token`.
    async fn login(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: LoginInput,
    ) -> Result<LoginPayload, Error> {
        let op = Op::of(context);
        let login = service::Login {
            username: &input.username,
            password: input.password,
            otp: input.otp.as_deref(),
            kind: input.front_end.into(),
        };
        LoginPayload::of(op, service::login(op, login).await).await
    }

    /// Goes on with a session after its access token ended.
    async fn refresh_session(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which session goes on.")] input: RefreshSessionInput,
    ) -> Result<RefreshSessionPayload, Error> {
        match service::refresh(Op::of(context), &input.refresh_token).await {
            Ok(tokens) => Ok(RefreshSessionPayload {
                access_token: Some(tokens.access),
                refresh_token: tokens.refresh,
                expires_at: Some(DateTime(tokens.expires_at)),
                user_errors: Vec::new(),
            }),
            Err(error) => Ok(RefreshSessionPayload {
                user_errors: error.refusals()?,
                ..RefreshSessionPayload::default()
            }),
        }
    }

    /// Ends the caller's session at once.
    async fn logout(&self, context: &Context<'_>) -> Result<LogoutPayload, Error> {
        let user_errors = match service::logout(Op::of(context)).await {
            Ok(()) => Vec::new(),
            Err(error) => error.refusals()?,
        };
        Ok(LogoutPayload { user_errors })
    }

    /// Ends another session at once: one of the caller's own; a security administrator also those of accounts from above
    /// all that they may do.
    async fn end_session(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: EndSession,
    ) -> Result<EndSessionPayload, Error> {
        let done = match Gid::parse(&input.id, "id") {
            Ok(id) => service::end(Op::of(context), id).await,
            Err(error) => Err(error),
        };
        let user_errors = match done {
            Ok(()) => Vec::new(),
            Err(error) => error.refusals()?,
        };
        Ok(EndSessionPayload { user_errors })
    }
}
