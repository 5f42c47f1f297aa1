//! Why a request is refused before any field is run, and with which status code.

use super::lexical;
use crate::config::StatusCodes;
use crate::kernel::error::{Error, Text, text};
use crate::kernel::telemetry::REQUEST;
use async_graphql::{ErrorExtensionValues, Response, ServerError};
use axum::http::StatusCode;

/// What kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is no GraphQL request.
    Malformed,
    /// The document is no GraphQL.
    Syntax,
    /// The document does not fit the schema.
    Unfit,
    /// The operation or its variables do not fit, or the document asks for too much.
    Invalid,
    /// No document is registered under the id.
    Unregistered,
    /// What is asked for is not done by this method.
    Method,
    /// What is asked for has no answer in a form that the caller takes.
    Unacceptable,
    /// Nobody is signed in, or the token is no longer good.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// The caller has spent what it may; seconds until it may go on.
    Spent(u64),
    /// It took too long.
    Late,
    /// Try again later.
    Unavailable,
    /// Our fault.
    Internal,
}

impl Kind {
    /// The status code. A client that knows only `application/json` takes what is not 2xx for a broken connection.
    pub fn status(self, codes: StatusCodes, is_plain_json: bool) -> StatusCode {
        let is_draft = codes == StatusCodes::Draft2026;
        match self {
            Kind::Malformed if is_draft => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Malformed => StatusCode::BAD_REQUEST,
            Kind::Syntax | Kind::Unfit | Kind::Invalid if is_plain_json && !is_draft => StatusCode::OK,
            Kind::Syntax => StatusCode::BAD_REQUEST,
            Kind::Unfit | Kind::Invalid if is_draft => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Unfit | Kind::Invalid => StatusCode::BAD_REQUEST,
            Kind::Unregistered => StatusCode::NOT_FOUND,
            Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Unacceptable => StatusCode::NOT_ACCEPTABLE,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::Spent(_) => StatusCode::TOO_MANY_REQUESTS,
            Kind::Late | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// A refusal.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What kind.
    pub kind: Kind,
    /// What the caller hears.
    pub errors: Vec<ServerError>,
}

/// An error with a code.
pub fn error(code: &str, text: &Text) -> ServerError {
    let mut error = ServerError::new(text.said(), None);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    if let Ok(id) = REQUEST.try_with(|request| request.id().to_owned()) {
        extensions.set("requestId", id);
    }
    error.extensions = Some(extensions);
    error
}

/// What the parser and the engine say, which is English, after a word in the language of the caller.
pub(super) fn led(message: &str) -> String {
    text(message.to_owned(), format!("请求不符合接口约定：{message}")).said()
}

impl Refusal {
    /// One error.
    pub fn new(kind: Kind, code: &str, text: &Text) -> Refusal {
        Refusal {
            kind,
            errors: vec![error(code, text)],
        }
    }

    /// Several errors of one code.
    pub fn of(kind: Kind, code: &str, mut errors: Vec<ServerError>) -> Refusal {
        for error in &mut errors {
            error.message = led(&error.message);
            error.extensions.get_or_insert_default().set("code", code);
        }
        Refusal { kind, errors }
    }

    /// Its messages, in one line.
    pub(super) fn reasons(&self) -> String {
        let messages: Vec<_> = self.errors.iter().map(|error| error.message.as_str()).collect();
        messages.join("; ")
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        error.log();
        let kind = match &error {
            Error::Unauthenticated => Kind::Unauthenticated,
            Error::Forbidden => Kind::Forbidden,
            Error::Timeout { .. } => Kind::Late,
            Error::TooOften(seconds) => Kind::Spent(*seconds),
            Error::Unavailable | Error::Again(_) => Kind::Unavailable,
            Error::Internal(_) => Kind::Internal,
            _ => Kind::Invalid,
        };
        let (code, text) = error.outside();
        Refusal::new(kind, code, &text)
    }
}

impl From<lexical::Refusal> for Refusal {
    fn from(refusal: lexical::Refusal) -> Refusal {
        let code = match refusal {
            lexical::Refusal::TooMuch(_) | lexical::Refusal::Endless => "BAD_REQUEST",
            lexical::Refusal::Nul => "BAD_USER_INPUT",
        };
        Refusal::new(Kind::Invalid, code, &refusal.text())
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Response {
        Response::from_errors(refusal.errors)
    }
}
