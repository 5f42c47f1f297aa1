//! Somebody of one county sends what is of another, in every argument that names something, in every operation of the
//! schema: the answer is that of a name that nobody has, it took as many statements, and nothing there changed.

use crate::support::shape::{Naming, Own, Shape, type_of};
use crate::support::things::{Place, Things, things};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::config::Transport;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

const OURS: Place = Place {
    at: WANGCHUNMEN,
    above: XIANGXIANG,
    township: WANGCHUNMEN,
    word: "望春",
    number: 100,
};
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

/// Where an answer tells that a name is given, with the reason. The list only shrinks.
const TELLING: [(&str, &str); 4] = [
    (
        "mutation recordVisit(input.id)",
        "the phone makes the id: one that is given elsewhere cannot be given again",
    ),
    (
        "mutation registerEnterprise(input.uscc)",
        "the code is one in the country: it says only that it is registered",
    ),
    (
        "mutation registerPerson(input.idNumber)",
        "the number is one in the country; tries are counted",
    ),
    (
        "mutation correctPerson(input.idNumber)",
        "the number is one in the country; tries are counted",
    ),
];

/// Sends a document; what came, without what differs from request to request.
async fn ask(caller: &Caller, naming: &Naming, document: &str, variables: &Value) -> (Value, Value) {
    let answer = match naming.kind {
        "subscription" => {
            let mut socket = caller.subscribe(document, variables.clone()).await;
            match tokio::time::timeout(std::time::Duration::from_millis(500), socket.answer()).await {
                Ok(answer) => answer,
                Err(_) => json!({"data": "nothing yet"}),
            }
        }
        _ => caller.post(document, variables.clone()).await.json(),
    };
    let statements = answer["extensions"]["cost"]["statements"].clone();
    let mut answer = answer;
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("extensions");
    }
    for error in answer["errors"].as_array_mut().into_iter().flatten() {
        if let Some(extensions) = error["extensions"].as_object_mut() {
            extensions.remove("requestId");
        }
    }
    (answer, statements)
}

/// What is sent of theirs for a kind of name, each with one that nobody has.
fn sent<'a>(naming: &Naming, theirs: &'a Things) -> Vec<(&'a str, Value, Value)> {
    let nobody = "0190c3a0-0000-7000-8000-00000000beef";
    let each = |theirs: &[&str], nobody: &str| {
        let pairs = theirs.iter().map(|theirs| ("", json!(theirs), json!(nobody)));
        pairs.collect()
    };
    // What a mutation makes a query must not find.
    let number = if naming.kind == "query" { 997 } else { 998 };
    match naming.scalar.as_str() {
        "ID" => {
            let ids = theirs.ids.iter();
            ids.map(|(kind, id)| (kind.as_str(), json!(id), json!(like(id))))
                .collect()
        }
        "UUID" | "Upload" => each(&[&theirs.upload, &theirs.visit], nobody),
        "DivisionCode" => each(&[THEIRS.above, THEIRS.at], "990099000000"),
        "Uscc" => each(&[&theirs.uscc], &crate::support::register::uscc(999)),
        "IdNumber" => each(&[&theirs.id_number], &crate::support::people::resident_id(number)),
        other => panic!("say what {other} names"),
    }
}

/// A global id of the same type that nobody has.
fn like(id: &str) -> String {
    use base64::Engine as _;
    let engine = base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let mut bytes = engine.decode(id).unwrap();
    bytes[1..].copy_from_slice(uuid::Uuid::from_u128(0x0190_c3a0_0000_7000_8000_0000_0000_dead).as_bytes());
    engine.encode(bytes)
}

async fn events_there(app: &App) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let tree = app.process.tree();
    let path = tree.get(app.federation(THEIRS.above)).unwrap().path.clone();
    let db = &app.process.db;
    let sql = format!("SELECT COUNT(*) FROM event WHERE path LIKE '{path}%'");
    let row = db
        .reader()
        .query_one_raw(Statement::from_string(db.backend(), sql))
        .await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Somebody with a fresh budget: what is tried here is more than one may ask for.
async fn attacker(app: &App, role: &str) -> Caller {
    let caller = app.person(role, XIANGXIANG).await;
    caller.at(&app.reached(Transport::default()))
}

/// The identity of an account in the trail and the words of their things: none of it may come.
fn secrets(theirs: &Things) -> Vec<String> {
    let mut secrets: Vec<String> = theirs.ids.values().cloned().collect();
    secrets.extend([THEIRS.word, "韶*", "清溪镇"].map(str::to_owned));
    secrets.extend([theirs.upload.clone(), theirs.visit.clone(), theirs.uscc.clone()]);
    secrets
}

both! {
    async fn what_is_of_another_county_is_in_no_operation_told_from_what_nobody_has(app: App) {
        let shape = Shape::of(&app).await;
        let ours = things(&app, OURS).await;
        let theirs = things(&app, THEIRS).await;
        app.settle().await;
        let kinds: HashSet<&str> = theirs.ids.keys().map(|kind| type_of(kind)).collect();
        let unknown: Vec<_> = shape.nodes().into_iter().filter(|kind| !kinds.contains(kind)).collect();
        assert!(unknown.is_empty(), "enter one of each in things.rs: {unknown:?}");
        let own = Own { ids: ours.ids.clone(), code: OURS.above.to_owned() };
        let secrets = secrets(&theirs);
        let namings = shape.namings();
        assert!(namings.len() > 50, "{} arguments name something", namings.len());
        let before = events_there(&app).await;

        let (mut requests, mut faults) = (0, Vec::new());
        for role in ATTACKERS {
            let mut caller = attacker(&app, role).await;
            // Refusals are written down up to a limit; the first ones would take a statement more.
            for _ in 0..61 {
                let nobody = json!({"id": like(&theirs.ids["Session"])});
                caller.refused("mutation($input: EndSession!) { endSession(input: $input) { userErrors { code field } } }", nobody).await;
            }
            for (number, naming) in namings.iter().enumerate() {
                if number % 10 == 0 {
                    caller = attacker(&app, role).await;
                }
                let mut nobodys: HashMap<String, (Value, Value)> = HashMap::new();
                for (kind, theirs, nobody) in sent(naming, &theirs) {
                    let known = nobodys.get(&nobody.to_string()).cloned();
                    let (document, variables) = shape.document(naming, (kind, &nobody), &own);
                    let (expected, statements) = match known {
                        Some(known) => known,
                        None => {
                            requests += 1;
                            ask(&caller, naming, &document, &variables).await
                        }
                    };
                    nobodys.insert(nobody.to_string(), (expected.clone(), statements.clone()));
                    let codes = expected["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
                    assert!(!["BAD_REQUEST", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "RATE_LIMITED", "TOO_EXPENSIVE"].contains(&codes),
                        "{}: {expected:#}\n{document}", naming.title());
                    let (document, variables) = shape.document(naming, (kind, &theirs), &own);
                    let (found, took) = ask(&caller, naming, &document, &variables).await;
                    requests += 1;
                    let is_telling = TELLING.iter().any(|(title, _)| *title == naming.title());
                    let sent = theirs.as_str().unwrap();
                    let said = found.to_string().replace(sent, "");
                    let expected = expected.to_string();
                    let leak = secrets.iter().find(|secret| said.contains(*secret));
                    let as_nobody = found.to_string().replace(sent, nobody.as_str().unwrap());
                    if let Some(leak) = leak {
                        faults.push(format!("{role}: {} with {sent} tells {leak}: {said}", naming.title()));
                    } else if as_nobody != expected && !is_telling {
                        faults.push(format!("{role}: {} with {sent}:\n  {as_nobody}\nis not\n  {expected}", naming.title()));
                    } else if took != statements && !is_telling {
                        faults.push(format!("{role}: {} with {sent} took {took} statements, not {statements}", naming.title()));
                    }
                }
            }
        }
        let after = events_there(&app).await;

        println!("{requests} requests, {} faults", faults.len());
        assert!(faults.is_empty(), "{} of {requests}:\n{}", faults.len(), faults.join("\n"));
        assert_eq!(after, before, "something happened there");
        let unused: Vec<_> = TELLING.iter().filter(|(title, _)| !namings.iter().any(|naming| naming.title() == *title)).collect();
        assert!(unused.is_empty(), "no such argument any more: {unused:?}");
    }
}
