//! What it costs to be held to account and to one's place, on both databases in one run: the audit trail's part in a
//! write, and the scope's part in a list. `cargo bench -p tests --bench access`. Figures are printed, never asserted:
//! compare the ratios of one run, not the times of two.
// The futures of the merged schema nest deeper than the compiler's default allows for.
#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::too_many_arguments,
    dead_code,
    unused_macros,
    unreachable_pub,
    reason = "a benchmark may fail by panicking, and uses a part of what tests are supported by"
)]

#[macro_use]
#[path = "../it/support/mod.rs"]
mod support;
#[path = "bare/mod.rs"]
mod bare;

use api::kernel::op::Op;
use api::kernel::scope::Within;
use api::kernel::tree::Node;
use api::policy::Action;
use bare::{enterprise, line, micros, quarter, write, writer};
use chrono::{DateTime, TimeDelta, Utc};
use entity::accounts::{account, grant};
use entity::id::{GrantId, PersonId, VisitId};
use entity::org::enterprise;
use entity::org::federation::Level;
use entity::people::person;
use entity::placed::Placed;
use entity::sealed::Sealed;
use entity::visits::visit;
use flate2::read::GzDecoder;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IntoActiveModel, Order,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Statement, TransactionTrait,
};
use std::time::Instant;
use support::db::{Stage, done};
use support::register::{REGISTER, YUESHAN, record, register};
use support::tree::{GUANGDONG, HUNAN, XIANGTAN, XIANGXIANG};
use support::{App, Caller, Clock, Database};

const DIVISIONS: &[u8] = include_bytes!("../../api/data/divisions.csv.gz");
/// Rounds of each measurement; what a quarter of them took at most counts: the machine disturbs the others.
const ROUNDS: u32 = 21;
/// Writes in a round.
const WRITES: u32 = 100;
/// Events that are numbered in a round.
const EVENTS: u32 = 2_000;
/// Rows of each list in the province, and in another one.
const ROWS: u32 = 200_000;
const ROWS_ELSEWHERE: u32 = 50_000;
/// What a page of 50 asks for.
const LIMIT: u64 = 51;

/// Events without figures, which nobody has numbered yet.
async fn unnumbered(app: &App, count: u32) {
    let id = match app.process.db.backend() {
        DbBackend::Sqlite => "randomblob(16)",
        _ => "gen_random_uuid()",
    };
    app.write(&format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) \
         INSERT INTO event (county_id, id, at, actor_id, kind, subject_id, path, body, operation, origin, federation_id) \
         SELECT county_id, {id}, at, actor_id, 'BENCH', subject_id, path, body, operation, origin, federation_id \
         FROM (SELECT * FROM event WHERE kind = 'ENTERPRISE_REGISTERED' LIMIT 1) AS one CROSS JOIN n"
    ))
    .await;
}

/// What the audit trail adds to a write: the event's row in its transaction, and afterwards its number, hash and anchor.
async fn trail(app: &App) {
    println!("a write, without and with the audit trail");
    let cadre = app.person("CADRE", XIANGXIANG).await;
    let firm = register(&cadre, YUESHAN, 1).await;
    let db = writer(app).await;
    let mut number = 10;
    let mut next = |count: u32| {
        number += count;
        number - count
    };
    let mut bare = [Vec::new(), Vec::new()];
    let (mut enterprises, mut visits) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for has_event in [round % 2 == 0, round % 2 == 1] {
            let (first, from) = (next(WRITES), Instant::now());
            for number in first..first + WRITES {
                write(app, &db, number, (has_event, true)).await;
            }
            bare[usize::from(has_event)].push(micros(from.elapsed(), WRITES));
        }
        // What was written without an event belongs to nothing that could be numbered.
        app.write("DELETE FROM figure_entry WHERE event_id NOT IN (SELECT id FROM event)")
            .await;
        let (first, from) = (next(WRITES), Instant::now());
        for number in first..first + WRITES {
            let input = support::register::enterprise(&cadre, YUESHAN, number);
            cadre.done(REGISTER, input).await;
        }
        enterprises.push(micros(from.elapsed(), WRITES));
        let (first, from) = (next(WRITES), Instant::now());
        for number in first..first + WRITES {
            record(&cadre, &firm, number.into(), "2026-06-19T09:30:00+08:00").await;
        }
        visits.push(micros(from.elapsed(), WRITES));
        app.settle().await;
        // So that the caller's budget fills again, and the token still holds at the end.
        app.advance(TimeDelta::seconds(30));
    }
    let [without, with] = bare.map(quarter);
    let (mut batches, mut singles) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        unnumbered(app, EVENTS).await;
        let from = Instant::now();
        app.settle().await;
        batches.push(micros(from.elapsed(), EVENTS));
        unnumbered(app, 1).await;
        let from = Instant::now();
        app.settle().await;
        singles.push(micros(from.elapsed(), 1));
    }
    let (numbering, single, event) = (quarter(batches), quarter(singles), with - without);
    line("the transaction alone, without the event", without, None);
    line("  with it", with, Some(with / without));
    line("number, hash and anchor, of each of 2,000", numbering, None);
    line("  of one alone: nobody waits for it", single, None);
    for (what, times) in [
        ("registerEnterprise over HTTP", enterprises),
        ("recordVisit over HTTP", visits),
    ] {
        let whole = quarter(times);
        line(&format!("{what}, less the event"), whole - event, None);
        line("  as it is", whole, Some(whole / (whole - event)));
        let all = whole + numbering;
        line("  and numbered", all, Some(all / (whole - event)));
    }
}

/// Nodes of a level below a federation.
fn below(app: &App, code: &str, level: Level) -> Vec<Node> {
    let tree = app.process.tree();
    let top = tree.get(app.federation(code)).unwrap();
    tree.below(top)
        .iter()
        .filter(|node| node.level == level)
        .cloned()
        .collect()
}

/// Scatters numbers, always in the same way.
fn scattered(number: u32) -> u32 {
    number
        .wrapping_mul(2_654_435_761)
        .rotate_left(13)
        .wrapping_mul(2_246_822_519)
}

async fn insert_all<E: EntityTrait>(db: &DatabaseConnection, rows: impl Iterator<Item = E::Model>)
where
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let tx = db.begin().await.unwrap();
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(200).map(IntoActiveModel::into_active_model);
        E::insert_many(chunk).exec_without_returning(&tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Enterprises, people and visits all over a province, and some in another one.
async fn populate(app: &App) {
    let db = writer(app).await;
    let places = [(HUNAN, 0, ROWS), (GUANGDONG, ROWS, ROWS_ELSEWHERE)];
    let visitor = account::Entity::find().one(&db).await.unwrap().unwrap().id;
    let start: DateTime<Utc> = "2025-01-01T00:00:00Z".parse().unwrap();
    let at = |number: u32| start + TimeDelta::seconds(i64::from(scattered(number) % 40_000_000));
    for (code, first, count) in places {
        let townships = below(app, code, Level::Township);
        let place = |number: u32| &townships[scattered(number) as usize % townships.len()];
        let firms: Vec<_> = (first..first + count)
            .map(|number| enterprise::Model {
                name: format!("{:08x}机械厂", scattered(number ^ 0x5555)),
                ..enterprise(app, place(number), 100_000 + number)
            })
            .collect();
        let ids: Vec<_> = firms.iter().map(|firm| firm.id).collect();
        insert_all::<enterprise::Entity>(&db, firms.into_iter()).await;
        let people = (first..first + count).map(|number| {
            let (place, sealed) = (place(number), || Some(Sealed(format!("1.{:064}", number))));
            person::Model {
                id: PersonId(app.process.clock.id()),
                id_type: person::IdType::ResidentId,
                name: sealed(),
                id_number: sealed(),
                phone: None,
                number_index: Some(format!("{number:064}")),
                phone_index: None,
                birth_date: None,
                sex: None,
                is_migrant_worker: false,
                employment_group: person::EmploymentGroup::None,
                keep_until: None,
                version: 1,
                registered_at: at(number),
                updated_at: at(number),
                erased_at: None,
                federation_id: place.id,
                path: place.path.to_string(),
                county_id: place.county_id,
            }
        });
        insert_all::<person::Entity>(&db, people).await;
        let visits = (first..first + count).map(|number| {
            let place = place(number);
            visit::Model {
                id: VisitId(app.process.clock.id()),
                enterprise_id: ids[(number - first) as usize],
                visitor_id: visitor,
                purpose: visit::Purpose::Safety,
                started_at: at(number),
                ended_at: None,
                latitude_e6: None,
                longitude_e6: None,
                notes: "消防通道畅通".into(),
                digest: String::new(),
                version: 1,
                voided_at: None,
                void_reason: None,
                moved_on: None,
                recorded_at: at(number),
                federation_id: place.id,
                path: place.path.to_string(),
                county_id: place.county_id,
            }
        });
        insert_all::<visit::Entity>(&db, visits).await;
    }
    match db.get_database_backend() {
        DbBackend::Sqlite => done(app.process.db.tend().await),
        // The tests' cluster does not learn by itself.
        _ => drop(db.execute_unprepared("ANALYZE").await.unwrap()),
    }
}

async fn op_of(caller: &Caller) -> Op {
    let actor = api::http::session::actor_of(&caller.app.process, caller.token.as_ref().unwrap()).await;
    Op::new(&caller.app.process, done(actor))
}

/// A cadre of several counties.
async fn cadre_of(app: &App, counties: &[Node]) -> Caller {
    let username = format!("cadre.of.{}", counties.len());
    app.add_account(&username, "CADRE", counties[0].id).await;
    let db = writer(app).await;
    let found = account::Entity::find().filter(account::Column::Username.eq(&*username));
    let account_id = found.one(&db).await.unwrap().unwrap().id;
    for county in &counties[1..] {
        let more = grant::Model {
            id: GrantId(app.process.clock.id()),
            account_id,
            role: "CADRE".into(),
            federation_id: county.id,
            valid_from: "2026-01-01".parse().unwrap(),
            valid_to: None,
            until: None,
            given_by: None,
            reason: String::new(),
        };
        grant::Entity::insert(more.into_active_model())
            .exec_without_returning(&db)
            .await
            .unwrap();
    }
    app.sign_in(&username).await
}

/// A page of what a caller reads, as the service asks for it.
fn page<E: Placed>(op: &Op, action: Action, (sort, order): (E::Column, Order)) -> Statement {
    let rows: Select<E> = E::within(&done(op.scope(action)));
    let rows = rows
        .order_by(sort, order.clone())
        .order_by(E::ID, order)
        .limit(LIMIT);
    rows.build(op.app().db.backend())
}

/// The plan of a statement, in short.
async fn plan(app: &App, statement: &Statement) -> String {
    let backend = app.process.db.backend();
    let explain = match backend {
        DbBackend::Sqlite => "EXPLAIN QUERY PLAN",
        _ => "EXPLAIN (COSTS OFF)",
    };
    let sql = format!("{explain} {}", statement.sql);
    let values = statement.values.clone().unwrap();
    let rows = app.process.db.reader();
    let rows = rows
        .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
        .await
        .unwrap();
    let last = |row: &sea_orm::QueryResult| {
        let columns = row.column_names();
        row.try_get::<String>("", columns.last().unwrap()).unwrap()
    };
    let lines: Vec<String> = rows.iter().map(|row| last(row).trim().to_owned()).collect();
    lines.join(" / ")
}

/// How long each of some statements takes, side by side.
async fn time(app: &App, statements: &[(&str, Statement)]) -> Vec<f64> {
    let mut times = vec![Vec::new(); statements.len()];
    for round in 0..ROUNDS as usize {
        for at in 0..statements.len() {
            let which = (at + round) % statements.len();
            let from = Instant::now();
            for _ in 0..5 {
                let rows = app.process.db.reader().query_all_raw(statements[which].1.clone());
                assert_eq!(rows.await.unwrap().len() as u64, LIMIT);
            }
            times[which].push(micros(from.elapsed(), 5));
        }
    }
    times.into_iter().map(quarter).collect()
}

/// Compares a list without a scope, out of the index that only such a list needs, with the same list in each scope.
async fn compare(app: &App, (what, index): (&str, &str), statements: &[(&str, Statement)]) {
    println!(" {what}");
    let (without, within) = statements.split_at(1);
    app.write(&format!("CREATE INDEX bench_list ON {index}")).await;
    let first = time(app, without).await[0];
    line(without[0].0, first, None);
    println!("    {}", plan(app, &without[0].1).await);
    app.write("DROP INDEX bench_list").await;
    let times = time(app, within).await;
    for ((name, statement), time) in within.iter().zip(times) {
        line(name, time, Some(time / first));
        println!("    {}", plan(app, statement).await);
    }
}

/// What the scope adds to a page of a list.
async fn scopes(app: &App) {
    let leader = app.person("LEADER", HUNAN).await;
    let from = Instant::now();
    done(api::org::federation::import::import(&app.operator(), GzDecoder::new(DIVISIONS)).await);
    populate(app).await;
    println!(
        "pages of 50 of {ROWS} enterprises, people and visits of a province, and {ROWS_ELSEWHERE} of another one ({:.0} s to write)",
        from.elapsed().as_secs_f64()
    );
    let counties = below(app, HUNAN, Level::County);
    let three = [&counties[3], &counties[40], &counties[90]].map(Node::clone);
    let callers = [
        ("a leader of the province", leader),
        (
            "a leader of one of its cities",
            app.person("LEADER", XIANGTAN).await,
        ),
        ("a cadre of one county", cadre_of(app, &three[..1]).await),
        ("a cadre of three counties", cadre_of(app, &three).await),
    ];
    let mut ops = vec![("without a scope", app.operator())];
    for (name, caller) in &callers {
        ops.push((name, op_of(caller).await));
    }
    macro_rules! lists {
        ($($what:literal: $entity:ident by $sort:ident $order:ident, $index:literal, $action:ident;)*) => {$(
            let sort = ($entity::Column::$sort, Order::$order);
            let pages = ops.iter().map(|(name, op)| (*name, page::<$entity::Entity>(op, Action::$action, sort.clone())));
            compare(app, ($what, $index), &pages.collect::<Vec<_>>()).await;
        )*};
    }
    lists! {
        "enterprises by name": enterprise by Name Asc, "enterprise (name, id)", ReadEnterprises;
        "enterprises by employees, the most first": enterprise by Employees Desc, "enterprise (employees, id)", ReadEnterprises;
        "people, the newest first": person by RegisteredAt Desc, "person (registered_at, id)", ReadPeople;
        "visits, the newest first": visit by StartedAt Desc, "visit (started_at, id)", ReadVisits;
    }
}

async fn measure(database: Database) {
    println!("{database:?}");
    let Some(stage) = Stage::new(database) else { return };
    let app = App::open(&stage, Clock::new()).await;
    trail(&app).await;
    let Some(stage) = Stage::new(database) else { return };
    let app = App::open(&stage, Clock::new()).await;
    scopes(&app).await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    for database in [Database::Sqlite, Database::Postgres] {
        runtime.block_on(measure(database));
    }
}
