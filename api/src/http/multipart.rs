//! A GraphQL request with its files in one form (GraphQL multipart request specification): `operations`, `map`, files.
//!
//! It is for clients that cannot send files ahead. Each file becomes an upload of the caller, as if it had come to
//! `/uploads/{id}`, and the variables that the map names hold its id: what runs the request sees no difference. Uploads
//! of a request that is refused later are uploads that nothing uses.

use super::body::{Bodied, linger, paced};
use super::engine::Engine;
use super::graphql::{refusal, refused};
use super::negotiate;
use super::uploads::not_taken;
use crate::kernel::error::{Text, text};
use crate::kernel::op::Op;
use crate::uploads::Refusal;
use crate::uploads::service::{self, Said};
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use entity::id::UploadId;
use futures_util::stream::{Stream, StreamExt};
use multer::{Field, Multipart};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

const OPERATIONS_BYTES_MAX: usize = 1 << 20;
const MAP_BYTES_MAX: usize = 64 << 10;
const FILES_MAX: usize = 10;
/// The most that may come before a part begins: its head, or what stands before the first.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// A page of another site can send a form, but none of these without asking first (CORS).
const PREFLIGHT: [&str; 3] = [
    "graphql-require-preflight",
    "apollo-require-preflight",
    "x-apollo-operation-name",
];

fn bad(text: Text) -> Response {
    refusal(StatusCode::BAD_REQUEST, "BAD_REQUEST", &text)
}

/// Whether a request is such a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    negotiate::content_type(headers)
        .0
        .eq_ignore_ascii_case("multipart/form-data")
}

/// Reads the request and takes its files in; the request with the ids of the files in their places.
pub(super) async fn read(
    engine: &Engine,
    op: &Op,
    headers: &HeaderMap,
    body: Body,
) -> Result<Value, Response> {
    let is_asked = |name: &&str| headers.get(*name).is_some_and(|value| !value.is_empty());
    if !PREFLIGHT.iter().any(is_asked) {
        return Err(bad(text(
            "A form needs the header GraphQL-Require-Preflight, with any value.",
            "表单请求须带有请求头 GraphQL-Require-Preflight（任意值）。",
        )));
    }
    service::may_send(op).map_err(|error| refused(&error))?;
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(content_type.unwrap_or_default());
    let boundary = boundary.ok().filter(|boundary| !boundary.is_empty());
    let boundary = boundary.ok_or_else(|| bad(text("The form has no boundary.", "表单缺少 boundary。")))?;
    let mut bytes = paced(body, engine.transport.stall);
    let read = read_form(op, &mut bytes, boundary).await;
    if read.is_err() {
        linger(bytes);
    }
    read
}

async fn read_form(op: &Op, bytes: &mut Bodied, boundary: String) -> Result<Value, Response> {
    let held = Arc::new(AtomicUsize::new(0));
    let fed = Fed {
        bytes,
        held: Arc::clone(&held),
        rests: false,
    };
    let mut form = Form {
        parts: Multipart::new(fed, boundary),
        held,
    };
    let operations = form.json("operations", OPERATIONS_BYTES_MAX).await?;
    let Value::Object(mut operations) = operations else {
        return Err(bad(text(
            "`operations` is not one GraphQL request: batches are not taken.",
            "operations 不是单个 GraphQL 请求，不支持批量请求。",
        )));
    };
    let map = form.json("map", MAP_BYTES_MAX).await?;
    let mut files = place(op, &mut operations, map).map_err(bad)?;
    while !files.is_empty() {
        let Some(part) = form.next().await? else {
            let mut missing: Vec<_> = files.into_keys().collect();
            missing.sort();
            let names = shortened(&missing.join(", "));
            let en = format!("Files of the map are missing: {names}.");
            return Err(bad(text(en, format!("缺少 map 中的文件：{names}。"))));
        };
        let name = part.name().unwrap_or_default();
        let id = files.remove(name).ok_or_else(|| unknown(name))?;
        form.take(op, id, part).await?;
    }
    match form.next().await? {
        Some(part) => Err(unknown(part.name().unwrap_or_default())),
        None => Ok(Value::Object(operations)),
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(100).collect()
}

fn unknown(name: &str) -> Response {
    let name = shortened(name);
    let en = format!("The part \"{name}\" is no file of the map, or came before.");
    bad(text(en, format!("表单项“{name}”不在 map 中，或已出现过。")))
}

/// Gives each file of the map an id and writes it into the places that the map names; ids by the names of the files.
fn place(
    op: &Op,
    operations: &mut serde_json::Map<String, Value>,
    map: Value,
) -> Result<HashMap<String, UploadId>, Text> {
    let not_a_map = || {
        text(
            "`map` is not an object of lists of paths.",
            "map 不是由路径列表组成的对象。",
        )
    };
    let Value::Object(map) = map else {
        return Err(not_a_map());
    };
    if map.len() > FILES_MAX {
        let en = format!("A form holds at most {FILES_MAX} files.");
        return Err(text(en, format!("表单最多包含 {FILES_MAX} 个文件。")));
    }
    let mut files = HashMap::new();
    for (name, paths) in map {
        let id = op.id();
        let paths = paths.as_array().filter(|paths| !paths.is_empty());
        for path in paths.ok_or_else(not_a_map)? {
            let path = path.as_str().ok_or_else(not_a_map)?;
            let place = find(operations, path).ok_or_else(|| {
                let path = shortened(path);
                let en = format!("The path \"{path}\" of the map leads to no null in `variables`.");
                text(en, format!("map 中的路径“{path}”未指向 variables 中的 null。"))
            })?;
            *place = Value::String(id.to_string());
        }
        files.insert(name, UploadId(id));
    }
    Ok(files)
}

/// The null at a path such as `variables.input.files.0`.
fn find<'a>(operations: &'a mut serde_json::Map<String, Value>, path: &str) -> Option<&'a mut Value> {
    let mut steps = path.strip_prefix("variables.")?.split('.');
    let found = steps.try_fold(operations.get_mut("variables")?, |value, step| match value {
        Value::Object(fields) => fields.get_mut(step),
        Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
        _ => None,
    });
    found.filter(|value| value.is_null())
}

struct Form<'a> {
    parts: Multipart<'a>,
    held: Arc<AtomicUsize>,
}

impl<'a> Form<'a> {
    async fn next(&mut self) -> Result<Option<Field<'a>>, Response> {
        let part = self.parts.next_field().await;
        self.held.store(0, Ordering::Relaxed);
        part.map_err(|error| broken(&told(error)))
    }

    /// The next part, which has a name that is known and holds JSON.
    async fn json(&mut self, name: &str, most: usize) -> Result<Value, Response> {
        let part = self.next().await?.filter(|part| part.name() == Some(name));
        let mut part = part.ok_or_else(|| {
            let en =
                format!("The part `{name}` is missing here: a form is `operations`, then `map`, then files.");
            bad(text(
                en,
                format!("此处缺少 {name}：表单须依次为 operations、map、文件。"),
            ))
        })?;
        let mut json = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|error| broken(&told(error)))? {
            self.held.store(0, Ordering::Relaxed);
            json.extend_from_slice(&chunk);
            if json.len() > most {
                let en = format!("`{name}` is larger than {} KiB.", most >> 10);
                let text = text(en, format!("{name} 超过 {} KiB。", most >> 10));
                return Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "BAD_REQUEST", &text));
            }
        }
        serde_json::from_slice(&json).map_err(|_| {
            let en = format!("`{name}` is no JSON.");
            bad(text(en, format!("{name} 不是 JSON。")))
        })
    }

    async fn take(&mut self, op: &Op, id: UploadId, part: Field<'a>) -> Result<(), Response> {
        let content_type = part
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let said = Said {
            id,
            offset: None,
            is_last: true,
            content_type: content_type.unwrap_or_default().to_owned(),
            digest: None,
            whole_digest: None,
            is_resumable: false,
        };
        let bytes = part.map(|chunk| {
            self.held.store(0, Ordering::Relaxed);
            chunk.map_err(told)
        });
        match service::take(op, &said, bytes).await {
            Ok(_) => Ok(()),
            Err(why) => Err(not_taken(why)),
        }
    }
}

/// What the body said where a form could not be read on.
fn told(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<Error>() {
            Ok(error) => *error,
            Err(cause) => Error::other(cause),
        },
        _ => Error::from(ErrorKind::InvalidData),
    }
}

fn broken(error: &Error) -> Response {
    match error.kind() {
        ErrorKind::TimedOut => not_taken(Refusal::Late),
        _ => bad(text(
            "The form is not one, or broke off.",
            "表单格式错误，或传输中断。",
        )),
    }
}

/// The body as multer gets it. By itself multer reads on for as long as bytes are there, and keeps without limit what
/// stands before a part: so it gets one chunk at a time, and no more than so many until it gives something back.
struct Fed<'a> {
    bytes: &'a mut Bodied,
    held: Arc<AtomicUsize>,
    rests: bool,
}

impl Stream for Fed<'_> {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.rests {
            self.rests = false;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.held.load(Ordering::Relaxed) > HEAD_BYTES_MAX {
            return Poll::Ready(Some(Err(Error::from(ErrorKind::InvalidData))));
        }
        let next = self.bytes.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            self.rests = true;
            self.held.fetch_add(chunk.len(), Ordering::Relaxed);
        }
        next
    }
}
