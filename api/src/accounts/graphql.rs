//! Operations of accounts, merged.

use super::account::graphql::AccountsMutation;
use super::client::graphql::ClientMutation;
use super::grant::graphql::GrantMutation;
use super::otp::graphql::OtpMutation;
use super::password::graphql::PasswordMutation;
use super::provider::graphql::ProviderMutation;
use super::session::graphql::SessionMutation;
pub use super::session::graphql::SessionQuery as AccountQuery;
use async_graphql::MergedObject;

/// Who may sign in, and what they may do where.
#[derive(Default, MergedObject)]
pub struct AccountMutation(
    SessionMutation,
    PasswordMutation,
    OtpMutation,
    AccountsMutation,
    ClientMutation,
    ProviderMutation,
    GrantMutation,
);
