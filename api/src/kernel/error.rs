//! The one error of the service, and which refusals are `userErrors`.
//!
//! A refusal says what the caller can change (INVALID, CONFLICT, NOT_FOUND, FORBIDDEN, GONE, IDEMPOTENCY_KEY_REUSED):
//! in a mutation it is data, one `UserError` each. A fault (UNAUTHENTICATED, UNAVAILABLE, INTERNAL) is a GraphQL error
//! with `extensions.code`. In a query both are GraphQL errors.
//!
//! # Why no `Display`
//! async-graphql turns any `Display` error into a response text. Without it, no database text can slip out.

use async_graphql::{Enum, ErrorExtensions, SimpleObject};
use sea_orm::{DbErr, RuntimeErr};
use std::borrow::Cow;
use std::sync::Arc;

tokio::task_local! {
    /// The language of the request being answered.
    pub static LANGUAGE: Language;
}

/// A language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

/// A message in both languages.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Text {
    /// English.
    pub en: Cow<'static, str>,
    /// 中文.
    pub zh: Cow<'static, str>,
}

/// Makes a message.
pub fn text(en: impl Into<Cow<'static, str>>, zh: impl Into<Cow<'static, str>>) -> Text {
    Text {
        en: en.into(),
        zh: zh.into(),
    }
}

impl Text {
    /// The message in the language of the request.
    pub fn said(&self) -> String {
        match LANGUAGE.try_with(|language| *language) {
            Ok(Language::Chinese) => self.zh.to_string(),
            _ => self.en.to_string(),
        }
    }
}

/// What is wrong with one field of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path below `input`, joined with dots; empty for the input as a whole.
    pub field: Cow<'static, str>,
    /// Why it is refused.
    pub text: Text,
}

/// Everything that can go wrong.
#[derive(Clone, Debug)]
pub enum Error {
    /// Nobody is signed in, or the token is no longer good.
    Unauthenticated,
    /// The caller may see it but not do this with it.
    Forbidden,
    /// It does not exist for this caller; with the field that named it.
    NotFound(Cow<'static, str>),
    /// The input breaks a rule.
    Invalid(Vec<Fault>),
    /// The input was right but things have changed, or somebody else was faster.
    Conflict(Fault),
    /// It existed and is over.
    Gone(Fault),
    /// The same idempotency key came with another body.
    IdempotencyKeyReused,
    /// The position lies further back than the feed.
    Resync,
    /// It took too long; with the size that a page might have had.
    Timeout {
        /// For `first`, where the field gives a page.
        first: Option<u64>,
    },
    /// It was tried too often; with the seconds after which to try again.
    TooOften(u64),
    /// Try again later.
    Unavailable,
    /// The database asks to run the transaction again. Only `Op::write` sees it.
    Again(Arc<DbErr>),
    /// Our fault; logged with its whole chain, told to nobody.
    Internal(Arc<anyhow::Error>),
}

/// A refusal of one field.
pub fn invalid(field: impl Into<Cow<'static, str>>, text: Text) -> Error {
    Error::Invalid(vec![Fault {
        field: field.into(),
        text,
    }])
}

/// A conflict about one field.
pub fn conflict(field: impl Into<Cow<'static, str>>, text: Text) -> Error {
    Error::Conflict(Fault {
        field: field.into(),
        text,
    })
}

/// Gathers what is wrong with an input, so that the caller hears everything at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault unless the condition holds.
    pub fn unless(&mut self, holds: bool, field: impl Into<Cow<'static, str>>, text: Text) {
        if !holds {
            self.0.push(Fault {
                field: field.into(),
                text,
            });
        }
    }

    /// Takes the value, or notes why there is none.
    pub fn take<T>(&mut self, field: impl Into<Cow<'static, str>>, value: Result<T, Text>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(text) => {
                self.0.push(Fault {
                    field: field.into(),
                    text,
                });
                None
            }
        }
    }

    /// Refuses if anything was noted.
    pub fn refuse(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.0))
        }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Error::Internal(Arc::new(error))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotConnected => {
                tracing::warn!(%error, "the file store does not answer");
                Error::Unavailable
            }
            _ => anyhow::Error::from(error).into(),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => {
                tracing::warn!(%error, "no connection to the database");
                Error::Unavailable
            }
            _ if has_code(&error, &STOPPED) => Error::Timeout { first: None },
            _ if has_code(&error, &PASSING) => Error::Again(Arc::new(error)),
            _ => anyhow::Error::from(error).into(),
        }
    }
}

/// Running the transaction again may help: serialization failure, deadlock, busy, or a key that somebody else wrote at
/// the same time (the second run then sees their row).
const PASSING: [&str; 9] = ["40001", "40P01", "23505", "5", "6", "261", "517", "1555", "2067"];
/// The database stopped a statement that took too long.
const STOPPED: [&str; 2] = ["57014", "9"];

/// Whether the database gave one of these codes, PostgreSQL's or SQLite's.
fn has_code(error: &DbErr, codes: &[&str]) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return false;
    };
    let code = cause.as_database_error().and_then(|cause| cause.code());
    code.is_some_and(|code| codes.contains(&&*code))
}

/// Why a mutation did nothing, or did less than was asked.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum UserErrorCode {
    /// The input breaks a rule.
    Invalid,
    /// Things have changed since the caller looked, or the same already exists.
    Conflict,
    /// It does not exist for the caller.
    NotFound,
    /// The caller may see it but not do this.
    Forbidden,
    /// It existed and is over.
    Gone,
    /// The idempotency key was used before with another body.
    IdempotencyKeyReused,
}

/// A refusal that the caller can act on.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// What kind of refusal.
    pub code: UserErrorCode,
    /// Path of the field below `input`; empty for the input as a whole.
    pub field: Vec<String>,
    /// Why, in the language of `Accept-Language` (zh-CN or en).
    pub message: String,
}

fn forbidden() -> Text {
    text("You may not do this here.", "您无权在此处执行该操作。")
}

fn not_found() -> Text {
    text("Not found.", "未找到。")
}

fn key_reused() -> Text {
    text(
        "This idempotency key was used with another input.",
        "该幂等键已用于其他内容。",
    )
}

impl Error {
    /// The refusals that a mutation answers as data; a fault stays an error.
    pub fn refusals(self) -> Result<Vec<UserError>, Error> {
        let one = |code, field: &str, text: &Text| {
            let field = field
                .split('.')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
            UserError {
                code,
                field,
                message: text.said(),
            }
        };
        Ok(match &self {
            Error::Invalid(faults) => faults
                .iter()
                .map(|fault| one(UserErrorCode::Invalid, &fault.field, &fault.text))
                .collect(),
            Error::Conflict(fault) => vec![one(UserErrorCode::Conflict, &fault.field, &fault.text)],
            Error::Gone(fault) => vec![one(UserErrorCode::Gone, &fault.field, &fault.text)],
            Error::NotFound(field) => vec![one(UserErrorCode::NotFound, field, &not_found())],
            Error::Forbidden => vec![one(UserErrorCode::Forbidden, "", &forbidden())],
            Error::IdempotencyKeyReused => {
                vec![one(
                    UserErrorCode::IdempotencyKeyReused,
                    "idempotencyKey",
                    &key_reused(),
                )]
            }
            Error::Unauthenticated
            | Error::Resync
            | Error::Timeout { .. }
            | Error::TooOften(_)
            | Error::Unavailable
            | Error::Again(_)
            | Error::Internal(_) => return Err(self),
        })
    }

    /// Everything about it, for the operator at the command line.
    pub fn report(&self) -> String {
        let fault = |fault: &Fault| match &*fault.field {
            "" => fault.text.en.to_string(),
            field => format!("{field}: {}", fault.text.en),
        };
        match self {
            Error::Invalid(faults) => faults.iter().map(fault).collect::<Vec<_>>().join("\n"),
            Error::Conflict(one) | Error::Gone(one) => fault(one),
            Error::Internal(cause) => format!("{cause:#}"),
            other => other.outside().1.en.to_string(),
        }
    }

    /// Tells the operator of an internal error. Whoever hands an error to the outside calls it, once.
    pub fn log(&self) {
        if let Error::Internal(cause) = self {
            tracing::error!(error = format!("{cause:#}"), "internal error");
        }
    }

    /// The code and text that leave the service; what an internal error holds stays inside.
    pub fn outside(&self) -> (&'static str, Text) {
        match self {
            Error::Unauthenticated => ("UNAUTHENTICATED", text("Sign in first.", "请先登录。")),
            Error::Forbidden => ("FORBIDDEN", forbidden()),
            Error::NotFound(_) => ("NOT_FOUND", not_found()),
            Error::Invalid(faults) => match faults.first() {
                Some(fault) => ("INVALID", fault.text.clone()),
                None => ("INVALID", text("The input is not valid.", "输入无效。")),
            },
            Error::Conflict(fault) => ("CONFLICT", fault.text.clone()),
            Error::Gone(fault) => ("GONE", fault.text.clone()),
            Error::IdempotencyKeyReused => ("IDEMPOTENCY_KEY_REUSED", key_reused()),
            Error::Resync => (
                "RESYNC",
                text(
                    "What came after this cursor is no longer kept: read everything anew, then subscribe without `after`.",
                    "该游标之后的事件已不再保留：请重新读取全部数据，再订阅且不带 after。",
                ),
            ),
            Error::Timeout { first: None } => ("TIMEOUT", text("This took too long.", "处理超时。")),
            Error::Timeout { first: Some(first) } => (
                "TIMEOUT",
                text(
                    format!("This took too long: ask for `first: {first}`."),
                    format!("处理超时：请改用 first: {first}。"),
                ),
            ),
            Error::TooOften(seconds) => (
                "RATE_LIMITED",
                text(
                    format!("Tried too often: try again in {seconds} s."),
                    format!("尝试过于频繁，请于 {seconds} 秒后重试。"),
                ),
            ),
            Error::Unavailable | Error::Again(_) => (
                "UNAVAILABLE",
                text("Busy: try again shortly.", "系统繁忙，请稍后重试。"),
            ),
            Error::Internal(_) => (
                "INTERNAL",
                text("An internal error; it was logged.", "内部错误，已记录。"),
            ),
        }
    }
}

impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        let (code, text) = error.outside();
        let field = match &error {
            Error::Invalid(faults) => faults.first().map(|fault| fault.field.to_string()),
            Error::NotFound(field) => Some(field.to_string()),
            _ => None,
        };
        let mut outside = async_graphql::Error::new(text.said()).extend_with(|_, extensions| {
            extensions.set("code", code);
            if let Some(field) = field.filter(|field| !field.is_empty()) {
                extensions.set("field", field);
            }
            match &error {
                Error::Timeout { first: Some(first) } => extensions.set("first", *first),
                Error::TooOften(seconds) => extensions.set("retryAfter", *seconds),
                _ => {}
            }
        });
        // Never leaves: the engine logs it when the answer is whole.
        outside.source = Some(Arc::new(error));
        outside
    }
}

/// Declares the payload of a mutation: the changed object, and why it may be missing.
#[macro_export]
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $field:ident: $object:ty }) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            /// The object as it is now; null if the call was refused, unless its doc says otherwise.
            pub $field: Option<$object>,
            /// Why nothing was changed; empty when it was done.
            pub user_errors: Vec<$crate::kernel::error::UserError>,
        }

        impl $name {
            /// Refusals become data, faults stay errors.
            pub fn of(result: Result<$object, $crate::kernel::error::Error>) -> Result<Self, $crate::kernel::error::Error> {
                match result {
                    Ok(object) => Ok(Self { $field: Some(object), user_errors: Vec::new() }),
                    Err(error) => Ok(Self { $field: None, user_errors: error.refusals()? }),
                }
            }
        }
    };
}
