//! Operations on machine clients.

use super::service;
use super::types::{
    AddClientCredential, AddClientCredentialPayload, ClientCredential, RegisterClient, RegisterClientPayload,
    RevokeClientCredential, RevokeClientCredentialPayload, written,
};
use crate::accounts::account::types;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Machine clients.
#[derive(Default)]
pub struct ClientMutation;

async fn revoked(op: &Op, input: &RevokeClientCredential) -> Result<ClientCredential, Error> {
    let id = Gid::parse(&input.id, "id")?;
    written(op, service::revoke(op, id, &input.reason).await?).await
}

/// Machine clients.
#[Object]
impl ClientMutation {
    /// Makes an account for a machine client. It signs in once it has a credential, and may do nothing until a security
    /// administrator gives it a role.
    async fn register_client(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and where.")] input: RegisterClient,
    ) -> Result<RegisterClientPayload, Error> {
        let op = Op::of(context);
        RegisterClientPayload::of(types::written(op, service::register(op, &input).await).await)
    }

    /// Gives a machine client another credential: its public key, or a secret that is made. At most two of a kind are in
    /// force. Who administrates accounts does it, from above all that the client may do.
    async fn add_client_credential(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and what.")] input: AddClientCredential,
    ) -> Result<AddClientCredentialPayload, Error> {
        let op = Op::of(context);
        match service::add(op, &input).await {
            Ok((id, secret)) => Ok(AddClientCredentialPayload {
                credential: Some(written(op, id).await?),
                secret,
                user_errors: Vec::new(),
            }),
            Err(error) => Ok(AddClientCredentialPayload {
                user_errors: error.refusals()?,
                ..AddClientCredentialPayload::default()
            }),
        }
    }

    /// Takes a credential of a machine client back, and ends at once every session that it opened.
    async fn revoke_client_credential(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: RevokeClientCredential,
    ) -> Result<RevokeClientCredentialPayload, Error> {
        let op = Op::of(context);
        RevokeClientCredentialPayload::of(revoked(op, &input).await)
    }
}
