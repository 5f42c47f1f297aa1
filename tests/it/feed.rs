//! The change feed as subscribers know it: nothing is lost over a reconnect, and who falls behind is told.

use crate::support::Caller;
use crate::support::door::with;
use crate::support::register::{RECORD, YUESHAN, record, register, visit};
use crate::support::tree::*;
use chrono::TimeDelta;
use sea_orm::DbBackend;
use serde_json::{Value, json};
use std::time::Duration;

const VISITS: &str = "subscription($id: ID!, $after: String) { visitRecorded(federationId: $id, after: $after) { cursor visit { notes } } }";

/// Records visits whose notes are numbers.
async fn record_numbered(cadre: &Caller, enterprise: &str, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let mut visit = visit(enterprise, u128::from(number), "2026-06-19T09:00:00+08:00");
        visit["notes"] = json!(number.to_string());
        cadre.done(RECORD, visit).await;
    }
}

fn number(told: &Value) -> u32 {
    told["visitRecorded"]["visit"]["notes"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

both! {
    async fn nothing_is_lost_over_reconnects_while_others_write(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        let door = app.reached(with(|live| live.farewell = Duration::from_millis(10))).listen().await;
        let writing = tokio::spawn({
            let (app, cadre, enterprise) = (app.clone(), cadre.clone(), enterprise.clone());
            async move {
                for number in 0..60 {
                    record_numbered(&cadre, &enterprise, number..number + 1).await;
                    app.settle().await;
                }
            }
        });

        let mut told = Vec::new();
        let mut after = json!("0");
        while told.len() < 60 {
            let variables = json!({"id": app.gid(XIANGXIANG), "after": after});
            let mut socket = leader.subscribe_at(door, VISITS, variables).await;
            for _ in 0..7.min(60 - told.len()) {
                let data = socket.data().await;
                after = data["visitRecorded"]["cursor"].clone();
                told.push(number(&data));
            }
        }

        writing.await.unwrap();
        assert_eq!(told, (0..60).collect::<Vec<_>>());
    }

    async fn a_cursor_beyond_the_newest_event_is_none(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        app.settle().await;

        for after in ["1000", "-1", "x", "9223372036854775807"] {
            let mut socket = cadre.subscribe(VISITS, json!({"id": app.gid(XIANGXIANG), "after": after})).await;
            let refused = socket.answer().await;
            let said = &refused["errors"][0]["extensions"];
            assert_eq!((&said["code"], &said["field"]), (&json!("INVALID"), &json!("after")), "{after}");
        }
    }

    async fn a_cursor_that_the_feed_no_longer_reaches_asks_to_read_anew(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        app.settle().await;
        app.advance(TimeDelta::days(10));
        let cadre = app.sign_in(&format!("cadre.{}", app.federation(YUESHAN))).await;
        record(&cadre, &enterprise, 1, "2026-06-30T09:00:00+08:00").await;
        app.settle().await;
        let newest = api::kernel::feed::position(&app.process.db).await.unwrap_or_default();
        app.advance(TimeDelta::days(171));
        let leader = app.person("LEADER", XIANGXIANG).await;

        for after in ["0", "1", "4"] {
            let mut socket = leader.in_chinese().subscribe(VISITS, json!({"id": app.gid(XIANGXIANG), "after": after})).await;
            let refused = socket.answer().await;
            assert_eq!(refused["errors"][0]["extensions"]["code"], "RESYNC", "{after}");
            assert!(refused["errors"][0]["message"].as_str().unwrap().contains("重新读取"), "{refused}");
        }
        // The last one before the visit is young enough.
        let after = (newest - 1).to_string();
        let mut socket = leader.subscribe(VISITS, json!({"id": app.gid(XIANGXIANG), "after": after})).await;
        assert_eq!(socket.data().await["visitRecorded"]["cursor"], newest.to_string());
    }

    async fn who_falls_behind_is_told_and_loses_nothing(app: App) {
        let cadre = app.person("CADRE", YUESHAN).await;
        let leader = app.person("LEADER", XIANGXIANG).await;
        let enterprise = register(&cadre, YUESHAN, 1).await;
        // Its body is read by hand: nothing of it is asked for meanwhile.
        let mut stream = leader.unread_stream(VISITS, json!({"id": app.gid(XIANGXIANG), "after": "0"})).await;
        record_numbered(&cadre, &enterprise, 0..1).await;
        app.settle().await;
        let before = stream.next().await;

        record_numbered(&cadre, &enterprise, 1..2).await;
        let copy = match app.process.db.backend() {
            DbBackend::Postgres => "gen_random_uuid()",
            _ => "randomblob(16)",
        };
        let many = format!(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1100) \
             INSERT INTO event (county_id, id, at, actor_id, kind, subject_id, path, body) \
             SELECT county_id, {copy}, at, actor_id, 'COPIED', subject_id, path, body FROM event, numbers WHERE kind = 'ENTERPRISE_REGISTERED'"
        );
        app.write(&many).await;
        record_numbered(&cadre, &enterprise, 2..3).await;
        app.settle().await;
        let (first, second) = (stream.next().await, stream.next().await);
        // It waits for the next one when that comes.
        let write = async {
            record_numbered(&cadre, &enterprise, 3..4).await;
            app.settle().await;
        };
        let (third, ()) = tokio::join!(stream.next(), write);

        let numbers = [&before, &first, &second, &third].map(|told| number(&told["data"]));
        assert_eq!(numbers, [0, 1, 2, 3]);
        let told: Vec<u64> = [before, first, second, third]
            .iter()
            .filter_map(|told| told.get("extensions")?["lagged"]["events"].as_u64())
            .collect();
        assert!(matches!(told[..], [events] if events > 0), "{told:?}");
    }
}
