//! The statements of a write by themselves, and how times are told.

use crate::support::App;
use crate::support::register::{YUESHAN, uscc};
use api::kernel::event::{Event, Sentence};
use api::kernel::sql::Sql;
use api::kernel::tree::Node;
use entity::org::enterprise;
use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait,
    IntoActiveModel, IsolationLevel, QueryFilter, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use std::time::Duration;
use uuid::Uuid;

/// What a quarter of some times is at most.
pub fn quarter(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 4]
}

pub fn micros(time: Duration, count: u32) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(count)
}

pub fn line(what: &str, time: f64, ratio: Option<f64>) {
    let ratio = ratio.map(|ratio| format!("{ratio:>7.3}")).unwrap_or_default();
    println!("  {what:66} {time:>9.1} us {ratio}");
}

/// A connection as the service's writer has it.
pub async fn writer(app: &App) -> DatabaseConnection {
    let mut options = ConnectOptions::new(app.url());
    options
        .max_connections(1)
        .sqlx_logging(false)
        .test_before_acquire(false);
    let db = sea_orm::Database::connect(options).await.unwrap();
    if db.get_database_backend() == DbBackend::Sqlite {
        db.execute_unprepared("PRAGMA synchronous = NORMAL; PRAGMA temp_store = memory")
            .await
            .unwrap();
    }
    db
}

/// Enterprises as `registerEnterprise` makes them.
pub fn enterprise(app: &App, at: &Node, number: u32) -> enterprise::Model {
    let now = app.process.clock.now();
    enterprise::Model {
        id: app.process.clock.id().into(),
        federation_id: at.id,
        uscc: uscc(number),
        name: format!("湘中第{number}机械厂"),
        ownership: enterprise::Ownership::Private,
        industry: "C34".into(),
        employees: 100,
        status: enterprise::EnterpriseStatus::Active,
        latitude_e6: None,
        longitude_e6: None,
        registered_on: "2026-01-10".parse().unwrap(),
        changed_on: "2026-01-10".parse().unwrap(),
        version: 1,
        created_at: now,
        updated_at: now,
        moved_on: None,
        path: at.path.to_string(),
        county_id: at.county_id,
    }
}

/// The statement of the kernel that writes an event.
fn event(app: &App, actor_id: Uuid, id: Uuid, sentence: &Sentence) -> Sql {
    let mut sql = Sql::new(
        "INSERT INTO event (county_id, id, at, actor_id, kind, subject_id, path, body, operation, origin, federation_id) \
         VALUES ",
    );
    sql.rows([[
        sentence.place.county_id.into(),
        id.into(),
        app.process.clock.now().into(),
        actor_id.into(),
        sentence.kind.into(),
        sentence.subject_id.into(),
        sentence.place.path.as_str().into(),
        sentence.body.to_string().into(),
        "registerEnterprise".into(),
        "192.0.2.10".into(),
        sentence.place.federation_id.into(),
    ]]);
    sql
}

/// The transaction of `registerEnterprise`, with the event and the entries of figures or without them.
pub async fn write(app: &App, db: &DatabaseConnection, number: u32, (has_event, has_entries): (bool, bool)) {
    let backend = db.get_database_backend();
    let tree = app.process.tree();
    let enterprise = enterprise(app, tree.get(app.federation(YUESHAN)).unwrap(), number);
    let options = TransactionOptions {
        isolation_level: (backend == DbBackend::Postgres).then_some(IsolationLevel::Serializable),
        access_mode: None,
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
    };
    let tx = db.begin_with_options(options).await.unwrap();
    tx.query_one_raw(Statement::from_string(backend, "SELECT version FROM tree_state"))
        .await
        .unwrap();
    let known = enterprise::Entity::find().filter(enterprise::Column::Uscc.eq(&*enterprise.uscc));
    assert!(known.one(&tx).await.unwrap().is_none());
    enterprise::Entity::insert(enterprise.clone().into_active_model())
        .exec_without_returning(&tx)
        .await
        .unwrap();
    let sentence = api::org::enterprise::Event::Registered(enterprise).sentence();
    let id = app.process.clock.id();
    if has_event {
        let sql = event(app, Uuid::from_u128(1), id, &sentence);
        tx.execute_raw(sql.on(backend)).await.unwrap();
    }
    if !has_entries {
        tx.commit().await.unwrap();
        return;
    }
    let mut sql = Sql::new(
        "INSERT INTO figure_entry (county_id, event_id, ordinal, metric, dimension, qualifier, day, amount, path, source_id) VALUES ",
    );
    sql.rows((0_i32..).zip(&sentence.deltas).map(|(ordinal, delta)| {
        [
            delta.place.county_id.into(),
            id.into(),
            ordinal.into(),
            delta.metric.code().into(),
            delta.dimension.as_str().into(),
            delta.qualifier.mark().into(),
            delta.day.into(),
            delta.amount.into(),
            delta.place.path.as_str().into(),
            delta.source_id.into(),
        ]
    }));
    tx.execute_raw(sql.on(backend)).await.unwrap();
    tx.commit().await.unwrap();
}
