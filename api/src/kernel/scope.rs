//! Proofs of permission. A `Scope` is the set of subtrees a caller reaches for one action; an `Authorized<T>` is a row
//! or node on which the caller may act. Only this module and `Op` make them, and every read needs one.

use super::sql::Sql;
use super::tree::Node;
use crate::policy::Action;
use entity::id::FederationId;
use entity::placed::Placed;
use sea_orm::sea_query::{Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, Select, Value};
use std::sync::Arc;

/// Characters of a province's path.
const PROVINCE_KEYS: usize = 4;
/// Characters of a city's path.
const CITY_KEYS: usize = 8;

/// The top of a subtree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Root {
    id: FederationId,
    path: Box<str>,
    county_id: Option<FederationId>,
    has_below: bool,
}

/// Subtrees that a caller reaches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    everything: bool,
    roots: Arc<[Root]>,
}

impl Scope {
    /// No place at all: finds nothing.
    pub(super) fn nothing() -> Scope {
        Scope {
            everything: false,
            roots: Arc::from([]),
        }
    }

    /// Every place: for the service's own work, never for a caller.
    pub(super) fn everything() -> Scope {
        Scope {
            everything: true,
            roots: Arc::from([]),
        }
    }

    /// These nodes and all below them; nodes below another one fall away.
    pub(super) fn below<'a>(nodes: impl IntoIterator<Item = (&'a Node, bool)>) -> Scope {
        let mut nodes: Vec<(&Node, bool)> = nodes.into_iter().collect();
        nodes.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        nodes.dedup_by(|inner, outer| outer.0.holds(&inner.0.path));
        let roots = nodes.into_iter().map(|(node, has_below)| Root {
            id: node.id,
            path: node.path.clone(),
            county_id: node.is_in_one_county().then_some(node.county_id),
            has_below,
        });
        Scope {
            everything: false,
            roots: roots.collect(),
        }
    }

    /// Whether a row or node with this path is inside.
    pub fn holds(&self, path: &str) -> bool {
        self.everything || self.roots.iter().any(|root| path.starts_with(&*root.path))
    }

    /// Whether a row or node with this path is inside, and below the top of what is reached.
    pub fn holds_below_its_top(&self, path: &str) -> bool {
        let is_below = |root: &Root| path.starts_with(&*root.path) && path.len() > root.path.len();
        self.everything || self.roots.iter().any(is_below)
    }

    /// Whether a node with this path stands above some of it.
    pub fn is_below(&self, path: &str) -> bool {
        self.roots.iter().any(|root| root.path.starts_with(path))
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        !self.everything && self.roots.is_empty()
    }

    /// The part of it that lies in a node's subtree.
    pub fn within(&self, node: &Node, has_below: bool) -> Scope {
        if self.holds(&node.path) {
            return Scope::below([(node, has_below)]);
        }
        let roots = self.roots.iter().filter(|root| node.holds(&root.path)).cloned();
        Scope {
            everything: false,
            roots: roots.collect(),
        }
    }

    /// Adds the scope as a predicate over a column that holds paths, for SQL written as text.
    pub fn push(&self, sql: &mut Sql, column: &str) {
        if self.everything {
            sql.push("1 = 1");
            return;
        }
        sql.push("(1 = 0");
        for root in self.roots.iter() {
            sql.push(&format!(" OR ({column} >= ")).bind(&*root.path);
            sql.push(&format!(" AND {column} < "))
                .bind(format!("{}~", root.path))
                .push(")");
        }
        sql.push(")");
    }

    /// The scope as a predicate over a placed table, that its indexes serve.
    pub fn predicate<E: Placed>(&self) -> Condition {
        if self.everything {
            return Condition::all();
        }
        let mut any = Condition::any();
        for root in self.roots.iter() {
            any = any.add(root.predicate::<E>());
        }
        if self.roots.is_empty() {
            Condition::all().add(SimpleExpr::from(false))
        } else {
            any
        }
    }
}

impl Root {
    fn predicate<E: Placed>(&self) -> Condition {
        // A leaf holds only its own rows: equality lets one index give them in the order of the list.
        if !self.has_below {
            return Condition::all().add(E::FEDERATION.eq(self.id));
        }
        let all = Condition::all().add_option(self.county_id.map(|county_id| E::COUNTY.eq(county_id)));
        if self.county_id == Some(self.id) {
            return all;
        }
        // So the index has in front what is equal, and the rows of a province or city in the order of the list.
        for length in [PROVINCE_KEYS, CITY_KEYS] {
            if self.county_id.is_none() && self.path.len() == length {
                let number = |number: usize| Expr::cust(number.to_string());
                let path = Expr::col((E::default(), E::PATH));
                let first = Func::cust("substr").arg(path).arg(number(1)).arg(number(length));
                return all.add(ExprTrait::eq(first, &*self.path));
            }
        }
        all.add(E::PATH.gte(&*self.path))
            .add(E::PATH.lt(format!("{}~", self.path)))
    }
}

/// A placed table whose rows are seen by whoever may do one certain thing.
pub trait Readable: Placed {
    /// What one must be allowed to do.
    const READ: Action;
}

/// How every read of a placed table begins.
pub trait Within: Placed {
    /// The rows that the scope reaches.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where a scoped read begins"
    )]
    fn within(scope: &Scope) -> Select<Self> {
        <Self as EntityTrait>::find().filter(scope.predicate::<Self>())
    }

    /// The rows that the scope reaches, and those that another proof of the caller's reach names.
    #[expect(
        clippy::disallowed_methods,
        reason = "a scoped read begins here, with one proof more"
    )]
    fn within_or(scope: &Scope, also: SimpleExpr) -> Select<Self> {
        let also = if scope.everything {
            SimpleExpr::from(true)
        } else {
            also
        };
        let any = Condition::any().add(scope.predicate::<Self>()).add(also);
        <Self as EntityTrait>::find().filter(any)
    }
}

impl<E: Placed> Within for E {}

/// The rows that are parts of others (the findings of visits) and have no place of their own: those of rows that the
/// caller was proved to reach.
#[expect(
    clippy::disallowed_methods,
    reason = "the proof was given for the rows that they are parts of"
)]
pub fn parts_of<E: EntityTrait>(whole: E::Column, ids: Vec<impl Into<Value>>) -> Select<E> {
    E::find().filter(whole.is_in(ids))
}

/// A row or node on which the caller may do what was asked: the question was answered in this transaction.
#[derive(Clone, Debug)]
pub struct Authorized<T>(T);

impl<T> Authorized<T> {
    pub(super) fn new(value: T) -> Self {
        Authorized(value)
    }

    /// The row itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Authorized<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
