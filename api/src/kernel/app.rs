//! What one process holds: database, tree, clock, feed, keys, vault, files and telemetry.

use super::audit::Attempts;
use super::bucket::Buckets;
use super::clock::Clock;
use super::db::Db;
use super::delay::Delays;
use super::drain::Drain;
use super::error::Error;
use super::feed::Feed;
use super::files::Files;
use super::keys::Keys;
use super::telemetry::Telemetry;
use super::tree::Tree;
use super::vault::Vault;
use crate::config::Rules;
use arc_swap::ArcSwap;
use std::sync::Arc;
use uuid::Uuid;

/// The process.
pub struct App {
    /// The database.
    pub db: Db,
    /// Time, ids, randomness.
    pub clock: Arc<dyn Clock>,
    /// What was committed, in order.
    pub feed: Feed,
    /// The key file.
    pub keys: Arc<Keys>,
    /// Seals what is personal.
    pub vault: Vault,
    /// Bytes that came in and go out.
    pub files: Files,
    /// How often something was tried lately, by whom or on whom.
    pub attempts: Buckets<String>,
    /// What failed lately, and how long it has to wait.
    pub failures: Delays,
    /// Attempts to be somebody that were refused, and are not written down yet.
    pub refused: Attempts,
    /// Who may sign in and for how long, and how personal data is guarded.
    pub rules: Rules,
    /// Says when the process is about to end.
    pub drain: Drain,
    /// What it tells its operator.
    pub telemetry: Telemetry,
    /// Names this process where it holds leases.
    pub process_id: Uuid,
    tree: ArcSwap<Tree>,
    refreshing: tokio::sync::Mutex<()>,
    rerunning: tokio::sync::Mutex<()>,
}

impl App {
    /// Builds the process on a migrated database; the tree is whole before anything can ask it.
    pub async fn build(
        db: Db,
        clock: Arc<dyn Clock>,
        keys: Keys,
        files: Files,
        rules: Rules,
    ) -> Result<Arc<App>, Error> {
        let keys = Arc::new(keys);
        let vault = Vault::open_on(&db, Arc::clone(&keys), Arc::clone(&clock)).await?;
        let tree = Tree::load(db.unhurried()).await?;
        let feed = Feed::start(&db).await?;
        Ok(Arc::new(App {
            attempts: Buckets::default(),
            failures: Delays::default(),
            refused: Attempts::default(),
            rules,
            drain: Drain::default(),
            telemetry: Telemetry::new(db.telemetry()),
            process_id: clock.id(),
            tree: ArcSwap::from_pointee(tree),
            refreshing: tokio::sync::Mutex::new(()),
            rerunning: tokio::sync::Mutex::new(()),
            db,
            clock,
            feed,
            keys,
            vault,
            files,
        }))
    }

    /// The newest snapshot of the tree.
    pub fn tree(&self) -> Arc<Tree> {
        self.tree.load_full()
    }

    /// Takes over a newer tree, if there is one. Readers keep the old one until the new one is whole.
    pub async fn refresh_tree(&self) -> Result<(), Error> {
        let _one_at_a_time = self.refreshing.lock().await;
        if Tree::version(self.db.reader()).await? != self.tree().version {
            self.tree.store(Arc::new(Tree::load(self.db.unhurried()).await?));
        }
        Ok(())
    }

    /// Waits until no other transaction of this process runs again; held while one does.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.rerunning.lock().await
    }

    /// What an operation and its input amount to, for telling a repeated call from another one.
    pub fn digest(&self, operation: &str, input: &impl serde::Serialize) -> Result<String, Error> {
        let mut bytes = operation.as_bytes().to_vec();
        bytes.push(0);
        serde_json::to_writer(&mut bytes, input)?;
        Ok(self.keys.mac(&bytes))
    }
}
