//! Sealing anew: every value by the newest key, whoever writes meanwhile and whatever is damaged.

use crate::people::bodies;
use crate::privacy_rights::{FILE, FULFIL, again, fetch, first_break, report};
use crate::support::people::*;
use crate::support::register::YUESHAN;
use crate::support::tree::*;
use api::privacy::sealing::{SEALED, jobs as sealing};
use chrono::TimeDelta;
use entity::jobs::job::JobState;
use serde_json::json;

#[test]
fn every_sealed_column_is_sealed_anew_and_proved() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../entity/src");
    let mut found = Vec::new();
    for domain in std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
    {
        for file in std::fs::read_dir(domain).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let table = text
                .split("table_name = \"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let is_sealed = |line: &&str| line.ends_with(": Sealed,") || line.ends_with(": Option<Sealed>,");
            for line in text.lines().filter(is_sealed) {
                let column = line.trim().trim_start_matches("pub ").split(':').next().unwrap();
                found.push(format!("{}.{column}", table.unwrap()));
            }
        }
    }
    let mut listed: Vec<String> = SEALED
        .iter()
        .map(|at| format!("{}.{}", at.table, at.column))
        .collect();
    found.sort();
    listed.sort();
    assert_eq!(
        found, listed,
        "give each sealed column a line in api/src/privacy/sealing/mod.rs"
    );
}

both! {
    async fn every_value_is_sealed_anew_by_the_newest_key(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in 1..=5 {
            register_person(&cadre, YUESHAN, number).await;
        }
        let copied = register_person(&cadre, YUESHAN, 6).await;
        let colleague = app.person("CADRE", YUESHAN).await;
        let filed = cadre.done(FILE, json!({"personId": copied, "kind": "COPY"})).await;
        let done = colleague.done(FULFIL, json!({"id": filed["subjectRequest"]["id"]})).await;
        let path = done["subjectRequest"]["file"]["path"].clone();
        let progress = async || report(sealing::progress(&app.operator()).await);
        assert_eq!((progress().await.values, progress().await.older), (19, 0));

        let (key, job) = report(sealing::begin(&app.operator()).await);
        let (_, same) = report(sealing::begin(&app.operator()).await);
        assert_eq!(job, same, "asked again, it is the same work");
        app.work().await;
        // Not before every process knows the key.
        assert_eq!(progress().await.job, Some((JobState::Running, 0, Some(19))));
        app.advance(TimeDelta::minutes(3));
        register_person(&again(&app, "CADRE", XIANGXIANG).await, YUESHAN, 7).await;
        assert_eq!(progress().await.older, 19);
        // Another process goes on with it.
        let other = app.another().await;
        other.work().await;

        let after = progress().await;
        assert_eq!((after.key, after.values, after.older), (key + 1, 22, 0));
        assert_eq!(after.job.map(|(state, done, _)| (state, done)), Some((JobState::Done, 22)));
        assert_eq!(first_break(&app).await, None);
        let cadre = again(&app, "CADRE", XIANGXIANG).await;
        assert_eq!(cadre.done(REVEAL, reveal(&copied)).await["revealed"]["idNumber"], json!(resident_id(6)));
        assert_eq!(fetch(&again(&app, "CADRE", YUESHAN).await, &path).await.json()["idNumber"], json!(resident_id(6)));
        // Nobody sees the service's own work.
        let node = "query($id: ID!) { job(id: $id) { state } node(id: $id) { id } }";
        let gid = api::kernel::gid::Gid::gid(&job).to_string();
        assert_eq!(cadre.data(node, json!({"id": gid})).await, json!({"job": null, "node": null}));
    }

    async fn a_changed_or_moved_sealed_value_is_found_and_named(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in 1..=2 {
            register_person(&cadre, YUESHAN, number).await;
        }
        assert_eq!(first_break(&app).await, None);

        app.write("UPDATE person SET phone = name").await;

        let found = first_break(&app).await.unwrap_or_default();
        assert!(found.contains("sealed values open: person.phone"), "{found}");
        // For whoever asks it is a fault of ours, and not another person's name.
        let list = "query($code: DivisionCode) { federation(code: $code) { people { nodes { name phone } } } }";
        let answer = cadre.gql(list, json!({"code": YUESHAN})).await;
        assert_eq!(answer["data"]["federation"]["people"]["nodes"][0], json!({"name": "王*明", "phone": null}));
        assert_eq!(answer["errors"][0]["extensions"]["code"], json!("INTERNAL"));
    }

    async fn whoever_writes_meanwhile_loses_nothing(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let mut ids = Vec::new();
        for number in 1..=8 {
            ids.push(register_person(&cadre, YUESHAN, number).await);
        }
        report(sealing::begin(&app.operator()).await);
        app.work().await;
        app.advance(TimeDelta::minutes(3));
        let cadre = again(&app, "CADRE", XIANGXIANG).await;
        let writing = async {
            for (number, id) in (1..).zip(&ids) {
                let input = json!({"id": id, "expectedVersion": 1, "phone": format!("1390000000{number}")});
                cadre.done(CORRECT_PERSON, input).await;
                register_person(&cadre, YUESHAN, 100 + number).await;
            }
        };

        tokio::join!(app.work(), writing);

        let after = report(sealing::progress(&app.operator()).await);
        assert_eq!((after.older, after.job.map(|(state, ..)| state)), (0, Some(JobState::Done)));
        for (number, id) in (1..).zip(&ids) {
            let plain = cadre.done(REVEAL, reveal(id)).await["revealed"].take();
            assert_eq!((&plain["idNumber"], &plain["phone"]), (&json!(resident_id(number)), &json!(format!("1390000000{number}"))));
        }
        assert_eq!(first_break(&app).await, None);
    }

    async fn what_a_late_writer_sealed_by_the_old_key_is_found_at_the_end(app: App) {
        app.person("CADRE", XIANGXIANG).await;
        // It does not hear of the new key.
        let late = app.another().await;
        report(sealing::begin(&app.operator()).await);
        app.work().await;
        app.advance(TimeDelta::minutes(3));
        register_person(&again(&app, "CADRE", XIANGXIANG).await.at(&late), YUESHAN, 1).await;
        // It was written behind what the job has looked at.
        app.write("UPDATE job SET cursor = 'credential.otp_pending ffffffff-ffff-ffff-ffff-ffffffffffff 0'").await;
        assert_eq!(report(sealing::progress(&app.operator()).await).older, 3);

        app.work().await;

        let after = report(sealing::progress(&app.operator()).await);
        assert_eq!((after.values, after.older, after.job.map(|(state, ..)| state)), (3, 0, Some(JobState::Done)));
    }

    async fn a_damaged_value_is_named_and_keeps_no_other_from_being_sealed(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        for number in 1..=3 {
            register_person(&cadre, YUESHAN, number).await;
        }
        app.write("UPDATE person SET phone = name WHERE id <> (SELECT id FROM person ORDER BY id LIMIT 1)").await;
        let seal = async || {
            report(sealing::begin(&app.operator()).await);
            app.advance(TimeDelta::minutes(3));
            app.work().await;
            report(sealing::progress(&app.operator()).await)
        };

        // Again is no worse.
        for _ in 0..2 {
            let after = seal().await;
            let failure = after.failure.map(|failure| failure.message).unwrap_or_default();
            assert_eq!((after.values, after.older, after.job.map(|(state, ..)| state)), (9, 2, Some(JobState::Failed)));
            assert!(failure.starts_with("2 sealed values do not open, the first of them person.phone of "), "{failure}");
        }
        assert!(bodies(&app, "VALUES_SEALED").await.iter().any(|body| body["column"] == "person.phone" && body["damaged"] == 2));

        app.write("UPDATE person SET phone = NULL, phone_index = NULL").await;
        let after = seal().await;
        assert_eq!((after.older, after.failure.is_none(), after.job.map(|(state, ..)| state)), (0, true, Some(JobState::Done)));
    }
}
