//! Connections, deadlines, and how a process ends.

use crate::support::db::done;
use crate::support::register::{IMPORT_ENTERPRISES, YUESHAN, job, register, uscc};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::http::router::router;
use api::http::serve::{self, Limits};
use api::kernel::db::Db;
use api::kernel::error::Error;
use api::start::{self, Ending};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const READY: &str = "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n";
const SOON: Duration = Duration::from_millis(200);

/// Takes connections in on a port of this machine.
async fn listen(app: &App, limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = router(app.engine.clone());
    tokio::spawn(serve::run(listener, router, limits, std::future::pending()));
    address
}

/// Runs the whole process on a port, until the answer's sender is used or dropped.
async fn start(
    app: &App,
    ending: Ending,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<Result<(), Error>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async { drop(stopped.await) };
    let serving = start::serve_until(app.engine.clone(), listener, ending, stopped);
    (address, stop, tokio::spawn(serving))
}

/// Sends bytes and reads on until a text has come, or the other side has closed.
async fn say(stream: &mut TcpStream, bytes: &str, until: &str) -> String {
    stream.write_all(bytes.as_bytes()).await.unwrap();
    hear(stream, until).await
}

async fn hear(stream: &mut TcpStream, until: &str) -> String {
    let (mut heard, mut buffer) = (String::new(), [0; 4096]);
    while !heard.contains(until) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => heard.push_str(&String::from_utf8_lossy(&buffer[..count])),
        }
    }
    heard
}

both! {
    async fn who_keeps_the_service_waiting_is_let_go(app: App) {
        let address = listen(&app, Limits { headers: SOON, ..Limits::default() }).await;
        for (first, drips) in [("", false), ("GET /readyz HT", false), ("GET /readyz HTTP/1.1\r\n", true)] {
            let began = Instant::now();
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(first.as_bytes()).await.unwrap();
            // A byte now and then buys no time.
            let dripping = async {
                while drips && stream.write_all(b"x").await.is_ok() && began.elapsed() < Duration::from_secs(10) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                hear(&mut stream, "never").await
            };
            let heard = dripping.await;
            assert!(began.elapsed() >= SOON && began.elapsed() < Duration::from_secs(5), "{first}: {:?}", began.elapsed());
            assert!(!heard.contains("200 OK"), "{first}: {heard}");
        }

        let mut idle = TcpStream::connect(address).await.unwrap();
        let heard = say(&mut idle, READY, "ready\n").await;
        assert!(heard.starts_with("HTTP/1.1 200 OK"), "{heard}");
        let began = Instant::now();
        assert_eq!(hear(&mut idle, "never").await, "");
        assert!(began.elapsed() < Duration::from_secs(5), "an idle connection is let go as well");
    }

    async fn headers_without_end_are_refused(app: App) {
        let address = listen(&app, Limits::default()).await;
        for (length, is_answered) in [(32 << 10, true), (800 << 10, false)] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!("GET /readyz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(length));
            // Whoever is refused may find the connection closed before all is said.
            let _ = stream.write_all(request.as_bytes()).await;
            let heard = hear(&mut stream, "\r\n\r\n").await;
            assert_eq!(heard.starts_with("HTTP/1.1 200"), is_answered, "{length}: {heard:.80}");
        }
    }

    async fn one_connection_too_many_waits_until_another_is_closed(app: App) {
        let address = listen(&app, Limits { connections: 1, ..Limits::default() }).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        assert!(say(&mut first, READY, "ready\n").await.contains("200 OK"));

        let mut second = TcpStream::connect(address).await.unwrap();
        let early = tokio::time::timeout(SOON, say(&mut second, READY, "ready\n")).await;
        drop(first);
        let heard = hear(&mut second, "ready\n").await;

        assert!(early.is_err(), "{early:?}");
        assert!(heard.contains("200 OK"), "{heard}");
    }

    async fn a_process_that_ends_says_so_first_then_takes_nobody_in_and_finishes_what_runs(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let ending = Ending { drain: Duration::from_millis(600), grace: Duration::from_secs(20) };
        let (address, stop, ended) = start(&app, ending).await;
        let mut running = TcpStream::connect(address).await.unwrap();
        let upload = format!(
            "PUT /uploads/0199a1b2-0000-7000-8000-000000000001 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 6\r\n\r\n工",
            cadre.token.unwrap(),
        );
        running.write_all(upload.as_bytes()).await.unwrap();
        let mut idle = TcpStream::connect(address).await.unwrap();
        assert!(say(&mut idle, READY, "ready\n").await.contains("200 OK"));

        stop.send(()).unwrap();
        while !app.process.drain.has_begun() {
            tokio::task::yield_now().await;
        }
        let mut fresh = TcpStream::connect(address).await.unwrap();
        let draining = say(&mut fresh, READY, "draining\n").await;
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let idle = hear(&mut idle, "never").await;
        assert!(!ended.is_finished());
        let finished = say(&mut running, "会", "\"sha256\"").await;
        drop(running);

        assert!(draining.starts_with("HTTP/1.1 503") && draining.ends_with("draining\n"), "{draining}");
        assert_eq!(idle, "");
        assert!(finished.starts_with("HTTP/1.1 201"), "{finished}");
        done(ended.await.unwrap());
    }

    async fn whoever_does_not_finish_in_the_grace_time_is_not_waited_for(app: App) {
        let (address, stop, ended) = start(&app, Ending { drain: Duration::ZERO, grace: SOON }).await;
        let mut stuck = TcpStream::connect(address).await.unwrap();
        stuck.write_all(b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
        let mut other = TcpStream::connect(address).await.unwrap();
        say(&mut other, READY, "ready\n").await;

        let began = Instant::now();
        stop.send(()).unwrap();

        done(ended.await.unwrap());
        assert!(began.elapsed() >= SOON && began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }

    async fn a_running_job_is_handed_over_at_once(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut file = "uscc,name,township_code,ownership,industry,employees\n".to_owned();
        for number in 0..6_000 {
            file.push_str(&format!("{},湘中第{number}机械厂,{YUESHAN},private,C34,100\n", uscc(number)));
        }
        let id = job(&cadre, IMPORT_ENTERPRISES, XIANGXIANG, &file).await;
        let state = async |caller: &Caller| {
            let query = "query($id: ID!) { job(id: $id) { state progress { rowsDone rowsAccepted } } }";
            caller.data(query, json!({"id": id})).await["job"].clone()
        };
        let (_, stop, ended) = start(&app, Ending { drain: Duration::ZERO, grace: Duration::from_secs(60) }).await;
        while state(&cadre).await["progress"]["rowsDone"] == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }

        stop.send(()).unwrap();
        done(ended.await.unwrap());
        let left = state(&cadre).await;
        let another = app.another().await;
        // The clock stands still: a lease that was not given back would hold for ever.
        another.work().await;

        assert_eq!(left["state"], "RUNNING");
        let done = left["progress"]["rowsDone"].as_i64().unwrap();
        assert!((1_000..6_000).contains(&done), "{left}");
        let whole = json!({"state": "DONE", "progress": {"rowsDone": 6_000, "rowsAccepted": 6_000}});
        assert_eq!(state(&cadre.at(&another)).await, whole);
    }
}

/// A statement that a database works on for minutes, if it is let.
fn endless(backend: DbBackend) -> Statement {
    let sql = match backend {
        DbBackend::Sqlite => {
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 9000000000) SELECT COUNT(*) AS n FROM c"
        }
        _ => "SELECT COUNT(*) AS n FROM generate_series(1, 100000000) a, generate_series(1, 1000) b",
    };
    Statement::from_string(backend, sql)
}

/// A statement that takes rather longer than 50 ms.
fn long(backend: DbBackend) -> Statement {
    let sql = match backend {
        DbBackend::Sqlite => {
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 6000000) SELECT COUNT(*) AS n FROM c"
        }
        _ => "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM (SELECT pg_sleep(0.3)) s",
    };
    Statement::from_string(backend, sql)
}

const HURRY: Duration = Duration::from_millis(50);

async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    (work.await, began.elapsed())
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.outside().0, |_| "OK")
}

both! {
    async fn a_statement_ends_with_its_operations_time(app: App) {
        let hurried = app.within(Duration::from_millis(300)).await;
        let db = &hurried.process.db;

        let (read, took) = timed(db.reader().query_one_raw(endless(db.backend()))).await;
        let next = db.reader().query_one_raw(Statement::from_string(db.backend(), "SELECT 1 AS n")).await;

        assert_eq!(code(read.map_err(Error::from)), "TIMEOUT");
        assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
        assert_eq!(code(next.map_err(Error::from)), "OK");
    }

    async fn a_write_that_takes_too_long_ends_and_the_next_one_is_done(app: App) {
        let hurried = app.within(Duration::from_millis(300)).await;
        let cadre = app.person("CADRE", XIANGXIANG).await.at(&hurried);
        for sql in ["read", "write"] {
            let (ended, took) = timed(hurried.measured(async |op| {
                op.write(|tx| async move {
                    let statement = match sql {
                        "read" => endless(tx.backend()),
                        _ => Statement::from_string(tx.backend(), format!("UPDATE tree_state SET version = (SELECT n FROM ({}) AS e)", endless(tx.backend()).sql)),
                    };
                    tx.db().query_one_raw(statement).await?;
                    Ok(tx.unchanged(()))
                }).await
            })).await;

            assert_eq!(code(ended), "TIMEOUT", "{sql}");
            assert!(took < Duration::from_secs(3), "{took:?}");
            register(&cadre, YUESHAN, if sql == "read" { 1 } else { 2 }).await;
        }
    }

    async fn a_statement_ends_when_nobody_waits_for_it_any_more(app: App) {
        // On PostgreSQL its time has to run out.
        let limit = Duration::from_secs(if app.process.db.backend() == DbBackend::Sqlite { 60 } else { 1 });
        let db = done(Db::connect_within(app.url(), 1, limit).await);

        let given_up = tokio::time::timeout(SOON, db.reader().query_one_raw(endless(db.backend()))).await;
        let one = Statement::from_string(db.backend(), "SELECT 1 AS n");
        let (next, took) = timed(db.reader().query_one_raw(one)).await;

        assert!(given_up.is_err());
        assert_eq!(code(next.map_err(Error::from)), "OK");
        assert!(took < Duration::from_secs(3), "the only connection is free again after {took:?}");
    }

    async fn a_write_that_nobody_waits_for_any_more_keeps_no_other_one_waiting(app: App) {
        let patient = app.within(Duration::from_secs(60)).await;
        let cadre = app.person("CADRE", XIANGXIANG).await.at(&patient);
        let op = patient.operator();
        let write = op.write(|tx| async move {
            tx.db().query_one_raw(endless(tx.backend())).await?;
            Ok(tx.unchanged(()))
        });

        let given_up = tokio::time::timeout(SOON, write).await;
        let (_, took) = timed(register(&cadre, YUESHAN, 1)).await;

        assert!(given_up.is_err());
        assert!(took < Duration::from_secs(3), "{took:?}");
    }

    async fn the_services_own_work_is_not_cut_off(app: App) {
        let hurried = app.within(HURRY).await;
        let db = &hurried.process.db;

        let snapshot = done(db.begin_snapshot().await);
        let (read, took) = timed(snapshot.query_one_raw(long(db.backend()))).await;
        let op = hurried.operator();
        let write = op.write(|tx| async move {
            tx.db().query_one_raw(long(tx.backend())).await?;
            Ok(tx.unchanged(()))
        });

        assert!(took > HURRY, "the statement is long enough to show something: {took:?}");
        assert_eq!(code(read.map_err(Error::from)), "OK");
        assert_eq!(code(write.await), "OK");
    }
}
