//! Operations of accounts.

use super::types::{
    LoginInput, LoginPayload, LogoutPayload, RefreshSessionInput, RefreshSessionPayload, Viewer,
};
use super::{service, store};
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use crate::scalars::DateTime;
use async_graphql::{Context, Object};

/// Who is asking.
#[derive(Default)]
pub struct AccountQuery;

/// Who is asking.
#[Object]
impl AccountQuery {
    /// Who is asking, and what they may do where.
    async fn viewer(&self, context: &Context<'_>) -> Viewer {
        Viewer(Op::of(context).actor().clone())
    }
}

/// Signing in and out.
#[derive(Default)]
pub struct AccountMutation;

/// Signing in and out.
#[Object]
impl AccountMutation {
    /// Signs a person in. Machines use `/oauth/token`.
    async fn login(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: LoginInput,
    ) -> Result<LoginPayload, Error> {
        let op = Op::of(context);
        let tokens = match service::login(op, &input.username, input.password).await {
            Ok(tokens) => tokens,
            Err(error) => {
                return Ok(LoginPayload {
                    user_errors: error.refusals()?,
                    ..LoginPayload::default()
                });
            }
        };
        Ok(LoginPayload {
            viewer: Some(Viewer(store::actor(op.app(), tokens.session_id).await?)),
            access_token: Some(tokens.access),
            refresh_token: tokens.refresh,
            expires_at: Some(DateTime(tokens.expires_at)),
            user_errors: Vec::new(),
        })
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
}
