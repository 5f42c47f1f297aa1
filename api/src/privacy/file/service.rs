//! Writing files of personal data piece by piece, fetching them, and taking them away.

use super::{Event, store};
use crate::kernel::app::App;
use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::kernel::vault::Cell;
use chrono::TimeDelta;
use entity::id::{AccountId, PersonalFileId, PersonalFilePieceId};
use entity::privacy::personal_file::Model;
use entity::privacy::personal_file_piece as piece;

/// How long a file stays.
const KEPT: TimeDelta = TimeDelta::days(7);

fn cell(id: PersonalFilePieceId) -> Cell {
    Cell {
        column: "personal_file_piece.content",
        row: id.0,
    }
}

/// Begins a file for an account.
pub(crate) async fn begin(
    tx: &Tx,
    account_id: AccountId,
    name: String,
    place: &Place,
) -> Result<Model, Error> {
    let op = tx.op();
    let file = Model {
        id: PersonalFileId(op.id()),
        account_id,
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

/// Adds a piece to a file, sealed.
pub(crate) async fn append(
    tx: &Tx,
    file_id: PersonalFileId,
    position: i32,
    plain: &str,
) -> Result<(), Error> {
    let op = tx.op();
    let id = PersonalFilePieceId(op.id());
    let content = op.app().vault.seal(cell(id), plain)?;
    store::insert_piece(
        tx,
        piece::Model {
            id,
            file_id,
            position,
            content,
        },
    )
    .await
}

/// Lets the account for which a file was written fetch it, and counts that. For anybody else, and once it is over, there
/// is none.
pub async fn fetch(op: &Op, id: PersonalFileId) -> Result<Model, Error> {
    op.write(|tx| async move {
        let account_id = op.account_id().ok_or(Error::Unauthenticated)?;
        let found = store::find_own(&tx, id, account_id).await?;
        let mut file = found.ok_or(Error::NotFound("id".into()))?;
        file.downloads += 1;
        store::update(&tx, file.clone()).await?;
        tx.commit(Event::Downloaded(file.clone()), file).await
    })
    .await
}

/// Opens a piece of a file that was fetched; none behind the last one.
pub async fn open(app: &App, file: &Model, position: i32) -> Result<Option<String>, Error> {
    let piece = store::find_piece(app, file.id, position).await?;
    piece
        .map(|piece| app.vault.open(cell(piece.id), &piece.content))
        .transpose()
}

/// Ends a file before its time, with all that it holds.
pub(crate) async fn end(tx: &Tx, id: PersonalFileId) -> Result<(), Error> {
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
