//! Files out: `GET /files/{id}` gives the error file of a job. It is never in memory as a whole.

use super::engine::Engine;
use super::graphql::refused;
use super::session;
use crate::jobs::{rules, store};
use crate::kernel::app::App;
use crate::kernel::error::{Error, LANGUAGE, Language};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use async_graphql::ID;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use entity::id::JobId;
use entity::jobs::job;
use futures_util::stream::{self, Stream, StreamExt};
use std::sync::Arc;
use uuid::Uuid;

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
