//! Writing figures into a file, five hundred federations at a time.

use super::rules::{self, Asked, Columns, Format, HEAD, TITLE};
use crate::jobs::rules::Failure;
use crate::jobs::task::{Look, Ready, Step, Task, about, advance, hand_out, made};
use crate::kernel::app::App;
use crate::kernel::book::Book;
use crate::kernel::error::Error;
use crate::kernel::files::off_thread;
use crate::kernel::ledger::Figures;
use crate::kernel::loader::Batch;
use crate::kernel::op::Op;
use crate::kernel::sheet::{self, Cell};
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::policy::Action;
use crate::privacy::file::rules::{END, Position};
use crate::privacy::file::service::{Piece, begin, end, open, seal, seal_bytes, write};
use chrono::{DateTime, Utc};
use entity::id::{FederationId, SealedFileId};
use entity::jobs::job::{self, JobKind};
use entity::privacy::sealed_file::Holding;
use futures_util::future::{BoxFuture, try_join};
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Federations in one step.
const CHUNK: usize = 500;
/// Federations in one step of a file that is split by an axis: each of them has many rows.
const CHUNK_SPLIT: usize = 100;
/// No federation more goes into a piece of so many rows.
const ROWS: usize = 2_000;
/// Bytes of a piece of a book; sealed, it is less than 1 MiB.
const PIECE: usize = 512 << 10;
/// What stands in a cursor before the file that holds the rows of a book.
const BOUND: &str = "bound:";

/// Writes figures into a file.
pub struct Table;

/// What is made ready for a step.
enum Next {
    /// Figures of so many federations, or of a book what comes next of it: a piece, and what stands behind it in the cursor.
    Add(Piece, i64, Option<String>),
    /// All rows wait: a book of them can be begun, anew if that was tried before.
    Begin,
    /// The book is whole.
    Whole,
}

fn asked(job: &job::Model) -> Result<Asked, Error> {
    Ok(serde_json::from_str(job.input.as_deref().unwrap_or_default())?)
}

fn place(job: &job::Model) -> Result<FederationId, Error> {
    job.federation_id.ok_or(Error::NotFound("federationId".into()))
}

/// How far a file is: the path of the last federation, and how many rows are written.
fn reached(position: Option<&Position>) -> (&str, usize) {
    let after = position.and_then(|position| position.after.split_once(':'));
    after.map_or(("", 0), |(path, rows)| (path, rows.parse().unwrap_or_default()))
}

/// The file whose rows a book is made of, if it was begun: the position is that of the book then.
fn rows_of(position: &Position) -> Option<SealedFileId> {
    let id = position.after.strip_prefix(BOUND)?;
    Uuid::parse_str(id).ok().map(SealedFileId)
}

/// The rows of some federations, all figures read at once, until they fill a piece; and of how many federations they are.
async fn rows(
    op: &Op,
    columns: &Columns,
    nodes: &[&Node],
    written: usize,
) -> Result<(Vec<Vec<Cell>>, usize), Error> {
    let wanted = nodes.iter().flat_map(|node| columns.wanted(node)).collect();
    let sums = Figures::load(op.clone(), wanted).await?;
    let (mut rows, mut taken) = (Vec::new(), 0);
    for (node, sums) in nodes.iter().zip(sums.chunks(columns.width().max(1))) {
        if rows.len() >= ROWS {
            break;
        }
        rows.extend(columns.rows(node, sums));
        rules::check_rows(written + rows.len())?;
        taken += 1;
    }
    Ok((rows, taken))
}

/// Reads what comes next.
async fn prepare(op: &Op, job: &mut job::Model) -> Result<Next, Error> {
    let asked = asked(job)?;
    let at = op.authorize(Action::ReadFigures, place(job)?, "federationId")?;
    let (tree, columns) = (op.tree(), asked.columns()?);
    let position = Position::read(&job.cursor);
    if let Some(rows) = position.as_ref().and_then(rows_of) {
        return bind(op, job, rows).await;
    }
    let (after, written) = reached(position.as_ref());
    let left = rules::standing(&tree, &at, asked.level.map(Into::into), after);
    if let (Format::Xlsx, Some(position), true) = (asked.format, &position, left.is_empty()) {
        return bind(op, job, position.file_id).await;
    }
    let most = columns.axis.map_or(CHUNK, |_| CHUNK_SPLIT);
    let next = left.get(..most).unwrap_or(&left);
    let (mut rows, taken) = rows(op, &columns, next, written).await?;
    let written = written + rows.len();
    if position.is_none() {
        rows.splice(0..0, columns.head(&at, &asked.number, op.now()));
    }
    let text = match asked.format {
        Format::Csv if position.is_none() => format!("{}{}", sheet::MARK, sheet::table(&rows)?),
        Format::Csv => sheet::table(&rows)?,
        Format::Xlsx => serde_json::to_string(&rows)?,
    };
    let last = next.get(..taken).and_then(|taken| taken.last());
    let last = last.map_or(after, |node| &node.path);
    let is_last = taken == left.len() && asked.format == Format::Csv;
    let after = (!is_last).then(|| format!("{last}:{written}"));
    let federations = i64::try_from(taken).unwrap_or(i64::MAX);
    Ok(Next::Add(seal(op, &text)?, federations, after))
}

/// Makes a book of the rows that wait, and writes it piece by piece. Who dies meanwhile leaves a book that nobody sees, and
/// the next one begins another.
async fn bind(op: &Op, job: &mut job::Model, rows: SealedFileId) -> Result<Next, Error> {
    advance(op, &Table, job, &Next::Begin).await?;
    let (app, made_at) = (Arc::clone(op.app()), job.created_at);
    let (send, mut pieces) = mpsc::channel(1);
    let made = off_thread(move || {
        let mut pieces = Pieces::new(send);
        book(&app, rows, made_at)?.write(&mut pieces)?;
        Ok(pieces.hand_on()?)
    });
    let written = async {
        while let Some(piece) = pieces.recv().await {
            let piece = seal_bytes(op, &piece)?;
            let piece = Next::Add(piece, 0, Some(format!("{BOUND}{rows}")));
            advance(op, &Table, job, &piece).await?;
        }
        Ok(())
    };
    try_join(made, written).await?;
    Ok(Next::Whole)
}

/// Writes what was made ready; the cursor behind it.
async fn written(tx: &Tx, job: &job::Model, next: &Next) -> Result<String, Error> {
    let file = (Holding::Figures, asked(job)?.file_name());
    if let Next::Add(piece, _, after) = next {
        return Ok(write(tx, job, file, (piece, after.clone())).await?.1);
    }
    let position = Position::read(&job.cursor);
    let position = position.ok_or_else(|| anyhow::anyhow!("no rows wait for a book"))?;
    let earlier = rows_of(&position);
    if let (Next::Whole, Some(rows)) = (next, earlier) {
        end(tx, rows).await?;
        hand_out(tx, job.id, position.file_id).await?;
        return Ok(END.to_owned());
    }
    if earlier.is_some() {
        end(tx, position.file_id).await?;
    }
    let account_id = job.account_id.ok_or(Error::Unauthenticated)?;
    let book = begin(tx, account_id, file, &job.place()).await?;
    let begun = Position {
        file_id: book.id,
        pieces: 0,
        after: format!("{BOUND}{}", earlier.unwrap_or(position.file_id)),
    };
    Ok(begun.cursor())
}

async fn step(tx: &Tx, job: &job::Model, next: &Next) -> Result<Step, Error> {
    let rows = match next {
        Next::Add(_, federations, _) => *federations,
        Next::Begin | Next::Whole => 0,
    };
    Ok(Step::Did {
        cursor: written(tx, job, next).await?,
        sentence: about(job, "FIGURE_EXPORT_WRITTEN", json!({"federations": rows})),
        rows,
    })
}

/// Takes away what a job has written that is over.
async fn take_away(tx: &Tx, job: &job::Model) -> Result<(), Error> {
    let Some(position) = Position::read(&job.cursor) else {
        return Ok(());
    };
    if let Some(rows) = rows_of(&position) {
        end(tx, rows).await?;
    }
    end(tx, position.file_id).await
}

/// A book of the rows in the pieces of a file; for a thread that may block.
fn book(app: &App, file_id: SealedFileId, made_at: DateTime<Utc>) -> Result<Book, Error> {
    let handle = Handle::try_current().map_err(anyhow::Error::from)?;
    let mut book = Book::new(TITLE, HEAD, made_at)?;
    let mut piece = 0;
    while let Some(text) = handle.block_on(open(app, file_id, piece))? {
        let rows: Vec<Vec<Cell>> = serde_json::from_str(&text)?;
        for row in &rows {
            book.add(row)?;
        }
        piece += 1;
    }
    Ok(book)
}

/// Hands on what is written to it piece by piece; whoever takes them decides how fast.
struct Pieces {
    send: mpsc::Sender<Vec<u8>>,
    piece: Vec<u8>,
}

impl Pieces {
    fn new(send: mpsc::Sender<Vec<u8>>) -> Pieces {
        Pieces {
            send,
            piece: Vec::new(),
        }
    }

    fn hand_on(&mut self) -> std::io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        self.send.blocking_send(piece).map_err(std::io::Error::other)
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = PIECE.saturating_sub(self.piece.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.piece.extend_from_slice(taken);
        if self.piece.len() >= PIECE {
            self.hand_on()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Task for Table {
    fn kind(&self) -> JobKind {
        JobKind::FigureExport
    }

    fn action(&self) -> Action {
        Action::ReadFigures
    }

    fn count<'a>(&'a self, op: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(async move {
            let (tree, asked) = (op.tree(), asked(job)?);
            let at = tree.get(place(job)?);
            let at = at.ok_or(Error::NotFound("federationId".into()))?;
            let position = Position::read(&job.cursor);
            let (after, _) = reached(position.as_ref());
            let left = rules::standing(&tree, at, asked.level.map(Into::into), after);
            Ok(i64::try_from(left.len()).unwrap_or(i64::MAX))
        })
    }

    fn look<'a>(&'a self, _: &'a Op, job: &'a job::Model) -> BoxFuture<'a, Result<Look, Error>> {
        let is_whole = job.cursor == END;
        Box::pin(async move { Ok(if is_whole { Look::Over } else { Look::Go }) })
    }

    fn prepare<'a>(
        &'a self,
        op: &'a Op,
        job: &'a mut job::Model,
    ) -> BoxFuture<'a, Result<Box<Ready>, Error>> {
        Box::pin(async move {
            let ready: Box<Ready> = Box::new(prepare(op, job).await?);
            Ok(ready)
        })
    }

    fn step<'a>(
        &'a self,
        tx: &'a mut Tx,
        job: &'a job::Model,
        ready: &'a Ready,
    ) -> BoxFuture<'a, Result<Step, Error>> {
        Box::pin(async move { step(tx, job, made(ready)?).await })
    }

    fn failed<'a>(
        &'a self,
        tx: &'a Tx,
        job: &'a job::Model,
        _: &'a Failure,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(take_away(tx, job))
    }
}
