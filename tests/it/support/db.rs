//! A database for every test: a copy of a template that is migrated, with the divisions of [`super::tree`], once a run.

use super::clock::Clock;
use super::{postgres, tree};
use api::config::Rules;
use api::kernel::app::App;
use api::kernel::db::Db;
use api::kernel::files::Files;
use api::kernel::keys::Keys;
use api::kernel::op::{Actor, Op};
use api::kernel::suite::International;
use api::org::federation::import;
use api::start;
use std::future::Future;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

/// What the tests run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// The database and the folder of one test; both go with it.
pub struct Stage {
    /// For `Db::connect`.
    pub url: String,
    /// For keys and files.
    pub folder: TempDir,
    /// Of a PostgreSQL database.
    cluster: Option<(&'static postgres::Cluster, String)>,
}

/// Runs async work from wherever one is, in a runtime or not.
pub fn apart<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(work)
        });
        work.join()
            .unwrap_or_else(|cause| std::panic::resume_unwind(cause))
    })
}

fn folder() -> TempDir {
    TempDir::with_prefix("gonghui-test-").unwrap()
}

/// What must not fail while a stage is set up. The service's errors have no `Display`.
pub fn done<T>(result: Result<T, api::kernel::error::Error>) -> T {
    result.unwrap_or_else(|error| panic!("{}", error.report()))
}

/// Opens the key file of a folder, making it if it is missing: all stages have the keys of the template, which wrap its
/// data keys.
pub fn keys(folder: &Path) -> Keys {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    let file = folder.join("keys");
    if !file.exists() {
        let bytes = FILE.get_or_init(|| {
            done(Keys::write_new(&file, &*Clock::of_template(), &International));
            std::fs::read(&file).unwrap()
        });
        std::fs::write(&file, bytes).unwrap();
    }
    done(Keys::read(&file))
}

/// Migrates an empty database and loads the divisions.
async fn prepare(url: &str, folder: &Path) {
    let clock = Clock::of_template();
    let db = done(Db::connect(url, 4).await);
    done(start::migrate(&db).await);
    let keys = keys(folder);
    let files = done(Files::open(&folder.join("files")));
    let app = done(App::build(db.clone(), clock, keys, files, Rules::default()).await);
    done(import::import(&Op::new(&app, Actor::System), tree::LIST.as_bytes()).await);
    drop(app);
    done(db.close().await);
}

/// The bytes of a prepared SQLite file.
fn template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = folder();
        let file = folder.path().join("template.db");
        apart(prepare(&format!("sqlite:{}", file.display()), folder.path()));
        std::fs::read(file).unwrap()
    })
}

/// Prepares the template of a new cluster.
pub fn prepare_template(url: &str) {
    apart(prepare(url, folder().path()));
}

impl Stage {
    /// Sets up a stage with the divisions of [`super::tree`]; none where there is no such database.
    pub fn new(database: Database) -> Option<Stage> {
        let folder = folder();
        match database {
            Database::Sqlite => {
                let file = folder.path().join("test.db");
                std::fs::write(&file, template()).unwrap();
                let url = format!("sqlite:{}", file.display());
                Some(Stage {
                    url,
                    folder,
                    cluster: None,
                })
            }
            Database::Postgres => {
                let cluster = postgres::cluster()?;
                let name = cluster.create();
                Some(Stage {
                    url: cluster.url(&name),
                    folder,
                    cluster: Some((cluster, name)),
                })
            }
        }
    }
}

impl Stage {
    /// A stage with an empty database and no keys; none where there is no such database.
    pub fn empty(database: Database) -> Option<Stage> {
        let folder = folder();
        let (url, cluster) = match database {
            Database::Sqlite => (
                format!("sqlite:{}", folder.path().join("empty.db").display()),
                None,
            ),
            Database::Postgres => {
                let cluster = postgres::cluster()?;
                let name = cluster.create_empty();
                (cluster.url(&name), Some((cluster, name)))
            }
        };
        Some(Stage { url, folder, cluster })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some((cluster, name)) = &self.cluster {
            cluster.drop_database(name);
        }
    }
}
