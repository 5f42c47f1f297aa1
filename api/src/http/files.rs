//! Files in and out: `PUT /uploads/{id}` takes one in, `GET /files/{id}` gives the error file of a job. Neither is
//! ever in memory as a whole.

use super::engine::Engine;
use super::graphql::{refusal, refused};
use super::session;
use crate::jobs::{rules, service, store};
use crate::kernel::app::App;
use crate::kernel::error::{Error, LANGUAGE, Language, invalid, text};
use crate::kernel::files::Incoming;
use crate::kernel::gid::{Gid, not_a_uuid};
use crate::kernel::op::Op;
use async_graphql::ID;
use axum::Json;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use entity::id::{JobId, UploadId};
use entity::jobs::job;
use futures_util::stream::{self, Stream, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The most that a file may hold.
const SIZE_MAX: u64 = 200 << 20;
/// How much and how long the rest of a refused file is still read, if its sender is signed in: one that is cut off never
/// sees why. Nobody else's is.
const LINGER_BYTES: usize = 4 << 20;
const LINGER: Duration = Duration::from_secs(60);

fn too_large() -> Response {
    let text = text("A file holds at most 200 MB.", "文件不得超过 200 MB。");
    refusal(StatusCode::PAYLOAD_TOO_LARGE, "INVALID", &text)
}

/// `PUT /uploads/{id}`: 201 for a new file, 200 for the same one again.
pub async fn receive(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut bytes = body.into_data_stream();
    let taking = async {
        let op = sender(&engine.app, &headers)
            .await
            .map_err(|error| refused(&error))?;
        let taken = take(&op, &id, &headers, &mut bytes).await;
        // Who waits for "100 Continue" has sent nothing yet, and will not.
        if taken.is_err() && !headers.contains_key(EXPECT) {
            tokio::spawn(tokio::time::timeout(LINGER, linger(bytes)));
        }
        taken
    };
    let taken = LANGUAGE.scope(session::language(&headers), taking).await;
    taken.unwrap_or_else(|answer| answer)
}

async fn sender(app: &Arc<App>, headers: &HeaderMap) -> Result<Op, Error> {
    let op = Op::new(app, session::actor(app, headers).await?);
    service::may_send(&op)?;
    Ok(op)
}

async fn linger(mut bytes: BodyDataStream) {
    let mut read = 0;
    while read < LINGER_BYTES
        && let Some(Ok(chunk)) = bytes.next().await
    {
        read += chunk.len();
    }
}

async fn take(
    op: &Op,
    id: &str,
    headers: &HeaderMap,
    bytes: &mut BodyDataStream,
) -> Result<Response, Response> {
    let refused = |error: Error| refused(&error);
    let id = Uuid::parse_str(id).map_err(|_| refused(invalid("id", not_a_uuid())))?;
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > SIZE_MAX) {
        return Err(too_large());
    }
    let mut incoming = op.app().files.receive(id, op.id()).await.map_err(refused)?;
    pour(bytes, &mut incoming).await?;
    if incoming.size() == 0 {
        return Err(refused(invalid("", text("The file is empty.", "文件为空。"))));
    }
    let received = service::Received {
        id: UploadId(id),
        size_bytes: i64::try_from(incoming.size()).unwrap_or(i64::MAX),
        sha256: incoming.finish().await.map_err(refused)?,
    };
    let (upload, is_new) = service::receive(op, &received).await.map_err(refused)?;
    // Only now are the bytes known to be those of the row: of two senders with one id the wrong one keeps nothing.
    incoming.keep().await.map_err(refused)?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let answer = serde_json::json!({
        "id": upload.id,
        "sizeBytes": upload.size_bytes,
        "sha256": upload.sha256,
    });
    Ok((status, Json(answer)).into_response())
}

async fn pour(bytes: &mut BodyDataStream, incoming: &mut Incoming) -> Result<(), Response> {
    while let Some(chunk) = bytes.next().await {
        let cut_off = || invalid("", text("The file broke off.", "文件传输中断。"));
        let chunk = chunk.map_err(|_| refused(&cut_off()))?;
        let size = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if incoming.size().saturating_add(size) > SIZE_MAX {
            return Err(too_large());
        }
        incoming.write(&chunk).await.map_err(|error| refused(&error))?;
    }
    Ok(())
}

/// `GET /files/{id}`: the refused rows of a job as CSV, for spreadsheets.
pub async fn send(State(engine): State<Engine>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let language = session::language(&headers);
    let found = LANGUAGE.scope(language, find(&engine.app, &id, &headers));
    match found.await {
        Ok(job) => {
            let name = format!("attachment; filename=\"errors-{}.csv\"", job.id);
            let head = [
                (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (CONTENT_DISPOSITION, name),
            ];
            let body = Body::from_stream(error_file(engine.app, job, language));
            (head, body).into_response()
        }
        Err(answer) => answer,
    }
}

async fn find(app: &Arc<App>, id: &str, headers: &HeaderMap) -> Result<job::Model, Response> {
    let found = async {
        let op = Op::new(app, session::actor(app, headers).await?);
        let id = match Uuid::parse_str(id) {
            Ok(id) => JobId(id),
            Err(_) => Gid::parse(&ID(id.to_owned()), "id")?,
        };
        match store::get(&op, id).await {
            Err(Error::Forbidden) => Err(Error::NotFound("id".into())),
            other => other,
        }
    };
    found.await.map_err(|error| refused(&error))
}

/// The file in pieces of 1,000 lines. The byte order mark tells spreadsheets that it is UTF-8.
fn error_file(
    app: Arc<App>,
    job: job::Model,
    language: Language,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let head = Bytes::from_static("\u{feff}row,column,value,code,reason\r\n".as_bytes());
    let pages = stream::unfold(Some((app, job, (0, 0))), move |state| async move {
        let (app, job, after) = state?;
        let piece = LANGUAGE.scope(language, piece(&app, &job, after)).await;
        match piece {
            Ok(Some((bytes, last))) => Some((Ok(bytes), Some((app, job, last)))),
            Ok(None) => None,
            Err(error) => {
                error.log();
                let (code, _) = error.outside();
                Some((Err(std::io::Error::other(code)), None))
            }
        }
    });
    stream::once(std::future::ready(Ok(head))).chain(pages)
}

async fn piece(
    app: &App,
    job: &job::Model,
    after: store::RefusedKey,
) -> Result<Option<(Bytes, store::RefusedKey)>, Error> {
    let rows = store::refused_after(app, job, after).await?;
    let Some(last) = rows.last().map(store::Refused::key) else {
        return Ok(None);
    };
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in &rows {
        let (number, reason) = (row.row_no.to_string(), row.reason().said());
        let cells = [&*number, &row.column_name, &row.value, &row.code, &reason];
        csv.write_record(cells.map(|cell| rules::harmless(cell).into_owned()))
            .map_err(anyhow::Error::from)?;
    }
    let bytes = csv
        .into_inner()
        .map_err(|error| anyhow::anyhow!("{}", error.error()))?;
    Ok(Some((Bytes::from(bytes), last)))
}
