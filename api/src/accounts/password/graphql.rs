//! Operations on passwords.

use super::service::{self, Change};
use super::types::{
    AcceptInvitation, AcceptInvitationPayload, ChangePassword, ChangePasswordPayload, ResetPassword,
    ResetPasswordPayload,
};
use crate::accounts::account::types::seen;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::scalars::DateTime;
use async_graphql::{Context, Object};

/// Passwords.
#[derive(Default)]
pub struct PasswordMutation;

/// Passwords.
#[Object]
impl PasswordMutation {
    /// Sets the first password of whoever was invited, or the next one after a reset. Then sign in.
    async fn accept_invitation(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The code and the password.")] input: AcceptInvitation,
    ) -> Result<AcceptInvitationPayload, Error> {
        match service::accept(Op::of(context), &input.code, input.password).await {
            Ok(username) => Ok(AcceptInvitationPayload {
                username: Some(username),
                user_errors: Vec::new(),
            }),
            Err(error) => Ok(AcceptInvitationPayload {
                user_errors: error.refusals()?,
                ..AcceptInvitationPayload::default()
            }),
        }
    }

    /// Changes a password by whoever knows the present one; also without being signed in, where it has grown too old.
    /// The account's other sessions end.
    async fn change_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The present one and the next one.")] input: ChangePassword,
    ) -> Result<ChangePasswordPayload, Error> {
        let change = Change {
            username: input.username,
            password: input.password,
            new_password: input.new_password,
            otp: input.otp,
        };
        let user_errors = match service::change(Op::of(context), change).await {
            Ok(()) => Vec::new(),
            Err(error) => error.refusals()?,
        };
        Ok(ChangePasswordPayload { user_errors })
    }

    /// Voids a password, ends all sessions and gives out a code for a new one. Who administrates accounts does it, from
    /// above all that the account may do.
    async fn reset_password(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and why.")] input: ResetPassword,
    ) -> Result<ResetPasswordPayload, Error> {
        let op = Op::of(context);
        let done = match Gid::parse(&input.account_id, "accountId") {
            Ok(id) => service::reset(op, id, &input.reason).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(invitation) => Ok(ResetPasswordPayload {
                account: Some(seen(op, invitation.account_id).await?),
                invitation_code: Some(invitation.code),
                expires_at: Some(DateTime(invitation.until)),
                user_errors: Vec::new(),
            }),
            Err(error) => Ok(ResetPasswordPayload {
                user_errors: error.refusals()?,
                ..ResetPasswordPayload::default()
            }),
        }
    }
}
