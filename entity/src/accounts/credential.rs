//! What an account signs in with.

use crate::id::AccountId;
use crate::sealed::Sealed;
use sea_orm::entity::prelude::*;

/// A row of `credential`. No text of a secret is in it, but for the second factor's, which is sealed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credential")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    /// Argon2id hash of the password or client secret; empty while there is none.
    pub secret_hash: String,
    /// SHA-256 of the code with which the first password is set.
    pub invitation_hash: Option<String>,
    /// The code is good until.
    pub invitation_until: Option<DateTimeUtc>,
    /// Secret of the second factor, sealed.
    pub otp_secret: Option<Sealed>,
    /// Secret of the second factor that is being set up, sealed.
    pub otp_pending: Option<Sealed>,
    /// Step (half a minute since 1970) of the last code that was used; each is good once.
    pub otp_step: i64,
}

impl ActiveModelBehavior for ActiveModel {}
