//! Commands about the books as a whole: their keys, their proof, their backup.

use super::{MakeKeys, existing, named};
use crate::backup::Event;
use crate::config::Store;
use crate::kernel::anchor::{self, Anchor};
use crate::kernel::clock::{Clock as _, SystemClock};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::event::{Event as Said, Place, Sentence};
use crate::kernel::files::Files;
use crate::kernel::keys::Keys;
use crate::kernel::ledger::recount;
use crate::kernel::op::{Actor, Op};
use crate::kernel::suite::{self, Suite};
use crate::privacy::sealing::jobs as sealing;
use crate::{backup, start, verify, worker};
use anyhow::Context;
use chrono::TimeDelta;
use entity::id::JobId;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

/// A data key was made, and a job seals everything by it.
struct DataKeyMade(i32, JobId);

impl Said for DataKeyMade {
    fn sentence(self) -> Sentence {
        let DataKeyMade(key, job) = self;
        Sentence::new("DATA_KEY_MADE", job.0, Place::everywhere(), json!({"key": key}))
    }
}

pub(super) async fn back_up(file: &Path, passphrase: &str, store: &Store) -> Result<(), Error> {
    backup::check_passphrase(passphrase)?;
    // First, so that nobody takes a copy of everything without a trace; an older database cannot hold it.
    if let Some(app) = start::app_as_it_is(store).await? {
        backup::tell(&Op::new(&app, Actor::System), || Event::Begun).await?;
        worker::number_rest(&app).await?;
    }
    let db = start::open_existing(store).await?;
    let (keys, files) = (start::keys(store)?, Files::at(&store.files_place())?);
    let counts = backup::write(&db, &files, &keys, (file, passphrase)).await?;
    println!(
        "{} rows and {} files are in {}",
        counts.rows,
        counts.files,
        file.display()
    );
    Ok(())
}

pub(super) async fn restore(file: &Path, passphrase: &str, store: &Store) -> Result<(), Error> {
    let key_file = start::key_file(store)?;
    let (db, files) = (start::open(store).await?, Files::at(&store.files_place())?);
    let counts = backup::restore(&db, &files, &key_file, (file, passphrase)).await?;
    let app = start::app(store).await?;
    backup::tell(&Op::new(&app, Actor::System), || Event::Restored(counts)).await?;
    worker::number_rest(&app).await?;
    println!("{} rows and {} files were restored", counts.rows, counts.files);
    println!(
        "everybody has to sign in again; what was revoked or erased since the backup was begun has to be done again: \
         the trail of the old system names it, behind its BACKUP_BEGUN"
    );
    verify(store, None).await
}

/// Anchors as lines of JSON: what `gonghui anchors` printed, or the log, of which other lines are passed over.
///
/// # Errors
/// If there is none: what was kept elsewhere is not in this file.
fn held_anchors(file: &Path) -> Result<Vec<Anchor>, Error> {
    #[derive(serde::Deserialize)]
    struct Line {
        fields: Anchor,
    }
    let lines = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let read = |line: &str| {
        let anchor = serde_json::from_str::<Anchor>(line);
        anchor.or_else(|_| serde_json::from_str::<Line>(line).map(|line| line.fields))
    };
    let held: Vec<Anchor> = lines.lines().filter_map(|line| read(line).ok()).collect();
    if held.is_empty() {
        return Err(anyhow::anyhow!("{} holds no anchor", file.display()).into());
    }
    println!("{} anchors are held in {}", held.len(), file.display());
    Ok(held)
}

pub(super) async fn print_anchors(store: &Store) -> Result<(), Error> {
    let db = start::open_existing(store).await?;
    let mut last = 0;
    loop {
        let some = anchor::after(db.reader(), last, 1_000).await?;
        let Some(newest) = some.last() else {
            return Ok(());
        };
        last = newest.seq;
        for anchor in &some {
            println!("{}", serde_json::to_string(anchor)?);
        }
    }
}

pub(super) async fn verify(store: &Store, anchors: Option<&Path>) -> Result<(), Error> {
    let mut first_break = None;
    let held = anchors.map_or_else(|| Ok(Vec::new()), held_anchors)?;
    let db = start::open_existing(store).await?;
    for check in verify::run(&db, &start::keys(store)?, &held, SystemClock.now()).await? {
        match check.outcome {
            Ok(what) => println!("ok    {}: {what}", check.name),
            Err(what) => {
                println!("BREAK {}: {what}", check.name);
                first_break = first_break.or(Some(format!("{}: {what}", check.name)));
            }
        }
    }
    match first_break {
        None => Ok(()),
        Some(what) => Err(anyhow::anyhow!("the books are not whole: {what}").into()),
    }
}

/// Sums of figures were made what their entries say.
struct FiguresRebuilt(Vec<(&'static str, u64)>);

impl Said for FiguresRebuilt {
    fn sentence(self) -> Sentence {
        let sums: BTreeMap<&str, u64> = self.0.into_iter().collect();
        Sentence::new("FIGURES_REBUILT", Uuid::nil(), Place::everywhere(), json!(sums))
    }
}

pub(super) async fn rebuild_figures(store: &Store) -> Result<(), Error> {
    let op = existing(store).await?;
    let mended = &recount::rebuild(&op.app().db).await?;
    for (metric, sums) in mended {
        println!("{metric}: {sums} sums were not what the entries say, and are now");
    }
    if mended.is_empty() {
        println!("all sums were what the entries say");
        return Ok(());
    }
    op.write(|tx| async { tx.commit(FiguresRebuilt(mended.clone()), ()).await })
        .await?;
    worker::number_rest(op.app()).await
}

fn suite_named(name: &str) -> Result<&'static dyn Suite, Error> {
    let text = || text("AES-256-GCM or SM4-GCM.", "AES-256-GCM 或 SM4-GCM。");
    suite::named(name).ok_or_else(|| invalid("suite", text()))
}

pub(super) async fn manage_keys(what: &MakeKeys) -> Result<(), Error> {
    match what {
        MakeKeys::New { file, suite } => {
            Keys::write_new(file, &SystemClock, suite_named(suite)?).map_err(|error| named(file, &error))
        }
        MakeKeys::Rotate {
            file,
            after_minutes,
            suite,
        } => {
            let from = SystemClock.now() + TimeDelta::minutes((*after_minutes).into());
            let suite = suite.as_deref().map(suite_named).transpose()?;
            Keys::rotate(file, &SystemClock, from, suite).map_err(|error| named(file, &error))
        }
        MakeKeys::Reencrypt { store } => {
            let op = existing(store).await?;
            let (key, job) = sealing::begin(&op).await?;
            op.write(|tx| async { tx.commit(DataKeyMade(key, job), ()).await })
                .await?;
            worker::number_rest(op.app()).await?;
            println!("data key {key} was made; job {job} seals everything by it");
            Ok(())
        }
        MakeKeys::Status { store } => {
            let sealing::Progress {
                key,
                values,
                older,
                job,
                failure,
            } = sealing::progress(&existing(store).await?).await?;
            println!("{values} sealed values, {older} by another data key than {key}, which seals now");
            if let Some((state, done, total)) = job {
                let total = total.map_or("?".to_owned(), |total| total.to_string());
                println!("{state:?}: {done} of {total} values looked at");
            }
            if let Some(failure) = failure {
                println!("{}", failure.message);
            }
            Ok(())
        }
    }
}
