//! Operations on accounts.

use super::service;
use super::types::{
    Account, DisableAccount, DisableAccountPayload, EnableAccount, EnableAccountPayload, InviteAccount,
    InviteAccountPayload, seen, written,
};
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::DateTime;
use async_graphql::{Context, ID, Object};

/// Inviting people, and disabling accounts.
#[derive(Default)]
pub struct AccountsMutation;

async fn disabled(op: &Op, id: &ID, reason: &str, is_disabled: bool) -> Result<Account, Error> {
    let id = Gid::parse(id, "accountId")?;
    written(op, service::set_disabled(op, id, reason, is_disabled).await).await
}

/// Inviting people, and disabling accounts.
#[Object]
impl AccountsMutation {
    /// Makes an account for a person, who sets the first password with the code that this gives. They may do nothing
    /// until a security administrator gives them a role.
    async fn invite_account(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whom, and where.")] input: InviteAccount,
    ) -> Result<InviteAccountPayload, Error> {
        let op = Op::of(context);
        match service::invite(op, &input).await {
            Ok(invitation) => Ok(InviteAccountPayload {
                account: Some(seen(op, invitation.account_id).await?),
                invitation_code: Some(invitation.code),
                expires_at: Some(DateTime(invitation.until)),
                user_errors: Vec::new(),
            }),
            Err(error) => Ok(InviteAccountPayload {
                user_errors: error.refusals()?,
                ..InviteAccountPayload::default()
            }),
        }
    }

    /// Lets an account no longer be signed in with, and ends its sessions and elevations at once. Who administrates
    /// accounts does it, from above all that the account may do.
    async fn disable_account(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: DisableAccount,
    ) -> Result<DisableAccountPayload, Error> {
        let op = Op::of(context);
        DisableAccountPayload::of(disabled(op, &input.account_id, &input.reason, true).await)
    }

    /// Lets a disabled account be signed in with again.
    async fn enable_account(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: EnableAccount,
    ) -> Result<EnableAccountPayload, Error> {
        let op = Op::of(context);
        EnableAccountPayload::of(disabled(op, &input.account_id, &input.reason, false).await)
    }
}
