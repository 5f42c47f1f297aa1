//! Documents: read, priced and validated once for each text, then kept.
//!
//! Registered documents (trusted documents, persisted operations) are those that an operator gave the service before; a
//! request names one by its id. What they may hold is not limited, what they cost is still shown.

use super::contract::Contract;
use super::cost::{self, Plan, Unpriceable};
use super::lexical::{self, Limits};
use super::paths;
use super::refusal::{Kind, Refusal};
use crate::documents::rules::Listed;
use crate::kernel::error::{Error, Faults, text};
use crate::kernel::keys::sha256;
use apollo_compiler::validation::Valid;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Name, ServerError};
use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use std::sync::Arc;

/// Bytes that kept documents may take up, as far as their texts tell: the registered ones, and all others.
const KEPT_BYTES: u64 = 16 << 20;
/// How long a registered document is kept: one that is not registered any more is served no longer than that.
const KEPT_TIME: TimeDelta = TimeDelta::seconds(60);
/// What a read document takes up for each byte of its text, about.
const BYTES_PER_BYTE: u32 = 20;
/// Selections, with fragments written out, that a document may have.
const SELECTIONS_MAX: u64 = 5_000;
const REGISTERED_SELECTIONS_MAX: u64 = 50_000;
/// Faults that a caller is told of at once.
const FAULTS_MAX: usize = 5;

/// An operation of a document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Query, mutation or subscription.
    pub kind: OperationType,
    /// What it costs.
    pub plan: Plan,
}

/// A document that fits the schema.
#[derive(Debug)]
pub struct Document {
    /// What the engine runs.
    pub parsed: ExecutableDocument,
    /// Its operations.
    pub operations: Vec<Operation>,
    /// The id that it was registered with; none if it came with a request.
    pub registered: Option<Arc<str>>,
    bytes: u32,
}

impl Document {
    /// The operation that a request means.
    ///
    /// # Errors
    /// If the document has no such operation, or several and none is named.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation, Refusal> {
        let unknown = || {
            let (en, zh) = match name {
                Some(_) => (
                    "The document has no operation of this name.",
                    "查询文档中没有该名称的操作。",
                ),
                None => (
                    "The document has several operations: name one in operationName.",
                    "查询文档包含多个操作，请以 operationName 指定。",
                ),
            };
            Refusal::new(Kind::Invalid, "OPERATION_RESOLUTION_FAILURE", &text(en, zh))
        };
        match (name, &self.operations[..]) {
            (None, [only]) => Ok(only),
            (None, _) => Err(unknown()),
            (Some(name), operations) => {
                let is_meant = |operation: &&Operation| operation.name.as_deref() == Some(name);
                operations.iter().find(is_meant).ok_or_else(unknown)
            }
        }
    }
}

/// Reads documents against one schema.
pub struct Documents {
    contract: Contract,
    schema: Valid<apollo_compiler::Schema>,
    /// By the SHA-256 of their text.
    kept: Cache<String, Arc<Document>>,
    /// By the id that they were registered with, and when they were read.
    registered: Cache<String, (DateTime<Utc>, Arc<Document>)>,
}

/// Where a document comes from.
enum Origin {
    Request,
    /// Registered under this id.
    Registered(Arc<str>),
}

impl Origin {
    fn limits(&self) -> (Limits, u64) {
        match self {
            Origin::Request => (Limits::AD_HOC, SELECTIONS_MAX),
            Origin::Registered(_) => (Limits::REGISTERED, REGISTERED_SELECTIONS_MAX),
        }
    }
}

impl Documents {
    /// For a schema as the engine prints it.
    ///
    /// # Errors
    /// If it is no valid schema.
    pub fn new(sdl: &str) -> Result<Documents, Error> {
        let schema = apollo_compiler::Schema::parse_and_validate(sdl, "schema.graphql");
        let schema =
            schema.map_err(|faults| anyhow::anyhow!("the schema is not valid: {}", faults.errors))?;
        let (kept, registered) = (Cache::builder(), Cache::builder());
        let kept = kept.weigher(|_, document: &Arc<Document>| document.bytes);
        let registered = registered.weigher(|_, (_, document): &(_, Arc<Document>)| document.bytes);
        Ok(Documents {
            contract: Contract::read(sdl)?,
            schema,
            kept: kept.max_capacity(KEPT_BYTES).build(),
            registered: registered.max_capacity(KEPT_BYTES).build(),
        })
    }

    /// A document that came with a request.
    pub fn read(&self, query: &str) -> Result<Arc<Document>, Refusal> {
        let digest = sha256(query.as_bytes());
        if let Some(document) = self.kept.get(&digest) {
            return Ok(document);
        }
        let document = Arc::new(self.build(query, Origin::Request)?);
        self.kept.insert(digest, Arc::clone(&document));
        Ok(document)
    }

    /// A document that was read before, by the SHA-256 of its text; for clients with automatic persisted queries.
    pub fn kept(&self, sha256: &str) -> Option<Arc<Document>> {
        self.kept.get(sha256)
    }

    /// A registered document; `text` reads it where it is kept for good.
    pub async fn registered(
        &self,
        id: &str,
        now: DateTime<Utc>,
        text: impl Future<Output = Result<Option<String>, Error>>,
    ) -> Result<Option<Arc<Document>>, Refusal> {
        match self.registered.get(id) {
            Some((read_at, document)) if now - read_at < KEPT_TIME => return Ok(Some(document)),
            _ => {}
        }
        let Some(query) = text.await? else {
            return Ok(None);
        };
        let document = Arc::new(self.read_registered(id, &query)?);
        self.registered
            .insert(id.to_owned(), (now, Arc::clone(&document)));
        Ok(Some(document))
    }

    /// A document that an operator registers, or registered.
    ///
    /// # Errors
    /// If it does not fit the schema.
    pub fn read_registered(&self, id: &str, query: &str) -> Result<Document, Refusal> {
        self.build(query, Origin::Registered(id.into()))
    }

    /// Lengthens the paths of errors that the engine cut off at an item of a list.
    pub fn complete_paths(&self, errors: &mut [ServerError], document: &Document, operation: Option<&str>) {
        let mut operations = document.parsed.operations.iter();
        let is_meant = |name: Option<&Name>| name.map(Name::as_str) == operation;
        if let Some((_, operation)) = operations.find(|(name, _)| is_meant(*name)) {
            let root = cost::root(operation.node.ty);
            let set = &operation.node.selection_set.node;
            paths::complete(errors, &document.parsed, (set, root), &self.contract);
        }
    }

    /// Whether documents that are to be registered fit the schema.
    ///
    /// # Errors
    /// Each that does not, with its id and the reason.
    pub fn check(&self, listed: &[Listed]) -> Result<(), Error> {
        let mut faults = Faults::default();
        for document in listed {
            if let Err(refusal) = self.read_registered(&document.id, &document.text) {
                let reasons = refusal.reasons();
                faults.unless(false, document.id.clone(), text(reasons.clone(), reasons));
            }
        }
        faults.refuse()
    }

    fn build(&self, query: &str, origin: Origin) -> Result<Document, Refusal> {
        let (limits, selections_max) = origin.limits();
        lexical::check(query, &limits)?;
        let parsed = parse_query(query).map_err(|error| {
            let mut error = ServerError::from(error);
            // The parser draws the place with lines and arrows; its position is told beside.
            if let Some((_, expected)) = error.message.rsplit_once("= ") {
                error.message = format!("Syntax error: {expected}.");
            }
            Refusal::of(Kind::Syntax, "GRAPHQL_PARSE_FAILED", vec![error])
        })?;
        let plans = cost::plans(&parsed, &self.contract);
        let plans = plans
            .map_err(|reason: Unpriceable| Refusal::new(Kind::Invalid, "BAD_REQUEST", &reason.text()))?;
        // The engine's validation follows every spread of every operation anew, whichever of them is asked for.
        let selections = plans.iter().map(|plan| plan.selections);
        if selections.fold(0, u64::saturating_add) > selections_max {
            let text = text("The document selects too much.", "查询选择的字段过多。");
            return Err(Refusal::new(Kind::Invalid, "BAD_REQUEST", &text));
        }
        self.validate(query)?;
        let operations = parsed
            .operations
            .iter()
            .zip(plans)
            .map(|((name, operation), plan)| Operation {
                name: name.cloned(),
                kind: operation.node.ty,
                plan,
            });
        Ok(Document {
            operations: operations.collect(),
            registered: match origin {
                Origin::Request => None,
                Origin::Registered(id) => Some(id),
            },
            bytes: u32::try_from(query.len())
                .unwrap_or(u32::MAX)
                .saturating_mul(BYTES_PER_BYTE),
            parsed,
        })
    }

    /// All rules of the specification; the engine's own validation lets fields pass that cannot be merged.
    fn validate(&self, query: &str) -> Result<(), Refusal> {
        let faults = match apollo_compiler::ExecutableDocument::parse_and_validate(
            &self.schema,
            query,
            "document.graphql",
        ) {
            Ok(_) => return Ok(()),
            Err(invalid) => invalid.errors,
        };
        let errors = faults.iter().take(FAULTS_MAX).map(|fault| {
            let place = fault.line_column_range().map(|range| async_graphql::Pos {
                line: range.start.line,
                column: range.start.column,
            });
            ServerError::new(fault.error.to_string(), place)
        });
        Err(Refusal::of(
            Kind::Unfit,
            "GRAPHQL_VALIDATION_FAILED",
            errors.collect(),
        ))
    }
}
