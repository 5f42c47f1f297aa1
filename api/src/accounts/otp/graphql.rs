//! Operations on second factors.

use super::service;
use super::types::{ConfirmOtp, ConfirmOtpPayload, EnrollOtp, EnrollOtpPayload, ResetOtp, ResetOtpPayload};
use crate::accounts::account::types::written;
use crate::kernel::error::Error;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use async_graphql::{Context, Object};

/// Second factors.
#[derive(Default)]
pub struct OtpMutation;

/// Second factors.
#[Object]
impl OtpMutation {
    /// Begins to set up the caller's own second factor (TOTP, RFC 6238); `confirmOtp` ends it.
    async fn enroll_otp(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The password once more.")] input: EnrollOtp,
    ) -> Result<EnrollOtpPayload, Error> {
        match service::enroll(Op::of(context), input.password, input.otp.as_deref()).await {
            Ok(enrolment) => Ok(EnrollOtpPayload {
                secret: Some(enrolment.secret),
                uri: Some(enrolment.uri),
                user_errors: Vec::new(),
            }),
            Err(error) => Ok(EnrollOtpPayload {
                user_errors: error.refusals()?,
                ..EnrollOtpPayload::default()
            }),
        }
    }

    /// Ends the setting up with a first code. From now on signing in asks for one; this session counts as opened with
    /// one.
    async fn confirm_otp(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "A first code.")] input: ConfirmOtp,
    ) -> Result<ConfirmOtpPayload, Error> {
        let (recovery_codes, user_errors) = match service::confirm(Op::of(context), &input.code).await {
            Ok(codes) => (codes, Vec::new()),
            Err(error) => (Vec::new(), error.refusals()?),
        };
        Ok(ConfirmOtpPayload {
            recovery_codes,
            user_errors,
        })
    }

    /// Takes away a second factor whose device is lost, and ends all sessions. A security administrator does it, from
    /// above all that the account may do.
    async fn reset_otp(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and why.")] input: ResetOtp,
    ) -> Result<ResetOtpPayload, Error> {
        let op = Op::of(context);
        let done = match Gid::parse(&input.account_id, "accountId") {
            Ok(id) => service::reset(op, id, &input.reason).await,
            Err(error) => Err(error),
        };
        ResetOtpPayload::of(written(op, done).await)
    }
}
