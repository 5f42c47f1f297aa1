//! Every setting, from the environment or the command line, with its default and unit.

use clap::Args;
use std::path::PathBuf;

/// Settings of a running service.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address and port to listen on.
    #[arg(long, env = "GONGHUI_BIND", default_value = "127.0.0.1:8000")]
    pub bind: String,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show the text twice")]
    pub store: Store,

    /// Seconds that running requests get to finish when the service is told to stop.
    #[arg(long, env = "GONGHUI_GRACE_SECONDS", default_value_t = 20)]
    pub grace_seconds: u64,
}

/// Settings of everything that touches the database.
#[derive(Args, Clone, Debug)]
pub struct Store {
    /// `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite:gonghui.db",
        hide_env_values = true
    )]
    pub database_url: String,

    /// Connections to the database; on SQLite readers beside the one writer.
    #[arg(long, env = "GONGHUI_CONNECTIONS", default_value_t = 8)]
    pub connections: u32,

    /// Key file. On SQLite it is made beside the database if it is missing; on PostgreSQL make it with
    /// `gonghui keys new FILE` and give it to every process.
    #[arg(long, env = "GONGHUI_KEYS")]
    pub keys: Option<PathBuf>,

    /// Folder of uploaded files. On SQLite it is beside the database if nothing is said; on PostgreSQL it must be
    /// shared by every process.
    #[arg(long, env = "GONGHUI_FILES")]
    pub files: Option<PathBuf>,
}

impl Store {
    /// The SQLite file, if it is one.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let file = self.database_url.strip_prefix("sqlite:")?;
        let file = file.strip_prefix("//").unwrap_or(file);
        Some(PathBuf::from(file.split('?').next().unwrap_or(file)))
    }

    /// Where the keys are; none if they must be named and are not.
    pub fn keys_file(&self) -> Option<PathBuf> {
        self.keys
            .clone()
            .or_else(|| Some(self.sqlite_file()?.with_extension("keys")))
    }

    /// Where uploaded files are.
    pub fn files_folder(&self) -> PathBuf {
        let beside = || self.sqlite_file().map(|file| file.with_extension("files"));
        self.files
            .clone()
            .or_else(beside)
            .unwrap_or_else(|| PathBuf::from("gonghui.files"))
    }
}
