//! Files out: `GET /files/{id}` gives the error file of a job, a sealed file, or an attachment. None is in memory as a
//! whole.

use super::engine::Engine;
use super::graphql::refused;
use super::session::{self, Address};
use crate::attachments;
use crate::jobs::store;
use crate::kernel::app::App;
use crate::kernel::error::{Error, LANGUAGE, Language};
use crate::kernel::files::{Reading, Stored, off_thread};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::sheet;
use crate::privacy;
use async_graphql::ID;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use entity::attachments::attachment;
use entity::id::{AttachmentId, JobId, SealedFileId};
use entity::jobs::job;
use entity::privacy::sealed_file;
use futures_util::stream::{self, Stream, StreamExt};
use std::io::Read;
use std::sync::Arc;
use uuid::Uuid;

/// What is in memory of an attachment that goes out.
const BLOCK_BYTES: u64 = 128 << 10;

/// What somebody may fetch.
enum File {
    /// The refused rows of a job.
    Errors(job::Model),
    /// What was written for whoever asked for it.
    Sealed(sealed_file::Model),
    /// What belongs to a record.
    Attached(attachment::Model, Stored),
}

/// `GET /files/{id}`: the refused rows of a job as CSV, for spreadsheets, a sealed file, or an attachment.
pub async fn send(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Address(address): Address,
    headers: HeaderMap,
) -> Response {
    let language = session::language(&headers);
    let found = async {
        let actor = session::actor(&engine.app, &headers).await?;
        find(&Op::arriving(&engine.app, actor, address), &id).await
    };
    let found = LANGUAGE.scope(language, async { found.await.map_err(|error| refused(&error)) });
    match found.await {
        Ok(File::Errors(job)) => {
            let name = format!("errors-{}.csv", job.id);
            attached(
                &name,
                "text/csv; charset=utf-8",
                Body::from_stream(error_file(engine.app, job, language)),
            )
        }
        Ok(File::Sealed(file)) => {
            let kind = privacy::file::rules::media_type(&file.name);
            let name = file.name.clone();
            attached(&name, kind, Body::from_stream(opened(engine.app, file)))
        }
        Ok(File::Attached(file, stored)) => {
            let body = Body::from_stream(stored_bytes(stored));
            attached(&file.name, &file.content_type, body)
        }
        Err(answer) => answer,
    }
}

/// A file that no cache keeps, and no browser shows: it came from somebody.
fn attached(name: &str, kind: &str, body: Body) -> Response {
    let head = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, attachments::rules::disposition(name)),
        (CACHE_CONTROL, "no-store".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (head, body).into_response()
}

async fn find(op: &Op, id: &str) -> Result<File, Error> {
    if let Ok(id) = SealedFileId::parse(&ID(id.to_owned()), "id") {
        op.performs("GET /files/{id}");
        return privacy::file::service::fetch(op, id).await.map(File::Sealed);
    }
    if let Ok(id) = AttachmentId::parse(&ID(id.to_owned()), "id") {
        let (file, stored) = attachments::service::fetch(op, id).await?;
        return Ok(File::Attached(file, stored));
    }
    let id = match Uuid::parse_str(id) {
        Ok(id) => JobId(id),
        Err(_) => Gid::parse(&ID(id.to_owned()), "id")?,
    };
    match store::get(op, id).await {
        Err(Error::Forbidden) => Err(Error::NotFound("id".into())),
        other => other.map(File::Errors),
    }
}

/// The bytes of an upload, a block at a time.
fn stored_bytes(stored: Stored) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let next = |state: Option<(Stored, Option<Reading>)>| async move {
        let (stored, reading) = state?;
        let block = off_thread(move || {
            let mut reading = match reading {
                Some(reading) => reading,
                None => stored.open(0)?,
            };
            let mut block = Vec::new();
            (&mut reading).take(BLOCK_BYTES).read_to_end(&mut block)?;
            Ok((block, stored, reading))
        });
        match block.await {
            Ok((block, _, _)) if block.is_empty() => None,
            Ok((block, stored, reading)) => Some((Ok(Bytes::from(block)), Some((stored, Some(reading))))),
            Err(error) => Some((Err(broken_off(&error)), None)),
        }
    };
    stream::unfold(Some((stored, None)), next)
}

/// What an error in the middle of a file is for whoever reads it: its end.
fn broken_off(error: &Error) -> std::io::Error {
    error.log();
    let (code, _) = error.outside();
    std::io::Error::other(code)
}

/// The pieces of a file, each opened when it is its turn.
fn opened(app: Arc<App>, file: sealed_file::Model) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    stream::unfold(Some((app, file, 0)), |state| async move {
        let (app, file, position) = state?;
        match privacy::file::service::fetch_piece(&app, &file, position).await {
            Ok(Some(bytes)) => Some((Ok(Bytes::from(bytes)), Some((app, file, position + 1)))),
            Ok(None) => None,
            Err(error) => Some((Err(broken_off(&error)), None)),
        }
    })
}

/// The file in pieces of 1,000 lines.
fn error_file(
    app: Arc<App>,
    job: job::Model,
    language: Language,
) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    let head = Bytes::from(format!("{}row,column,value,code,reason\r\n", sheet::MARK));
    let pages = stream::unfold(Some((app, job, (0, 0))), move |state| async move {
        let (app, job, after) = state?;
        let piece = LANGUAGE.scope(language, piece(&app, &job, after)).await;
        match piece {
            Ok(Some((bytes, last))) => Some((Ok(bytes), Some((app, job, last)))),
            Ok(None) => None,
            Err(error) => Some((Err(broken_off(&error)), None)),
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
    let cells = rows.iter().map(|row| {
        let (column, value) = (row.column_name.clone(), row.value.clone());
        [
            row.row_no.to_string(),
            column,
            value,
            row.code.clone(),
            row.reason().said(),
        ]
    });
    Ok(Some((Bytes::from(sheet::lines(cells)?), last)))
}
