//! Work that one process at a time does: it holds a lease and renews it; a dead process loses it by itself.

use super::app::App;
use super::error::Error;
use super::sql::Sql;
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;

/// How long a claim holds without being renewed.
pub const LEASE_SECONDS: i64 = 15;

/// Takes or renews a lease; false if another process has it.
pub async fn take(app: &App, name: &str) -> Result<bool, Error> {
    let now = app.clock.now();
    let until = now + TimeDelta::seconds(LEASE_SECONDS);
    let mut sql = Sql::new("INSERT INTO lease (name, holder, until) VALUES ");
    sql.rows([[name.into(), app.process_id.into(), until.into()]]);
    sql.push(" ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE lease.holder = ");
    sql.bind(app.process_id).push(" OR lease.until < ").bind(now);
    let db = &app.db;
    Ok(db
        .writer()
        .execute_raw(sql.on(db.backend()))
        .await?
        .rows_affected()
        == 1)
}

/// Gives a lease back, so that another process need not wait for its end.
pub async fn give_back(app: &App, name: &str) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM lease WHERE name = ");
    sql.bind(name).push(" AND holder = ").bind(app.process_id);
    app.db.writer().execute_raw(sql.on(app.db.backend())).await?;
    Ok(())
}
