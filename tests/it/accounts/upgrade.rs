//! A database from before accounts had a home, brought to the newest shape.

use crate::support::accounts::CHANGE_PASSWORD;
use crate::support::app::SECRET;
use crate::support::tree::*;
use migration::{Migrator, MigratorTrait};
use sea_orm::Database;
use serde_json::json;

both! {
    async fn accounts_of_before_keep_their_passwords_and_live_where_their_first_role_is(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        app.add_account("bureau", "TAX_BUREAU", app.federation(XIANGXIANG)).await;
        let db = Database::connect(app.url()).await.unwrap();
        let changes = Migrator::migrations();
        let since = changes.iter().position(|change| change.name().ends_with("000010_accounts")).unwrap();

        Migrator::down(&db, Some(u32::try_from(changes.len() - since).unwrap())).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        db.close().await.unwrap();

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
        let checks = api::verify::run(&app.process.db, &app.process.keys, &[]).await.map_err(|error| error.report()).unwrap();
        assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
    }
}
