//! The caller as the caller sees it, and signing in and out.

use super::store::{self, GrantRow};
use crate::kernel::error::{Error, UserError, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::loader::Batch;
use crate::kernel::op::{Actor, Op, Verdict};
use crate::node;
use crate::org::federation::types::{Federation, federation};
use crate::policy::{Action, Role};
use crate::scalars::{Date, DateTime};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::id::AccountId;

/// Who is asking.
pub struct Viewer(pub Actor);

/// Who is asking: the account behind the token.
#[Object]
impl Viewer {
    /// Global id of the account; null for a caller that has not signed in.
    async fn id(&self) -> Option<ID> {
        match &self.0 {
            Actor::Account { id, .. } => Some(id.gid()),
            Actor::Anonymous | Actor::System => None,
        }
    }

    /// What others see beside what the account does; null for a caller that has not signed in.
    async fn name(&self) -> Option<&str> {
        match &self.0 {
            Actor::Account { display_name, .. } => Some(display_name),
            Actor::Anonymous | Actor::System => None,
        }
    }

    /// Whether it is a machine client.
    async fn is_machine(&self) -> bool {
        matches!(self.0, Actor::Account { is_machine: true, .. })
    }

    /// Whether the caller may do these things with an object, in their order: what a front end asks before it shows a
    /// button. It is the same decision that the operations make; they may still refuse for other reasons. NOT_FOUND if
    /// the caller may not see the object.
    async fn viewer_can(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What, at most 50.")] actions: Vec<Action>,
        #[graphql(desc = "Global id of the object.")] id: ID,
    ) -> Result<Vec<Permission>, Error> {
        if actions.len() > 50 {
            return Err(invalid("actions", text("At most 50.", "最多 50 个。")));
        }
        let op = Op::of(context);
        let path = node::place(op, &id).await?;
        let permission = |action| Permission::of(action, op.verdict(action, &path));
        Ok(actions.into_iter().map(permission).collect())
    }

    /// Roles in force today; empty for a caller that has not signed in.
    async fn grants(&self, context: &Context<'_>) -> Result<Vec<Grant>, Error> {
        match &self.0 {
            Actor::Account { id, .. } => Ok(store::grants(Op::of(context), *id)
                .await?
                .into_iter()
                .map(Grant)
                .collect()),
            Actor::Anonymous | Actor::System => Ok(Vec::new()),
        }
    }
}

/// Why a caller may do something, or not.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "Verdict")]
pub enum PermissionReason {
    /// 已授权: a role of theirs, here or above, allows it.
    Granted,
    /// 未登录: nobody is signed in.
    NotSignedIn,
    /// 无此角色: no role of theirs allows it anywhere.
    NoRole,
    /// 不在授权范围: a role of theirs allows it, but not here.
    Elsewhere,
}

/// Whether the caller may do something with an object.
#[derive(SimpleObject)]
pub struct Permission {
    /// What.
    action: Action,
    /// Whether they may.
    is_allowed: bool,
    /// Why, or why not.
    reason: PermissionReason,
}

impl Permission {
    fn of(action: Action, verdict: Verdict) -> Permission {
        Permission {
            action,
            is_allowed: verdict == Verdict::Granted,
            reason: verdict.into(),
        }
    }
}

/// A row of `role_grant`, as its owner sees it.
pub struct Grant(GrantRow);

/// A role on a node of the tree: it reaches the federation and all below it.
#[Object]
impl Grant {
    /// Which role.
    async fn role(&self) -> Option<Role> {
        Role::named(&self.0.role)
    }

    /// Where.
    async fn federation(&self, context: &Context<'_>) -> Result<Federation, Error> {
        federation(Op::of(context), self.0.federation_id)
    }

    /// First day.
    async fn from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// First day on which it no longer holds; null if no end is set.
    async fn to(&self) -> Option<Date> {
        self.0.valid_to.map(Date)
    }
}

/// The loader of what others see of accounts.
pub struct DisplayNames;

impl Batch for DisplayNames {
    type Key = AccountId;
    type Value = String;

    async fn load(op: Op, keys: Vec<AccountId>) -> Result<Vec<String>, Error> {
        store::display_names(&op, keys).await
    }
}

/// Name and password of a person.
#[derive(InputObject)]
pub struct LoginInput {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// A refresh token.
#[derive(InputObject)]
pub struct RefreshSessionInput {
    /// The newest refresh token of the session; it is good once.
    pub refresh_token: String,
}

/// What `login` did.
#[derive(Default, SimpleObject)]
pub struct LoginPayload {
    /// Sent as `Authorization: Bearer …` with every request; null if refused.
    pub access_token: Option<String>,
    /// For `refreshSession`; null if refused.
    pub refresh_token: Option<String>,
    /// The access token is good until; null if refused.
    pub expires_at: Option<DateTime>,
    /// Who has signed in; null if refused.
    pub viewer: Option<Viewer>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// What `refreshSession` did.
#[derive(Default, SimpleObject)]
pub struct RefreshSessionPayload {
    /// The next access token; null if refused.
    pub access_token: Option<String>,
    /// The next refresh token; null if refused.
    pub refresh_token: Option<String>,
    /// The access token is good until; null if refused.
    pub expires_at: Option<DateTime>,
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}

/// What `logout` did.
#[derive(SimpleObject)]
pub struct LogoutPayload {
    /// Why it was refused; empty when it was done.
    pub user_errors: Vec<UserError>,
}
