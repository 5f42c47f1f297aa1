//! What somebody tries at the addresses of files: what is another's, paths that lead out, cells that calculate.

use crate::support::app::Answer;
use crate::support::people::{REGISTER_PERSON, person};
use crate::support::register::{IMPORT_ENTERPRISES, YUESHAN, job};
use crate::support::things::{Place, things};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::config::Transport;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

const THEIRS: Place = Place {
    at: QINGXI,
    above: SHAOSHAN,
    township: QINGXI,
    word: "韶峰",
    number: 200,
};
const ATTACKERS: [&str; 9] = [
    "CADRE",
    "FINANCE",
    "LEADER",
    "AUDITOR",
    "SYSTEM_ADMINISTRATOR",
    "SECURITY_ADMINISTRATOR",
    "AUDIT_ADMINISTRATOR",
    "TAX_BUREAU",
    "REPORTING",
];
const NOBODYS: Uuid = Uuid::from_u128(0x0190_c3a0_0000_7000_8000_0000_0000_dead);
const APPROVE: &str = "mutation($input: ApproveExport!) { approveExport(input: $input) { \
    export { state } userErrors { code field message } } }";
const EXPORT: &str = "query($id: ID!) { node(id: $id) { ... on Export { file { path } } } }";
const REQUEST: &str = "mutation($input: RequestExport!) { requestExport(input: $input) { \
    export { id } userErrors { code field message } } }";
const FOUND: &str = "mutation($input: FoundFederation!) { foundFederation(input: $input) { \
    federation { id } userErrors { code field message } } }";

/// Lets somebody above allow an export; where its file is.
async fn written(app: &App, asker: &Caller, id: &str) -> String {
    let leader = app.person("LEADER", XIANGTAN).await;
    leader.done(APPROVE, json!({"id": id})).await;
    app.work().await;
    let export = asker.data(EXPORT, json!({"id": id})).await;
    export["node"]["file"]["path"].as_str().unwrap().to_owned()
}

/// An answer without what differs from request to request.
fn told(answer: &Answer) -> String {
    let mut headers = answer.headers.clone();
    for name in ["x-request-id", "traceparent", "date"] {
        headers.remove(name);
    }
    let mut body = serde_json::from_slice::<Value>(&answer.body).unwrap_or(Value::Null);
    if let Some(request_id) = body.pointer_mut("/errors/0/extensions/requestId") {
        request_id.take();
    }
    let mut headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    format!("{} {headers:?} {body}", answer.status)
}

async fn asked(caller: &Caller, method: &str, path: &str) -> (String, u64) {
    let before = caller.app.statements();
    let answer = caller.send(method, path, &[], "").await;
    (told(&answer), caller.app.statements() - before)
}

/// A global id with another UUID in it.
fn with_uuid(id: &str, uuid: Uuid) -> String {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(id).unwrap();
    bytes[1..].copy_from_slice(uuid.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn uuid_of(id: &str) -> Uuid {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id).unwrap();
    Uuid::from_slice(&bytes[1..]).unwrap()
}

/// Every file below a folder, with what it holds.
fn below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The database changes by itself.
        let is_database = path.to_string_lossy().contains(".db");
        if path.is_dir() {
            found.extend(below(&path));
        } else if !is_database {
            found.insert(path.to_string_lossy().into_owned(), std::fs::read(&path).unwrap());
        }
    }
    found
}

/// The cells of a CSV file.
fn cells(file: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for character in file.trim_start_matches('\u{feff}').chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' | '\r' | '\n' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(character),
        }
    }
    cells
}

fn assert_no_formula(file: &str) {
    let formula =
        |cell: &&String| cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let cells = cells(file);
    let found: Vec<_> = cells.iter().filter(formula).collect();
    assert!(found.is_empty(), "{found:?} in {file}");
}

/// Ways out of a folder, as the path of an address may spell them.
fn ways_out() -> Vec<String> {
    let mut ways: Vec<String> = [
        "../keys",
        "..%2fkeys",
        "%2e%2e%2fkeys",
        "%2e%2e/keys",
        "%252e%252e%252fkeys",
        "..%5ckeys",
        "%2fetc%2fpasswd",
        "file:%2f%2f%2fetc%2fpasswd",
        "C:%5ckeys",
        "%ef%bc%8e%ef%bc%8e%ef%bc%8fkeys",
        "..%c0%afkeys",
        "%00",
        "%0d%0a",
        ".",
        "..",
        "%20",
        "NUL",
        "*",
    ]
    .map(str::to_owned)
    .into();
    ways.push(format!("{NOBODYS}%00.csv"));
    ways.push(format!("{NOBODYS}%2f..%2f..%2fkeys"));
    ways.push(format!("{NOBODYS}/../../keys"));
    ways.push(format!("{NOBODYS}.csv"));
    ways.push("a".repeat(6_000));
    ways
}

both! {
    async fn anothers_file_is_at_no_address_told_from_one_that_nobody_has(app: App) {
        let theirs = things(&app, THEIRS).await;
        let their_cadre = app.person("CADRE", SHAOSHAN).await;
        let file = written(&app, &their_cadre, &theirs.ids["Export"]).await;
        let file_id = file.trim_start_matches("/files/").to_owned();
        // Each with what it is compared to: an address of the same kind that leads nowhere.
        let mut addresses = vec![
            (file.clone(), format!("/files/{}", with_uuid(&file_id, NOBODYS))),
            (format!("/files/{}", theirs.upload), format!("/files/{NOBODYS}")),
            (format!("/files/{}", uuid_of(&theirs.ids["Job (collections)"])), format!("/files/{NOBODYS}")),
            (format!("/files/{}", uuid_of(&file_id)), format!("/files/{NOBODYS}")),
        ];
        for id in theirs.ids.values() {
            addresses.push((format!("/files/{id}"), format!("/files/{}", with_uuid(id, NOBODYS))));
        }
        let uploads = (format!("/uploads/{}", theirs.upload), format!("/uploads/{NOBODYS}"));

        let mut requests = 0;
        for role in ATTACKERS {
            let attacker = app.person(role, XIANGXIANG).await.at(&app.reached(Transport::default()));
            // Refusals are written down up to a limit; the first ones would take a statement more.
            for _ in 0..61 {
                attacker.send("GET", &format!("/files/{}", with_uuid(&file_id, NOBODYS)), &[], "").await;
            }
            for (method, (there, nowhere)) in addresses.iter().map(|pair| ("GET", pair)).chain([("HEAD", &uploads)]) {
                let (found, expected) = (asked(&attacker, method, there).await, asked(&attacker, method, nowhere).await);
                requests += 2;
                assert_eq!(found, expected, "{role} {method} {there}");
                assert!(!found.0.starts_with("200"), "{role} {method} {there}");
            }
            for headers in [&[][..], &[("upload-offset", "0"), ("upload-complete", "?1")]] {
                let sent = attacker.send("PUT", &uploads.0, headers, "overwritten").await;
                assert!(sent.status.is_client_error(), "{role} {}", sent.status);
                assert!(!sent.text().contains(THEIRS.word), "{role} {}", sent.text());
            }
        }
        println!("{requests} requests");
        // The neighbour's own: the file is still there, and only they have fetched it.
        let own = their_cadre.send("GET", &file, &[], "").await;
        assert!(own.status == 200 && own.text().contains(THEIRS.word.get(..3).unwrap()), "{}", own.text());
        let again = their_cadre.send("PUT", &uploads.0, &[], format!("{},1\n", THEIRS.word)).await;
        assert_eq!(again.status, 200, "the same bytes again");
        app.settle().await;
        let trail = "query($code: DivisionCode) { federation(code: $code) { auditTrail(filter: {kinds: [\"FILE_DOWNLOADED\"]}) { nodes { kind } } } }";
        let auditor = app.person("AUDITOR", SHAOSHAN).await;
        let trail = auditor.data(trail, json!({"code": SHAOSHAN})).await;
        assert_eq!(trail["federation"]["auditTrail"]["nodes"].as_array().unwrap().len(), 1);
    }

    async fn no_address_leads_out_of_where_files_are(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let folder = app.key_file().parent().unwrap().to_owned();
        let keys = std::fs::read(app.key_file()).unwrap();
        std::fs::write(folder.join("keys.txt"), "must stay").unwrap();
        let before = below(&folder);

        for way in ways_out() {
            for prefix in ["/uploads/", "/files/", "/assets/", "/assets/js/"] {
                for method in ["GET", "HEAD", "PUT"] {
                    let answer = cadre.send(method, &format!("{prefix}{way}"), &[], "overwritten").await;
                    assert!(answer.status.is_client_error(), "{method} {prefix}{way}: {}", answer.status);
                    assert!(!answer.body.windows(16).any(|window| keys.windows(16).any(|secret| secret == window)), "{method} {prefix}{way}");
                }
            }
        }
        assert_eq!(below(&folder), before, "nothing was written, anywhere");
        // However a UUID is spelled, it is the same file, kept under a name of the service's own.
        let spelled = [NOBODYS.to_string(), NOBODYS.to_string().to_uppercase(), NOBODYS.simple().to_string(), format!("%7B{NOBODYS}%7D"), format!("urn:uuid:{NOBODYS}")];
        for (number, id) in spelled.iter().enumerate() {
            let answer = cadre.send("PUT", &format!("/uploads/{id}"), &[], "one file").await;
            assert_eq!(answer.status.as_u16(), if number == 0 { 201 } else { 200 }, "{id}");
        }
        assert_eq!(app.objects().len(), 1);
    }

    async fn no_cell_of_a_file_calculates(app: App) {
        let county = app.person("CADRE", XIANGXIANG).await;
        let signs = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "＝1+1", "＋1", "－1", "＠1", "=HYPERLINK(\"\"https://x\"\";\"\"x\"\")"];
        let row = |sign: &&str| format!("\"{sign}\",\"{sign}\",\"{sign}\",\"{sign}\",\"{sign}\",\"{sign}\"\n");
        let file = String::from("uscc,name,township_code,ownership,industry,employees\n") + &signs.iter().map(row).collect::<String>();
        let refused = job(&county, IMPORT_ENTERPRISES, YUESHAN, &file).await;
        app.work().await;
        let errors = county.data("query($id: ID!) { job(id: $id) { errorFile } }", json!({"id": refused})).await;
        let errors = county.send("GET", errors["job"]["errorFile"].as_str().unwrap(), &[], "").await.text();

        // People's names hold no signs; names of federations do.
        let park = json!({"parentId": app.gid(XIANGXIANG), "level": "TOWNSHIP", "kind": "PARK", "name": "=1+1"});
        let park = county.done(FOUND, park).await["federation"]["id"].clone();
        let mut who = person(&county, YUESHAN, 1);
        who["federationId"] = park.clone();
        county.done(REGISTER_PERSON, who).await;
        let asked = json!({"federationId": park, "kind": "PEOPLE", "purpose": "MEMBERSHIP", "reason": "年度会员台账核对工作，报上级"});
        let export = county.done(REQUEST, asked).await["export"]["id"].take();
        let people = written(&app, &county, export.as_str().unwrap()).await;
        let people = county.send("GET", &people, &[], "").await.text();

        assert!(errors.contains("'=1+1") && errors.contains("'＝1+1"), "{errors}");
        assert!(people.contains("'=1+1"), "{people}");
        for file in [errors, people] {
            assert_no_formula(&file);
        }
    }
}
