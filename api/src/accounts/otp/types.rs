//! Second factors as clients see them.

use crate::accounts::account::types::Account;
use crate::kernel::error::UserError;
use async_graphql::{ID, InputObject, SimpleObject};

/// Begins to set up one's own second factor.
#[derive(InputObject)]
pub struct EnrollOtp {
    /// The password, once more.
    pub password: String,
    /// Code of the second factor in force, or a recovery code, where there is one already.
    pub otp: Option<String>,
}

/// What `enrollOtp` did.
#[derive(Default, SimpleObject)]
pub struct EnrollOtpPayload {
    /// The secret in base32, to be typed into an authenticator. Shown only here; null if refused.
    pub secret: Option<String>,
    /// The same as an `otpauth://` URI, to be shown as a QR code; null if refused.
    pub uri: Option<String>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Ends the setting up of one's own second factor.
#[derive(InputObject)]
pub struct ConfirmOtp {
    /// The six digits that the authenticator shows now.
    pub code: String,
}

/// What `confirmOtp` did.
#[derive(SimpleObject)]
pub struct ConfirmOtpPayload {
    /// Ten codes, each good once instead of a code of the authenticator. Shown only here; those of before are void.
    /// Empty if refused.
    pub recovery_codes: Vec<String>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Takes a second factor away.
#[derive(InputObject)]
pub struct ResetOtp {
    /// Whose: a person's, who is not the caller.
    pub account_id: ID,
    /// Why, 2 to 500 characters; it stands in the audit trail.
    pub reason: String,
}

crate::payload! {
    /// What `resetOtp` did.
    ResetOtpPayload { account: Account }
}
