//! `gonghui verify`: whole books pass; one changed row of any kind is found and named.

use crate::support::people::register_person;
use crate::support::register::{YUESHAN, cover, found, record, register};
use crate::support::returns::report;
use crate::support::tree::{SHAOSHAN, WANGCHUNMEN, XIANGTAN, XIANGXIANG};
use crate::support::{App, delivery};
use api::verify;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Database};

/// The first break that verify names; none if the books are whole.
pub async fn first_break(app: &App) -> Option<String> {
    let checks = verify::run(&app.process.db, &app.process.keys, &[], app.process.clock.now())
        .await
        .unwrap_or_else(|error| panic!("{}", error.report()));
    checks
        .into_iter()
        .find_map(|check| check.outcome.err().map(|what| format!("{}: {what}", check.name)))
}

/// Business of every kind, some of it folded and some not.
async fn business(app: &App) {
    let cadre = app.person("CADRE", XIANGXIANG).await;
    let enterprise = register(&cadre, YUESHAN, 1).await;
    register(&cadre, WANGCHUNMEN, 2).await;
    let union = found(&cadre, YUESHAN, "SINGLE", 1).await;
    cover(&cadre, &union, &enterprise, "2026-03-01").await;
    record(&cadre, &enterprise, 1, "2026-06-18T23:30:00+08:00").await;
    delivery::submit(app, &[delivery::line(1), delivery::line(2)]).await;
    register_person(&cadre, YUESHAN, 1).await;
    cadre
        .send("PUT", "/uploads/0199a1b2-0000-7000-8000-000000000001", &[], "a,b")
        .await;
    app.settle().await;
    record(&cadre, &enterprise, 2, "2026-06-19T00:30:00+08:00").await;
}

both! {
    async fn whole_books_pass_with_and_without_an_unsealed_tail(app: App) {
        assert_eq!(first_break(&app).await, None);
        business(&app).await;

        assert_eq!(first_break(&app).await, None);
        app.settle().await;
        assert_eq!(first_break(&app).await, None);
    }

    async fn events_that_nothing_numbers_are_missed(app: App) {
        business(&app).await;
        // Whoever may write the database keeps the sequencer from its work.
        app.write("INSERT INTO lease (name, holder, until) SELECT 'sequencer', id, '2099-01-01 00:00:00+00:00' FROM account WHERE is_machine ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until").await;
        app.settle().await;

        app.advance(TimeDelta::minutes(10));
        let in_time = first_break(&app).await;
        app.advance(TimeDelta::seconds(1));
        let late = first_break(&app).await.unwrap_or_default();

        assert_eq!(in_time, None);
        assert!(late.contains("events are numbered: 1 events have no number, the oldest since 2026-06-20T02:00:00Z"), "{late}");
    }

    async fn an_event_that_has_no_number_yet_stands_where_its_federation_does(app: App) {
        business(&app).await;
        for change in ["path = 'zzzz'", "federation_id = account_id"] {
            let change = change.replace("account_id", "(SELECT id FROM account WHERE is_machine)");
            app.write(&format!("UPDATE event SET {change} WHERE seq IS NULL")).await;
            let found = first_break(&app).await.unwrap_or_default();
            assert!(found.contains("places: event"), "{change}: {found}");
        }
    }

    async fn a_number_is_given_once(app: App) {
        business(&app).await;
        let db = Database::connect(app.url()).await.unwrap();

        let second = db.execute_unprepared("UPDATE event SET seq = 2 WHERE seq = 3").await;

        assert!(second.unwrap_err().to_string().to_lowercase().contains("unique"));
        db.close().await.unwrap();
    }

    async fn one_changed_row_is_found_and_named(app: App) {
        business(&app).await;
        app.settle().await;
        let db = Database::connect(app.url()).await.unwrap();
        db.execute_unprepared("CREATE TABLE kept AS SELECT phone_index FROM person").await.unwrap();
        for (change, back, named) in [
            ("UPDATE event SET kind = kind || 'X' WHERE seq = 3", "UPDATE event SET kind = substr(kind, 1, length(kind) - 1) WHERE seq = 3", "audit chain: event 3"),
            ("UPDATE event SET seq = 1000 WHERE seq = 2", "UPDATE event SET seq = 2 WHERE seq = 1000", "audit chain: event 2"),
            (
                "INSERT INTO event (county_id, id, at, kind, subject_id, path, body, seq, hash) SELECT county_id, subject_id, at, kind, subject_id, path, body, 0, hash FROM event WHERE seq = 3",
                "DELETE FROM event WHERE seq = 0",
                "was planted",
            ),
            ("UPDATE event SET county_id = subject_id WHERE kind = 'VISIT_RECORDED' AND seq IS NOT NULL", "UPDATE event SET county_id = (SELECT county_id FROM federation WHERE federation.id = event.federation_id) WHERE kind = 'VISIT_RECORDED'", "audit chain: event"),
            ("UPDATE event SET federation_id = NULL WHERE kind = 'VISIT_RECORDED'", "UPDATE event SET federation_id = (SELECT id FROM federation WHERE federation.path = event.path) WHERE kind = 'VISIT_RECORDED'", "audit chain: event"),
            ("UPDATE person SET number_index = number_index || '0'", "UPDATE person SET number_index = substr(number_index, 1, length(number_index) - 1)", "people are found and kept as they say: person"),
            ("UPDATE person SET phone_index = number_index", "UPDATE person SET phone_index = (SELECT phone_index FROM kept)", "is not found by the phone"),
            ("UPDATE person SET keep_until = '2030-01-01'", "UPDATE person SET keep_until = NULL", "is not kept for as long as the bases say"),
            ("UPDATE enterprise SET employees = employees + 1 WHERE employees = 101", "UPDATE enterprise SET employees = employees - 1 WHERE employees = 102 AND name LIKE '%1%'", "records: employees"),
            ("UPDATE visit SET purpose = 'CARE'", "UPDATE visit SET purpose = 'SAFETY'", "records: visits (PURPOSE"),
            ("UPDATE finding SET severity = 'MAJOR'", "UPDATE finding SET severity = 'MINOR'", "records: findings (SEVERITY"),
            ("UPDATE coverage SET valid_from = '2026-03-02'", "UPDATE coverage SET valid_from = '2026-03-01'", "records: covered_enterprises"),
            ("UPDATE trade_union SET form = 'JOINT'", "UPDATE trade_union SET form = 'SINGLE'", "(FORM:JOINT) differs by -1 from record"),
            ("UPDATE collection SET due_fen = due_fen + 1 WHERE voucher_id = 'voucher-1'", "UPDATE collection SET due_fen = due_fen - 1 WHERE voucher_id = 'voucher-1'", "records: fees_collected"),
            ("UPDATE figure_entry SET amount = amount + 1 WHERE metric = 'visits'", "UPDATE figure_entry SET amount = amount - 1 WHERE metric = 'visits'", "records: visits"),
            ("UPDATE figure_entry SET qualifier = '~' WHERE metric = 'visits'", "UPDATE figure_entry SET qualifier = '=' WHERE metric = 'visits'", "records: visits"),
            (
                "INSERT INTO figure_rollup (federation_id, metric, axis, grain, day, dimension, qualifier, amount) SELECT federation_id, metric, 'PURPOSE', grain, day, 'PURPOSE:NONE', qualifier, amount FROM figure_rollup WHERE metric = 'visits' AND dimension = ''",
                "DELETE FROM figure_rollup WHERE dimension = 'PURPOSE:NONE'",
                "roll-ups equal the entries: visits PURPOSE:NONE",
            ),
            ("UPDATE figure_rollup SET amount = amount + 1 WHERE metric = 'visits' AND grain = 'M'", "UPDATE figure_rollup SET amount = amount - 1 WHERE metric = 'visits' AND grain = 'M'", "M 2026-06-01, differs by -1"),
            ("UPDATE figure_rollup SET amount = amount + 1 WHERE metric = 'visits' AND grain = 'Y'", "UPDATE figure_rollup SET amount = amount - 1 WHERE metric = 'visits' AND grain = 'Y'", "roll-ups equal the entries: visits"),
            ("UPDATE federation SET path = 'zzzz' WHERE name = '湘潭市'", "UPDATE federation SET path = (SELECT substr(path, 1, 8) FROM federation WHERE name = '湘乡市') WHERE name = '湘潭市'", "tree: federation"),
            ("UPDATE upload_piece SET size_bytes = 2", "UPDATE upload_piece SET size_bytes = 3", "uploads equal their pieces: upload"),
            (
                "INSERT INTO role_grant (id, account_id, role, federation_id, valid_from, reason) SELECT account_id, account_id, 'AUDIT_ADMINISTRATOR', federation_id, valid_from, '' FROM role_grant WHERE role = 'CADRE'",
                "DELETE FROM role_grant WHERE role = 'AUDIT_ADMINISTRATOR'",
                "administrators hold nothing else: account",
            ),
            ("UPDATE account SET path = 'zzzz' WHERE is_machine", "UPDATE account SET path = (SELECT path FROM federation WHERE federation.id = account.federation_id)", "places: account"),
            ("UPDATE visit SET path = 'zzzz'", "UPDATE visit SET path = (SELECT path FROM federation WHERE name = '月山镇')", "places: visit"),
        ] {
            db.execute_unprepared(change).await.unwrap();
            let found = first_break(&app).await.unwrap_or_default();
            assert!(found.contains(named), "{change}: {found:?}");
            db.execute_unprepared(back).await.unwrap();
            assert_eq!(first_break(&app).await, None, "{back}");
        }
        db.close().await.unwrap();
    }

    async fn a_number_is_as_exact_as_its_return_says(app: App) {
        let (cadre, superior) = (app.person("CADRE", XIANGXIANG).await, app.person("CADRE", XIANGTAN).await);
        let last_year = (XIANGXIANG, "2025-01-01", "2025-12-31");
        report(&cadre, &superior, last_year, &[("hardship_files", "", "980", "ABOUT"), ("publicity_slogans", "", "500", "AT_LEAST")]).await;
        report(&cadre, &superior, (XIANGXIANG, "2026-01-01", "2026-06-20"), &[("hardship_files", "", "1000", "EXACT")]).await;
        for settled in [false, true] {
            if settled {
                app.settle().await;
            }
            assert_eq!(first_break(&app).await, None);
            for (table, metric, said, wrong) in [
                ("figure_entry", "publicity_slogans", ">", "="),
                ("figure_entry", "hardship_files", "~", ">"),
                ("return_line", "publicity_slogans", ">", "~"),
                ("return_line", "hardship_files", "=", ">"),
            ] {
                let change = |to: &str, from: &str| format!("UPDATE {table} SET qualifier = '{to}' WHERE metric = '{metric}' AND qualifier = '{from}'");
                app.write(&change(wrong, said)).await;
                let found = first_break(&app).await.unwrap_or_default();
                assert!(found.starts_with(&format!("ledger entries equal their records: {metric} differs by")), "{table} {metric}: {found:?}");
                app.write(&change(said, wrong)).await;
                assert_eq!(first_break(&app).await, None);
            }
        }
    }

    async fn a_line_that_vanished_is_missed(app: App) {
        business(&app).await;
        let db = Database::connect(app.url()).await.unwrap();
        db.execute_unprepared("DELETE FROM figure_entry WHERE metric = 'fees_collected'").await.unwrap();
        db.execute_unprepared("DELETE FROM figure_rollup WHERE metric = 'fees_collected'").await.unwrap();
        db.execute_unprepared("DELETE FROM collection").await.unwrap();

        assert!(first_break(&app).await.unwrap_or_default().contains("deliveries equal their lines"));
        db.close().await.unwrap();
    }

    async fn a_move_that_was_not_carried_over_is_found(app: App) {
        let city = app.person("CADRE", XIANGTAN).await;
        let park = crate::moves::found_federation(&city, &app.gid(XIANGXIANG), "TOWNSHIP", "湘乡工业园工会").await;
        let mut input = crate::support::register::enterprise(&city, YUESHAN, 1);
        input["federationId"] = serde_json::json!(park);
        city.done(crate::support::register::REGISTER, input).await;
        let go = serde_json::json!({"id": park, "parentId": app.gid(SHAOSHAN), "on": "2026-06-01", "reason": "托管"});
        city.done(crate::moves::MOVE_FEDERATION, go).await;
        app.settle().await;
        assert_eq!(first_break(&app).await, None);

        app.write("UPDATE figure_entry SET day = '2026-06-02' WHERE day = '2026-06-01'").await;
        let late = first_break(&app).await.unwrap_or_default();
        app.write("DELETE FROM figure_entry WHERE day = '2026-06-02'").await;
        let never = first_break(&app).await.unwrap_or_default();

        assert!(late.starts_with("ledger entries stand where their places stood: an entry of 2026-06-02"), "{late}");
        assert!(never.starts_with("ledger entries equal their records: e"), "{never}");
    }
}
