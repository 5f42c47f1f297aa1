//! The command line.

mod books;

use crate::accounts::account::service::{self, NewAccount};
use crate::accounts::password::service as passwords;
use crate::accounts::token;
use crate::config::{Settings, Store};
use crate::http::engine::Engine;
use crate::kernel::app::App;
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::op::{Actor, Op};
use crate::org::federation::{import, rules};
use crate::policy::Role;
use crate::{demo, documents, schema, start, worker};
use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use migration::{Migrator, MigratorTrait as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What no option says.
const LOG: &str = "GONGHUI_LOG filters the log (JSON lines on standard error); default: info";

/// Gonghui (工会): one GraphQL API for a federation of trade unions.
#[derive(Debug, Parser)]
#[command(name = "gonghui", version, about, after_help = LOG)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Serve {
        /// Add the country's divisions, a county's demo data and six callers, and print their logins.
        #[arg(long)]
        demo: bool,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// The demo that `serve --demo` made.
    Demo {
        #[command(subcommand)]
        what: ShowDemo,
    },
    /// Write all rows, files and keys into one sealed file; the service may go on meanwhile.
    Backup {
        /// A new file.
        file: PathBuf,
        #[command(flatten)]
        passphrase: Passphrase,
        #[command(flatten)]
        store: Store,
    },
    /// Restore a backup into an empty database, of SQLite or PostgreSQL, and prove that the books are whole. Nobody is
    /// signed in afterwards; what was erased or revoked since the backup has to be done again.
    Restore {
        /// What `gonghui backup` wrote.
        file: PathBuf,
        #[command(flatten)]
        passphrase: Passphrase,
        #[command(flatten)]
        store: Store,
    },
    /// Prove that the books are whole, or name the first break.
    Verify {
        /// Anchors of the audit trail that were kept elsewhere: what `gonghui anchors` printed, or the service's log.
        #[arg(long)]
        anchors: Option<PathBuf>,
        #[command(flatten)]
        store: Store,
    },
    /// The sums that figures are read from.
    Figures {
        #[command(subcommand)]
        what: MendFigures,
    },
    /// Print the signed anchors of the audit trail as JSON lines, to be kept elsewhere.
    Anchors {
        #[command(flatten)]
        store: Store,
    },
    /// Bring the database to the newest shape, or back, or say where it is.
    Migrate {
        #[command(subcommand)]
        direction: Direction,
        #[command(flatten)]
        store: Store,
    },
    /// Print the GraphQL schema.
    Schema,
    /// Take over a list.
    Import {
        #[command(subcommand)]
        what: Import,
    },
    /// People.
    User {
        #[command(subcommand)]
        what: User,
    },
    /// Machine clients.
    Client {
        #[command(subcommand)]
        what: AddClient,
    },
    /// Registered documents: the queries that front ends were built with.
    Documents {
        #[command(subcommand)]
        what: Documents,
    },
    /// The key file of the service.
    Keys {
        #[command(subcommand)]
        what: MakeKeys,
    },
}

#[derive(Args)]
struct Passphrase {
    /// What seals the backup, at least 12 characters, read from this variable.
    #[arg(long, env = "GONGHUI_BACKUP_PASSPHRASE", hide_env_values = true)]
    passphrase: String,
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

#[derive(Debug, Subcommand)]
enum MendFigures {
    /// Count all entries anew and mend the sums that differ. The service may run meanwhile.
    Rebuild {
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
enum Direction {
    /// Apply what is missing.
    Up,
    /// Take back the newest change.
    Down,
    /// List the changes and which are applied.
    Status,
}

#[derive(Debug, Subcommand)]
enum ShowDemo {
    /// Print the logins as JSON lines.
    Logins {
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
enum Import {
    /// The list of administrative divisions: CSV with the columns code, level, name. A second run changes nothing.
    Divisions {
        /// The list; `-` is standard input.
        file: PathBuf,
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
enum User {
    /// Make an account for a person, with one role at one federation.
    Add(Account),
    /// Void a person's password, end all their sessions, and print a code for `acceptInvitation`: the way back in where
    /// no administrator stands above.
    Reset {
        /// User name.
        name: String,
        /// Take the second factor away too.
        #[arg(long)]
        without_otp: bool,
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
enum AddClient {
    /// Make an account for a machine client, with one role at one federation.
    Add(Account),
}

#[derive(Debug, Subcommand)]
enum Documents {
    /// Register the documents of a list that Relay, graphql-codegen or Apollo wrote. All of it, or nothing if one does
    /// not fit the schema; a second run changes nothing.
    Register {
        /// The list, JSON.
        file: PathBuf,
        /// Whose they are, for example `phone-2.3`.
        #[arg(long)]
        client: String,
        #[command(flatten)]
        store: Store,
    },
    /// End the registration of a document.
    Remove {
        /// Its id.
        id: String,
        /// Whose it is.
        #[arg(long)]
        client: String,
        #[command(flatten)]
        store: Store,
    },
    /// Say which registered documents do not fit the schema.
    Check {
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Debug, Subcommand)]
enum MakeKeys {
    /// Make a key file; an existing one is not overwritten.
    New {
        /// Where.
        file: PathBuf,
        /// What seals personal data: AES-256-GCM, or SM4-GCM (GB/T 32907) with SM3 (GB/T 32905).
        #[arg(long, default_value = "AES-256-GCM")]
        suite: String,
    },
    /// Add a signing key and a master key to a key file. Give the file to every process of the database at once: each
    /// reads it within a minute, and the new key signs only after that.
    Rotate {
        /// Which.
        file: PathBuf,
        /// Minutes after which the new key begins to sign.
        #[arg(long, default_value_t = 10)]
        after_minutes: u16,
        /// What data keys are made for from now on, AES-256-GCM or SM4-GCM; `keys reencrypt` takes what is there over.
        #[arg(long)]
        suite: Option<String>,
    },
    /// Make a new data key, wrap all data keys by the newest master key, and let the service seal everything by the new
    /// one. It goes on inside `serve`, from three minutes on, when every process knows the key.
    Reencrypt {
        #[command(flatten)]
        store: Store,
    },
    /// Say how many sealed values an older data key sealed, and how far `reencrypt` is.
    Status {
        #[command(flatten)]
        store: Store,
    },
}

#[derive(Args, Debug)]
struct Account {
    /// User name, or client id.
    name: String,
    /// LEADER, CADRE, FINANCE, AUDITOR, SYSTEM_ADMINISTRATOR, SECURITY_ADMINISTRATOR, AUDIT_ADMINISTRATOR; for clients
    /// TAX_BUREAU or REPORTING.
    #[arg(long)]
    role: String,
    /// Division code of the federation.
    #[arg(long)]
    federation: String,
    /// PROVINCE, CITY, COUNTY or TOWNSHIP, where the code stands at two levels.
    #[arg(long)]
    level: Option<String>,
    /// What others see; the name if nothing is said.
    #[arg(long)]
    display_name: Option<String>,
    /// Password or client secret, read from this variable; made and printed if it is not set.
    #[arg(long, env = "GONGHUI_NEW_SECRET", hide_env_values = true)]
    secret: Option<String>,
    #[command(flatten)]
    store: Store,
}

/// Does what the command line says. Not async, so that the program itself is compiled here, once: a future is compiled
/// where it is run, and `main.rs` would compile the whole service again.
pub fn run(cli: Cli) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(obey(cli));
    // Reading a file goes on in a thread of its own, even when nobody waits for it any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn obey(cli: Cli) -> Result<(), Error> {
    match cli.command {
        Command::Serve { demo, settings } => serve(demo, settings).await,
        Command::Demo {
            what: ShowDemo::Logins { store },
        } => demo_logins(&store).await,
        Command::Backup {
            file,
            passphrase,
            store,
        } => books::back_up(&file, &passphrase.passphrase, &store).await,
        Command::Restore {
            file,
            passphrase,
            store,
        } => books::restore(&file, &passphrase.passphrase, &store).await,
        Command::Verify { anchors, store } => books::verify(&store, anchors.as_deref()).await,
        Command::Figures {
            what: MendFigures::Rebuild { store },
        } => books::rebuild_figures(&store).await,
        Command::Anchors { store } => books::print_anchors(&store).await,
        Command::Migrate { direction, store } => migrate(&direction, &store).await,
        Command::Schema => {
            print!("{}", schema::sdl());
            Ok(())
        }
        Command::Import {
            what: Import::Divisions { file, store },
        } => divisions(&file, &store).await,
        Command::User {
            what: User::Add(account),
        } => add(account, false).await,
        Command::User {
            what:
                User::Reset {
                    name,
                    without_otp,
                    store,
                },
        } => reset(&store, &name, without_otp).await,
        Command::Client {
            what: AddClient::Add(account),
        } => add(account, true).await,
        Command::Documents { what } => manage_documents(what).await,
        Command::Keys { what } => books::manage_keys(&what).await,
    }
}

async fn serve(demo: bool, mut settings: Box<Settings>) -> Result<(), Error> {
    if demo {
        // Its passwords are printed, and nobody is to change them.
        settings.rules.access.password_days = 0;
    }
    let listener = start::listen(&settings).await?;
    let app = start::serving_app(&settings).await?;
    if demo {
        demo::fill(&app).await?;
        print_logins(&app).await?;
    }
    start::serve(app, listener, &settings).await
}

async fn demo_logins(store: &Store) -> Result<(), Error> {
    start::open_existing(store).await?;
    print_logins(&*start::app(store).await?).await
}

async fn print_logins(app: &App) -> Result<(), Error> {
    for line in demo::logins(app).await? {
        println!("{line}");
    }
    Ok(())
}

fn named(file: &Path, error: &Error) -> Error {
    anyhow::anyhow!("{}: {}", file.display(), error.report()).into()
}

async fn migrate(direction: &Direction, store: &Store) -> Result<(), Error> {
    let db = start::open(store).await?;
    match direction {
        Direction::Up => start::migrate(&db).await?,
        Direction::Down => Migrator::down(db.writer(), Some(1)).await?,
        Direction::Status => {
            for change in Migrator::get_migration_with_status(db.writer()).await? {
                println!("{:8} {}", change.status().to_string(), change.name());
            }
        }
    }
    Ok(())
}

async fn divisions(file: &PathBuf, store: &Store) -> Result<(), Error> {
    let app = start::app(store).await?;
    let op = Op::new(&app, Actor::System);
    let imported = if file.as_os_str() == "-" {
        import::import(&op, std::io::stdin()).await?
    } else {
        let list = std::fs::File::open(file).with_context(|| file.display().to_string())?;
        import::import(&op, list).await?
    };
    let import::Imported {
        rows,
        added,
        renamed,
        retired,
        revived,
    } = imported;
    worker::number_rest(&app).await?;
    println!("{rows} rows: {added} added, {renamed} renamed, {retired} retired, {revived} revived");
    Ok(())
}

async fn add(account: Account, is_machine: bool) -> Result<(), Error> {
    let role = Role::named(&account.role).filter(|role| role.is_for_machines() == is_machine);
    let role = role.ok_or_else(|| invalid("role", text("No such role here; see --help.", "角色无效。")))?;
    let app = start::app(&account.store).await?;
    let tree = app.tree();
    let code = rules::division_code(&account.federation).map_err(|text| invalid("federation", text))?;
    let level = account.level.as_deref().map(rules::level).transpose();
    let level = level.map_err(|text| invalid("level", text))?;
    let node = tree.by_code(&code, level);
    let node = node.ok_or_else(|| {
        invalid(
            "federation",
            text("No federation has this code.", "没有此代码的工会。"),
        )
    })?;
    let made = account.secret.is_none().then(|| token::secret(&app));
    let secret = account.secret.or(made.clone()).unwrap_or_default();
    let display_name = account.display_name.unwrap_or_else(|| account.name.clone());
    let op = Op::new(&app, Actor::System);
    let new = NewAccount {
        username: account.name,
        display_name,
        secret,
        role,
        federation_id: node.id,
    };
    service::add(&op, new).await?;
    worker::number_rest(&app).await?;
    if let Some(made) = made {
        println!("{made}");
    }
    Ok(())
}

async fn reset(store: &Store, name: &str, without_otp: bool) -> Result<(), Error> {
    let op = Op::new(&start::app(store).await?, Actor::System);
    let invitation = passwords::reset_named(&op, name, without_otp).await?;
    worker::number_rest(op.app()).await?;
    println!("{}", invitation.code);
    Ok(())
}

/// An operation of the operator on a database that is there.
async fn existing(store: &Store) -> Result<Op, Error> {
    start::open_existing(store).await?;
    Ok(Op::new(&start::app(store).await?, Actor::System))
}

async fn engine(store: &Store) -> Result<Engine, Error> {
    Engine::new(start::app(store).await?, Arc::default(), schema::build())
}

async fn manage_documents(what: Documents) -> Result<(), Error> {
    match what {
        Documents::Register { file, client, store } => {
            let list = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let engine = engine(&store).await?;
            let listed = documents::rules::read(&list).map_err(|text| invalid("file", text))?;
            engine.documents.check(&listed)?;
            let op = Op::new(&engine.app, Actor::System);
            let new = documents::service::register(&op, &client, &listed).await?;
            worker::number_rest(&engine.app).await?;
            println!("{} documents, {new} new", listed.len());
        }
        Documents::Remove { id, client, store } => {
            let op = Op::new(&start::app(&store).await?, Actor::System);
            if !documents::service::remove(&op, &client, &id).await? {
                return Err(Error::NotFound("id".into()));
            }
            worker::number_rest(op.app()).await?;
        }
        Documents::Check { store } => {
            let checked = engine(&store).await?.check_registered().await?;
            checked.unfit.iter().for_each(|unfit| println!("{unfit}"));
            println!(
                "{} documents, {} do not fit the schema",
                checked.count,
                checked.unfit.len()
            );
            if !checked.unfit.is_empty() {
                return Err(anyhow::anyhow!("registered documents do not fit the schema").into());
            }
        }
    }
    Ok(())
}
