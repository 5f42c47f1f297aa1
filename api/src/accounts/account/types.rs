//! Accounts as clients see them.

use super::store::{self, Wanted};
use crate::accounts::client::types::{ClientCredential, credentials_of};
use crate::accounts::grant::types::{Grant, grants_of};
use crate::accounts::provider::types::is_linked;
use crate::accounts::session::types::{Session, sessions_of};
use crate::kernel::error::{Error, UserError};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::page::{self, Connection, Listing, Page, Sort};
use crate::org::federation::types::{Federation, federation};
use crate::policy::{Action, Role};
use crate::scalars::DateTime;
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::accounts::account;
use entity::id::AccountId;

pub use super::store::DisplayNames;

/// Whether an account can be signed in with.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum AccountState {
    /// 待激活: invited, and has no password yet, or none any more after a reset.
    Invited,
    /// 启用.
    Active,
    /// 停用.
    Disabled,
}

/// In which order accounts are listed.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum AccountOrder {
    /// By user name, in byte order.
    #[default]
    UsernameAsc,
    /// Newest first.
    CreatedDesc,
}

/// Which accounts; all that is named must hold.
#[derive(Debug, Default, InputObject)]
pub struct AccountFilter {
    /// In this state.
    pub state: Option<AccountState>,
    /// Of machines, or of people.
    pub is_machine: Option<bool>,
    /// With a second factor, or without one.
    pub has_otp: Option<bool>,
    /// Holding this role today, anywhere.
    pub role: Option<Role>,
    /// Elevated now, or not.
    pub is_elevated: Option<bool>,
}

impl AccountFilter {
    fn wanted(self) -> Wanted {
        Wanted {
            is_disabled: self.state.map(|state| state == AccountState::Disabled),
            is_invited: match self.state {
                Some(AccountState::Invited) => Some(true),
                Some(AccountState::Active) => Some(false),
                Some(AccountState::Disabled) | None => None,
            },
            is_machine: self.is_machine,
            has_otp: self.has_otp,
            role: self.role.map(Role::name),
            is_elevated: self.is_elevated,
        }
    }
}

/// A page of the accounts with their home in a federation and all below it.
pub async fn accounts_of(
    context: &Context<'_>,
    at: &Federation,
    filter: Option<AccountFilter>,
    order: AccountOrder,
    page: Page,
) -> Result<Connection<Account>, Error> {
    let op = Op::of(context);
    let scope = op.scope_within(Action::ReadAccounts, &at.0)?;
    let rows = store::filtered(&scope, &filter.unwrap_or_default().wanted(), op.now());
    let sort = match order {
        AccountOrder::UsernameAsc => Sort::text("USERNAME", account::Column::Username),
        AccountOrder::CreatedDesc => Sort::instant("CREATED", account::Column::CreatedAt).descending(true),
    };
    page::load(context, Listing { rows, sort, page }, Account).await
}

/// A page of the people with their home at a federation, for whoever gives work there.
pub async fn staff_of(
    context: &Context<'_>,
    at: &Federation,
    page: Page,
) -> Result<Connection<StaffMember>, Error> {
    let op = Op::of(context);
    op.authorize(Action::AssignPatches, at.0.id, "id")?;
    let scope = op.scope_within(Action::AssignPatches, &at.0)?;
    let listing = Listing {
        rows: store::staff(&scope, at.0.id),
        sort: Sort::instant("CREATED", account::Column::CreatedAt),
        page,
    };
    page::load(context, listing, StaffMember).await
}

/// An account that the caller may see: one's own, or one whose home is in reach.
pub async fn seen(op: &Op, id: AccountId) -> Result<Account, Error> {
    let found = store::find(op, id).await?;
    found.map(Account).ok_or(Error::NotFound("id".into()))
}

/// The account that was written, as it is now.
pub async fn written(op: &Op, id: Result<AccountId, Error>) -> Result<Account, Error> {
    seen(op, id?).await
}

/// A row of `account`, as clients see it.
pub struct Account(pub account::Model);

/// An account (账号): a person or a machine client that may sign in. Only its owner sees it, and who administrates
/// accounts where it has its home.
#[Object]
impl Account {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// User name, or client id of a machine.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// What everybody sees beside what the account does: a post.
    async fn name(&self) -> &str {
        &self.0.display_name
    }

    /// Whether it is a machine client's.
    async fn is_machine(&self) -> bool {
        self.0.is_machine
    }

    /// Its home: who administrates accounts there administrates it.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// Whether it can be signed in with.
    async fn state(&self) -> AccountState {
        match &self.0 {
            account if account.disabled_at.is_some() => AccountState::Disabled,
            account if account.password_set_at.is_none() && !account.is_machine => AccountState::Invited,
            _ => AccountState::Active,
        }
    }

    /// Whether it has a second factor.
    async fn has_otp(&self) -> bool {
        self.0.otp_set_at.is_some()
    }

    /// Instant at which the password was set; null while there is none.
    async fn password_set_at(&self) -> Option<DateTime> {
        self.0.password_set_at.map(DateTime)
    }

    /// Roles in force or to come, elevations among them, oldest first; at most 20 and an elevation.
    async fn grants(&self, context: &Context<'_>) -> Result<Vec<Grant>, Error> {
        grants_of(Op::of(context), self.0.id).await
    }

    /// Open sessions, last used first, at most 50.
    async fn sessions(&self, context: &Context<'_>) -> Result<Vec<Session>, Error> {
        sessions_of(Op::of(context), self.0.id).await
    }

    /// Whether it is linked to the identity provider: whoever it is there may sign in.
    async fn has_provider(&self, context: &Context<'_>) -> Result<bool, Error> {
        is_linked(Op::of(context), self.0.id).await
    }

    /// What a machine client signs in with, newest first, at most 20; empty for a person.
    async fn credentials(&self, context: &Context<'_>) -> Result<Vec<ClientCredential>, Error> {
        credentials_of(Op::of(context), self.0.id).await
    }

    /// Instant of entry.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// A row of `account`, as those see it who give its owner work.
pub struct StaffMember(account::Model);

/// Somebody of a federation's own office (工作人员): what it takes to give them work, and nothing of how they sign in.
#[Object]
impl StaffMember {
    /// Global id of their account, for `accountId` of an input.
    async fn account_id(&self) -> ID {
        self.0.id.gid()
    }

    /// What everybody sees beside what the account does: a post.
    async fn name(&self) -> &str {
        &self.0.display_name
    }
}

/// Invites a person.
#[derive(InputObject)]
pub struct InviteAccount {
    /// The home of the account.
    pub federation_id: ID,
    /// User name: 3 to 64 letters, digits, - _ . or @; given once.
    pub username: String,
    /// What everybody sees: a post and never a person's name in full, 1 to 64 characters.
    pub name: String,
}

/// What `inviteAccount` did.
#[derive(Default, SimpleObject)]
pub struct InviteAccountPayload {
    /// The account; null if refused.
    pub account: Option<Account>,
    /// For `acceptInvitation`: to be handed over in person. Shown only here; null if refused.
    pub invitation_code: Option<String>,
    /// The code is good until; null if refused.
    pub expires_at: Option<DateTime>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// Lets an account no longer be signed in with.
#[derive(InputObject)]
pub struct DisableAccount {
    /// Which: not the caller's own.
    pub account_id: ID,
    /// Why, 2 to 500 characters; it stands in the audit trail.
    pub reason: String,
}

/// Lets an account be signed in with again.
#[derive(InputObject)]
pub struct EnableAccount {
    /// Which: not the caller's own.
    pub account_id: ID,
    /// Why, 2 to 500 characters; it stands in the audit trail.
    pub reason: String,
}

crate::payload! {
    /// What `disableAccount` did.
    DisableAccountPayload { account: Account }
}

crate::payload! {
    /// What `enableAccount` did.
    EnableAccountPayload { account: Account }
}
