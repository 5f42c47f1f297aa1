//! Commands about the books as a whole: their keys, their proof, their backup.

use super::{MakeKeys, existing, named};
use crate::config::Store;
use crate::kernel::anchor::{self, Anchor};
use crate::kernel::clock::{Clock as _, SystemClock};
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::files::Files;
use crate::kernel::keys::Keys;
use crate::kernel::suite;
use crate::privacy::sealing::jobs as sealing;
use crate::{backup, start, verify};
use anyhow::Context;
use chrono::TimeDelta;
use std::path::Path;

pub(super) async fn back_up(file: &Path, passphrase: &str, store: &Store) -> Result<(), Error> {
    let db = start::open_existing(store).await?;
    let (keys, files) = (start::keys(store)?, Files::at(&store.files_place())?);
    let counts = backup::write(&db, &files, &keys.bytes(), (file, passphrase)).await?;
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
    println!("{} rows and {} files were restored", counts.rows, counts.files);
    verify(store, None).await
}

/// Anchors as lines of JSON: what `gonghui anchors` printed, or the log, of which other lines are passed over.
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
    Ok(lines.lines().filter_map(|line| read(line).ok()).collect())
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
    for check in verify::run(&db, &start::keys(store)?, &held).await? {
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

pub(super) async fn manage_keys(what: &MakeKeys) -> Result<(), Error> {
    match what {
        MakeKeys::New { file, suite } => {
            let known = suite::named(suite);
            let known = known.ok_or_else(|| {
                invalid(
                    "suite",
                    text("AES-256-GCM or SM4-GCM.", "AES-256-GCM 或 SM4-GCM。"),
                )
            })?;
            Keys::write_new(file, &SystemClock, known).map_err(|error| named(file, &error))
        }
        MakeKeys::Rotate { file, after_minutes } => {
            let from = SystemClock.now() + TimeDelta::minutes((*after_minutes).into());
            Keys::rotate(file, &SystemClock, from).map_err(|error| named(file, &error))
        }
        MakeKeys::Reencrypt { store } => {
            let op = existing(store).await?;
            let (key, job) = sealing::begin(&op).await?;
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
