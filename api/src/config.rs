//! Every setting, from the environment or the command line, with its default and unit.

use crate::policy::{CallerClass, OTP_ROLES, Role};
use clap::builder::TypedValueParser;
use clap::{Args, Parser, ValueEnum, value_parser};
use ipnet::IpNet;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of a running service.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address and port to listen on.
    #[arg(long, env = "GONGHUI_BIND", default_value = "127.0.0.1:8000")]
    pub bind: String,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show the text twice")]
    pub store: Store,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show the text twice")]
    pub transport: Transport,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show the text twice")]
    pub rules: Rules,

    /// Seconds between saying at `/readyz` that the service is about to end and taking no more connections in: what a
    /// load balancer needs to notice.
    #[arg(long, env = "GONGHUI_DRAIN_SECONDS", default_value_t = 0)]
    pub drain_seconds: u64,

    /// Seconds that running requests get to finish when the service is told to stop.
    #[arg(long, env = "GONGHUI_GRACE_SECONDS", default_value_t = 20)]
    pub grace_seconds: u64,
}

/// Whom the service is open to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Introspection, GraphiQL, suggestions and queries over GET for everybody.
    Development,
    /// These only for system administrators; over GET only registered documents.
    Production,
}

/// Which HTTP status codes say that a request was refused before any field was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusCodes {
    /// 400, and 200 where the client asked for application/json: what clients and audits know today.
    Audited,
    /// The GraphQL-over-HTTP draft of 2026: 422, and 294 for data with errors.
    Draft2026,
}

/// Settings of how the world reaches the service.
#[derive(Args, Clone, Debug)]
pub struct Transport {
    /// Whom introspection, GraphiQL, suggestions and queries over GET are open to.
    #[arg(long, env = "GONGHUI_PROFILE", value_enum, default_value = "development")]
    pub profile: Profile,

    /// Which HTTP status codes refused GraphQL requests get.
    #[arg(long, env = "GONGHUI_HTTP_STATUS", value_enum, default_value = "audited")]
    pub http_status: StatusCodes,

    /// Origins of front ends on other addresses, separated by commas: `https://app.example.cn`; `*` is any.
    #[arg(long, env = "GONGHUI_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,

    /// Networks of the proxies in front, separated by commas: only from them is X-Forwarded-For believed.
    #[arg(long, env = "GONGHUI_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNet>,

    /// Networks from which `/metrics` may be read in the production profile, separated by commas.
    #[arg(
        long,
        env = "GONGHUI_METRICS_FROM",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1/128"
    )]
    pub metrics_from: Vec<IpNet>,

    /// Callers that may send registered documents only, separated by commas.
    #[arg(long, env = "GONGHUI_TRUSTED_ONLY", value_enum, value_delimiter = ',')]
    pub trusted_only: Vec<CallerClass>,

    /// Connections of clients that may be open at once, sockets among them; further ones wait.
    #[arg(long, env = "GONGHUI_CLIENTS_MAX", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..))]
    pub clients_max: u32,

    /// Seconds that one operation may take.
    #[arg(long = "deadline-seconds", env = "GONGHUI_DEADLINE_SECONDS", default_value = "30", value_parser = seconds(1))]
    pub deadline: Duration,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show the text twice")]
    pub live: Live,

    /// Seconds that the body of a request may take, and that may pass without a byte of a file; then 408 is the answer.
    #[arg(long = "stall-seconds", env = "GONGHUI_STALL_SECONDS", default_value = "30", value_parser = seconds(1))]
    pub stall: Duration,

    /// Where traces go by OTLP over HTTP: `http://collector:4318`; nowhere if nothing is said.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

/// Reads so many seconds or more.
fn seconds(least: u64) -> impl TypedValueParser<Value = Duration> {
    value_parser!(u64).range(least..).map(Duration::from_secs)
}

/// How long sockets and event streams wait, and how much each may hold. The operator sets what depends on the place;
/// the rest is as the clients know it.
#[derive(Args, Clone, Debug)]
pub struct Live {
    /// Seconds over which open sockets and event streams are closed when the service is told to stop.
    #[arg(long = "spread-seconds", env = "GONGHUI_SPREAD_SECONDS", default_value = "5", value_parser = seconds(0))]
    pub spread: Duration,

    /// What a client has to say who it is on a new socket.
    #[arg(skip = Duration::from_secs(10))]
    pub init: Duration,

    /// From ping to ping; who said nothing during two of these has gone. With each ping it is asked anew who acts.
    #[arg(skip = Duration::from_secs(12))]
    pub ping: Duration,

    /// How old a message may get before the client has taken it.
    #[arg(skip = Duration::from_secs(10))]
    pub patience: Duration,

    /// What a client has to answer when its socket is closed.
    #[arg(skip = Duration::from_secs(5))]
    pub farewell: Duration,

    /// Operations at a time on one socket or reserved stream.
    #[arg(skip = 256_usize)]
    pub operations: usize,

    /// Messages that wait for a client; what comes then makes its operation wait.
    #[arg(skip = 16_usize)]
    pub queue: usize,

    /// What a client has to open an event stream that it has reserved.
    #[arg(skip = Duration::from_secs(30))]
    pub reservation: Duration,

    /// Event streams that one session may have reserved or open; of those who are not signed in, one address.
    #[arg(skip = 16_usize)]
    pub reservations: usize,
}

/// Some of the settings, as they are if nobody says anything.
fn unsaid<T: Args>() -> T {
    #[derive(Parser)]
    struct Alone<T: Args> {
        #[command(flatten)]
        settings: T,
    }
    Alone::parse_from(["gonghui"]).settings
}

impl Default for Transport {
    fn default() -> Transport {
        unsaid()
    }
}

impl Default for Rules {
    fn default() -> Rules {
        unsaid()
    }
}

/// What the federation that runs the service rules for itself.
#[derive(Args, Clone, Debug)]
pub struct Rules {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show the text twice")]
    pub access: Access,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show the text twice")]
    pub privacy: Privacy,
}

/// Settings of who may sign in, and for how long.
#[derive(Args, Clone, Debug)]
pub struct Access {
    /// Characters that a password has at least. One of fewer than 16 holds three of: small letters, capitals, digits,
    /// others.
    #[arg(long, env = "GONGHUI_PASSWORD_MIN", default_value_t = 10, value_parser = value_parser!(u32).range(8..=64))]
    pub password_min: u32,

    /// Days after which a password has to be changed; 0 is never.
    #[arg(long, env = "GONGHUI_PASSWORD_DAYS", default_value_t = 90, value_parser = value_parser!(u32).range(..=3_660))]
    pub password_days: u32,

    /// Minutes for which a session of the dashboard goes on without a refresh.
    #[arg(long, env = "GONGHUI_IDLE_MINUTES", default_value_t = 30, value_parser = value_parser!(u32).range(1..=1_440))]
    pub idle_minutes: u32,

    /// Hours after which a session of the dashboard ends whatever happens.
    #[arg(long, env = "GONGHUI_SESSION_HOURS", default_value_t = 12, value_parser = value_parser!(u32).range(1..=720))]
    pub session_hours: u32,

    /// Days for which a session of the phone goes on without a refresh.
    #[arg(long, env = "GONGHUI_PHONE_IDLE_DAYS", default_value_t = 7, value_parser = value_parser!(u32).range(1..=366))]
    pub phone_idle_days: u32,

    /// Days after which a session of the phone ends whatever happens.
    #[arg(long, env = "GONGHUI_PHONE_SESSION_DAYS", default_value_t = 90, value_parser = value_parser!(u32).range(1..=3_660))]
    pub phone_session_days: u32,

    /// Roles that work only in a session opened with a second factor, separated by commas; none if it is empty.
    #[arg(long, env = "GONGHUI_OTP_ROLES", default_value = OTP_ROLES, value_parser = roles)]
    pub otp_roles: Roles,

    /// Address at which clients reach the service, as its tokens name it: `https://gonghui.example.cn`.
    #[arg(long, env = "GONGHUI_ISSUER", default_value = "http://127.0.0.1:8000", value_parser = issuer)]
    pub issuer: String,

    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show the text twice")]
    pub oidc: Oidc,

    /// Minutes that an elevation lasts.
    #[arg(long, env = "GONGHUI_ELEVATION_MINUTES", default_value_t = 180, value_parser = value_parser!(u32).range(1..=1_440))]
    pub elevation_minutes: u32,
}

/// Settings of the identity provider that people may sign in by (OpenID Connect).
#[derive(Args, Clone)]
pub struct Oidc {
    /// Address of the identity provider, exactly as it names itself; none if nothing is said.
    #[arg(long, env = "GONGHUI_OIDC_ISSUER", requires_all = ["oidc_client_id", "oidc_redirect_uri"])]
    pub oidc_issuer: Option<String>,

    /// What the provider calls this service.
    #[arg(long, env = "GONGHUI_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,

    /// The secret that the provider gave this service, if it gave one.
    #[arg(long, env = "GONGHUI_OIDC_CLIENT_SECRET", hide_env_values = true)]
    pub oidc_client_secret: Option<String>,

    /// Page of the front end to which the provider sends people back.
    #[arg(long, env = "GONGHUI_OIDC_REDIRECT_URI")]
    pub oidc_redirect_uri: Option<String>,
}

impl std::fmt::Debug for Oidc {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Oidc").field(&self.oidc_issuer).finish()
    }
}

/// An identity provider that is set up.
pub struct Provider {
    /// Its address, exactly as it names itself.
    pub issuer: String,
    /// What it calls this service.
    pub client_id: String,
    /// The secret that it gave this service.
    pub client_secret: Option<String>,
    /// Where it sends people back.
    pub redirect_uri: String,
}

impl Oidc {
    /// The provider, if one is set up.
    pub fn provider(&self) -> Option<Provider> {
        Some(Provider {
            issuer: self.oidc_issuer.clone()?,
            client_id: self.oidc_client_id.clone()?,
            client_secret: self.oidc_client_secret.clone(),
            redirect_uri: self.oidc_redirect_uri.clone()?,
        })
    }
}

fn issuer(text: &str) -> Result<String, String> {
    let is_web = ["http://", "https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    let address = text.trim_end_matches('/');
    if is_web && !address.contains(['?', '#']) {
        Ok(address.to_owned())
    } else {
        Err("an address that begins with https:// or http://".to_owned())
    }
}

/// A list of roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(pub Vec<Role>);

fn roles(text: &str) -> Result<Roles, String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let of_person = |name| Role::named(name).filter(|role| !role.is_for_machines());
    let role = |name| of_person(name).ok_or_else(|| format!("people have no role {name}"));
    names.map(role).collect::<Result<_, _>>().map(Roles)
}

/// Settings of how personal data is guarded.
#[derive(Args, Clone, Debug)]
pub struct Privacy {
    /// How often one account may look at plain values of a person in a day; a copy of a person's data is one look.
    #[arg(long, env = "GONGHUI_REVEALS_PER_DAY", default_value_t = 20, value_parser = value_parser!(u32).range(1..=1_000))]
    pub reveals_per_day: u32,

    /// People that one export of personal data may hold.
    #[arg(long, env = "GONGHUI_EXPORT_ROWS_MAX", default_value_t = 500, value_parser = value_parser!(u32).range(1..=2_500))]
    pub export_rows_max: u32,

    /// People whose data one account may have exported within 30 days.
    #[arg(long, env = "GONGHUI_EXPORT_ROWS_PER_MONTH", default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=2_500))]
    pub export_rows_per_month: u32,

    /// Entries that one file of the audit trail may hold.
    #[arg(long, env = "GONGHUI_AUDIT_ROWS_MAX", default_value_t = 100_000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub audit_rows_max: u32,

    /// Days in which what a person asked for about their own data has to be answered.
    #[arg(long, env = "GONGHUI_SUBJECT_REQUEST_DAYS", default_value_t = 15, value_parser = value_parser!(u32).range(1..=90))]
    pub subject_request_days: u32,
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

    /// Key file. On SQLite it is made beside a new database; on PostgreSQL make it with
    /// `gonghui keys new FILE` and give it to every process.
    #[arg(long, env = "GONGHUI_KEYS")]
    pub keys: Option<PathBuf>,

    /// Where uploaded files are: a folder, or `s3://BUCKET/PREFIX` (access and endpoint by `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`). On SQLite it is a folder beside the database if nothing
    /// is said; on PostgreSQL every process must reach the same.
    #[arg(long, env = "GONGHUI_FILES")]
    pub files: Option<String>,
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
    pub fn files_place(&self) -> String {
        let beside = || {
            let folder = self.sqlite_file()?.with_extension("files");
            Some(folder.to_string_lossy().into_owned())
        };
        self.files
            .clone()
            .or_else(beside)
            .unwrap_or_else(|| "gonghui.files".to_owned())
    }
}
