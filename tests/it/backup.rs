//! A backup is restored elsewhere, in the same database and in the other one, and everything goes on there.

use crate::support::accounts::Device;
use crate::support::app::SECRET;
use crate::support::clock::Clock;
use crate::support::db::{Stage, done};
use crate::support::people::*;
use crate::support::register::{YUESHAN, cover, figures, found, record, register};
use crate::support::tree::*;
use crate::support::{App, Caller, Database, delivery};
use api::backup::{self, Counts};
use api::config::Store;
use api::kernel::db::Db;
use api::kernel::error::Error;
use api::kernel::files::Files;
use api::kernel::keys::Keys;
use api::kernel::suite::Commercial;
use api::org::federation::import;
use api::{start, verify};
use chrono::TimeDelta;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PASSPHRASE: &str = "four words are enough";
const UPLOAD: &str = "0199a1b2-0000-7000-8000-000000000001";

async fn back_up(app: &App, passphrase: &str) -> (PathBuf, Result<Counts, Error>) {
    let file = app.file_folder().with_file_name("backup");
    let process = &app.process;
    let counts = backup::write(&process.db, &process.files, &process.keys, (&file, passphrase)).await;
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

/// What was done before the backup.
struct Business {
    cadre: Caller,
    username: String,
    device: Device,
    person: String,
}

/// Business of every kind, with what is sealed: a person, and the secret of a second factor.
async fn business(app: &App) -> Business {
    let cadre = app.person("CADRE", XIANGXIANG).await;
    let firm = register(&cadre, YUESHAN, 1).await;
    let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
    cover(&cadre, &union, &firm, "2026-03-01").await;
    record(&cadre, &firm, 1, "2026-06-18T23:30:00+08:00").await;
    delivery::submit(app, &[delivery::line(1), delivery::line(2)]).await;
    cadre
        .send("PUT", &format!("/uploads/{UPLOAD}"), &[], "a,b\n")
        .await;
    let person = register_person(&cadre, YUESHAN, 1).await;
    let device = cadre.set_up_otp(SECRET).await;
    app.settle().await;
    Business {
        username: format!("cadre.{}", app.federation(XIANGXIANG)),
        cadre,
        device,
        person,
    }
}

/// The cadre, signed in anew with the second factor that was set up before the backup.
async fn sign_in(there: &App, before: &Business) -> Caller {
    there.advance(TimeDelta::seconds(30));
    let input = json!({"username": before.username, "password": SECRET, "otp": before.device.code()});
    there.caller(&there.log_in(input).await)
}

/// Everything is proved, and goes on.
async fn goes_on(there: &App, before: &Business) {
    let now = there.process.clock.now();
    let checks = done(verify::run(&there.process.db, &there.process.keys, &[], now).await);
    assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
    let metrics = ["enterprises", "visits", "covered_enterprises"];
    let here = figures(&before.cadre, XIANGXIANG, &metrics, json!({})).await;
    let cadre = sign_in(there, before).await;
    assert_eq!(figures(&cadre, XIANGXIANG, &metrics, json!({})).await, here);
    let upload = cadre.send("HEAD", &format!("/uploads/{UPLOAD}"), &[], "").await;
    assert_eq!(upload.headers["upload-offset"], "4");
    let revealed = cadre.done(REVEAL, reveal(&before.person)).await;
    assert_eq!(revealed["revealed"]["idNumber"], json!(resident_id(1)));
    let again = cadre.refused(REGISTER_PERSON, person(&cadre, YUESHAN, 1)).await;
    assert_eq!(again, ["CONFLICT idNumber"]);
    register(&cadre, YUESHAN, 9).await;
    there.settle().await;
}

/// A service whose keys are of the commercial suite.
async fn commercial(database: Database) -> Option<(Stage, App)> {
    let stage = Stage::empty(database)?;
    let clock = Clock::new();
    done(Keys::write_new(
        &stage.folder.path().join("keys"),
        &*clock,
        &Commercial,
    ));
    let db = done(Db::connect(&stage.url, 4).await);
    done(start::migrate(&db).await);
    done(db.close().await);
    let app = App::open(&stage, clock).await;
    done(import::import(&app.operator(), LIST.as_bytes()).await);
    Some((stage, app))
}

#[tokio::test]
async fn a_database_that_had_keys_gets_no_others() {
    let folder = tempfile::TempDir::with_prefix("gonghui-test-").unwrap();
    let store = Store {
        database_url: format!("sqlite:{}", folder.path().join("one.db").display()),
        connections: 2,
        keys: None,
        files: None,
    };
    let keys = folder.path().join("one.keys");
    let opened = async || start::app(&store).await.map(drop).map_err(|error| error.report());

    assert_eq!(opened().await, Ok(()), "a new one gets them");
    std::fs::rename(&keys, folder.path().join("elsewhere")).unwrap();
    for refused in [
        opened().await,
        start::keys(&store).map(drop).map_err(|error| error.report()),
    ] {
        let said = refused.unwrap_err();
        assert!(
            said.contains("GONGHUI_KEYS") && said.contains("one.keys"),
            "{said}"
        );
        assert!(!keys.exists());
    }
    std::fs::rename(folder.path().join("elsewhere"), &keys).unwrap();
    assert_eq!(opened().await, Ok(()));
}

both! {
    async fn a_backup_goes_on_elsewhere_as_if_nothing_had_happened(app: App) {
        let before = business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        let written = done(written);

        for database in [Database::Sqlite, Database::Postgres] {
            let Some(stage) = Stage::empty(database) else { continue };
            let restored = done(restore(&stage, &file, PASSPHRASE).await);
            assert_eq!(restored, written);
            assert!(written.rows > 100 && written.files == 1, "{written:?}");

            let there = App::open(&stage, Arc::clone(&app.clock)).await;
            // A session may have been ended since.
            assert!(before.cadre.at(&there).post("{ viewer { id } }", json!({})).await.status.is_client_error());
            goes_on(&there, &before).await;
            // Nobody else's: who came after the backup is unknown there.
            let neighbour = app.person("CADRE", SHAOSHAN).await;
            assert!(neighbour.at(&there).post("{ viewer { id } }", json!({})).await.status.is_client_error());
            done(there.process.db.clone().close().await);
        }
    }

    async fn the_commercial_suite_seals_finds_and_restores(app: App) {
        let database = if app.url().starts_with("sqlite") { Database::Sqlite } else { Database::Postgres };
        let Some((_stage, app)) = commercial(database).await else { return };
        let before = business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        done(written);
        assert!(std::fs::read(&file).unwrap().starts_with(b"gonghui backup SM4-GCM "));

        let Some(stage) = Stage::empty(Database::Sqlite) else { return };
        done(restore(&stage, &file, PASSPHRASE).await);
        let there = App::open(&stage, Arc::clone(&app.clock)).await;
        goes_on(&there, &before).await;
        done(there.process.db.clone().close().await);
        done(app.process.db.clone().close().await);
    }

    async fn a_backup_is_of_no_use_to_who_has_not_the_passphrase(app: App) {
        business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        done(written);
        let Some(stage) = Stage::empty(Database::Sqlite) else { return };

        let wrong = restore(&stage, &file, "not the four words").await;
        let said = wrong.map(drop).map_err(|error| error.report()).unwrap_err();
        assert!(said.starts_with("passphrase: Not the passphrase of this backup"), "{said}");
        assert!(!stage.folder.path().join("keys").exists());

        // Behind the first line nothing is a compressed archive any more.
        let bytes = std::fs::read(&file).unwrap();
        let begin = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let mut plain = Vec::new();
        let read = std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[begin..]), &mut plain);
        assert!(read.is_err() && plain.is_empty());
        // After the wrong one the right one still works.
        done(restore(&stage, &file, PASSPHRASE).await);
    }

    async fn a_backup_that_was_changed_restores_nothing(app: App) {
        business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        done(written);
        let whole = std::fs::read(&file).unwrap();
        let Some(stage) = Stage::empty(Database::Sqlite) else { return };
        let changed = stage.folder.path().join("changed");

        for at in [20, 60, 100, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&changed, bytes).unwrap();
            assert!(restore(&stage, &changed, PASSPHRASE).await.is_err(), "byte {at}");
        }
        done(restore(&stage, &file, PASSPHRASE).await);
    }

    async fn keys_that_open_nothing_are_not_backed_up(app: App) {
        business(&app).await;
        let others = app.file_folder().with_file_name("others");
        done(Keys::write_new(&others, &*app.clock, &Commercial));
        let file = app.file_folder().with_file_name("backup");

        let refused = backup::write(&app.process.db, &app.process.files, &done(Keys::read(&others)), (&file, PASSPHRASE)).await;

        assert!(refused.map(drop).unwrap_err().report().contains("which is not in the key file"));
        assert!(!file.exists(), "nothing is left of it");
    }

    async fn what_is_there_is_not_written_over(app: App) {
        business(&app).await;
        let (file, written) = back_up(&app, PASSPHRASE).await;
        done(written);
        let said = |result: Result<Counts, Error>| result.map(drop).unwrap_err().report();

        let (_, again) = back_up(&app, PASSPHRASE).await;
        let (_, short) = back_up(&app, "short").await;
        assert!(said(again).contains("backup"));
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
            let cut = stage.folder.path().join("cut");
            std::fs::write(&cut, &whole[..kept]).unwrap();
            assert!(restore(&stage, &cut, PASSPHRASE).await.is_err(), "{kept} bytes");
            // All or nothing: the whole one still goes in.
            done(restore(&stage, &file, PASSPHRASE).await);
        }
    }
}
