//! One throw-away PostgreSQL cluster for a run of the tests.

use super::db::{apart, prepare_template};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The cluster. It stops when the last end of the pipe closes, which the death of this process does too.
pub struct Cluster {
    socket: String,
    created: AtomicU64,
    /// Holds the pipe.
    _keeper: Child,
}

/// The cluster of this run, started by whoever asks first; none if PostgreSQL is not installed.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| match programs() {
            Some(programs) => Some(Cluster::start(&programs)),
            None => {
                let is_required = ["CI", "GONGHUI_REQUIRE_POSTGRES"]
                    .iter()
                    .any(|name| std::env::var_os(name).is_some());
                assert!(
                    !is_required,
                    "PostgreSQL 15 or later must be installed: no initdb was found"
                );
                // Straight to the handle: the harness captures only what the print macros write.
                let line =
                    "\nSKIPPED on PostgreSQL: it is not installed (no initdb), so only SQLite is tested\n";
                let _ = std::io::stderr().write_all(line.as_bytes());
                None
            }
        })
        .as_ref()
}

/// The folder of PostgreSQL's programs: the first on PATH, else the newest of Debian's.
fn programs() -> Option<PathBuf> {
    let has_both = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(has_both).or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        let versions = versions.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let newest = versions.max()?;
        Some(
            Path::new("/usr/lib/postgresql")
                .join(newest.to_string())
                .join("bin"),
        )
        .filter(has_both)
    })
}

impl Cluster {
    fn start(programs: &Path) -> Cluster {
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(include_str!("cluster.sh"))
            .arg("cluster.sh")
            .arg(programs);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // Away from our process group: what interrupts the tests must not interrupt the clearing up.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut keeper = command.spawn().unwrap();
        let mut said = String::new();
        keeper.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let socket = said
            .trim()
            .strip_prefix("ready ")
            .unwrap_or_else(|| panic!("PostgreSQL did not start:\n{said}"));
        let cluster = Cluster {
            socket: socket.replace('/', "%2F"),
            created: AtomicU64::new(0),
            _keeper: keeper,
        };
        cluster.run("CREATE DATABASE template");
        prepare_template(&cluster.url("template"));
        cluster
    }

    /// For `Db::connect`.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://postgres@localhost/{name}?host={}", self.socket)
    }

    fn run(&self, sql: &str) {
        let mut options = ConnectOptions::new(self.url("postgres"));
        options.max_connections(1).sqlx_logging(false);
        apart(async {
            let connection = Database::connect(options).await.unwrap();
            connection.execute_unprepared(sql).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// Copies the template.
    pub fn create(&self) -> String {
        self.create_like("template")
    }

    /// Makes a database with nothing in it.
    pub fn create_empty(&self) -> String {
        self.create_like("template0")
    }

    fn create_like(&self, template: &str) -> String {
        let name = format!("test_{}", self.created.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        name
    }

    /// Lets a database go, whoever is still connected.
    pub fn drop_database(&self, name: &str) {
        self.run(&format!("DROP DATABASE {name} WITH (FORCE)"));
    }
}
