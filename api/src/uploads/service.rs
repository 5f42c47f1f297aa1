//! Taking files in.

use super::rules::{Kind, Look};
use super::store::{self, Begun};
use super::{Event, PIECES_MAX, Refusal, SIZE_BYTES_MAX};
use crate::kernel::app::App;
use crate::kernel::error::{Error, Text, conflict, invalid, text};
use crate::kernel::event::Place;
use crate::kernel::files::{OBJECT_BYTES_MAX, Stored, Writing, off_thread};
use crate::kernel::keys::hex;
use crate::kernel::op::{Actor, Op};
use crate::kernel::tx::Tx;
use crate::policy::Action;
use aws_lc_rs::digest;
use entity::id::{AccountId, UploadId};
use entity::uploads::upload;
use futures_util::stream::{Stream, StreamExt};
use std::io::{ErrorKind, Read};
use uuid::Uuid;

/// Whether the caller may send files: whoever may import something somewhere.
pub fn may_send(op: &Op) -> Result<AccountId, Error> {
    let may =
        [Action::RegisterEnterprises, Action::SubmitCollections].map(|action| op.scope(action).map(drop));
    match (may, op.account_id()) {
        ([Err(Error::Unauthenticated), _], _) | (_, None) => Err(Error::Unauthenticated),
        ([Err(_), Err(_)], _) => Err(Error::Forbidden),
        (_, Some(id)) => Ok(id),
    }
}

/// What a sender says of the bytes that follow.
pub struct Said {
    /// Of which file; made by the sender.
    pub id: UploadId,
    /// The byte at which they begin; none for the file from its beginning, whatever came of it before.
    pub offset: Option<i64>,
    /// Whether the file ends with them.
    pub is_last: bool,
    /// What the file is; empty if nothing is said.
    pub content_type: String,
    /// Their SHA-256, hex.
    pub digest: Option<String>,
    /// That of the whole file.
    pub whole_digest: Option<String>,
    /// Whether its sender can go on later with what came before a break.
    pub is_resumable: bool,
}

/// What was taken.
pub enum Taken {
    /// The file goes on at this byte.
    Part(i64),
    /// The file is whole; whether it was not before.
    Whole(upload::Model, bool),
}

/// How far a file of the caller has come: the byte at which it goes on, and whether it is whole.
pub async fn standing(op: &Op, id: UploadId) -> Result<(i64, bool), Error> {
    let account_id = may_send(op)?;
    let whole = store::find(op.app(), id).await?;
    let is_taken = whole.is_some();
    if let Some(own) = whole.filter(|upload| upload.account_id == account_id) {
        return Ok((own.size_bytes, true));
    }
    // Also where the id is somebody else's: the time it takes tells nothing.
    let chain = store::find_chain(op.app(), account_id, id).await?;
    let begun = chain.filter(|_| !is_taken).ok_or_else(not_theirs)?;
    Ok((begun.end_byte, false))
}

/// An upload of an account, and its bytes.
pub async fn open(app: &App, account_id: AccountId, id: UploadId) -> Result<(upload::Model, Stored), Error> {
    let upload = store::find(app, id).await?;
    let upload = upload.filter(|upload| upload.account_id == account_id);
    let upload = upload.ok_or_else(not_theirs)?;
    let stored = store::stored(app, upload.chain_id).await?;
    Ok((upload, stored))
}

/// Notes that an account uses an upload, and gives it; NotFound, with the field that named it, unless the account sent it.
pub async fn use_upload(
    tx: &Tx,
    account_id: AccountId,
    id: UploadId,
    field: &'static str,
) -> Result<upload::Model, Error> {
    let upload = store::find_in(tx, id).await?;
    let own = upload.filter(|upload| upload.account_id == account_id);
    let own = own.ok_or(Error::NotFound(field.into()))?;
    store::keep(tx, id).await?;
    Ok(own)
}

/// Notes that something does not use an upload any more: unless a job does, its bytes go with the next cleaning.
pub async fn let_go(tx: &Tx, id: UploadId) -> Result<(), Error> {
    store::let_go(tx, id).await
}

/// The bytes of an upload, for whoever was proved to see what uses it.
pub async fn stored(app: &App, id: UploadId) -> Result<Stored, Error> {
    let upload = store::find(app, id).await?.ok_or_else(not_theirs)?;
    store::stored(app, upload.chain_id).await
}

fn not_theirs() -> Error {
    Error::NotFound("id".into())
}

fn other_file() -> Error {
    conflict("id", text("Another file has this id.", "该 id 已用于其他文件。"))
}

fn wrong_digest() -> Error {
    let text = text(
        "The bytes are not those of the checksum: send them again.",
        "内容与校验和不符，请重新发送。",
    );
    invalid("", text)
}

fn length(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Takes bytes of a file, and the file if they are its last. The same bytes again change nothing; other bytes under the id
/// of a file that is whole are a conflict. Of another sender's file nothing is said but that it is not the caller's.
pub async fn take<B: AsRef<[u8]>>(
    op: &Op,
    said: &Said,
    bytes: impl Stream<Item = std::io::Result<B>> + Unpin,
) -> Result<Taken, Refusal> {
    let account_id = may_send(op)?;
    if let Some(upload) = store::find(op.app(), said.id).await? {
        if upload.account_id != account_id {
            return Err(not_theirs().into());
        }
        return again(op, said, upload, bytes).await;
    }
    let mut incoming = Incoming::begin(op, said, account_id).await?;
    incoming.pour(bytes).await?;
    incoming.end().await
}

async fn next<B>(bytes: &mut (impl Stream<Item = std::io::Result<B>> + Unpin)) -> Result<Option<B>, Refusal> {
    match bytes.next().await.transpose() {
        Ok(chunk) => Ok(chunk),
        Err(error) if error.kind() == ErrorKind::TimedOut => Err(Refusal::Late),
        Err(_) => Err(Refusal::BrokenOff),
    }
}

/// Bytes of a file that is whole already: they are compared and not kept.
async fn again<B: AsRef<[u8]>>(
    op: &Op,
    said: &Said,
    upload: upload::Model,
    mut bytes: impl Stream<Item = std::io::Result<B>> + Unpin,
) -> Result<Taken, Refusal> {
    let from = said.offset.unwrap_or_default();
    if !said.is_last || from > upload.size_bytes {
        let offset = upload.size_bytes;
        return Err(Refusal::Elsewhere {
            offset,
            is_whole: true,
        });
    }
    let (mut hash, mut end) = (digest::Context::new(&digest::SHA256), from);
    while let Some(chunk) = next(&mut bytes).await? {
        hash.update(chunk.as_ref());
        end += length(chunk.as_ref().len());
        if end > upload.size_bytes {
            return Err(other_file().into());
        }
    }
    let kept = if from == 0 {
        upload.sha256.clone()
    } else {
        let stored = store::stored(op.app(), upload.chain_id).await?;
        off_thread(move || hash_of(&stored, from)).await?
    };
    if end == upload.size_bytes && hex(hash.finish().as_ref()) == kept {
        Ok(Taken::Whole(upload, false))
    } else {
        Err(other_file().into())
    }
}

fn read_through(stored: &Stored, from: i64, mut each: impl FnMut(&[u8])) -> Result<(), Error> {
    let mut reading = stored.open(u64::try_from(from).unwrap_or_default())?;
    let mut block = vec![0; 64 << 10];
    loop {
        match reading.read(&mut block)? {
            0 => return Ok(()),
            read => each(block.get(..read).unwrap_or_default()),
        }
    }
}

fn hash_of(stored: &Stored, from: i64) -> Result<String, Error> {
    let mut hash = digest::Context::new(&digest::SHA256);
    read_through(stored, from, |bytes| hash.update(bytes))?;
    Ok(hex(hash.finish().as_ref()))
}

/// A file that is coming in.
struct Incoming<'a> {
    op: &'a Op,
    said: &'a Said,
    account_id: AccountId,
    chain_id: Uuid,
    pieces: u64,
    /// Where this request began.
    from: i64,
    /// Where the file stands, the open piece counted.
    end: i64,
    open: Option<(Begun, Writing)>,
    /// Of the bytes of this request, if somebody asks.
    hash: Option<digest::Context>,
    /// Of the file, if all of it comes with this request.
    look: Look,
}

impl<'a> Incoming<'a> {
    async fn begin(op: &'a Op, said: &'a Said, account_id: AccountId) -> Result<Self, Refusal> {
        let mut chain = store::find_chain(op.app(), account_id, said.id).await?;
        if said.offset.is_none()
            && let Some(earlier) = chain.take()
        {
            store::forget(op.app(), earlier.chain_id, 0).await?;
        }
        let (chain_id, end, pieces) = match chain {
            Some(chain) => (chain.chain_id, chain.end_byte, chain.pieces),
            None => (op.id(), 0, 0),
        };
        if said.offset.is_some_and(|offset| offset != end) {
            let (offset, is_whole) = (end, false);
            return Err(Refusal::Elsewhere { offset, is_whole });
        }
        Ok(Incoming {
            op,
            said,
            account_id,
            chain_id,
            pieces: u64::try_from(pieces).unwrap_or_default(),
            from: end,
            end,
            open: None,
            hash: said
                .digest
                .as_ref()
                .map(|_| digest::Context::new(&digest::SHA256)),
            look: Look::default(),
        })
    }

    /// Lets the bytes go from one on, and says why.
    async fn refuse(&mut self, from: i64, why: impl Into<Refusal>) -> Refusal {
        self.open = None;
        match store::forget(self.op.app(), self.chain_id, from).await {
            Ok(()) => why.into(),
            Err(error) => error.into(),
        }
    }

    /// Takes all bytes in; what came before a break is kept.
    async fn pour<B: AsRef<[u8]>>(
        &mut self,
        mut bytes: impl Stream<Item = std::io::Result<B>> + Unpin,
    ) -> Result<(), Refusal> {
        loop {
            match next(&mut bytes).await {
                Ok(Some(chunk)) => self.write(chunk.as_ref()).await?,
                Ok(None) => return self.close().await,
                Err(stopped) if self.said.is_resumable => {
                    self.close().await?;
                    return Err(stopped);
                }
                Err(stopped) => return Err(self.refuse(0, stopped).await),
            }
        }
    }

    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        if self.end.saturating_add(length(bytes.len())) > SIZE_BYTES_MAX {
            return Err(self.refuse(0, Refusal::TooLarge).await);
        }
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        if self.from == 0
            && let Err(text) = self.look.take(bytes)
        {
            return Err(self.refuse(0, Refusal::Type(text)).await);
        }
        while !bytes.is_empty() {
            let (piece, mut writing) = match self.open.take() {
                Some(open) => open,
                None => self.begin_piece().await?,
            };
            let room = OBJECT_BYTES_MAX - writing.size();
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            writing.write(now).await?;
            self.end += length(now.len());
            let is_full = writing.size() == OBJECT_BYTES_MAX;
            self.open = Some((piece, writing));
            if is_full {
                self.close().await?;
            }
            bytes = later;
        }
        Ok(())
    }

    async fn begin_piece(&mut self) -> Result<(Begun, Writing), Refusal> {
        if self.pieces == PIECES_MAX {
            let text = text(
                "The file comes in more than 1,000 pieces: send it in larger ones.",
                "文件分片超过 1,000 个，请使用更大的分片。",
            );
            return Err(self.refuse(0, invalid("", text)).await);
        }
        let piece = Begun {
            object_id: self.op.id(),
            chain_id: self.chain_id,
            account_id: self.account_id,
            upload_id: self.said.id,
            start_byte: self.end,
        };
        store::begin(self.op.app(), &piece).await?;
        let writing = self.op.app().files.write(piece.object_id);
        Ok((piece, writing))
    }

    /// Makes the open piece whole and adds it to the chain.
    async fn close(&mut self) -> Result<(), Refusal> {
        let Some((piece, writing)) = self.open.take() else {
            return Ok(());
        };
        let size = length(writing.size());
        writing.finish().await?;
        if store::record(self.op.app(), &piece, size).await? {
            self.pieces += 1;
            return Ok(());
        }
        store::abandon(self.op.app(), piece.object_id).await?;
        let (offset, is_whole) = match standing(self.op, self.said.id).await {
            Err(Error::NotFound(_)) => (0, false),
            stands => stands?,
        };
        Err(Refusal::Elsewhere { offset, is_whole })
    }

    /// Ends the request whose bytes are all here.
    async fn end(mut self) -> Result<Taken, Refusal> {
        if let Some(hash) = self.hash.take()
            && self.said.digest.as_ref() != Some(&hex(hash.finish().as_ref()))
        {
            return Err(self.refuse(self.from, wrong_digest()).await);
        }
        if !self.said.is_last {
            return Ok(Taken::Part(self.end));
        }
        if self.end == 0 {
            return Err(invalid("", text("The file is empty.", "文件为空。")).into());
        }
        let (kind, sha256) = match self.looked_at().await? {
            Ok(found) => found,
            Err(text) => return Err(self.refuse(0, Refusal::Type(text)).await),
        };
        if let Err(text) = kind.check_called(&self.said.content_type) {
            return Err(self.refuse(0, Refusal::Type(text)).await);
        }
        if self
            .said
            .whole_digest
            .as_ref()
            .is_some_and(|digest| *digest != sha256)
        {
            return Err(self.refuse(0, wrong_digest()).await);
        }
        let upload = upload::Model {
            id: self.said.id,
            account_id: self.account_id,
            size_bytes: self.end,
            sha256,
            content_type: kind.content_type().to_owned(),
            chain_id: self.chain_id,
            received_at: self.op.now(),
            unused_since: Some(self.op.now()),
        };
        match note(self.op, &upload, self.pieces).await {
            Ok((upload, is_new)) => {
                if !is_new {
                    store::forget(self.op.app(), self.chain_id, 0).await?;
                }
                Ok(Taken::Whole(upload, is_new))
            }
            Err(error @ (Error::Conflict(_) | Error::NotFound(_))) => Err(self.refuse(0, error).await),
            Err(error) => Err(error.into()),
        }
    }

    /// What the file is, and its SHA-256. What came with earlier requests is read again: no look at it lasts so long.
    async fn looked_at(&mut self) -> Result<Result<(Kind, String), Text>, Error> {
        let look = std::mem::take(&mut self.look);
        if self.from == 0 {
            return Ok(look.end());
        }
        let stored = store::stored(self.op.app(), self.chain_id).await?;
        off_thread(move || {
            let mut looked = Ok(look);
            read_through(&stored, 0, |bytes| {
                if let Ok(look) = &mut looked
                    && let Err(text) = look.take(bytes)
                {
                    looked = Err(text);
                }
            })?;
            Ok(looked.and_then(Look::end))
        })
        .await
    }
}

/// Notes a file that came in, in so many pieces; true if it is new.
async fn note(op: &Op, upload: &upload::Model, pieces: u64) -> Result<(upload::Model, bool), Error> {
    op.write(|tx| async move {
        if let Some(earlier) = store::find_in(&tx, upload.id).await? {
            if earlier.account_id != upload.account_id {
                return Err(not_theirs());
            }
            if earlier.sha256 != upload.sha256 {
                return Err(other_file());
            }
            return Ok(tx.unchanged((earlier, false)));
        }
        if !store::insert(&tx, upload.clone(), pieces).await? {
            let text = text("The file was sent anew meanwhile.", "该文件已被重新发送。");
            return Err(conflict("id", text));
        }
        let event = Event::Received(upload.id, home(op, &tx), upload.size_bytes);
        tx.commit(event, (upload.clone(), true)).await
    })
    .await
}

/// Where the first of the caller's grants is.
fn home(op: &Op, tx: &Tx) -> Place {
    let grant = match op.actor() {
        Actor::Account { grants, .. } => grants.first(),
        Actor::Anonymous | Actor::System => None,
    };
    let node = grant.and_then(|grant| tx.tree().get(grant.federation_id));
    node.map_or_else(Place::everywhere, Place::from)
}
