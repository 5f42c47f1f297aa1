//! Files in: `PUT /uploads/{id}` takes one in, at once or piece by piece, and `HEAD /uploads/{id}` tells how far it has
//! come. The names follow the draft of resumable uploads (draft-ietf-httpbis-resumable-upload) and RFC 9530:
//!
//! - `Upload-Offset: 4096` says at which byte the body begins. Without it the file begins anew.
//! - `Upload-Complete: ?0` says that more will follow; without it the file ends with the body.
//! - `Content-Digest: sha-256=:…:` is the checksum of the body, `Repr-Digest` that of the whole file.

use super::body::{Bodied, linger, paced};
use super::engine::Engine;
use super::graphql::{refusal, refused};
use super::session::{self, Address};
use crate::kernel::app::App;
use crate::kernel::error::{Error, LANGUAGE, Text, invalid, text};
use crate::kernel::gid::not_a_uuid;
use crate::kernel::keys::hex;
use crate::kernel::op::Op;
use crate::uploads::service::{self, Said, Taken};
use crate::uploads::{Refusal, SIZE_BYTES_MAX};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use entity::id::UploadId;
use futures_util::FutureExt;
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

static UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
static UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");

fn stands(offset: i64, is_complete: bool) -> [(HeaderName, String); 3] {
    let is_complete = if is_complete { "?1" } else { "?0" };
    [
        (UPLOAD_OFFSET.clone(), offset.to_string()),
        (UPLOAD_COMPLETE.clone(), is_complete.to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ]
}

/// Why bytes were not taken, as an answer.
pub(super) fn not_taken(why: Refusal) -> Response {
    match why {
        Refusal::Error(error) => refused(&error),
        Refusal::Elsewhere { offset, is_whole } => {
            let text = text(
                "The file goes on at another byte: see Upload-Offset.",
                "续传位置不符，请参见 Upload-Offset。",
            );
            let answer = refusal(StatusCode::CONFLICT, "CONFLICT", &text);
            (stands(offset, is_whole), answer).into_response()
        }
        Refusal::TooLarge => {
            let text = text("A file holds at most 200 MB.", "文件不得超过 200 MB。");
            refusal(StatusCode::PAYLOAD_TOO_LARGE, "INVALID", &text)
        }
        Refusal::Type(text) => refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "INVALID", &text),
        Refusal::Late => {
            let text = text("The body stopped coming.", "请求体长时间没有数据。");
            refusal(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", &text)
        }
        Refusal::BrokenOff => {
            let text = text("The file broke off.", "文件传输中断。");
            refusal(StatusCode::BAD_REQUEST, "INVALID", &text)
        }
    }
}

/// `PUT /uploads/{id}`: 201 for a new file, 200 for the same one again, 204 for a piece of one.
pub async fn receive(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Address(address): Address,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let language = session::language(&headers);
    let taking = async {
        let op = sender(&engine.app, address, &headers).await?;
        // On its own: it ends well though the connection may not.
        let taking = tokio::spawn(take(op, id, headers, paced(body, engine.transport.stall)));
        taking.await.map_err(anyhow::Error::from).map_err(Error::from)?
    };
    let taking = taking.map(|taken| taken.map_or_else(not_taken, answer));
    LANGUAGE.scope(language, taking).await
}

async fn take(op: Op, id: String, headers: HeaderMap, mut bytes: Bodied) -> Result<Taken, Refusal> {
    let taken = match said(&id, &headers) {
        Ok(_) if length(&headers) > SIZE_BYTES_MAX => Err(Refusal::TooLarge),
        Ok(said) => service::take(&op, &said, &mut bytes).await,
        Err(error) => Err(error.into()),
    };
    // Who waits for "100 Continue" has sent nothing yet, and will not.
    if taken.is_err() && !headers.contains_key(EXPECT) {
        linger(bytes);
    }
    taken
}

/// `HEAD /uploads/{id}`: how far a file of the caller has come.
pub async fn stand(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    Address(address): Address,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let op = sender(&engine.app, address, &headers).await?;
        service::standing(&op, upload_id(&id)?).await
    };
    match LANGUAGE.scope(session::language(&headers), found).await {
        Ok((offset, is_complete)) => (StatusCode::NO_CONTENT, stands(offset, is_complete)).into_response(),
        Err(error) => refused(&error),
    }
}

async fn sender(app: &Arc<App>, address: Option<IpAddr>, headers: &HeaderMap) -> Result<Op, Error> {
    let op = Op::arriving(app, session::actor(app, headers).await?, address);
    op.performs("PUT /uploads/{id}");
    service::may_send(&op)?;
    Ok(op)
}

fn answer(taken: Taken) -> Response {
    let (upload, is_new) = match taken {
        Taken::Part(offset) => return (StatusCode::NO_CONTENT, stands(offset, false)).into_response(),
        Taken::Whole(upload, is_new) => (upload, is_new),
    };
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let body = serde_json::json!({
        "id": upload.id,
        "sizeBytes": upload.size_bytes,
        "sha256": upload.sha256,
        "contentType": upload.content_type,
    });
    (status, stands(upload.size_bytes, true), Json(body)).into_response()
}

fn upload_id(id: &str) -> Result<UploadId, Error> {
    let id = Uuid::parse_str(id).map_err(|_| invalid("id", not_a_uuid()))?;
    Ok(UploadId(id))
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers
        .get(name)
        .map(|value| value.to_str().unwrap_or("?").trim())
}

/// The length that a body is said to have; 0 if nothing is said.
fn length(headers: &HeaderMap) -> i64 {
    let length = header(headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    length.unwrap_or_default()
}

fn bad_header(name: &str) -> Text {
    let en = format!("The header {name} is not as it should be.");
    text(en, format!("请求头 {name} 格式错误。"))
}

fn said(id: &str, headers: &HeaderMap) -> Result<Said, Error> {
    let bad = |name: &str| invalid("", bad_header(name));
    let offset = match header(headers, &UPLOAD_OFFSET) {
        None => None,
        Some(offset) => {
            let is_number = !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_digit());
            let offset = offset.parse::<i64>().ok().filter(|_| is_number);
            Some(offset.ok_or_else(|| bad("Upload-Offset"))?)
        }
    };
    let is_last = match header(headers, &UPLOAD_COMPLETE) {
        None | Some("?1") => true,
        Some("?0") => false,
        Some(_) => return Err(bad("Upload-Complete")),
    };
    let digest = |name: &'static str| match header(headers, &HeaderName::from_static(name)) {
        None => Ok(None),
        Some(digests) => sha256(digests).map_err(|()| bad(name)),
    };
    Ok(Said {
        id: upload_id(id)?,
        offset,
        is_last,
        content_type: header(headers, &CONTENT_TYPE).unwrap_or_default().to_owned(),
        digest: digest("content-digest")?,
        whole_digest: digest("repr-digest")?,
        is_resumable: true,
    })
}

/// The SHA-256 among the digests of a header (RFC 9530), hex; none if it only names others.
fn sha256(digests: &str) -> Result<Option<String>, ()> {
    let mut digests = digests.split(',');
    let Some(value) = digests.find_map(|digest| digest.trim().strip_prefix("sha-256=")) else {
        return Ok(None);
    };
    let value = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
    let bytes = BASE64_STANDARD.decode(value.ok_or(())?).map_err(|_| ())?;
    if bytes.len() == 32 {
        Ok(Some(hex(&bytes)))
    } else {
        Err(())
    }
}
