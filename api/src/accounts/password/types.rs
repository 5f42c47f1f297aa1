//! Passwords as clients see them.

use crate::accounts::account::types::Account;
use crate::kernel::error::UserError;
use crate::scalars::DateTime;
use async_graphql::{ID, InputObject, SimpleObject};

/// Accepts an invitation, or goes on after a reset.
#[derive(InputObject)]
pub struct AcceptInvitation {
    /// The code; small letters, blanks and hyphens do not matter.
    pub code: String,
    /// The first password.
    pub password: String,
}

/// What `acceptInvitation` did.
#[derive(Default, SimpleObject)]
pub struct AcceptInvitationPayload {
    /// The user name to sign in with; null if refused.
    pub username: Option<String>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Changes one's own password, signed in or not.
#[derive(InputObject)]
pub struct ChangePassword {
    /// User name.
    pub username: String,
    /// The present password, also one that is too old to sign in with.
    pub password: String,
    /// The next one. From 10 characters (the operator may ask for more); with fewer than 16, three kinds of: small
    /// letters, capitals, digits, others. Without the user name, and none of the last five.
    pub new_password: String,
    /// Code of the second factor, or a recovery code, where the account has a second factor.
    pub otp: Option<String>,
}

/// What `changePassword` did.
#[derive(SimpleObject)]
pub struct ChangePasswordPayload {
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Voids a password.
#[derive(InputObject)]
pub struct ResetPassword {
    /// Whose: a person's, who is not the caller.
    pub account_id: ID,
    /// Why, 2 to 500 characters; it stands in the audit trail.
    pub reason: String,
}

/// What `resetPassword` did.
#[derive(Default, SimpleObject)]
pub struct ResetPasswordPayload {
    /// The account, INVITED again; null if refused.
    pub account: Option<Account>,
    /// For `acceptInvitation`: to be handed over in person. Shown only here; null if refused.
    pub invitation_code: Option<String>,
    /// The code is good until; null if refused.
    pub expires_at: Option<DateTime>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}
