//! The history of the database, there and back.

use crate::support::accounts::CHANGE_PASSWORD;
use crate::support::app::SECRET;
use crate::support::register::{IMPORT_ENTERPRISES, YUESHAN, job};
use crate::support::things::{Place, things};
use crate::support::tree::*;
use crate::support::{App, Caller};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

const JOB: &str = "query($id: ID!) { job(id: $id) { kind state createdAt finishedAt \
    progress { rowsTotal rowsAccepted rowsRefused } refusals { nodes { row column code value } } errorFile } }";

/// Tables, columns, constraints and indexes, as the database tells them.
async fn shape(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || \
             coalesce(column_default, '') || ' ' || coalesce(collation_name, '') AS said FROM information_schema.columns \
             WHERE table_schema = 'public' UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL \
             SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE \
             connamespace = 'public'::regnamespace"
        }
        _ => "SELECT sql AS said FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    };
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await
        .unwrap();
    let rows = rows.iter().map(|row| row.try_get::<String>("", "said").unwrap());
    let mut shape: Vec<String> = rows.filter(|said| !said.contains("seaql_migrations")).collect();
    shape.sort();
    shape
}

/// Undoes what was changed from one change on, and does it again.
async fn there_and_back(app: &App, name: &str) {
    let db = sea_orm::Database::connect(app.url()).await.unwrap();
    let changes = Migrator::migrations();
    let first = changes
        .iter()
        .position(|change| change.name().ends_with(name))
        .unwrap();
    Migrator::down(&db, Some(u32::try_from(changes.len() - first).unwrap()))
        .await
        .unwrap();
    Migrator::up(&db, None).await.unwrap();
    db.close().await.unwrap();
}

async fn seen(caller: &Caller, id: &str) -> (Value, String) {
    let seen = caller.data(JOB, json!({"id": id})).await["job"].take();
    let file = caller
        .send("GET", seen["errorFile"].as_str().unwrap(), &[], "")
        .await;
    (seen, file.text())
}

both! {
    async fn every_change_is_undone_and_done_again(app: App) {
        things(&app, Place { at: YUESHAN, above: XIANGXIANG, township: YUESHAN, word: "湘中", number: 1 }).await;
        app.work().await;
        let db = sea_orm::Database::connect(app.url()).await.unwrap();
        let before = shape(&db).await;

        Migrator::down(&db, None).await.unwrap();
        let nothing = shape(&db).await;
        Migrator::up(&db, None).await.unwrap();

        assert!(before.len() > 100, "{before:?}");
        assert_eq!(nothing, Vec::<String>::new());
        assert_eq!(shape(&db).await, before);
    }

    async fn jobs_of_before_work_without_a_file_keep_what_they_said(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let office = app.sign_in("office").await;
        let file = format!("uscc,name,township_code,ownership,industry,employees\nx,湘中机械厂,{YUESHAN},private,C34,-1\n");
        let id = job(&office, IMPORT_ENTERPRISES, XIANGXIANG, &file).await;
        app.work().await;
        let before = seen(&office, &id).await;

        there_and_back(&app, "000012_privacy").await;

        let app = app.another().await;
        let after = seen(&app.sign_in("office").await, &id).await;
        assert_eq!(before.0["progress"]["rowsRefused"], json!(1), "{before:#?}");
        assert_eq!(after, before);
    }

    async fn accounts_of_before_keep_their_passwords_and_live_where_their_first_role_is(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        app.add_account("bureau", "TAX_BUREAU", app.federation(XIANGXIANG)).await;

        there_and_back(&app, "000010_accounts").await;

        let app = app.another().await;
        let office = app.sign_in("office").await;
        let home = "{ viewer { account { state passwordSetAt federation { name } grants { role to reason givenBy } } } }";
        assert_eq!(
            office.data(home, json!({})).await["viewer"]["account"],
            json!({"state": "ACTIVE", "passwordSetAt": "2026-06-20T02:00:00Z", "federation": {"name": "望春门街道总工会"},
                "grants": [{"role": "CADRE", "to": null, "reason": "", "givenBy": null}]})
        );
        app.sign_in_client("bureau").await;
        let again = json!({"username": "office", "password": SECRET, "newPassword": SECRET});
        assert_eq!(office.refused(CHANGE_PASSWORD, again).await, ["INVALID newPassword"]);
        let checks = api::verify::run(&app.process.db, &app.process.keys, &[], app.process.clock.now()).await.map_err(|error| error.report()).unwrap();
        assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
    }
}
