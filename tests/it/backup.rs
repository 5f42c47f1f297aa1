//! A backup is restored elsewhere, in the same database and in the other one, and everything goes on there.

use crate::support::db::{Stage, done};
use crate::support::register::{YUESHAN, cover, figures, found, record, register};
use crate::support::tree::*;
use crate::support::{App, Caller, Database, delivery};
use api::backup::{self, Counts};
use api::kernel::db::Db;
use api::kernel::error::Error;
use api::kernel::files::Files;
use api::verify;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PASSPHRASE: &str = "four words are enough";
const UPLOAD: &str = "0199a1b2-0000-7000-8000-000000000001";

async fn back_up(app: &App, passphrase: &str) -> (PathBuf, Result<Counts, Error>) {
    let file = app.file_folder().with_file_name("backup.tar.gz");
    let process = &app.process;
    let keys = process.keys.bytes();
    let counts = backup::write(&process.db, &process.files, &keys, (&file, passphrase)).await;
    (file, counts)
}

async fn restore(stage: &Stage, file: &Path, passphrase: &str) -> Result<Counts, Error> {
    let folder = stage.folder.path();
    let db = done(Db::connect(&stage.url, 4).await);
    let files = done(Files::open(&folder.join("files")));
    let counts = backup::restore(&db, &files, &folder.join("keys"), (file, passphrase)).await;
    done(db.close().await);
    counts
}

/// Business of every kind; the person who did it.
async fn business(app: &App) -> Caller {
    let cadre = app.person("CADRE", XIANGXIANG).await;
    let firm = register(&cadre, YUESHAN, 1).await;
    let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
    cover(&cadre, &union, &firm, "2026-03-01").await;
    record(&cadre, &firm, 1, "2026-06-18T23:30:00+08:00").await;
    delivery::submit(app, &[delivery::line(1), delivery::line(2)]).await;
    cadre
        .send("PUT", &format!("/uploads/{UPLOAD}"), &[], "a,b\n")
        .await;
    app.settle().await;
    cadre
}

both! {
    async fn a_backup_goes_on_elsewhere_as_if_nothing_had_happened(app: App) {
        let cadre = business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        let written = done(written);

        for database in [Database::Sqlite, Database::Postgres] {
            let Some(stage) = Stage::empty(database) else { continue };
            let restored = done(restore(&stage, &file, PASSPHRASE).await);
            assert_eq!(restored, written);
            assert!(written.rows > 100 && written.files == 1, "{written:?}");

            let there = App::open(&stage, Arc::clone(&app.clock)).await;
            let checks = done(verify::run(&there.process.db, &there.process.keys, &[]).await);
            assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
            // The token that was signed here is good there, and finds what was entered here.
            let here = figures(&cadre, XIANGXIANG, &["enterprises", "visits", "covered_enterprises"], json!({})).await;
            let again = figures(&cadre.at(&there), XIANGXIANG, &["enterprises", "visits", "covered_enterprises"], json!({})).await;
            assert_eq!(again, here);
            let upload = cadre.at(&there).send("HEAD", &format!("/uploads/{UPLOAD}"), &[], "").await;
            assert_eq!(upload.headers["upload-offset"], "4");
            register(&cadre.at(&there), YUESHAN, 9).await;
            there.settle().await;
            // Nobody else's: the neighbour sees there what the neighbour saw here.
            let neighbour = app.person("CADRE", SHAOSHAN).await;
            assert!(neighbour.at(&there).post("{ viewer { id } }", json!({})).await.status.is_client_error(), "signed in after the backup");
            done(there.process.db.clone().close().await);
        }
    }

    async fn a_backup_is_of_no_use_to_who_has_not_the_passphrase(app: App) {
        business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        done(written);
        let Some(stage) = Stage::empty(Database::Sqlite) else { return };

        let wrong = restore(&stage, &file, "not the four words").await;
        assert_eq!(wrong.map(drop).map_err(|error| error.report()), Err("passphrase: Not the passphrase of this backup.".to_owned()));
        assert!(!stage.folder.path().join("keys").exists());

        let bytes = std::fs::read(&file).unwrap();
        let mut open = flate2::read::GzDecoder::new(&bytes[..]);
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut open, &mut plain).unwrap();
        let text = String::from_utf8_lossy(&plain);
        let secret: serde_json::Value = serde_json::from_slice(&app.process.keys.bytes()).unwrap();
        assert!(text.contains("湘中第1机械厂"), "the search can find something");
        assert!(!text.contains(secret["secret"].as_str().unwrap()));
        assert!(!text.contains(secret["masters"][0]["key"].as_str().unwrap()));
        // After the wrong one the right one still works.
        done(restore(&stage, &file, PASSPHRASE).await);
    }

    async fn what_is_there_is_not_written_over(app: App) {
        business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        done(written);
        let said = |result: Result<Counts, Error>| result.map(drop).unwrap_err().report();

        let (_, again) = back_up(&app, PASSPHRASE).await;
        let (_, short) = back_up(&app, "short").await;
        assert!(said(again).contains("backup.tar.gz"));
        assert!(said(short).contains("At least 12 characters."));

        let folder = app.file_folder().with_file_name("elsewhere");
        let files = done(Files::open(&folder));
        let into_full = backup::restore(&app.process.db, &files, &app.key_file(), (&file, PASSPHRASE)).await;
        assert!(said(into_full).contains("not empty"));

        let Some(stage) = Stage::empty(Database::Sqlite) else { return };
        std::fs::write(stage.folder.path().join("keys"), "others").unwrap();
        assert!(said(restore(&stage, &file, PASSPHRASE).await).contains("holds other keys"));
    }

    async fn a_backup_that_was_cut_restores_nothing(app: App) {
        business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        done(written);
        let whole = std::fs::read(&file).unwrap();

        for kept in [0, 10, whole.len() / 2, whole.len() - 9] {
            let Some(stage) = Stage::empty(Database::Sqlite) else { return };
            let cut = stage.folder.path().join("cut.tar.gz");
            std::fs::write(&cut, &whole[..kept]).unwrap();
            assert!(restore(&stage, &cut, PASSPHRASE).await.is_err(), "{kept} bytes");
            // All or nothing: the whole one still goes in.
            done(restore(&stage, &file, PASSPHRASE).await);
        }
    }
}
