//! Writing figures into a file, five hundred federations at a time.

use super::rules::{self, Asked, Columns, Format, HEAD, TITLE};
use crate::jobs::task::{Step, Task, about};
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
use crate::privacy::file::service::{open, replace, write};
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

/// Federations in one step.
const CHUNK: usize = 500;
/// Bytes of a piece of a book.
const PIECE: usize = 256 << 10;

/// Writes figures into a file.
pub struct Table;

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

/// The rows of some federations, all figures read at once.
async fn rows(op: &Op, columns: &Columns, nodes: &[&Node]) -> Result<Vec<Vec<Cell>>, Error> {
    let wanted = nodes.iter().flat_map(|node| columns.wanted(node)).collect();
    let sums = Figures::load(op.clone(), wanted).await?;
    let sums = sums.chunks(columns.metrics.len().max(1));
    let rows = nodes
        .iter()
        .zip(sums)
        .map(|(node, sums)| columns.rows(node, sums));
    Ok(rows.flatten().collect())
}

async fn step(tx: &Tx, job: &job::Model) -> Result<Step, Error> {
    if job.cursor == END {
        return Ok(Step::Over);
    }
    let (op, asked) = (tx.op(), asked(job)?);
    let at = tx.authorize(Action::ReadFigures, place(job)?, "federationId")?;
    let (tree, columns) = (op.tree(), asked.columns()?);
    let position = Position::read(&job.cursor);
    let (after, written) = reached(position.as_ref());
    let mut nodes = rules::standing(&tree, &at, asked.level.map(Into::into), after);
    if let (Format::Xlsx, Some(position), true) = (asked.format, &position, nodes.is_empty()) {
        return bind(tx, job, position).await;
    }
    let is_last = nodes.len() <= CHUNK && asked.format == Format::Csv;
    nodes.truncate(CHUNK);
    let mut rows = rows(op, &columns, &nodes).await?;
    let written = written + rows.len();
    rules::check_rows(written)?;
    if position.is_none() {
        rows.splice(0..0, columns.head(&at, &asked.number, op.now()));
    }
    let text = match asked.format {
        Format::Csv if position.is_none() => format!("{}{}", sheet::MARK, sheet::table(&rows)?),
        Format::Csv => sheet::table(&rows)?,
        Format::Xlsx => serde_json::to_string(&rows)?,
    };
    let last = nodes.last().map_or(after, |node| &node.path);
    let after = (!is_last).then(|| format!("{last}:{written}"));
    let file = (Holding::Figures, asked.file_name());
    let (_, cursor) = write(tx, job, file, (&text, after)).await?;
    let rows = i64::try_from(nodes.len()).unwrap_or(i64::MAX);
    Ok(Step::Did {
        sentence: about(job, "FIGURE_EXPORT_WRITTEN", json!({"federations": rows})),
        rows,
        cursor,
    })
}

/// Makes a book of the rows that wait, and puts it in their place.
async fn bind(tx: &Tx, job: &job::Model, position: &Position) -> Result<Step, Error> {
    let (app, file_id, made_at) = (Arc::clone(tx.op().app()), position.file_id, job.created_at);
    let (send, pieces) = mpsc::channel(1);
    let made = off_thread(move || {
        let mut pieces = Pieces::new(send);
        book(&app, file_id, made_at)?.write(&mut pieces)?;
        Ok(pieces.hand_on()?)
    });
    try_join(made, replace(tx, job, file_id, pieces)).await?;
    Ok(Step::Did {
        sentence: about(job, "FIGURE_EXPORT_WRITTEN", json!({"federations": 0})),
        rows: 0,
        cursor: END.to_owned(),
    })
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
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.hand_on()?;
        }
        Ok(bytes.len())
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

    fn step<'a>(&'a self, tx: &'a mut Tx, job: &'a job::Model) -> BoxFuture<'a, Result<Step, Error>> {
        Box::pin(step(tx, job))
    }
}
