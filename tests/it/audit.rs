//! The audit trail: who did what from where, what was refused, and how a cut or changed trail is seen.

use crate::support::people::{REVEAL, register_person, resident_id, reveal};
use crate::support::register::{END_COVERAGE, REGISTER, UPDATE, YUESHAN, cover, enterprise, found, register};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::kernel::anchor::{self, Anchor};
use api::kernel::keys::Keys;
use api::kernel::suite::{self, Suite};
use api::kernel::vault::Cell;
use api::privacy::sealing::jobs as sealing;
use api::verify;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

/// Kind, operation and body of each event, in order.
async fn events(app: &App, of: &str) -> Vec<(String, Option<String>, Value)> {
    let db = &app.process.db;
    let sql = format!("SELECT kind, operation, body FROM event {of} ORDER BY id");
    let rows = db
        .reader()
        .query_all_raw(Statement::from_string(db.backend(), sql))
        .await
        .unwrap();
    let read = |row: &sea_orm::QueryResult| {
        let body: String = row.try_get("", "body").unwrap();
        let (kind, operation) = (
            row.try_get("", "kind").unwrap(),
            row.try_get("", "operation").unwrap(),
        );
        (kind, operation, serde_json::from_str(&body).unwrap())
    };
    rows.iter().map(read).collect()
}

async fn first_break(app: &App, held: &[Anchor]) -> Option<String> {
    let checks = verify::run(&app.process.db, &app.process.keys, held, app.process.clock.now()).await;
    let checks = checks.unwrap_or_else(|error| panic!("{}", error.report()));
    checks.into_iter().find_map(|check| check.outcome.err())
}

async fn anchors(app: &App) -> Vec<Anchor> {
    let anchors = anchor::after(app.process.db.reader(), 0, 100).await;
    anchors.unwrap_or_else(|error| panic!("{}", error.report()))
}

async fn clean(app: &App) {
    let cleaned = api::worker::clean(&app.process).await;
    cleaned.unwrap_or_else(|error| panic!("{}", error.report()));
}

fn rotate(app: &App, minutes: i64, suite: Option<&dyn Suite>) {
    let from = app.process.clock.now() + TimeDelta::minutes(minutes);
    let rotated = Keys::rotate(&app.key_file(), &*app.clock, from, suite);
    rotated.unwrap_or_else(|error| panic!("{}", error.report()));
}

fn kid(caller: &Caller) -> String {
    jsonwebtoken::decode_header(caller.token.as_ref().unwrap())
        .unwrap()
        .kid
        .unwrap()
}

both! {
    async fn an_event_says_by_which_operation_and_what_changed_to_what(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let firm = register(&cadre, YUESHAN, 1).await;
        let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
        let coverage = cover(&cadre, &union, &firm, "2026-03-01").await;

        cadre.done(UPDATE, json!({"id": firm, "expectedVersion": 1, "employees": 7})).await;
        cadre.done(END_COVERAGE, json!({"id": coverage, "to": "2026-06-01"})).await;

        let told = events(&app, "WHERE kind IN ('ENTERPRISE_UPDATED', 'COVERAGE_ENDED')").await;
        assert_eq!(
            told,
            [
                ("ENTERPRISE_UPDATED".to_owned(), Some("updateEnterprise".to_owned()),
                    json!({"before": {"employees": 101}, "after": {"employees": 7}})),
                ("COVERAGE_ENDED".to_owned(), Some("endCoverage".to_owned()),
                    json!({"before": {"to": null}, "after": {"to": "2026-06-01"}})),
            ]
        );
    }

    async fn what_was_refused_for_want_of_permission_is_written_down(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let finance = app.person("FINANCE", XIANGXIANG).await;
        let firm = register(&cadre, YUESHAN, 1).await;

        neighbour.refused(UPDATE, json!({"id": firm, "expectedVersion": 1, "employees": 7})).await;
        finance.refused(REGISTER, enterprise(&finance, YUESHAN, 2)).await;
        // What breaks a rule is no matter of permission.
        cadre.refused(UPDATE, json!({"id": firm, "expectedVersion": 1, "employees": -1})).await;

        let told = events(&app, "WHERE kind = 'REFUSED'").await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0].1.as_deref(), Some("updateEnterprise"));
        assert_eq!(told[0].2, json!({"code": "NOT_FOUND", "field": "id"}));
        assert_eq!(told[1].1.as_deref(), Some("registerEnterprise"));
        assert_eq!(told[1].2, json!({"code": "FORBIDDEN", "field": null}));
    }

    async fn refusals_do_not_fill_the_trail(app: App) {
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let firm = register(&cadre, YUESHAN, 1).await;

        for _ in 0..70 {
            neighbour.refused(UPDATE, json!({"id": firm, "expectedVersion": 1, "employees": 7})).await;
        }

        assert_eq!(events(&app, "WHERE kind = 'REFUSED'").await.len(), 60);
    }

    async fn the_chain_is_anchored_every_hour_in_which_something_happened(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        app.settle().await;
        register(&cadre, YUESHAN, 1).await;
        app.settle().await;
        let at_once = anchors(&app).await;
        app.advance(TimeDelta::hours(1));
        clean(&app).await;
        let of_the_last_deed = anchors(&app).await.len();
        app.advance(TimeDelta::hours(1));
        clean(&app).await;
        let without_events = anchors(&app).await.len();
        let cadre = app.sign_in(&format!("cadre.{}", app.federation(XIANGXIANG))).await;
        register(&cadre, YUESHAN, 2).await;
        app.settle().await;

        app.advance(TimeDelta::hours(1));
        clean(&app).await;
        let anchors = anchors(&app).await;
        assert_eq!((at_once.len(), of_the_last_deed, without_events, anchors.len()), (1, 2, 2, 3));
        assert!(anchors.iter().all(|anchor| anchor.is_ours(&app.process.keys)));
        assert_eq!(first_break(&app, &[]).await, None);
    }

    async fn a_tail_that_was_cut_off_is_seen(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        app.settle().await;
        app.advance(TimeDelta::hours(1));
        let caller = app.sign_in(&format!("cadre.{}", app.federation(XIANGXIANG))).await;
        register(&caller, YUESHAN, 1).await;
        app.settle().await;
        let held = anchors(&app).await;
        let last = held.last().unwrap().seq;
        let _ = cadre;

        // Whoever may write the database takes the last events away and lets the chain end before them.
        for sql in [
            "DELETE FROM figure_entry".to_owned(),
            "DELETE FROM figure_rollup".to_owned(),
            "DELETE FROM enterprise".to_owned(),
            format!("DELETE FROM event WHERE seq > {}", last - 2),
            format!(
                "UPDATE sequencer_state SET seq = {0}, hash = (SELECT hash FROM event WHERE seq = {0})",
                last - 2
            ),
        ] {
            app.write(&sql).await;
        }
        let with_anchors = first_break(&app, &[]).await.unwrap_or_default();
        app.write("DELETE FROM audit_anchor").await;
        let without = first_break(&app, &[]).await;
        let with_held = first_break(&app, &held).await.unwrap_or_default();

        assert!(with_anchors.contains("its tail was cut off"), "{with_anchors}");
        assert_eq!(without, None, "only what was kept elsewhere can tell");
        assert!(with_held.contains("its tail was cut off"), "{with_held}");
    }

    async fn an_anchor_that_somebody_else_made_is_none(app: App) {
        app.person("CADRE", XIANGXIANG).await;
        app.settle().await;
        let mut forged = anchors(&app).await;
        forged[0].hash = "0".repeat(64);

        let found = first_break(&app, &forged).await.unwrap_or_default();

        assert!(found.contains("not signed by our keys"), "{found}");
    }

    async fn keys_are_rotated_without_ending_a_session(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let name = format!("cadre.{}", app.federation(XIANGXIANG));

        rotate(&app, 10, None);
        clean(&app).await;
        let before = app.sign_in(&name).await;
        app.advance(TimeDelta::minutes(10));
        let after = app.sign_in(&name).await;

        assert_eq!(kid(&before), kid(&cadre));
        assert_ne!(kid(&after), kid(&cadre));
        let viewer = "{ viewer { id } }";
        for caller in [&before, &after] {
            assert!(caller.data(viewer, json!({})).await["viewer"]["id"].is_string());
        }
        // An hour later nothing that the old key signed is still good, and it is published no more.
        app.advance(TimeDelta::hours(1));
        let published = app.process.keys.with(|ring| ring.jwks(app.process.clock.now()));
        assert_eq!(published["keys"].as_array().unwrap().len(), 1);
        assert_eq!(published["keys"][0]["kid"], json!(kid(&after)));
        // What it signed long ago can still be checked.
        app.settle().await;
        assert_eq!(first_break(&app, &[]).await, None);
    }

    async fn keys_rotated_twice_within_ten_minutes_sign_one_after_the_other(app: App) {
        let first = kid(&app.person("CADRE", XIANGXIANG).await);
        let name = format!("cadre.{}", app.federation(XIANGXIANG));
        let late = app.another().await;
        rotate(&app, 10, None);
        app.advance(TimeDelta::minutes(5));
        rotate(&app, 10, None);
        clean(&app).await;
        let signer = |at| app.process.keys.with(|ring| ring.signer(at).unwrap().id.clone());

        let now = app.sign_in(&name).await;
        // A process that has not read the file again.
        assert!(now.at(&late).data("{ viewer { id } }", json!({})).await["viewer"]["id"].is_string());
        app.advance(TimeDelta::minutes(5));
        let second = kid(&app.sign_in(&name).await);
        app.advance(TimeDelta::minutes(5));
        let third = kid(&app.sign_in(&name).await);

        assert_eq!(kid(&now), first);
        assert!(first != second && second != third && third != first);
        assert_eq!(signer(chrono::DateTime::UNIX_EPOCH), first, "before all of them, the one that everybody knows");
        // What signs no more is not kept.
        rotate(&app, 10, None);
        let file: Value = serde_json::from_slice(&std::fs::read(app.key_file()).unwrap()).unwrap();
        let private: Vec<_> = file["signing"].as_array().unwrap().iter().map(|key| key["private"].is_string()).collect();
        assert_eq!(private, [false, false, true, true]);
    }

    async fn a_rotated_key_file_is_read_by_whom_it_was_read_by(app: App) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(app.key_file(), std::fs::Permissions::from_mode(0o640)).unwrap();

        rotate(&app, 10, None);

        assert_eq!(std::fs::metadata(app.key_file()).unwrap().permissions().mode() & 0o777, 0o640);
    }

    async fn what_cannot_be_cleaned_keeps_nothing_else_from_it(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        app.settle().await;
        register(&cadre, YUESHAN, 1).await;
        app.settle().await;
        app.advance(TimeDelta::hours(1));
        std::fs::write(app.key_file(), "broken").unwrap();

        let cleaned = api::worker::clean(&app.process).await;

        assert!(cleaned.unwrap_err().report().contains("the key file is not one"));
        assert_eq!(anchors(&app).await.len(), 2, "with the keys that were read before");
    }

    async fn a_sealed_value_opens_after_its_keys_were_renewed_in_every_process(app: App) {
        let other = app.another().await;
        let cell = Cell { column: "person.name", row: uuid::Uuid::from_u128(7) };
        let vault = &app.process.vault;
        let done = |result: Result<String, api::kernel::error::Error>| result.map_err(|error| error.report()).unwrap();
        let seal = |app: &App, plain: &str| app.process.vault.seal(cell, plain).map_err(|error| error.report()).unwrap();
        let first = seal(&app, "王小明");
        let index = done(vault.index("person.phone", "13800000000"));

        rotate(&app, 0, None);
        app.process.keys.refresh().map_err(|error| error.report()).unwrap();
        let renewed = vault.renew(&app.process.db).await.map_err(|error| error.report()).unwrap();
        let at_once = seal(&app, "李四");
        api::worker::clean(&other.process).await.map_err(|error| error.report()).unwrap();
        app.advance(TimeDelta::minutes(3));
        let later = seal(&app, "赵六");

        // No process seals with a key before all of them have had time to read it.
        assert_eq!(first.0.split_once('.').unwrap().0, at_once.0.split_once('.').unwrap().0);
        assert_eq!(later.0.split_once('.').unwrap().0, renewed.to_string());
        for (sealed, plain) in [(&first, "王小明"), (&at_once, "李四"), (&later, "赵六")] {
            assert_eq!(done(other.process.vault.open(cell, sealed)), plain);
        }
        assert_eq!(done(other.process.vault.index("person.phone", "13800000000")), index);
        // In another row it is nothing.
        let elsewhere = Cell { row: uuid::Uuid::from_u128(8), ..cell };
        assert!(vault.open(elsewhere, &later).is_err());
        // A process that starts now needs only the newest key file.
        let third = app.another().await;
        assert_eq!(done(third.process.vault.open(cell, &first)), "王小明");
    }

    async fn what_one_suite_sealed_another_one_takes_over(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = register_person(&cadre, YUESHAN, 1).await;
        let sealed_by = async |key: i32| {
            let db = &app.process.db;
            let sql = format!("SELECT name, (SELECT suite FROM data_key WHERE id = {key}) AS suite FROM person");
            let row = db.reader().query_one_raw(Statement::from_string(db.backend(), sql)).await.unwrap().unwrap();
            let name: String = row.try_get("", "name").unwrap();
            (name.starts_with(&format!("{key}.")), row.try_get::<String>("", "suite").unwrap())
        };
        assert_eq!(sealed_by(1).await, (true, "AES-256-GCM".to_owned()));

        rotate(&app, 10, suite::named("SM4-GCM"));
        clean(&app).await;
        let (key, _) = sealing::begin(&app.operator()).await.unwrap_or_else(|error| panic!("{}", error.report()));
        app.advance(TimeDelta::minutes(3));
        app.work().await;

        assert_eq!(sealed_by(key).await, (true, "SM4-GCM".to_owned()));
        assert_eq!(first_break(&app, &[]).await, None);
        let cadre = app.another().await.sign_in(&format!("cadre.{}", app.federation(XIANGXIANG))).await;
        assert_eq!(cadre.done(REVEAL, reveal(&id)).await["revealed"]["idNumber"], json!(resident_id(1)));
        let find = "query($code: DivisionCode, $number: IdNumber) { federation(code: $code) { people(idNumber: $number) { totalCount } } }";
        let found = cadre.data(find, json!({"code": YUESHAN, "number": resident_id(1)})).await;
        assert_eq!(found["federation"]["people"]["totalCount"], 1);
    }

    async fn auditors_read_the_trail_of_their_place_and_nobody_else_does(app: App) {
        const TRAIL: &str = "query($code: DivisionCode!, $filter: AuditFilter) { federation(code: $code) { auditTrail(filter: $filter) {
            totalCount nodes { number at actorName origin operation kind result code reason federation { name } details { name before after } hash } } } }";
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let beside = app.person("AUDITOR", SHAOSHAN).await;
        let firm = register(&cadre, YUESHAN, 1).await;
        register(&neighbour, QINGXI, 2).await;
        cadre.done(UPDATE, json!({"id": firm, "expectedVersion": 1, "employees": 7})).await;
        neighbour.refused(UPDATE, json!({"id": firm, "expectedVersion": 1, "employees": 8})).await;
        app.settle().await;
        let ask = async |caller: &Caller, code: &str, filter: Value| {
            let answer = caller.gql(TRAIL, json!({"code": code, "filter": filter})).await;
            answer["data"]["federation"]["auditTrail"].clone()
        };

        let changes = ask(&auditor, XIANGXIANG, json!({"subjectId": firm})).await;
        let by_actor = ask(&auditor, XIANGXIANG, json!({"operations": ["updateEnterprise"], "result": "REFUSED"})).await;
        let theirs = ask(&beside, SHAOSHAN, json!({"result": "REFUSED"})).await;
        let of_others = ask(&beside, XIANGXIANG, json!({})).await;
        let by_cadre = cadre.codes(TRAIL, json!({"code": XIANGXIANG})).await;

        let kinds: Vec<_> = changes["nodes"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ENTERPRISE_UPDATED", "ENTERPRISE_REGISTERED"]);
        let newest = &changes["nodes"][0];
        assert_eq!(newest["actorName"], json!(format!("cadre.{}", app.federation(XIANGXIANG))));
        assert_eq!(newest["operation"], "updateEnterprise");
        assert_eq!(newest["result"], "DONE");
        assert_eq!(newest["federation"]["name"], "月山镇总工会");
        assert_eq!(newest["details"], json!([{"name": "employees", "before": "101", "after": "7"}]));
        assert_eq!(newest["hash"].as_str().unwrap().len(), 64);
        // Who tried stands where they are at home.
        assert_eq!(by_actor["totalCount"], 0);
        assert_eq!(theirs["totalCount"], 1);
        assert_eq!(theirs["nodes"][0]["code"], "NOT_FOUND");
        assert_eq!(of_others, Value::Null);
        assert_eq!(by_cadre, ["FORBIDDEN"]);
    }

    async fn the_trail_is_read_page_by_page_in_a_bounded_number_of_statements(app: App) {
        const TRAIL: &str = "query($first: Int, $after: String) { federation(code: \"430381000000\") { auditTrail(first: $first, after: $after, filter: {kinds: [\"ENTERPRISE_REGISTERED\"]}) {
            nodes { number actorName federation { name } } pageInfo { endCursor hasNextPage } } } }";
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let auditor = app.person("AUDIT_ADMINISTRATOR", XIANGXIANG).await;
        for number in 1..=7 {
            register(&cadre, YUESHAN, number).await;
        }
        app.settle().await;
        let (mut after, mut numbers, mut costs) = (Value::Null, Vec::new(), Vec::new());
        for first in [2, 3, 3] {
            let before = app.statements();
            let page = auditor.data(TRAIL, json!({"first": first, "after": after})).await["federation"]["auditTrail"].clone();
            costs.push(app.statements() - before);
            numbers.extend(page["nodes"].as_array().unwrap().iter().map(|entry| entry["number"].as_i64().unwrap()));
            after = page["pageInfo"]["endCursor"].clone();
        }

        assert_eq!(numbers.len(), 7);
        assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
        assert_eq!(costs, [3, 3, 3], "who asks, the entries, the names");
    }
}
