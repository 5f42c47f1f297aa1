//! The caller as the caller sees it, and sessions as clients see them.

use super::service::Tokens;
use super::store::{SessionsOf, actor};
use crate::accounts::account::types::{Account, seen};
use crate::accounts::grant::types::{Grant, grants_of};
use crate::assessments::goal::types::{StaffGoal, staff_goals_of_caller};
use crate::assessments::patch::types::{Patch, patches_of_caller};
use crate::kernel::error::{Error, UserError, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::{Actor, Op, Verdict};
use crate::kernel::page::{Connection, Page};
use crate::node;
use crate::policy::Action;
use crate::scalars::DateTime;
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::accounts::session::{self, Kind};
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

    /// The account itself; null for a caller that has not signed in.
    async fn account(&self, context: &Context<'_>) -> Option<Result<Account, Error>> {
        match &self.0 {
            Actor::Account { id, .. } => Some(seen(Op::of(context), *id).await),
            Actor::Anonymous | Actor::System => None,
        }
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
        let Actor::Account { id, .. } = &self.0 else {
            return Ok(Vec::new());
        };
        let op = Op::of(context);
        let mut grants = grants_of(op, *id).await?;
        grants.retain(|grant| grant.has_begun(op.today()));
        Ok(grants)
    }

    /// Whether some of these roles sleep: they ask for a second factor, and this session was opened without one. Sign in
    /// with `otp`; whoever has no second factor yet sets one up with `enrollOtp`.
    async fn is_otp_missing(&self, context: &Context<'_>) -> Result<bool, Error> {
        let Actor::Account { id, grants, .. } = &self.0 else {
            return Ok(false);
        };
        let op = Op::of(context);
        let all = grants_of(op, *id).await?;
        let sleeps = |held: &Grant| {
            let place = held.0.federation_id;
            held.has_begun(op.today())
                && !grants
                    .iter()
                    .any(|grant| grant.role.name() == held.0.role && grant.federation_id == place)
        };
        Ok(all.iter().any(sleeps))
    }

    /// Federations for which the caller is responsible today (挂点包干), newest first; empty for a caller that has not signed in.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn patches(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Patch>, Error> {
        patches_of_caller(context, Page::new(first, after, last, before)?).await
    }

    /// The caller's own goals (年度工作目标), latest due first; empty for a caller that has not signed in.
    #[expect(clippy::too_many_arguments, reason = "the four of every connection")]
    async fn staff_goals(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Only those of this year.")] year: Option<i32>,
        #[graphql(desc = "How many from the start, at most 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<StaffGoal>, Error> {
        staff_goals_of_caller(context, year, Page::new(first, after, last, before)?).await
    }

    /// The caller's open sessions, last used first, at most 50; empty for a caller that has not signed in.
    async fn sessions(&self, context: &Context<'_>) -> Result<Vec<Session>, Error> {
        match &self.0 {
            Actor::Account { id, .. } => sessions_of(Op::of(context), *id).await,
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
    /// 令牌范围外: a role of theirs allows it, but the token was asked for less.
    OutOfScope,
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

/// The open sessions of an account that the caller sees.
pub async fn sessions_of(op: &Op, id: AccountId) -> Result<Vec<Session>, Error> {
    let sessions = op.load::<SessionsOf>(id).await?;
    Ok(sessions.into_iter().map(Session).collect())
}

/// What a person signs in on.
#[derive(Clone, Copy, Debug, Default, Enum, PartialEq, Eq)]
pub enum FrontEnd {
    /// 移动端: the app for field visits. It goes on for weeks.
    Phone,
    /// 工作台: the web dashboard. It ends when nobody uses it.
    #[default]
    Dashboard,
}

impl From<FrontEnd> for Kind {
    fn from(front_end: FrontEnd) -> Kind {
        match front_end {
            FrontEnd::Phone => Kind::Phone,
            FrontEnd::Dashboard => Kind::Dashboard,
        }
    }
}

/// What opened a session.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
#[graphql(remote = "session::Kind")]
pub enum SessionKind {
    /// 移动端.
    Phone,
    /// 工作台.
    Dashboard,
    /// 机器账号.
    Machine,
}

/// A row of `session`, as clients see it.
pub struct Session(session::Model);

/// A session (会话) that is open.
#[Object]
impl Session {
    /// Global id; `endSession` asks for it.
    pub async fn id(&self) -> ID {
        self.0.id.gid()
    }

    /// What opened it.
    async fn kind(&self) -> SessionKind {
        self.0.kind.into()
    }

    /// Where it was opened from: an address, of IPv6 the network; null if it is not known.
    async fn address(&self) -> Option<&str> {
        Some(&*self.0.address).filter(|address| !address.is_empty())
    }

    /// Instant of signing in.
    async fn opened_at(&self) -> DateTime {
        DateTime(self.0.opened_at)
    }

    /// Instant of the last refresh.
    async fn seen_at(&self) -> DateTime {
        DateTime(self.0.seen_at)
    }

    /// Instant at which it ends unless it is refreshed.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }

    /// Whether it was opened with a second factor.
    async fn is_strong(&self) -> bool {
        self.0.is_strong
    }

    /// Whether the caller acts by it.
    async fn is_current(&self, context: &Context<'_>) -> bool {
        matches!(Op::of(context).actor(), Actor::Account { session_id, .. } if *session_id == self.0.id)
    }
}

/// Name and password of a person.
#[derive(InputObject)]
pub struct LoginInput {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// The six digits of the authenticator, or a recovery code; for accounts with a second factor.
    pub otp: Option<String>,
    /// What the person signs in on.
    #[graphql(default)]
    pub front_end: FrontEnd,
}

/// A refresh token.
#[derive(InputObject)]
pub struct RefreshSessionInput {
    /// The newest refresh token of the session; it is good once.
    pub refresh_token: String,
}

/// What `login` and `loginWithProvider` did.
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
    /// Why it was refused; empty when it was done. INVALID `otp`: the password was right, and the account has a second
    /// factor. GONE `password`: it was right and is too old, see `changePassword`.
    pub user_errors: Vec<UserError>,
}

impl LoginPayload {
    /// Whoever signed in, or why not.
    pub(in crate::accounts) async fn of(
        op: &Op,
        tokens: Result<Tokens, Error>,
    ) -> Result<LoginPayload, Error> {
        match tokens {
            Ok(tokens) => Ok(LoginPayload {
                viewer: Some(Viewer(actor(op.app(), tokens.session_id).await?)),
                access_token: Some(tokens.access),
                refresh_token: tokens.refresh,
                expires_at: Some(DateTime(tokens.expires_at)),
                user_errors: Vec::new(),
            }),
            Err(error) => Ok(LoginPayload {
                user_errors: error.refusals()?,
                ..LoginPayload::default()
            }),
        }
    }
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

/// Ends a session.
#[derive(InputObject)]
pub struct EndSession {
    /// Which.
    pub id: ID,
}

/// What `endSession` did.
#[derive(SimpleObject)]
pub struct EndSessionPayload {
    /// Why it was refused; empty when it was done, or the session was over already.
    pub user_errors: Vec<UserError>,
}
