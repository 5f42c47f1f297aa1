//! What every domain stands on: writers that meet, the chain of events, the sequencer and its lease.

use crate::support::register::{REGISTER, UPDATE, YUESHAN, enterprise, figures, register};
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::kernel::sequencer::{LINK_COLUMNS, Link};
use api::kernel::sql::Sql;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;

const FOUND: &str = "mutation($input: FoundFederation!) { foundFederation(input: $input) {
    federation { id name } userErrors { code field } } }";

async fn links(app: &App) -> Vec<Link> {
    let db = &app.process.db;
    let sql = format!("SELECT {LINK_COLUMNS} FROM event ORDER BY seq, id");
    Link::find_by_statement(Statement::from_string(db.backend(), sql))
        .all(db.reader())
        .await
        .unwrap()
}

fn park(app: &App, name: &str) -> Value {
    json!({"parentId": app.gid(XIANGXIANG), "level": "TOWNSHIP", "kind": "PARK", "name": name})
}

/// Many at once, each from a task of its own; what each was answered.
async fn at_once(callers: impl IntoIterator<Item = (Caller, Value)>) -> Vec<Value> {
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|(caller, input)| tokio::spawn(async move { caller.done(FOUND, input).await }))
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

async fn settled(app: &App) -> Vec<Link> {
    app.settle().await;
    links(app).await
}

/// Numbers without a gap, and each hash follows from the one before.
fn assert_whole(links: &[Link]) {
    let mut hash = String::new();
    for (index, link) in links.iter().enumerate() {
        let seq = i64::try_from(index).unwrap() + 1;
        assert_eq!(link.seq, Some(seq));
        hash = link.hash_after(&hash, seq);
        assert_eq!(link.hash.as_deref(), Some(hash.as_str()), "event {seq}");
    }
}

both! {
    async fn twenty_who_found_at_once_found_twenty(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;

        let callers = (0..20).map(|number| (cadre.clone(), park(&app, &format!("园区工会{number}"))));
        let answers = at_once(callers).await;

        let ids: HashSet<_> = answers.iter().map(|payload| payload["federation"]["id"].to_string()).collect();
        assert_eq!(ids.len(), 20);
        let tree = app.process.tree();
        let founded = tree.nodes().iter().filter(|node| node.name.starts_with("园区工会"));
        let paths: HashSet<_> = founded.map(|node| node.path.clone()).collect();
        assert_eq!(paths.len(), 20);
        let here = tree.by_code(XIANGXIANG, None).unwrap();
        assert!(paths.iter().all(|path| here.holds(path) && path.len() == here.path.len() + 4));
    }

    async fn two_processes_that_found_at_once_found_both(app: App) {
        let other = app.another().await;
        let cadre = app.person("CADRE", XIANGXIANG).await;

        let callers = (0..10).map(|number| {
            let process = if number % 2 == 0 { &app } else { &other };
            (cadre.at(process), park(&app, &format!("园区工会{number}")))
        });
        let answers = at_once(callers).await;
        app.settle().await;
        other.settle().await;

        let ids: HashSet<_> = answers.iter().map(|payload| payload["federation"]["id"].to_string()).collect();
        assert_eq!(ids.len(), 10);
        assert_eq!(app.process.tree().len(), 62);
        assert_eq!(other.process.tree().len(), 62);
    }

    async fn one_key_used_by_many_at_once_is_one_deed(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut input = park(&app, "园区工会");
        input["idempotencyKey"] = json!("k1");

        let answers = at_once((0..8).map(|_| (cadre.clone(), input.clone()))).await;

        let ids: HashSet<_> = answers.iter().map(|payload| payload["federation"]["id"].to_string()).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(app.process.tree().len(), 53);
        let founded = settled(&app).await.into_iter().filter(|link| link.kind == "FEDERATION_FOUNDED");
        assert_eq!(founded.count(), 1);
    }

    async fn what_was_committed_is_numbered_without_a_gap_and_chained(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let first = settled(&app).await;
        at_once((0..5).map(|number| (cadre.clone(), park(&app, &format!("园区工会{number}"))))).await;
        let tail = links(&app).await.into_iter().filter(|link| link.seq.is_none()).count();

        let second = settled(&app).await;

        let kinds: Vec<_> = first.iter().map(|link| link.kind.as_str()).collect();
        assert_eq!(kinds, ["DIVISIONS_IMPORTED", "ACCOUNT_ADDED", "SIGNED_IN"]);
        assert_eq!(tail, 5);
        assert_eq!(second.len(), 8);
        assert_whole(&second);
        assert!(second[3..].iter().all(|link| link.kind == "FEDERATION_FOUNDED" && link.actor_id.is_some()));
        let unchanged = |(old, new): (&Link, &Link)| old.hash == new.hash && old.id == new.id;
        assert!(first.iter().zip(&second).all(unchanged));
    }

    async fn a_changed_event_breaks_the_chain(app: App) {
        let cadre = app.from("10.1.2.3").person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let links = settled(&app).await;
        assert_whole(&links);
        let last = links.last().unwrap();
        assert!(last.operation.is_some() && last.origin.is_some() && last.federation_id.is_some(), "{last:?}");
        let previous = links[links.len() - 2].hash.as_deref().unwrap();
        let seq = last.seq.unwrap();

        let changes: [fn(&mut Link); 12] = [
            |link| link.county_id = uuid::Uuid::nil(),
            |link| link.federation_id = Some(uuid::Uuid::nil()),
            |link| link.federation_id = None,
            |link| link.operation = Some("login".to_owned()),
            |link| link.origin = None,
            |link| {
                // What the columns say, all in the last one.
                let (operation, origin) = (link.operation.take(), link.origin.take());
                link.body = [link.body.clone(), operation.unwrap_or_default(), origin.unwrap_or_default()].join("\u{1f}");
            },
            |link| link.at += TimeDelta::microseconds(1),
            |link| link.actor_id = Some(uuid::Uuid::nil()),
            |link| link.kind.push('X'),
            |link| link.subject_id = uuid::Uuid::nil(),
            |link| link.path.push('0'),
            |link| link.body = "{ }".to_owned(),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = last.clone();
            change(&mut changed);
            assert_ne!(Some(changed.hash_after(previous, seq)), last.hash, "change {number}");
        }
    }

    async fn two_sequencers_number_nothing_twice(app: App) {
        let other = app.another().await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        at_once((0..5).map(|number| (cadre.clone(), park(&app, &format!("园区工会{number}"))))).await;

        tokio::join!(app.settle(), other.settle(), app.settle(), other.settle());

        let links = links(&app).await;
        assert_eq!(links.len(), 8);
        assert_whole(&links);
    }

    async fn a_dead_process_loses_its_lease_by_itself(app: App) {
        let other = app.another().await;
        app.settle().await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        cadre.done(FOUND, park(&app, "园区工会")).await;
        let unnumbered = async || links(&app).await.into_iter().filter(|link| link.seq.is_none()).count();

        other.settle().await;
        let while_leased = unnumbered().await;
        app.advance(TimeDelta::seconds(16));
        other.settle().await;
        let afterwards = unnumbered().await;
        app.settle().await;

        assert_eq!(while_leased, 3);
        assert_eq!(afterwards, 0);
        assert_whole(&links(&app).await);
    }

    async fn what_was_done_last_is_numbered_and_the_lease_given_back(app: App) {
        let other = app.another().await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;

        api::worker::number_rest(&app.process).await.unwrap_or_else(|error| panic!("{}", error.report()));
        let rest = links(&app).await.into_iter().filter(|link| link.seq.is_none()).count();
        register(&cadre, YUESHAN, 2).await;
        other.settle().await;

        assert_eq!(rest, 0);
        assert_whole(&links(&app).await);
    }

    async fn a_refused_write_leaves_nothing_behind(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let before = settled(&app).await.len();
        let mut input = park(&app, "园");
        input["idempotencyKey"] = json!("k1");

        let refused = cadre.refused(FOUND, input.clone()).await;
        input["name"] = json!("园区工会");
        let founded = cadre.done(FOUND, input).await;

        assert_eq!(refused, ["INVALID name"]);
        assert_eq!(founded["federation"]["name"], "园区工会");
        assert_eq!(settled(&app).await.len(), before + 1);
    }

    async fn a_process_folds_at_places_that_another_one_founded(app: App) {
        let other = app.another().await;
        let cadre = app.person("CADRE", XIANGXIANG).await.at(&other);
        let found = "mutation($input: FoundFederation!) { foundFederation(input: $input) { federation { id } userErrors { code field } } }";
        let input = json!({"parentId": app.gid(XIANGXIANG), "level": "TOWNSHIP", "kind": "PARK", "name": "湘乡经济开发区工会"});
        let park = cadre.done(found, input).await["federation"]["id"].clone();
        let mut input = enterprise(&cadre, YUESHAN, 1);
        input["federationId"] = park;
        cadre.done(REGISTER, input).await;

        // This process has not heard of the park yet.
        app.settle().await;

        let leader = app.person("LEADER", HUNAN).await;
        for code in [XIANGXIANG, HUNAN] {
            let counted = figures(&leader, code, &["enterprises"], json!({})).await;
            assert_eq!(counted, json!({"enterprises": "1"}), "{code}");
        }
        let checks = api::verify::run(&app.process.db, &app.process.keys, &[], app.process.clock.now()).await.unwrap_or_else(|error| panic!("{}", error.report()));
        assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
    }

    async fn what_a_dead_process_left_is_numbered_without_another_write(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let until = "2026-06-20T02:00:15Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let mut sql = Sql::new("INSERT INTO lease (name, holder, until) VALUES ");
        sql.rows([["sequencer".into(), uuid::Uuid::nil().into(), until.into()]]);
        let db = sea_orm::Database::connect(app.url()).await.unwrap();
        db.execute_raw(sql.on(app.process.db.backend())).await.unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let work = tokio::spawn(api::worker::run(Arc::clone(&app.process), stopped));
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        let waiting = links(&app).await.iter().filter(|link| link.seq.is_none()).count();

        app.advance(TimeDelta::seconds(20));
        while links(&app).await.iter().any(|link| link.seq.is_none()) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }

        assert!(waiting > 0);
        stop.send(true).unwrap();
        work.await.unwrap();
        db.close().await.unwrap();
    }

    async fn a_key_whose_call_changed_nothing_is_kept_as_well(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = register(&cadre, YUESHAN, 1).await;
        let same = json!({"id": id, "expectedVersion": 1, "employees": 101, "idempotencyKey": "one"});

        cadre.done(UPDATE, same).await;
        let other = json!({"id": id, "expectedVersion": 1, "employees": 7, "idempotencyKey": "one"});

        assert_eq!(cadre.refused(UPDATE, other).await, ["IDEMPOTENCY_KEY_REUSED idempotencyKey"]);
    }

    async fn six_hundred_lists_of_a_level_are_answered(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        register(&cadre, YUESHAN, 1).await;
        let lists: String = (0..600).map(|n| format!("a{n}: enterprises(first: 1) {{ totalCount nodes {{ name }} }} ")).collect();

        // More than a document from a request may hold.
        let document = format!("query Name($code: DivisionCode) {{ federation(code: $code) {{ {lists} }} }}");
        let id = app.register("report", &[&document]).await.remove(0);
        let data = cadre.post_id(&id, json!({"code": XIANGXIANG})).await.json()["data"].take();

        let one = json!({"totalCount": 1, "nodes": [{"name": "湘中第1机械厂"}]});
        assert!(data["federation"].as_object().unwrap().values().all(|list| *list == one));
        assert_eq!(data["federation"].as_object().unwrap().len(), 600);
    }
}
