//! A GraphQL request with its files in one form: which forms are taken, and what the others leave behind.

use crate::support::app::Answer;
use crate::support::register::{YUESHAN, uscc};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::config::Transport;
use axum::body::{Body, Bytes};
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use std::io::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const IMPORT: &str = "mutation($input: ImportEnterprises!) { importEnterprises(input: $input) { \
    job { id } userErrors { code field } } }";
const HEADER: &str = "uscc,name,township_code,ownership,industry,employees\n";
const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=------x");
const PREFLIGHT: (&str, &str) = ("graphql-require-preflight", "1");

/// A part: name, whether it is a file, and what it holds.
type Part<'a> = (&'a str, bool, &'a str);

fn form(parts: &[Part]) -> String {
    let part = |(name, is_file, text): &Part| {
        let file = if *is_file {
            "; filename=\"x\"\r\ncontent-type: text/csv"
        } else {
            ""
        };
        format!("--------x\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--------x--\r\n"
}

async fn send(caller: &Caller, body: impl Into<Body>) -> Answer {
    caller.send("POST", "/graphql", &[FORM, PREFLIGHT], body).await
}

fn code(answer: &Answer) -> String {
    let code = answer.json()["errors"][0]["extensions"]["code"].clone();
    format!("{} {}", answer.status.as_u16(), code.as_str().unwrap_or_default())
}

fn message(answer: &Answer) -> String {
    answer.json()["errors"][0]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn row(number: u32) -> String {
    format!("{},湘中第{number}机械厂,{YUESHAN},private,C34,1\n", uscc(number))
}

/// The import of a file at Xiangxiang, with this in its place.
fn operations(app: &App, upload: Value) -> String {
    let input = json!({"uploadId": upload, "federationId": app.gid(XIANGXIANG)});
    json!({"query": IMPORT, "variables": {"input": input}}).to_string()
}

both! {
    async fn a_form_brings_its_file_along(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let operations = operations(&app, json!(null));
        let file = format!("{HEADER}{}", row(1));
        let parts = [("operations", false, &*operations), ("map", false, r#"{"0": ["variables.input.uploadId"]}"#), ("0", true, &*file)];
        let body = form(&parts);
        // As the network cuts it: in the middle of everything.
        let bytes: Vec<Result<Bytes, Error>> = body.as_bytes().chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();

        let at_once = send(&cadre, body).await;
        let in_bits = send(&cadre, Body::from_stream(stream::iter(bytes))).await;
        app.work().await;

        for answer in [at_once, in_bits] {
            let job = &answer.json()["data"]["importEnterprises"]["job"]["id"];
            assert!(job.is_string(), "{}", answer.text());
            let query = "query($id: ID!) { job(id: $id) { state progress { rowsAccepted rowsUnchanged } } }";
            let job = cadre.data(query, json!({"id": job})).await["job"].take();
            let progress = &job["progress"];
            let rows = progress["rowsAccepted"].as_i64().unwrap() + progress["rowsUnchanged"].as_i64().unwrap();
            assert_eq!((&job["state"], rows), (&json!("DONE"), 1));
        }
        assert_eq!(app.objects().len(), 2);
    }

    async fn a_file_may_stand_at_several_places_and_files_in_any_order(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let field = |name: &str| format!("{name}: importEnterprises(input: ${name}) {{ job {{ id }} }} ");
        let query = format!(
            "mutation($a: ImportEnterprises!, $b: ImportEnterprises!, $c: ImportEnterprises!) {{ {}{}{} }}",
            field("a"), field("b"), field("c"),
        );
        let input = json!({"uploadId": null, "federationId": app.gid(XIANGXIANG)});
        let operations = json!({"query": query, "variables": {"a": input, "b": input, "c": input}}).to_string();
        let map = r#"{"first": ["variables.a.uploadId", "variables.c.uploadId"], "second": ["variables.b.uploadId"]}"#;
        let parts = [("operations", false, &*operations), ("map", false, map), ("second", true, HEADER), ("first", true, &row(1))];

        let answer = send(&cadre, form(&parts)).await;

        let data = &answer.json()["data"];
        assert!(data["a"]["job"]["id"].is_string(), "{}", answer.text());
        assert_eq!(data["a"], data["c"]);
        assert_ne!(data["a"], data["b"]);
    }

    async fn a_form_that_is_none_is_refused_precisely_and_leaves_nothing(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let operations = operations(&app, json!(null));
        let ops: Part = ("operations", false, &operations);
        let map: Part = ("map", false, r#"{"0": ["variables.input.uploadId"]}"#);
        let file: Part = ("0", true, "a,b\n");
        let (large, wide) = (format!("{{\"query\": \"{}\"}}", "#".repeat(1 << 20)), format!("{{\"0\": [\"{}\"]}}", "x".repeat(64 << 10)));
        let batch = format!("[{operations}]");
        let twice = r#"{"0": ["variables.input.uploadId", "variables.input.uploadId"]}"#;
        let two = r#"{"0": ["variables.input.uploadId"], "1": ["variables.input.uploadId"]}"#;
        let cases: Vec<(Vec<Part>, &str, &str)> = vec![
            (vec![], "400 BAD_REQUEST", "`operations` is missing"),
            (vec![map, ops, file], "400 BAD_REQUEST", "`operations` is missing"),
            (vec![ops, file, map], "400 BAD_REQUEST", "`map` is missing"),
            (vec![ops], "400 BAD_REQUEST", "`map` is missing"),
            (vec![ops, map], "400 BAD_REQUEST", "missing: 0."),
            (vec![ops, map, ("1", true, "x")], "400 BAD_REQUEST", "\"1\""),
            (vec![ops, ("map", false, "{}"), file], "400 BAD_REQUEST", "\"0\""),
            (vec![("operations", false, &batch), map, file], "400 BAD_REQUEST", "batches"),
            (vec![("operations", false, "{"), map, file], "400 BAD_REQUEST", "no JSON"),
            (vec![ops, ("map", false, "{"), file], "400 BAD_REQUEST", "no JSON"),
            (vec![ops, ("map", false, "[]"), file], "400 BAD_REQUEST", "`map` is not"),
            (vec![ops, ("map", false, r#"{"0": []}"#), file], "400 BAD_REQUEST", "`map` is not"),
            (vec![ops, ("map", false, r#"{"0": "variables.input.uploadId"}"#), file], "400 BAD_REQUEST", "`map` is not"),
            (vec![ops, ("map", false, r#"{"0": [1]}"#), file], "400 BAD_REQUEST", "`map` is not"),
            (vec![ops, ("map", false, twice), file], "400 BAD_REQUEST", "leads to no null"),
            (vec![ops, ("map", false, two), file], "400 BAD_REQUEST", "leads to no null"),
            (vec![ops, ("map", false, r#"{"0": ["variables.input"]}"#), file], "400 BAD_REQUEST", "variables.input\""),
            (vec![ops, ("map", false, r#"{"0": ["variables.nothing"]}"#), file], "400 BAD_REQUEST", "leads to no null"),
            (vec![ops, ("map", false, r#"{"0": ["query"]}"#), file], "400 BAD_REQUEST", "leads to no null"),
            (vec![ops, ("map", false, r#"{"0": ["0.variables.input.uploadId"]}"#), file], "400 BAD_REQUEST", "leads to no null"),
            (vec![("operations", false, &large), map, file], "413 BAD_REQUEST", "1024 KiB"),
            (vec![ops, ("map", false, &wide), file], "413 BAD_REQUEST", "64 KiB"),
            (vec![ops, map, ("0", true, "")], "400 INVALID", "empty"),
            (vec![ops, map, ("0", true, "#!/bin/sh\n")], "415 INVALID", "none of those"),
        ];
        for (parts, expected, said) in cases {
            let answer = send(&cadre, form(&parts)).await;
            assert_eq!(code(&answer), expected, "{said}");
            assert!(message(&answer).contains(said), "{said}: {}", message(&answer));
        }
        for body in ["", "x", "--------x", "--------x\r\n\r\n", &form(&[ops, map, file])[..400]] {
            assert_eq!(code(&send(&cadre, body.to_owned()).await), "400 BAD_REQUEST", "{body:.20}");
        }
        assert_eq!(app.objects(), Vec::<String>::new());
        // What is behind the last file comes too late to keep it out: it is an upload that nothing uses.
        assert_eq!(code(&send(&cadre, form(&[ops, map, file, file])).await), "400 BAD_REQUEST");
        assert_eq!(app.objects().len(), 1);
    }

    async fn no_page_of_another_site_and_no_stranger_can_send_a_form(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let operations = operations(&app, json!(null));
        let body = form(&[("operations", false, &operations), ("map", false, "{}")]);
        let boundless = ("content-type", "multipart/form-data");

        let bare = cadre.send("POST", "/graphql", &[FORM], body.clone()).await;
        let empty = cadre.send("POST", "/graphql", &[FORM, (PREFLIGHT.0, "")], body.clone()).await;
        let boundless = cadre.send("POST", "/graphql", &[boundless, PREFLIGHT], body.clone()).await;

        assert_eq!((code(&bare), code(&empty)), ("400 BAD_REQUEST".into(), "400 BAD_REQUEST".into()));
        assert!(message(&bare).contains("GraphQL-Require-Preflight"));
        assert!(message(&boundless).contains("boundary"));
        for name in ["apollo-require-preflight", "x-apollo-operation-name"] {
            let answer = cadre.send("POST", "/graphql", &[FORM, (name, "x")], body.clone()).await;
            // The form is read, and its null is what the schema refuses.
            assert_eq!(code(&answer), "200 GRAPHQL_VALIDATION_FAILED", "{name}");
        }
        assert_eq!(code(&send(&app.anonymous(), body.clone()).await), "401 UNAUTHENTICATED");
        assert_eq!(code(&send(&app.person("AUDITOR", XIANGXIANG).await, body).await), "403 FORBIDDEN");
    }

    async fn a_reference_that_somebody_made_up_leads_nowhere(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let theirs = "0199a1b2-0000-7000-8000-000000000001";
        neighbour.send("PUT", &format!("/uploads/{theirs}"), &[], HEADER).await;

        for upload in [json!("#__graphql_file__:0"), json!("x"), json!(0), json!({}), json!(["#__graphql_file__:1"])] {
            let operations = operations(&app, upload.clone());
            let in_form = send(&cadre, form(&[("operations", false, &operations), ("map", false, "{}")])).await;
            let in_json = cadre.send("POST", "/graphql", &[("content-type", "application/json")], operations).await;
            for answer in [in_form, in_json] {
                let known = ["200 BAD_USER_INPUT", "200 GRAPHQL_VALIDATION_FAILED"];
                assert!(known.contains(&&*code(&answer)), "{upload}: {}", answer.text());
            }
        }
        let inline = IMPORT.replace("($input: ImportEnterprises!)", "").replace("$input", "{uploadId: \"#__graphql_file__:0\", federationId: \"x\"}");
        assert_eq!(code(&cadre.post(&inline, json!({})).await), "200 GRAPHQL_VALIDATION_FAILED");
        for upload in [theirs, "0199a1b2-0000-7000-8000-00000000ffff"] {
            let input = json!({"uploadId": upload, "federationId": app.gid(XIANGXIANG)});
            assert_eq!(cadre.refused(IMPORT, input).await, ["NOT_FOUND uploadId"]);
        }
    }

    async fn a_thousand_files_are_refused_before_the_first(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let ops = operations(&app, json!(null));
        let names: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
        let all: Value = names.iter().map(|name| (name.clone(), json!(["variables.input.uploadId"]))).collect::<serde_json::Map<_, _>>().into();
        let all = all.to_string();
        let files = names.iter().map(|name| (&**name, true, "a,b\n"));
        let mut mapped = vec![("operations", false, &*ops), ("map", false, &*all)];
        mapped.extend(files.clone());
        let mut loose = vec![("operations", false, &*ops), ("map", false, "{}")];
        loose.extend(files);

        let (mapped, loose) = (send(&cadre, form(&mapped)).await, send(&cadre, form(&loose)).await);

        assert_eq!((code(&mapped), message(&mapped)), ("400 BAD_REQUEST".into(), "A form holds at most 10 files.".into()));
        assert_eq!(code(&loose), "400 BAD_REQUEST");
        assert_eq!(app.objects(), Vec::<String>::new());
    }

    async fn what_stands_before_a_part_is_not_gathered_without_end(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for begin in ["", "--------x\r\nx: "] {
            let read = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&read);
            let chunk = Bytes::from(vec![b'y'; 16 << 10]);
            let chunks = stream::iter(0..100_000).map(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Error>(chunk.clone())
            });
            let body = stream::iter([Ok(Bytes::from(begin))]).chain(chunks);

            let answer = send(&cadre, Body::from_stream(body)).await;

            assert_eq!(code(&answer), "400 BAD_REQUEST");
            while Arc::strong_count(&read) > 1 {
                tokio::task::yield_now().await;
            }
            // What was looked at, and the 4 MiB that a refused sender may still send.
            assert!(read.load(Ordering::Relaxed) < 5 + 256 + 2, "{read:?} of 16 KiB");
        }
    }

    async fn a_form_that_stops_coming_or_breaks_off_leaves_nothing(app: App) {
        let transport = Transport { stall: Duration::from_millis(50), ..Transport::default() };
        let cadre = app.person("CADRE", XIANGXIANG).await.at(&app.reached(transport));
        let operations = operations(&app, json!(null));
        let whole = form(&[("operations", false, &operations), ("map", false, r#"{"0": ["variables.input.uploadId"]}"#), ("0", true, "a,b\n1,2\n")]);
        for length in [0, 10, 200, whole.len() - 20] {
            let begin = || stream::iter([Ok(Bytes::copy_from_slice(&whole.as_bytes()[..length]))]);
            let breaks = begin().chain(stream::iter([Err(Error::other("gone"))]));

            let late = send(&cadre, Body::from_stream(begin().chain(stream::pending()))).await;
            let broken = send(&cadre, Body::from_stream(breaks)).await;

            assert_eq!(code(&late), "408 TIMEOUT", "{length}");
            assert_eq!(broken.status, 400, "{length}");
        }
        assert_eq!(app.objects(), Vec::<String>::new());
    }
}
