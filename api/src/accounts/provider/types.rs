//! Signing in by an identity provider, as clients see it.

use super::store::AreLinked;
use crate::accounts::account::types::Account;
use crate::accounts::session::types::FrontEnd;
use crate::kernel::error::{Error, UserError};
use crate::kernel::op::Op;
use async_graphql::{ID, InputObject, SimpleObject};
use entity::id::AccountId;

/// Whether an account that the caller sees is linked to the identity provider.
pub async fn is_linked(op: &Op, id: AccountId) -> Result<bool, Error> {
    op.load::<AreLinked>(id).await
}

/// Begins to sign in by the identity provider.
#[derive(Default, InputObject)]
pub struct BeginProviderLogin {
    /// What the person signs in on.
    #[graphql(default)]
    pub front_end: FrontEnd,
}

/// What `beginProviderLogin` did.
#[derive(Default, SimpleObject)]
pub struct BeginProviderLoginPayload {
    /// Where the person signs in; the provider sends them back with `state` and `code`. Null if refused.
    pub authorization_url: Option<String>,
    /// To be compared with what the provider sends back: good once and for ten minutes. Null if refused.
    pub state: Option<String>,
    /// Kept by whoever began the login, and brought back with what the provider sends: it proves that it is them. Never
    /// put into an address. Null if refused.
    pub secret: Option<String>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// What the identity provider sent back.
#[derive(InputObject)]
pub struct LoginWithProvider {
    /// As the provider sent it back.
    pub state: String,
    /// As the provider sent it back.
    pub code: String,
    /// As `beginProviderLogin` gave it.
    pub secret: String,
    /// The six digits of the authenticator, or a recovery code; for accounts with a second factor, unless the provider
    /// asked for one. If it is missing or wrong, the login has to begin again.
    pub otp: Option<String>,
}

/// Links one's own account to the identity provider, after `beginProviderLogin` by the same account.
#[derive(InputObject)]
pub struct LinkProvider {
    /// As the provider sent it back.
    pub state: String,
    /// As the provider sent it back.
    pub code: String,
    /// As `beginProviderLogin` gave it.
    pub secret: String,
    /// The password, once more.
    pub password: String,
    /// Code of the second factor, or a recovery code, where the account has a second factor.
    pub otp: Option<String>,
}

crate::payload! {
    /// What `linkProvider` did.
    LinkProviderPayload { account: Account }
}

/// Binds an account to somebody at the identity provider.
#[derive(InputObject)]
pub struct BindProvider {
    /// Which: a person's who is INVITED, is bound to nobody, has no second factor and holds no role that needs one.
    pub account_id: ID,
    /// The provider's name of the person (`sub`), 1 to 255 characters.
    pub subject: String,
    /// Why, 2 to 500 characters; it stands in the audit trail.
    pub reason: String,
}

crate::payload! {
    /// What `bindProvider` did.
    BindProviderPayload { account: Account }
}
