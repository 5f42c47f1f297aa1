//! Writing files piece by piece, fetching them, and taking them away.

use super::rules::{END, Position};
use super::{Event, rules, store};
use crate::jobs;
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::kernel::vault::Cell;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use entity::id::{AccountId, SealedFileId, SealedFilePieceId};
use entity::jobs::job;
use entity::privacy::sealed_file::{Holding, Model};
use entity::privacy::sealed_file_piece as piece;
use entity::sealed::Sealed;

/// How long a file stays.
const KEPT: TimeDelta = TimeDelta::days(7);

fn cell(id: SealedFilePieceId) -> Cell {
    Cell {
        column: "sealed_file_piece.content",
        row: id.0,
    }
}

/// Begins a file for an account.
pub(crate) async fn begin(
    tx: &Tx,
    account_id: AccountId,
    (holds, name): (Holding, String),
    place: &Place,
) -> Result<Model, Error> {
    let op = tx.op();
    let file = Model {
        id: SealedFileId(op.id()),
        account_id,
        holds,
        name,
        downloads: 0,
        created_at: op.now(),
        expires_at: op.now() + KEPT,
        federation_id: place.federation_id,
        path: place.path.clone(),
        county_id: place.county_id,
    };
    store::insert(tx, file.clone()).await?;
    Ok(file)
}

/// A piece of a file, sealed before the transaction that adds it.
pub(crate) struct Piece {
    id: SealedFilePieceId,
    content: Sealed,
}

/// Seals a piece.
pub(crate) fn seal(op: &Op, plain: &str) -> Result<Piece, Error> {
    let id = SealedFilePieceId(op.id());
    let content = op.app().vault.seal(cell(id), plain)?;
    Ok(Piece { id, content })
}

/// Seals a piece of a file that holds bytes.
pub(crate) fn seal_bytes(op: &Op, bytes: &[u8]) -> Result<Piece, Error> {
    seal(op, &BASE64_STANDARD.encode(bytes))
}

/// Adds a piece to a file.
pub(crate) async fn append(
    tx: &Tx,
    file_id: SealedFileId,
    position: i32,
    piece: &Piece,
) -> Result<(), Error> {
    let piece = piece::Model {
        id: piece.id,
        file_id,
        position,
        content: piece.content.clone(),
    };
    store::insert_piece(tx, piece).await
}

/// Adds a piece to the file that a job writes, which begins with its first piece; the file, and the job's next cursor.
/// `after` is the last row, in the words of the job; none once all are written: the job then hands the file out.
pub(crate) async fn write(
    tx: &Tx,
    job: &job::Model,
    (holds, name): (Holding, String),
    (piece, after): (&Piece, Option<String>),
) -> Result<(SealedFileId, String), Error> {
    let (file_id, pieces) = match Position::read(&job.cursor) {
        Some(position) => (position.file_id, position.pieces),
        None => {
            let account_id = job.account_id.ok_or(Error::Unauthenticated)?;
            let file = begin(tx, account_id, (holds, name), &job.place()).await?;
            (file.id, 0)
        }
    };
    append(tx, file_id, pieces, piece).await?;
    let Some(after) = after else {
        jobs::task::hand_out(tx, job.id, file_id).await?;
        return Ok((file_id, END.to_owned()));
    };
    let next = Position {
        file_id,
        pieces: pieces + 1,
        after,
    };
    Ok((file_id, next.cursor()))
}

/// Lets the account for which a file was written fetch it while it may read what the file holds, and counts that. For
/// anybody else, and once it is over, there is none.
pub async fn fetch(op: &Op, id: SealedFileId) -> Result<Model, Error> {
    op.write(|tx| async move {
        let account_id = op.account_id().ok_or(Error::Unauthenticated)?;
        let found = store::find_own(&tx, id, account_id).await?;
        let may_read = |file: &Model| tx.scope(rules::reads(file.holds)).holds(&file.path);
        let mut file = found.filter(may_read).ok_or(Error::NotFound("id".into()))?;
        file.downloads += 1;
        store::update(&tx, file.clone()).await?;
        tx.commit(Event::Downloaded(file.clone()), file).await
    })
    .await
}

/// The bytes of a piece of a file that was fetched; none behind the last one.
pub async fn fetch_piece(app: &App, file: &Model, position: i32) -> Result<Option<Vec<u8>>, Error> {
    let Some(text) = open(app, file.id, position).await? else {
        return Ok(None);
    };
    if !rules::is_binary(&file.name) {
        return Ok(Some(text.into_bytes()));
    }
    Ok(Some(BASE64_STANDARD.decode(text).map_err(anyhow::Error::from)?))
}

/// Opens a piece of a file; none behind the last one.
pub(crate) async fn open(app: &App, file_id: SealedFileId, position: i32) -> Result<Option<String>, Error> {
    let piece = store::find_piece(app, file_id, position).await?;
    piece
        .map(|piece| app.vault.open(cell(piece.id), &piece.content))
        .transpose()
}

/// Ends a file before its time, with all that it holds.
pub(crate) async fn end(tx: &Tx, id: SealedFileId) -> Result<(), Error> {
    store::expire(tx, id).await?;
    store::delete_pieces(tx, id).await
}

/// Takes away what one file that is over holds; what happened, if there was one.
pub(crate) async fn expire_one(tx: &Tx) -> Result<Option<Event>, Error> {
    let Some(file) = store::find_over(tx).await? else {
        return Ok(None);
    };
    store::delete_pieces(tx, file.id).await?;
    Ok(Some(Event::Gone(file)))
}
