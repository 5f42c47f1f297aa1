//! Operations of signing in by an identity provider.

use super::service::{self, Back};
use super::types::{
    BeginProviderLogin, BeginProviderLoginPayload, BindProvider, BindProviderPayload, LinkProvider,
    LinkProviderPayload, LoginWithProvider,
};
use crate::accounts::account::types::written;
use crate::accounts::session::types::LoginPayload;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Signing in by an identity provider.
#[derive(Default)]
pub struct ProviderMutation;

/// Signing in by an identity provider.
#[Object]
impl ProviderMutation {
    /// Begins to sign in by the identity provider (OpenID Connect); by somebody who is signed in, to link their account.
    async fn begin_provider_login(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "On what.")] input: BeginProviderLogin,
    ) -> Result<BeginProviderLoginPayload, Error> {
        match service::begin(Op::of(context), input.front_end.into()).await {
            Ok(begun) => Ok(BeginProviderLoginPayload {
                authorization_url: Some(begun.url),
                state: Some(begun.state),
                secret: Some(begun.secret),
                user_errors: Vec::new(),
            }),
            Err(error) => Ok(BeginProviderLoginPayload {
                user_errors: error.refusals()?,
                ..BeginProviderLoginPayload::default()
            }),
        }
    }

    /// Signs in a person whom the identity provider sent back.
    async fn login_with_provider(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the provider sent back.")] input: LoginWithProvider,
    ) -> Result<LoginPayload, Error> {
        let op = Op::of(context);
        let back = Back {
            state: input.state,
            code: input.code,
            secret: input.secret,
        };
        let tokens = service::login(op, back, input.otp.as_deref()).await;
        LoginPayload::of(op, tokens).await
    }

    /// Links the caller's account to whom they are at the identity provider, instead of to anybody before.
    async fn link_provider(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the provider sent back, and the password.")] input: LinkProvider,
    ) -> Result<LinkProviderPayload, Error> {
        let op = Op::of(context);
        LinkProviderPayload::of(written(op, service::link(op, input).await).await)
    }

    /// Binds an account to somebody at the identity provider, who then signs in there without ever having a password
    /// here. Who administrates accounts does it, from above all that the account may do.
    async fn bind_provider(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whom to whom, and why.")] input: BindProvider,
    ) -> Result<BindProviderPayload, Error> {
        let op = Op::of(context);
        BindProviderPayload::of(written(op, service::bind(op, &input).await).await)
    }
}
