//! The stage on which the tests play: a database of their own, a clock that they move, people who sign in.

pub mod app;
pub mod book;
pub mod bucket;
pub mod clock;
pub mod db;
pub mod dice;
pub mod files;
pub mod delivery;
pub mod door;
pub mod lab;
pub mod matrix;
pub mod accounts;
pub mod machines;
pub mod members;
pub mod provider;
pub mod people;
pub mod register;
pub mod returns;
pub mod shape;
pub mod table;
pub mod targets;
pub mod verdict;
pub mod things;
pub mod socket;
pub mod postgres;
pub mod tree;
pub mod watch;

pub use app::{App, Caller};
pub use clock::Clock;
pub use db::Database;

use std::future::Future;
use std::time::Duration;

/// No story takes this long; one that hangs fails.
const PATIENCE: Duration = Duration::from_secs(300);

/// Declares tests that each run on both databases: `both! { async fn a_fact(app: App) { … } }`.
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($app:ident: App) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "not every story uses all that its file does")]
            use super::*;

            async fn story($app: $crate::support::App) $body

            #[test]
            fn sqlite() {
                $crate::support::play($crate::support::Database::Sqlite, story);
            }

            #[test]
            fn postgres() {
                $crate::support::play($crate::support::Database::Postgres, story);
            }
        }
    )*};
}

/// Plays a story on a database of its own; skips it where there is no such database.
pub fn play<F: Future<Output = ()>>(database: Database, story: fn(App) -> F) {
    let Some(stage) = db::Stage::new(database) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let app = App::open(&stage, Clock::new()).await;
        let end = tokio::time::timeout(PATIENCE, story(app)).await;
        end.expect("the story comes to its end");
    });
}
