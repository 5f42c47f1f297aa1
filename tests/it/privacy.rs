//! What is personal is nowhere in the clear: the database, the files, the logs, the traces, the numbers, the feed and
//! the refusals of a whole day's work are searched for it.

use crate::support::people::*;
use crate::support::register::{IMPORT_ENTERPRISES, YUESHAN, enterprise, job, register};
use crate::support::tree::*;
use crate::support::watch::{Lines, Recorder};
use crate::support::{App, Caller};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use std::path::Path;

/// A text that was written somewhere, and where.
type Written = (String, Vec<u8>);

/// Everything that stands in a folder and below.
fn files_in(folder: &Path, written: &mut Vec<Written>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_in(&path, written);
        } else {
            written.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

/// Every row of every table as text, and on SQLite the file itself with its log written back.
async fn database(app: &App) -> Vec<Written> {
    let db = sea_orm::Database::connect(app.url()).await.unwrap();
    let backend = app.process.db.backend();
    let mut written = Vec::new();
    if backend == DbBackend::Sqlite {
        db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
            .await
            .unwrap();
    } else {
        let tables = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'";
        for table in db
            .query_all_raw(Statement::from_string(backend, tables))
            .await
            .unwrap()
        {
            let name: String = table.try_get("", "name").unwrap();
            let rows = format!("SELECT CAST(t AS TEXT) AS line FROM {name} AS t");
            for row in db
                .query_all_raw(Statement::from_string(backend, rows))
                .await
                .unwrap()
            {
                let line: String = row.try_get("", "line").unwrap();
                written.push((format!("table {name}"), line.into_bytes()));
            }
        }
        assert!(written.len() > 100, "the tables are read");
    }
    db.close().await.unwrap();
    files_in(app.file_folder().parent().unwrap(), &mut written);
    written
}

/// How a text may stand somewhere: as it is, or as JSON spells it.
fn spellings(plain: &str) -> Vec<Vec<u8>> {
    let escaped: String = plain
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect();
    vec![
        plain.as_bytes().to_vec(),
        plain.to_lowercase().into_bytes(),
        escaped.into_bytes(),
    ]
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Where something personal stands in the clear.
fn leaks(written: &[Written], personal: &[String]) -> Vec<String> {
    let needles: Vec<(&String, Vec<u8>)> = personal
        .iter()
        .flat_map(|plain| {
            spellings(plain)
                .into_iter()
                .map(move |spelling| (plain, spelling))
        })
        .collect();
    let mut leaks = Vec::new();
    for (place, bytes) in written {
        for (plain, _) in needles.iter().filter(|(_, needle)| holds(bytes, needle)) {
            leaks.push(format!(
                "{plain} in {place}: {}",
                String::from_utf8_lossy(bytes)
                    .chars()
                    .take(400)
                    .collect::<String>()
            ));
        }
    }
    leaks
}

/// What everybody sends who gets it wrong: a document, and variables.
fn mistakes(app: &App, id: &str) -> Vec<(String, Value)> {
    let number = resident_id(2);
    let digits = &number[..17];
    let federation = app.gid(YUESHAN);
    let with = |field: &str, value: Value| {
        let mut input = person(&app.anonymous(), YUESHAN, 2);
        input[field] = value;
        (REGISTER_PERSON.to_owned(), json!({"input": input}))
    };
    let list = |arguments: &str| {
        (
            format!(
                "query {{ federation(id: \"{federation}\") {{ people({arguments}) {{ totalCount }} }} }}"
            ),
            json!({}),
        )
    };
    let text = |document: String| (document, json!({}));
    let find = "query($number: IdNumber, $code: DivisionCode) { federation(code: $code) { people(idNumber: $number) { totalCount } } }";
    vec![
        with("idNumber", json!(format!("{digits}Y"))),
        with("idNumber", json!(digits.parse::<u64>().unwrap())),
        with("idNumber", json!([number])),
        with("idNumber", json!({"value": number})),
        with("phone", json!(13_800_000_002_u64)),
        with("phone", json!("13800000002-13800000002")),
        with("phone", json!(["13800000002"])),
        with("name", json!(["王晓明"])),
        with("name", json!("王晓明13800000002")),
        with("name", json!({"王晓明": number})),
        with("王晓明", json!(number)),
        with("federationId", json!(number)),
        with("idType", json!("王晓明")),
        with("basis", json!("13800000002")),
        with(
            "basis",
            json!({"purpose": "王晓明", "basis": number, "noticeVersion": "13800000002"}),
        ),
        with(
            "basis",
            json!({"purpose": "MEMBERSHIP", "basis": "CONSENT", "noticeVersion": "13800000002", "from": number}),
        ),
        with("idempotencyKey", json!(13_800_000_002_u64)),
        (REGISTER_PERSON.to_owned(), json!({"input": number})),
        (REGISTER_PERSON.to_owned(), json!({"王晓明": number})),
        list(&format!("idNumber: {digits}")),
        list(&format!("idNumber: [\"{number}\"]")),
        list("phone: 13800000002"),
        list("phone: 王晓明"),
        list(&format!("name: \"{number}\"")),
        list(&format!("after: \"{number}\"")),
        list(&format!("first: {digits}")),
        (
            find.to_owned(),
            json!({"code": YUESHAN, "number": number.replace('4', "5")}),
        ),
        (
            find.to_owned(),
            json!({"code": number, "number": digits.parse::<u64>().unwrap()}),
        ),
        text(format!("{{ node(id: \"{number}\") {{ id }} }}")),
        text(format!("{{ federation(code: \"{number}\") {{ id }} }}")),
        text(format!("{{ enterprise(uscc: \"{number}\") {{ id }} }}")),
        text(format!("{{ 王晓明(id: \"{number}\") }}")),
        text(format!("{{ node(id: \"{number}) {{ id }} }}")),
        text(format!("query 王晓明 {{ node(id: {number}) {{ id }} }}")),
        (
            REVEAL.to_owned(),
            json!({"input": {"id": number, "fields": ["NAME"], "purpose": "MEMBERSHIP", "reason": "王晓明 13800000002 来办事"}}),
        ),
        (
            REVEAL.to_owned(),
            json!({"input": {"id": id, "fields": ["王晓明"], "purpose": number, "reason": 13_800_000_002_u64}}),
        ),
        (
            REVEAL.to_owned(),
            json!({"input": {"id": id, "fields": ["NAME"], "purpose": "MEMBERSHIP", "reason": "王晓明 13800000002 来办事"}}),
        ),
        (
            CORRECT_PERSON.to_owned(),
            json!({"input": {"id": id, "expectedVersion": number, "name": "王晓明"}}),
        ),
        (
            CORRECT_PERSON.to_owned(),
            json!({"input": {"id": id, "expectedVersion": 9, "name": "王晓明", "idNumber": number}}),
        ),
    ]
}

/// Sends what is wrong in every way; the answers.
async fn refusals(caller: &Caller, id: &str) -> Vec<Written> {
    let mut written = Vec::new();
    for (query, variables) in mistakes(&caller.app, id) {
        let answer = caller.post(&query, variables.clone()).await;
        let what = format!("the answer to {query} {variables}");
        written.push((what.clone(), answer.body.to_vec()));
        let head = answer
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}\n"));
        written.push((
            format!("the head of {what}"),
            head.collect::<String>().into_bytes(),
        ));
    }
    let refused = written
        .iter()
        .filter(|(_, body)| holds(body, b"rrors\":[{"))
        .count();
    assert!(refused > 25, "{refused} are refused");
    let number = resident_id(2);
    for (method, path, body) in [
        (
            "GET",
            format!("/graphql?query=%7Bnode(id:%22{number}%22)%7Bid%7D%7D&phone=13800000002"),
            String::new(),
        ),
        ("GET", format!("/files/{number}"), String::new()),
        ("GET", format!("/{number}"), String::new()),
        ("PUT", format!("/uploads/{number}"), "13800000002".into()),
        (
            "POST",
            "/graphql".into(),
            format!("{{\"query\": \"{number}\", \"extensions\": {number}}}"),
        ),
        (
            "POST",
            "/graphql".into(),
            format!("{{\"documentId\": \"{number}\"}}"),
        ),
        (
            "POST",
            "/oauth/token".into(),
            format!("grant_type=client_credentials&client_id={number}"),
        ),
    ] {
        let answer = caller
            .send(method, &path, &[("content-type", "application/json")], body)
            .await;
        written.push((format!("{method} {path}"), answer.body.to_vec()));
    }
    written
}

/// An export and what people ask for; what went out beside the files themselves.
async fn rights(app: &App, cadre: &Caller, ids: &[String]) -> Vec<Written> {
    let leader = app.person("LEADER", XIANGXIANG).await;
    let colleague = app.person("CADRE", XIANGXIANG).await;
    let mut written = Vec::new();
    let mut ask = async |caller: &Caller, name: &str, object: &str, input: Value| {
        let kind = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        let document = format!(
            "mutation($input: {kind}!) {{ {name}(input: $input) {{ {object} userErrors {{ code message }} }} }}"
        );
        let answer = caller.post(&document, json!({"input": input})).await;
        written.push((name.to_owned(), answer.body.to_vec()));
        answer.json()["data"][name].take()
    };
    let asked = json!({"federationId": app.gid(YUESHAN), "kind": "PEOPLE", "purpose": "MEMBERSHIP", "reason": "向上级工会报送会员名册，年度核对"});
    let export = ask(cadre, "requestExport", "export { id reason }", asked).await["export"]["id"].take();
    ask(
        &leader,
        "approveExport",
        "export { id state }",
        json!({"id": export}),
    )
    .await;
    app.work().await;
    let mut paths = Vec::new();
    for (person, kind, correction) in [
        (0, "COPY", json!(null)),
        (1, "CORRECT", json!({"phone": "13700000003"})),
        (0, "CORRECT", json!({"idNumber": resident_id(3)})),
    ] {
        let object = "subjectRequest { id file { path } person { name idNumber phone } }";
        let filed = ask(
            cadre,
            "fileSubjectRequest",
            object,
            json!({"personId": ids[person], "kind": kind}),
        )
        .await;
        let input = json!({"id": filed["subjectRequest"]["id"], "correction": correction});
        let done = ask(&colleague, "fulfilSubjectRequest", object, input).await;
        paths.push(done["subjectRequest"]["file"]["path"].clone());
    }
    let find = "query($id: ID!) { node(id: $id) { ... on Export { file { path name } } } }";
    paths.push(cadre.data(find, json!({"id": export})).await["node"]["file"]["path"].clone());
    let files: Vec<&str> = paths.iter().filter_map(Value::as_str).collect();
    assert_eq!(files.len(), 2, "{paths:?}");
    for (caller, path) in [&colleague, cadre].into_iter().zip(files) {
        let file = caller.send("GET", path, &[], "").await;
        assert!(file.text().contains(&resident_id(2)), "who may have it gets it");
        let refused = leader.send("GET", path, &[], "").await;
        written.push((format!("{path} for another one"), refused.body.to_vec()));
    }
    written
}

/// A day's work with people: what went out where nothing personal may stand.
async fn day(app: &App) -> Vec<Written> {
    let cadre = app.person("CADRE", YUESHAN).await;
    let mut written = Vec::new();
    let mut feed = cadre
        .subscribe(
            "subscription($id: ID!) { visitRecorded(federationId: $id, after: \"0\") { cursor } }",
            json!({"id": app.gid(YUESHAN)}),
        )
        .await;
    let firm = register(&cadre, YUESHAN, 1).await;
    let ids = [
        register_person(&cadre, YUESHAN, 2).await,
        register_person(&cadre, YUESHAN, 3).await,
    ];
    cadre
        .done(
            CORRECT_PERSON,
            json!({"id": ids[1], "expectedVersion": 1, "name": "欧阳志远", "phone": "13900000003"}),
        )
        .await;
    let mut named = reveal(&ids[0]);
    named["reason"] = json!("请核对王晓明本人的证件和电话");
    cadre.done(REVEAL, named).await;
    written.extend(rights(app, &cadre, &ids).await);
    let csv = format!(
        "uscc,name\n{},{}\n",
        enterprise(&cadre, YUESHAN, 9)["uscc"].as_str().unwrap(),
        "x"
    );
    let imported = job(&cadre, IMPORT_ENTERPRISES, YUESHAN, &csv).await;
    app.work().await;
    let mut changes = cadre
        .subscribe(
            "subscription($id: ID!) { jobChanged(id: $id) { job { state } } }",
            json!({"id": imported}),
        )
        .await;
    written.push((
        "the change of a job".into(),
        changes.next().await.to_string().into_bytes(),
    ));
    crate::support::register::record(&cadre, &firm, 1, "2026-06-19T09:30:00+08:00").await;
    app.settle().await;
    written.push(("the feed".into(), feed.next().await.to_string().into_bytes()));
    written.extend(refusals(&cadre, &ids[0]).await);
    written.extend(refusals(&app.person("CADRE", SHAOSHAN).await, &ids[0]).await);
    app.settle().await;
    written
}

both! {
    async fn nothing_personal_stands_anywhere_in_the_clear(app: App) {
        let (lines, spans) = (Lines::default(), Recorder::of(&app));
        let log = lines.of_this_thread_up_to(tracing::Level::TRACE);

        let mut written = day(&app).await;

        drop(log);
        written.push(("the log".into(), lines.take().into_bytes()));
        let spans = spans.take(&app).await;
        written.push(("the traces".into(), format!("{spans:?}").into_bytes()));
        written.push(("/metrics".into(), app.send("GET", "/metrics", &[], "").await.body.to_vec()));
        written.extend(database(&app).await);
        let mut personal = vec!["王晓明".to_owned(), "王志明".into(), "欧阳志远".into(), "13800000002".into(), "13800000003".into(), "13700000003".into(), "13900000003".into()];
        for number in [2, 3] {
            personal.extend([resident_id(number), resident_id(number)[..17].to_owned()]);
        }
        // The search finds what is there: an enterprise's name is no secret.
        assert!(!leaks(&written, &["湘中第1机械厂".to_owned()]).is_empty());
        assert!(!spans.is_empty());
        let found = leaks(&written, &personal);
        assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
    }
}
