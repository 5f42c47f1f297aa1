//! `Op`: who acts, on which database, at what time; one per operation. Everything a use case needs comes from it.

use super::app::App;
use super::error::Error;
use super::loader::Loaders;
use super::scope::{Authorized, Scope};
use super::telemetry::Request;
use super::tree::{Node, Tree};
use crate::policy::{Action, Role};
use arc_swap::{ArcSwap, ArcSwapOption};
use async_graphql::parser::types::OperationType;
use chrono::{DateTime, NaiveDate, Utc};
use entity::id::{AccountId, FederationId, SessionId};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// A role on a node of the tree, in force now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which.
    pub role: Role,
    /// Where.
    pub federation_id: FederationId,
}

/// Whether a caller may do something at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A role at the place or above says so.
    Granted,
    /// Nobody is signed in.
    NotSignedIn,
    /// No role of the caller says so, anywhere.
    NoRole,
    /// A role says so, but the token was asked for less.
    OutOfScope,
    /// A role says so, but not here.
    Elsewhere,
}

/// Who acts.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Nobody signed in.
    Anonymous,
    /// The operator at the command line, or the service's own work.
    System,
    /// An account with its grants of today.
    Account {
        /// Which.
        id: AccountId,
        /// The session it came by; nil where the service goes on with what the account asked for.
        session_id: SessionId,
        /// What others see.
        display_name: String,
        /// A machine client.
        is_machine: bool,
        /// The session was opened by the phone's app.
        is_phone: bool,
        /// What it may do where.
        grants: Vec<Grant>,
        /// The actions that its token was asked for; none for all that the grants allow.
        only: Option<Arc<[Action]>>,
    },
}

impl Actor {
    /// Whether the other one may do the same at the same places.
    pub fn may_as_much_as(&self, other: &Actor) -> bool {
        let rights = |actor: &Actor| match actor {
            Actor::Account { grants, only, .. } => (grants.clone(), only.clone()),
            Actor::Anonymous | Actor::System => (Vec::new(), None),
        };
        let ((own, own_scope), (theirs, their_scope)) = (rights(self), rights(other));
        own.iter().all(|grant| theirs.contains(grant))
            && theirs.iter().all(|grant| own.contains(grant))
            && own_scope == their_scope
    }

    /// Whether the scope of its token leaves an action to its grants.
    fn was_asked_for(&self, action: Action) -> bool {
        match self {
            Actor::Account { only: Some(only), .. } => only.contains(&action),
            Actor::Account { .. } | Actor::Anonymous | Actor::System => true,
        }
    }

    /// Whether it may do something at some place.
    pub fn may_somewhere(&self, action: Action) -> bool {
        match self {
            Actor::Anonymous => false,
            Actor::System => true,
            Actor::Account { grants, .. } => {
                self.was_asked_for(action) && grants.iter().any(|grant| grant.role.may(action))
            }
        }
    }
}

/// When an operation acts: one instant and one tree for all it does.
struct Moment {
    now: DateTime<Utc>,
    tree: Arc<Tree>,
}

impl Moment {
    fn of(app: &App) -> Moment {
        Moment {
            now: app.clock.now(),
            tree: app.tree(),
        }
    }
}

struct Inner {
    app: Arc<App>,
    actor: Actor,
    moment: ArcSwap<Moment>,
    request: Request,
    address: Option<IpAddr>,
    /// What the caller asked for: a field of Mutation, or an address of the service.
    operation: ArcSwapOption<String>,
    loaders: Loaders,
    missed: AtomicU64,
}

/// One operation of one caller.
#[derive(Clone)]
pub struct Op(Arc<Inner>);

impl Op {
    /// Begins an operation.
    pub fn new(app: &Arc<App>, actor: Actor) -> Op {
        Op::arriving(app, actor, None)
    }

    /// Begins an operation that comes from an address.
    pub fn arriving(app: &Arc<App>, actor: Actor, address: Option<IpAddr>) -> Op {
        Op(Arc::new(Inner {
            actor,
            address,
            operation: ArcSwapOption::empty(),
            moment: ArcSwap::from_pointee(Moment::of(app)),
            request: Request::current(app),
            loaders: Loaders::default(),
            missed: AtomicU64::default(),
            app: Arc::clone(app),
        }))
    }

    /// The operation of a resolver.
    pub fn of<'a>(context: &async_graphql::Context<'a>) -> &'a Op {
        let op = context.data_unchecked::<Op>();
        let is_mutation = context.query_env.operation.node.ty == OperationType::Mutation;
        if is_mutation && context.path_node.is_some_and(|node| node.parent.is_none()) {
            op.performs(&context.item.node.name.node);
        }
        op
    }

    /// Says what the caller asked for: it stands beside all that it does.
    pub fn performs(&self, operation: &str) {
        self.0.operation.store(Some(Arc::new(operation.to_owned())));
    }

    /// What the caller asked for, if it is more than looking.
    pub fn operation(&self) -> Option<Arc<String>> {
        self.0.operation.load_full()
    }

    /// What the service stands on.
    pub fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.0.actor
    }

    /// Where the request comes from, if it came over a socket.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// The account that acts, if one does.
    pub fn account_id(&self) -> Option<AccountId> {
        match &self.0.actor {
            Actor::Account { id, .. } => Some(*id),
            Actor::Anonymous | Actor::System => None,
        }
    }

    /// What others see of the account that acts; empty if none does.
    pub fn display_name(&self) -> &str {
        match &self.0.actor {
            Actor::Account { display_name, .. } => display_name,
            Actor::Anonymous | Actor::System => "",
        }
    }

    /// Begins anew in time: before each message of a subscription, and after the operation changed the tree.
    pub fn renew(&self) {
        self.0.moment.store(Arc::new(Moment::of(&self.0.app)));
    }

    /// The instant of the operation: the same for all it does.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.moment.load().now
    }

    /// The day of the operation, in China.
    pub fn today(&self) -> NaiveDate {
        super::clock::day_of(self.now())
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        self.0.app.clock.id()
    }

    /// The request that it answers.
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// Names the request in logs and answers.
    pub fn request_id(&self) -> &str {
        self.0.request.id()
    }

    /// The tree as it was when the operation began.
    pub fn tree(&self) -> Arc<Tree> {
        Arc::clone(&self.0.moment.load().tree)
    }

    pub(super) fn loaders(&self) -> &Loaders {
        &self.0.loaders
    }

    /// Notes that the live feed went on without a subscription by so many events; it has to read them itself.
    pub(super) fn note_missed(&self, events: u64) {
        self.0.missed.fetch_add(events, Ordering::Relaxed);
    }

    /// By how many events the live feed has gone on without a subscription since this was last asked.
    pub fn take_missed(&self) -> u64 {
        self.0.missed.swap(0, Ordering::Relaxed)
    }

    /// Where the caller may do something; Unauthenticated or Forbidden if nowhere.
    pub fn scope(&self, action: Action) -> Result<Scope, Error> {
        let scope = self.reach(action);
        match &self.0.actor {
            Actor::Anonymous => Err(Error::Unauthenticated),
            _ if scope.is_empty() => Err(Error::Forbidden),
            _ => Ok(scope),
        }
    }

    /// Where the caller may do something; no place at all if nowhere.
    pub fn reach(&self, action: Action) -> Scope {
        self.scope_in(&self.tree(), action)
    }

    pub(super) fn scope_in(&self, tree: &Tree, action: Action) -> Scope {
        match &self.0.actor {
            Actor::Anonymous => Scope::nothing(),
            Actor::System => Scope::everything(),
            actor if !actor.was_asked_for(action) => Scope::nothing(),
            Actor::Account { grants, .. } => {
                let nodes = grants.iter().filter(|grant| grant.role.may(action));
                let nodes = nodes.filter_map(|grant| tree.get(grant.federation_id));
                Scope::below(nodes.map(|node| (node, !tree.below(node).is_empty())))
            }
        }
    }

    /// The part of the caller's scope that lies below a node.
    pub fn scope_within(&self, action: Action, node: &Node) -> Result<Scope, Error> {
        let has_below = !self.tree().below(node).is_empty();
        Ok(self.scope(action)?.within(node, has_below))
    }

    /// A federation that the caller may know of: inside the scope, or above it (names only).
    pub fn known(&self, id: FederationId, field: &'static str) -> Result<Node, Error> {
        let scope = self.scope(Action::ReadTree)?;
        let tree = self.tree();
        let node = tree
            .get(id)
            .filter(|node| scope.holds(&node.path) || scope.is_below(&node.path));
        node.cloned().ok_or(Error::NotFound(field.into()))
    }

    /// Whether the caller may do something at a place, and why or why not: what [`Op::scope`] says of one path.
    pub fn verdict(&self, action: Action, path: &str) -> Verdict {
        let may = |grant: &Grant| grant.role.may(action);
        match &self.0.actor {
            Actor::Anonymous => Verdict::NotSignedIn,
            _ if self.scope_in(&self.tree(), action).holds(path) => Verdict::Granted,
            Actor::Account { grants, .. } if !grants.iter().any(may) => Verdict::NoRole,
            actor if !actor.was_asked_for(action) => Verdict::OutOfScope,
            _ => Verdict::Elsewhere,
        }
    }

    /// Proves that the caller may do something at a federation. `field` names the input that chose it.
    pub fn authorize(
        &self,
        action: Action,
        id: FederationId,
        field: &'static str,
    ) -> Result<Authorized<Node>, Error> {
        authorize_in(self, &self.tree(), action, id, field)
    }
}

pub(super) fn authorize_in(
    op: &Op,
    tree: &Tree,
    action: Action,
    id: FederationId,
    field: &'static str,
) -> Result<Authorized<Node>, Error> {
    if matches!(op.actor(), Actor::Anonymous) {
        return Err(Error::Unauthenticated);
    }
    let seen = op.scope_in(tree, Action::ReadTree);
    let known = |node: &&Node| seen.holds(&node.path) || seen.is_below(&node.path);
    let node = tree.get(id).filter(known).ok_or(Error::NotFound(field.into()))?;
    if op.scope_in(tree, action).holds(&node.path) {
        Ok(Authorized::new(node.clone()))
    } else {
        Err(Error::Forbidden)
    }
}
