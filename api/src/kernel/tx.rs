//! A write transaction that can only be committed with an event.

use super::app::App;
use super::audit::{self, Source};
use super::error::{Error, Fault, text};
use super::event::Event;
use super::ledger::entry;
use super::op::{Op, authorize_in};
use super::reader::Hold;
use super::scope::{Authorized, Readable, Scope, Within};
use super::sql::Sql;
use super::tree::{Node, Tree};
use crate::policy::Action;
use chrono::TimeDelta;
use entity::id::{AccountId, FederationId};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    FromQueryResult, IntoActiveModel, ModelTrait, QueryFilter, Value,
};
use std::future::Future;
use std::sync::Arc;
use uuid::Uuid;

/// How often a body is run before the caller hears UNAVAILABLE.
const RUNS_MAX: u32 = 8;

/// How long an idempotency key is remembered.
const KEY_KEPT: TimeDelta = TimeDelta::days(7);

/// Forgets idempotency keys that are too old to matter.
pub async fn forget_keys(app: &App) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM idempotency WHERE created_at <= ");
    sql.bind(app.clock.now() - KEY_KEPT);
    app.db.writer().execute_raw(sql.on(app.db.backend())).await?;
    Ok(())
}

/// What a row becomes on its way into its table.
type Active<M> = <<M as ModelTrait>::Entity as EntityTrait>::ActiveModel;

/// An open transaction of one operation.
pub struct Tx {
    db: DatabaseTransaction,
    op: Op,
    tree: Arc<Tree>,
    changes_tree: bool,
}

/// The proof that a transaction ends as it should. Only [`Tx::commit`] and [`Tx::unchanged`] make it.
pub struct Committed<T> {
    value: T,
    changes_tree: bool,
    has_event: bool,
    /// What is still to be committed; none where nothing was changed.
    open: Option<DatabaseTransaction>,
    /// No commit could carry the key, because nothing was changed.
    is_key_loose: bool,
}

impl Op {
    /// Runs a transaction. The body may run again after a conflict with another writer, so it keeps no state outside.
    pub async fn write<T, F, Fut>(&self, body: F) -> Result<T, Error>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<Committed<T>, Error>>,
    {
        self.run(body).await.map(|committed| committed.value)
    }

    async fn run<T, F, Fut>(&self, body: F) -> Result<Committed<T>, Error>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<Committed<T>, Error>>,
    {
        // Who ran into another writer runs again in turn: writers of one process that all want the same row would
        // otherwise meet again and again, and the unlucky ones would never get through.
        let mut turn = None;
        for run in 0..RUNS_MAX {
            let ended = match Tx::begin(self).await {
                Ok((tx, hold)) => {
                    let ended = match body(tx).await {
                        Ok(committed) => committed.end().await,
                        Err(error) => Err(error),
                    };
                    hold.end();
                    ended
                }
                Err(error) => Err(error),
            };
            match ended {
                Ok(committed) => {
                    committed.tell(self.app()).await;
                    return Ok(committed);
                }
                Err(Error::Again(cause)) => {
                    tracing::debug!(run, %cause, "the transaction runs again");
                    if turn.is_none() {
                        turn = Some(self.app().turn().await);
                    } else {
                        tokio::time::sleep(std::time::Duration::from_millis(u64::from(run * run))).await;
                    }
                }
                Err(error) => {
                    audit::refused(self, &error).await;
                    return Err(error);
                }
            }
        }
        tracing::warn!(request_id = %self.request_id(), "a transaction found no quiet moment");
        Err(Error::Unavailable)
    }

    /// Runs a transaction once for a key: the same key and body gives the id that the first run gave.
    /// `digest` is made by [`App::digest`] from the operation's name and input. Without a key it is a plain write.
    pub async fn write_once<I, F, Fut>(&self, key: Option<&str>, digest: String, body: F) -> Result<I, Error>
    where
        I: From<Uuid> + Into<Uuid> + Copy,
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<Committed<I>, Error>>,
    {
        let (Some(key), Some(account_id)) = (key, self.account_id()) else {
            return self.write(body).await;
        };
        // Somebody's number is a key that a client may think of.
        let key = self.app().keys.mac(key.as_bytes());
        let (key, digest, body) = (&*key, &digest, &body);
        let committed = self.run(|tx| async move {
            let mut sql = Sql::new("SELECT digest, subject_id FROM idempotency WHERE account_id = ");
            sql.bind(account_id).push(" AND key = ").bind(key);
            sql.push(" AND created_at > ").bind(self.now() - KEY_KEPT);
            let earlier = Earlier::find_by_statement(sql.on(tx.backend()))
                .one(tx.db())
                .await?;
            match earlier {
                Some(earlier) if earlier.digest == *digest => Ok(tx.unchanged(I::from(earlier.subject_id))),
                Some(_) => Err(Error::IdempotencyKeyReused),
                None => {
                    let mut committed = body(tx).await?;
                    match &committed.open {
                        Some(db) => {
                            let sql = remember(self, account_id, (key, digest), committed.value.into());
                            db.execute_raw(sql.on(db.get_database_backend())).await?;
                        }
                        None => committed.is_key_loose = true,
                    }
                    Ok(committed)
                }
            }
        });
        let committed = committed.await?;
        if committed.is_key_loose {
            let sql = remember(self, account_id, (key, digest), committed.value.into());
            let db = &self.app().db;
            db.writer().execute_raw(sql.on(db.backend())).await?;
        }
        Ok(committed.value)
    }
}

/// Keeps a key with the id that it gave. A key of the same name that is in force stays; one that was forgotten gives way.
fn remember(op: &Op, account_id: AccountId, (key, digest): (&str, &str), given: Uuid) -> Sql {
    let mut sql =
        Sql::new("INSERT INTO idempotency (account_id, key, digest, subject_id, created_at) VALUES ");
    sql.rows([[
        account_id.into(),
        key.into(),
        digest.into(),
        given.into(),
        op.now().into(),
    ]]);
    sql.push(
        " ON CONFLICT (account_id, key) DO UPDATE SET digest = excluded.digest, subject_id = excluded.subject_id, \
         created_at = excluded.created_at WHERE idempotency.created_at <= ",
    );
    sql.bind(op.now() - KEY_KEPT);
    sql
}

#[derive(FromQueryResult)]
struct Earlier {
    digest: String,
    subject_id: Uuid,
}

impl<T> Committed<T> {
    async fn end(mut self) -> Result<Self, Error> {
        if let Some(db) = self.open.take() {
            db.commit().await?;
        }
        Ok(self)
    }

    async fn tell(&self, app: &App) {
        if self.has_event {
            app.feed.event_committed();
        }
        if self.changes_tree && app.refresh_tree().await.is_err() {
            // What was committed stays so; the next writer, or the worker, finds the newer version.
            tracing::warn!("the tree could not be read anew after a change");
        }
    }
}

impl Tx {
    /// Begins one, and limits its statements to what is left of the operation.
    async fn begin(op: &Op) -> Result<(Tx, Hold<'_>), Error> {
        let db = op.app().db.begin().await?;
        let left = op.app().db.left();
        let hold = op.app().db.hold_writer(left);
        let version = Tree::version_within(&db, left).await?;
        let tree = op.app().tree();
        if tree.version != version {
            // Not with a connection in hand: all of them could be held by writers that wait for one more.
            db.rollback().await?;
            hold.end();
            op.app().refresh_tree().await?;
            let moved_on = sea_orm::DbErr::Custom("the tree moved on".into());
            return Err(Error::Again(Arc::new(moved_on)));
        }
        let tx = Tx {
            db,
            op: op.clone(),
            tree,
            changes_tree: false,
        };
        Ok((tx, hold))
    }

    /// Writes a new row.
    pub async fn insert<M>(&self, row: M) -> Result<(), Error>
    where
        M: ModelTrait + IntoActiveModel<Active<M>>,
    {
        let insert = M::Entity::insert(row.into_active_model());
        insert.exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes a changed row, all of it.
    pub async fn update<M>(&self, row: M) -> Result<(), Error>
    where
        M: ModelTrait<Entity: EntityTrait<Model = M>> + IntoActiveModel<Active<M>>,
        Active<M>: ActiveModelBehavior + Send,
    {
        row.into_active_model().reset_all().update(&self.db).await?;
        Ok(())
    }

    /// The operation it belongs to.
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// The connection.
    pub fn db(&self) -> &DatabaseTransaction {
        &self.db
    }

    /// Which database it is.
    pub fn backend(&self) -> sea_orm::DbBackend {
        self.db.get_database_backend()
    }

    /// The tree that is in force in this transaction.
    pub fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// Where the caller may do something, by the tree of this transaction.
    pub fn scope(&self, action: Action) -> Scope {
        self.op.scope_in(&self.tree, action)
    }

    /// Every place, for rules that hold in the whole country (a code is given once). What it finds is not shown.
    pub fn everywhere(&self) -> Scope {
        Scope::everything()
    }

    /// Proves that the caller may do something at a federation; Gone if the division list no longer has it.
    pub fn authorize(
        &self,
        action: Action,
        id: FederationId,
        field: &'static str,
    ) -> Result<Authorized<Node>, Error> {
        let node = authorize_in(&self.op, &self.tree, action, id, field)?;
        match node.retired_on {
            None => Ok(node),
            Some(day) => {
                let en = format!("The division list does not have it since {day}.");
                let text = text(en, format!("该区划已于 {day} 撤销。"));
                Err(Error::Gone(Fault {
                    field: field.into(),
                    text,
                }))
            }
        }
    }

    /// Loads a row and proves that the caller may do something with it: NotFound unless it may be read.
    pub async fn authorize_row<E: Readable>(
        &self,
        action: Action,
        id: impl Into<Value>,
        field: &'static str,
    ) -> Result<Authorized<E::Model>, Error> {
        if matches!(self.op.actor(), super::op::Actor::Anonymous) {
            return Err(Error::Unauthenticated);
        }
        let row = E::within(&self.scope(E::READ))
            .filter(E::ID.eq(id.into()))
            .one(&self.db)
            .await?;
        let row = row.ok_or(Error::NotFound(field.into()))?;
        if self.scope(action).holds(E::path(&row)) {
            Ok(Authorized::new(row))
        } else {
            Err(Error::Forbidden)
        }
    }

    /// Takes the next keys of federations and gives the tree a new version. Other writers of the tree wait here.
    pub async fn change_tree(&mut self, keys: i64) -> Result<i64, Error> {
        self.changes_tree = true;
        let mut sql = Sql::new("UPDATE tree_state SET version = version + 1, next_key = next_key + ");
        sql.bind(keys).push(" RETURNING next_key");
        let row = self.db.query_one_raw(sql.on(self.backend())).await?;
        let row = row.ok_or_else(|| Error::from(anyhow::anyhow!("the tree has no version")))?;
        Ok(row.try_get::<i64>("", "next_key")? - keys)
    }

    /// Commits what was done, with the sentence that says it.
    pub async fn commit<T>(self, event: impl Event, value: T) -> Result<Committed<T>, Error> {
        let sentence = event.sentence();
        let id = self.op.id();
        audit::insert(&self.db, [(id, &Source::of(&self.op), &sentence)]).await?;
        entry::insert(&self, id, &sentence).await?;
        Ok(Committed {
            value,
            changes_tree: self.changes_tree,
            has_event: true,
            open: Some(self.db),
            is_key_loose: false,
        })
    }

    /// Ends without a change: what was asked is already so. Nothing of this transaction stays.
    pub fn unchanged<T>(self, value: T) -> Committed<T> {
        Committed {
            value,
            changes_tree: false,
            has_event: false,
            open: None,
            is_key_loose: false,
        }
    }
}
