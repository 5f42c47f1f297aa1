//! Files that come in: at once or piece by piece, through any process, into a folder or a bucket.

use crate::support::app::Answer;
use crate::support::register::{IMPORT_ENTERPRISES, YUESHAN, job, uscc};
use crate::support::tree::*;
use crate::support::{App, Caller, bucket};
use api::config::Transport;
use api::http::router::router;
use api::kernel::sql::Sql;
use api::uploads::service;
use axum::body::{Body, Bytes};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use entity::id::UploadId;
use futures_util::stream::{self, StreamExt};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use std::io::{Error, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

const ID: &str = "0199a1b2-0000-7000-8000-000000000001";
const HEADER: &str = "uscc,name,township_code,ownership,industry,employees\n";

/// Sends bytes with some headers; `PUT` of a whole file without any.
async fn put(caller: &Caller, id: &str, headers: &[(&str, &str)], bytes: impl Into<Body>) -> Answer {
    caller
        .send("PUT", &format!("/uploads/{id}"), headers, bytes)
        .await
}

/// Sends a piece from a byte on; more will follow unless it is the last.
async fn piece(caller: &Caller, offset: usize, is_last: bool, bytes: impl Into<Body>) -> Answer {
    let complete = if is_last { "?1" } else { "?0" };
    let headers = [
        ("upload-offset", &*offset.to_string()),
        ("upload-complete", complete),
    ];
    put(caller, ID, &headers, bytes).await
}

/// What an answer says: status, code if it refuses, and where the file stands if it tells.
fn said(answer: &Answer) -> String {
    let mut said = answer.status.as_u16().to_string();
    if answer.body.starts_with(b"{\"errors\"") {
        said += " ";
        said += answer.json()["errors"][0]["extensions"]["code"].as_str().unwrap();
    }
    for name in ["upload-offset", "upload-complete"] {
        if let Some(value) = answer.headers.get(name) {
            said += " ";
            said += value.to_str().unwrap();
        }
    }
    said
}

/// How far a file has come.
async fn head(caller: &Caller, id: &str) -> String {
    said(&caller.send("HEAD", &format!("/uploads/{id}"), &[], "").await)
}

/// The bytes of an upload, as they lie in the file store.
async fn read(app: &App, id: &str) -> Result<Vec<u8>, ErrorKind> {
    let id = UploadId(id.parse().unwrap());
    let db = &app.process.db;
    let mut sql = Sql::new("SELECT account_id FROM upload WHERE id = ");
    sql.bind(id);
    let row = db.reader().query_one_raw(sql.on(db.backend())).await;
    let account_id = row.unwrap().unwrap().try_get_by_index(0).unwrap();
    let stored = service::open(&app.process, account_id, id).await;
    let (_, stored) = stored.unwrap_or_else(|error| panic!("{}", error.report()));
    let reading = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        stored.open(0)?.read_to_end(&mut bytes).map(|_| bytes)
    });
    reading.await.unwrap().map_err(|error| error.kind())
}

async fn kept(app: &App, id: &str) -> Vec<u8> {
    read(app, id).await.unwrap()
}

async fn count(app: &App, sql: &str) -> i64 {
    let db = &app.process.db;
    let row = db
        .reader()
        .query_one_raw(Statement::from_string(db.backend(), sql))
        .await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Nothing of any file is there, neither bytes nor rows.
async fn is_empty(app: &App) -> bool {
    let rows = "SELECT (SELECT COUNT(*) FROM upload) + (SELECT COUNT(*) FROM upload_piece)";
    count(app, rows).await == 0 && app.objects().is_empty()
}

fn digest(bytes: &[u8]) -> String {
    let hex = api::kernel::keys::sha256(bytes);
    let bytes = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap());
    format!("sha-256=:{}:", BASE64_STANDARD.encode(bytes.collect::<Vec<u8>>()))
}

/// Text of so many bytes, no two blocks of it alike.
fn long_text(bytes: usize) -> Vec<u8> {
    let lines: String = (0..=bytes / 8).map(|line| format!("{line:07}\n")).collect();
    lines.into_bytes()[..bytes].to_vec()
}

/// Time passes, and the worker cleans; the cadre of Xiangxiang, signed in anew.
async fn later(app: &App, by: TimeDelta) -> Caller {
    app.advance(by);
    let cleaned = api::worker::clean(&app.process).await;
    cleaned.unwrap_or_else(|error| panic!("{}", error.report()));
    app.sign_in(&format!("cadre.{}", app.federation(XIANGXIANG)))
        .await
}

both! {
    async fn a_file_is_kept_once_under_its_senders_id(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;

        let first = put(&cadre, ID, &[], "工会").await;
        let again = put(&cadre, ID, &[], "工会").await;

        assert_eq!((said(&first), said(&again)), ("201 6 ?1".into(), "200 6 ?1".into()));
        let sha256 = "088df342996b60598dcc468ca10ff61c9283008d0ca4922003b74867b6df8d4c";
        let told = json!({"id": ID, "sizeBytes": 6, "sha256": sha256, "contentType": "text/plain; charset=utf-8"});
        assert_eq!((first.json(), again.json()), (told.clone(), told));
        assert_eq!(said(&put(&cadre, ID, &[], "别的").await), "409 CONFLICT");
        assert_eq!(said(&put(&neighbour, ID, &[], "工会").await), "404 NOT_FOUND");
        assert_eq!((head(&cadre, ID).await, head(&neighbour, ID).await), ("204 6 ?1".into(), "404".into()));
        assert_eq!(kept(&app, ID).await, "工会".as_bytes());
        assert_eq!(count(&app, "SELECT COUNT(*) FROM event WHERE kind = 'UPLOAD_RECEIVED'").await, 1);
        assert_eq!(app.objects().len(), 1);
    }

    async fn a_file_that_cannot_be_kept_leaves_nothing(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let mib = Bytes::from(vec![b'x'; 1 << 20]);
        let mibs: Vec<Result<Bytes, Error>> = (0..300).map(|_| Ok(mib.clone())).collect();
        let endless = Body::from_stream(stream::iter(mibs));

        let told = put(&cadre, ID, &[("content-length", "314572800")], "x").await;
        let found_out = put(&cadre, ID, &[], endless).await;

        assert_eq!((said(&told), said(&found_out)), ("413 INVALID".into(), "413 INVALID".into()));
        assert_eq!(said(&put(&cadre, ID, &[], "").await), "400 INVALID");
        assert_eq!(said(&put(&cadre, "1", &[], "x").await), "400 INVALID");
        assert_eq!(said(&put(&app.anonymous(), ID, &[], "x").await), "401 UNAUTHENTICATED");
        assert_eq!(said(&put(&auditor, ID, &[], "x").await), "403 FORBIDDEN");
        for (name, value) in [
            ("upload-offset", "-1"),
            ("upload-offset", "+1"),
            ("upload-offset", "1.5"),
            ("upload-offset", "99999999999999999999"),
            ("upload-complete", "true"),
            ("content-digest", "sha-256=x"),
            ("content-digest", "sha-256=:eA==:"),
            ("repr-digest", "md5=:eA==:, sha-256=::"),
        ] {
            assert_eq!(said(&put(&cadre, ID, &[(name, value)], "x").await), "400 INVALID", "{name}: {value}");
        }
        assert!(is_empty(&app).await);
    }

    async fn only_a_signed_in_senders_refused_file_is_read_on_and_not_far(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let length = [("content-length", "314572800")];
        for (caller, status, most) in [(&app.anonymous(), 401, 0), (&cadre, 413, 5)] {
            let mib = Bytes::from(vec![b'x'; 1 << 20]);
            let read = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&read);
            let mibs = stream::iter(0..300).map(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Error>(mib.clone())
            });

            let answer = put(caller, ID, &length, Body::from_stream(mibs)).await;

            assert_eq!(answer.status, status);
            // The body is dropped once nobody reads it any more.
            while Arc::strong_count(&read) > 1 {
                tokio::task::yield_now().await;
            }
            let read = read.load(Ordering::Relaxed);
            assert!(read <= most, "{read} MiB");
        }
    }

    async fn of_two_senders_of_one_id_one_is_refused(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for turn in 0..5 {
            let id = format!("0199a1b2-0000-7000-8000-00000000010{turn}");
            let (one, two) = ("one".repeat(100_000), "two".repeat(100_000));

            let (first, second) = tokio::join!(put(&cadre, &id, &[], one.clone()), put(&cadre, &id, &[], two.clone()));

            let kept = kept(&app, &id).await;
            match (first.status.as_u16(), second.status.as_u16()) {
                (201, 409) => assert!(kept == one.as_bytes()),
                (409, 201) => assert!(kept == two.as_bytes()),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn a_file_goes_on_where_it_stopped_in_any_process(app: App) {
        let other = app.another().await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let there = cadre.at(&other);
        // More than one object, and borders of pieces that are none of objects.
        let file = long_text(9 << 20);
        let (one, two) = (5_000_001, 5_000_002);

        assert_eq!(head(&there, ID).await, "404");
        assert_eq!(said(&piece(&cadre, 0, false, file[..one].to_vec()).await), "204 5000001 ?0");
        assert_eq!(head(&there, ID).await, "204 5000001 ?0");
        assert_eq!(said(&piece(&there, 0, false, "x").await), "409 CONFLICT 5000001 ?0");
        assert_eq!(said(&piece(&there, two, true, "x").await), "409 CONFLICT 5000001 ?0");
        assert_eq!(said(&piece(&there, one, false, file[one..two].to_vec()).await), "204 5000002 ?0");
        assert_eq!(said(&piece(&there, one, false, file[one..two].to_vec()).await), "409 CONFLICT 5000002 ?0");
        let done = piece(&cadre, two, true, file[two..].to_vec()).await;

        assert_eq!(said(&done), "201 9437184 ?1");
        assert_eq!(done.json()["sha256"], json!(api::kernel::keys::sha256(&file)));
        assert_eq!(head(&there, ID).await, "204 9437184 ?1");
        assert!(kept(&other, ID).await == file);
    }

    async fn a_file_that_is_whole_takes_its_own_bytes_only(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        piece(&cadre, 0, false, "0123").await;
        piece(&cadre, 4, false, "45").await;
        let done = piece(&cadre, 6, true, "6789").await;

        assert_eq!(said(&done), "201 10 ?1");
        for (offset, is_last, bytes, expected) in [
            (6, true, "6789", "200 10 ?1"),
            (3, true, "3456789", "200 10 ?1"),
            (0, true, "0123456789", "200 10 ?1"),
            (10, true, "", "200 10 ?1"),
            (6, true, "678", "409 CONFLICT"),
            (6, true, "678x", "409 CONFLICT"),
            (6, true, "67890", "409 CONFLICT"),
            (0, true, "012345678x", "409 CONFLICT"),
            (11, true, "", "409 CONFLICT 10 ?1"),
            (0, false, "0123", "409 CONFLICT 10 ?1"),
        ] {
            assert_eq!(said(&piece(&cadre, offset, is_last, bytes).await), expected, "{offset} {bytes}");
        }
        assert_eq!(kept(&app, ID).await, b"0123456789");
        assert_eq!(count(&app, "SELECT COUNT(*) FROM upload_piece").await, 3);
    }

    async fn bytes_are_taken_as_their_checksums_say(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let more = ("upload-complete", "?0");
        let (right, wrong, whole) = (digest(b"abc"), digest(b"abd"), digest(b"abcdef"));
        let both = format!("sha-512=:eA==:, {right}");

        assert_eq!(said(&put(&cadre, ID, &[more, ("content-digest", &wrong)], "abc").await), "400 INVALID");
        assert!(is_empty(&app).await);
        assert_eq!(said(&put(&cadre, ID, &[more, ("content-digest", &both)], "abc").await), "204 3 ?0");
        let second = [("upload-offset", "3"), ("content-digest", &wrong)];
        assert_eq!(said(&put(&cadre, ID, &second, "def").await), "400 INVALID");
        assert_eq!(head(&cadre, ID).await, "204 3 ?0");
        let last = [("upload-offset", "3"), ("repr-digest", &whole)];
        assert_eq!(said(&put(&cadre, ID, &last, "deg").await), "400 INVALID");
        assert!(is_empty(&app).await);
        assert_eq!(said(&put(&cadre, ID, &[more], "abc").await), "204 3 ?0");
        assert_eq!(said(&put(&cadre, ID, &last, "def").await), "201 6 ?1");
    }

    async fn what_came_before_a_break_is_kept(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let breaks = || stream::iter([Ok("abc"), Err(Error::other("gone"))]);

        let broken = piece(&cadre, 0, true, Body::from_stream(breaks())).await;

        assert_eq!((said(&broken), head(&cadre, ID).await), ("400 INVALID".into(), "204 3 ?0".into()));
        assert_eq!(said(&piece(&cadre, 3, true, "def").await), "201 6 ?1");
        assert_eq!(kept(&app, ID).await, b"abcdef");

        // Who knows nothing of pieces sends the file again, from its beginning.
        let id = "0199a1b2-0000-7000-8000-000000000002";
        put(&cadre, id, &[], Body::from_stream(breaks())).await;
        assert_eq!(said(&put(&cadre, id, &[], "xyz").await), "201 3 ?1");
        assert_eq!((kept(&app, id).await, app.objects().len()), (b"xyz".to_vec(), 3));
    }

    async fn a_phone_that_hangs_up_goes_on_from_what_arrived(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router(app.engine.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        let mut phone = TcpStream::connect(address).await.unwrap();
        let token = cadre.token.clone().unwrap();
        let request = format!("PUT /uploads/{ID} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
            upload-offset: 0\r\ncontent-length: 1000\r\n\r\n{}", "x".repeat(400));
        phone.write_all(request.as_bytes()).await.unwrap();
        drop(phone);

        while head(&cadre, ID).await == "404" {
            tokio::task::yield_now().await;
        }

        assert_eq!(head(&cadre, ID).await, "204 400 ?0");
        assert_eq!(said(&piece(&cadre, 400, true, "y".repeat(600)).await), "201 1000 ?1");
    }

    async fn a_body_that_stops_coming_is_given_up_and_what_came_is_kept(app: App) {
        let transport = Transport { stall: Duration::from_millis(50), ..Transport::default() };
        let app = app.reached(transport);
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let stalls = stream::iter([Ok::<_, Error>("abc")]).chain(stream::pending());

        let late = cadre.at(&app).send("PUT", &format!("/uploads/{ID}"), &[], Body::from_stream(stalls)).await;

        assert_eq!(said(&late), "408 TIMEOUT");
        assert_eq!(head(&cadre, ID).await, "204 3 ?0");
    }

    async fn a_neighbour_neither_sees_nor_continues_a_file(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        piece(&cadre, 0, false, "own").await;

        assert_eq!(head(&neighbour, ID).await, "404");
        assert_eq!(said(&app.anonymous().send("HEAD", &format!("/uploads/{ID}"), &[], "").await), "401");
        assert_eq!(said(&piece(&neighbour, 3, true, "theirs").await), "409 CONFLICT 0 ?0");
        assert_eq!(said(&piece(&neighbour, 0, false, "theirs").await), "204 6 ?0");
        assert_eq!((head(&cadre, ID).await, head(&neighbour, ID).await), ("204 3 ?0".into(), "204 6 ?0".into()));
        assert_eq!(said(&piece(&cadre, 3, true, " file").await), "201 8 ?1");
        // From now on the id is the cadre's; what the neighbour had begun is nobody's.
        for (offset, is_last) in [(6, true), (0, false), (99, false)] {
            assert_eq!(said(&piece(&neighbour, offset, is_last, "!").await), "404 NOT_FOUND");
        }
        assert_eq!(kept(&app, ID).await, b"own file");
    }

    async fn of_two_requests_that_go_on_at_one_byte_one_does(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let there = cadre.at(&app.another().await);
        piece(&cadre, 0, false, "file ").await;

        let (one, two) = tokio::join!(piece(&cadre, 5, false, "one"), piece(&there, 5, false, "two"));

        let mut told = [said(&one), said(&two)];
        told.sort();
        assert_eq!(told, ["204 8 ?0", "409 CONFLICT 8 ?0"]);
        let winner = if one.status == 204 { "one" } else { "two" };
        assert_eq!(said(&piece(&there, 8, true, "!").await), "201 9 ?1");
        assert_eq!(kept(&app, ID).await, format!("file {winner}!").as_bytes());
    }

    async fn a_file_is_taken_for_what_its_bytes_are(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let gb18030 = encoding_rs::GB18030.encode("名称,工会\n").0.into_owned();
        let workbook = [b"PK\x03\x04", &[0; 26][..], b"xl/workbook.xml"].concat();
        let cases: [(&[u8], &str, &str); 19] = [
            (b"a,b\n", "", "text/plain; charset=utf-8"),
            (b"{\"a\":1}\n", "application/json", "text/plain; charset=utf-8"),
            (&gb18030, "text/csv", "text/plain; charset=gb18030"),
            (b"\xff\xd8\xff\xe0\0", "application/octet-stream", "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\0", "image/png", "image/png"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "", "image/webp"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "", "image/heic"),
            (b"%PDF-1.7\n\0", "application/pdf", "application/pdf"),
            (&workbook, "", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (b"%PDF-1.7\n\0", "image/png", "415 INVALID"),
            (b"a,b\n", "text/html", "415 INVALID"),
            (b"MZ\x90\0\x03\0", "text/csv", "415 INVALID"),
            (b"\x7fELF\x01", "text/csv", "415 INVALID"),
            (b"<!doctype html><script>", "text/html", "415 INVALID"),
            (b"<svg onload='x'/>", "image/svg+xml", "415 INVALID"),
            (b"#!/bin/sh\n", "", "415 INVALID"),
            (b"\xff\xfea\0,\0b\0", "text/csv", "415 INVALID"),
            (b"GIF89a\0\0", "image/gif", "415 INVALID"),
            (b"\x1f\x8b\x08\0\0\0\0\0", "application/gzip", "415 INVALID"),
        ];
        let mut taken = 0;
        for (number, (bytes, declared, expected)) in (100_u128..).zip(cases) {
            let id = Uuid::from_u128((0x0199_a1b2_0000_7000_8000 << 48) + number).to_string();
            let answer = put(&cadre, &id, &[("content-type", declared)], bytes.to_vec()).await;
            if answer.status == 201 {
                taken += 1;
                assert_eq!(answer.json()["contentType"], json!(expected));
            } else {
                assert_eq!(said(&answer), expected, "{declared} {}", String::from_utf8_lossy(bytes));
                assert_eq!(head(&cadre, &id).await, "404");
            }
        }
        assert_eq!((taken, app.objects().len()), (9, 9));

        // What no single piece shows, the whole file does.
        piece(&cadre, 0, false, "a,").await;
        assert_eq!(said(&piece(&cadre, 2, true, "b\0").await), "415 INVALID");
        assert_eq!((head(&cadre, ID).await, app.objects().len()), ("404".into(), 9));
    }

    async fn a_file_in_too_many_pieces_is_refused_and_leaves_nothing(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        piece(&cadre, 0, false, "x").await;
        let db = &app.process.db;
        for number in 1..1_000_i64 {
            let mut sql = Sql::new("INSERT INTO upload_piece SELECT ");
            sql.bind(app.process.clock.id()).push(", chain_id, account_id, upload_id, ").bind(number);
            sql.push(", 1, loose_since FROM upload_piece WHERE start_byte = 0");
            db.reader().execute_raw(sql.on(db.backend())).await.unwrap();
        }
        assert_eq!(head(&cadre, ID).await, "204 1000 ?0");

        assert_eq!(said(&piece(&cadre, 1_000, true, "x").await), "400 INVALID");
        assert!(is_empty(&app).await);
    }

    async fn what_nobody_asks_for_any_more_is_removed(app: App) {
        // Years go by, and nobody changes a password.
        let app = app.another_with(|rules| rules.access.password_days = 0).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let used = format!("{HEADER}{},湘中机械厂,{YUESHAN},private,C34,1\n", uscc(1));
        job(&cadre, IMPORT_ENTERPRISES, XIANGXIANG, &used).await;
        let unused = "0199a1b2-0000-7000-8000-000000000002";
        put(&cadre, unused, &[], "unused").await;
        piece(&cadre, 0, false, "abc").await;

        let cadre = later(&app, TimeDelta::hours(23)).await;
        assert_eq!(said(&piece(&cadre, 3, false, "def").await), "204 6 ?0");
        // Of a piece whose process died there is what the store calls half an object, and its row.
        let half = app.process.clock.id();
        let db = &app.process.db;
        let mut sql = Sql::new("INSERT INTO upload_piece SELECT ");
        sql.bind(half).push(", chain_id, account_id, upload_id, 6, NULL, loose_since FROM upload_piece WHERE start_byte = 3");
        db.reader().execute_raw(sql.on(db.backend())).await.unwrap();
        std::fs::write(app.file_folder().join(format!("{half}#1")), "gh").unwrap();

        for (by, piecewise, whole, objects) in [
            (TimeDelta::hours(23), "204 6 ?0", "204 6 ?1", 5),
            (TimeDelta::hours(2), "404", "204 6 ?1", 2),
            (TimeDelta::days(4), "404", "204 6 ?1", 2),
            (TimeDelta::days(1), "404", "404", 1),
            (TimeDelta::days(1_000), "404", "404", 1),
        ] {
            let cadre = later(&app, by).await;
            assert_eq!((&*head(&cadre, ID).await, &*head(&cadre, unused).await), (piecewise, whole), "{by}");
            assert_eq!(app.objects().len(), objects, "{by}");
        }
        app.work().await;
        assert_eq!(count(&app, "SELECT COUNT(*) FROM job WHERE rows_accepted = 1").await, 1);
    }

    async fn a_bucket_keeps_files_as_a_folder_does(app: App) {
        let (files, objects) = bucket::open().await;
        let (one, two) = (app.another_on(files.clone()).await, app.another_on(files).await);
        let here = one.person("CADRE", XIANGXIANG).await;
        let there = here.at(&two);
        let rows: String = (0..5_000).map(|number| format!("bad,{number}{}\n", "湘".repeat(300))).collect();
        let file = format!("{HEADER}{},湘中机械厂,{YUESHAN},private,C34,1\n{rows}", uscc(1)).into_bytes();
        let size = |at: usize| objects.lock().unwrap().values().nth(at).unwrap().len();

        assert_eq!(said(&piece(&here, 0, false, file[..100].to_vec()).await), "204 100 ?0");
        assert_eq!(said(&piece(&there, 100, true, file[100..].to_vec()).await), format!("201 {} ?1", file.len()));
        assert_eq!(objects.lock().unwrap().len(), 3);
        assert_eq!((size(0), size(1), size(2)), (100, 4 << 20, file.len() - 100 - (4 << 20)));
        assert!(kept(&two, ID).await == file);
        let input = json!({"uploadId": ID, "federationId": app.gid(XIANGXIANG)});
        here.done(IMPORT_ENTERPRISES, input).await;
        two.work().await;
        assert_eq!(count(&app, "SELECT rows_accepted FROM job WHERE rows_refused = 5000").await, 1);

        put(&here, "0199a1b2-0000-7000-8000-000000000002", &[], "unused").await;
        assert_eq!(objects.lock().unwrap().len(), 4);
        later(&two, TimeDelta::days(8)).await;
        assert_eq!(objects.lock().unwrap().len(), 3);
        // A store without the file is told apart from a file that is bad.
        objects.lock().unwrap().clear();
        assert_eq!(read(&two, ID).await, Err(ErrorKind::NotFound));
    }
}
