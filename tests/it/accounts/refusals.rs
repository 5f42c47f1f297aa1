//! Who failed to sign in stands in the audit trail of the place where the account is at home, and nothing tells from
//! outside whether there is one.

use crate::support::accounts::*;
use crate::support::app::SECRET;
use crate::support::machines::{ADD_CREDENTIAL, Pair};
use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

const TRAIL: &str = "query($code: DivisionCode!) { federation(code: $code) { auditTrail(filter: {result: REFUSED}, last: 100) { \
    nodes { at actorId origin operation kind subjectId result code federation { name } details { name after } } } } }";

/// The refusals that somebody reads at a place, oldest first.
async fn refused(caller: &Caller, code: &str) -> Vec<Value> {
    caller.app.settle().await;
    let data = caller.data(TRAIL, json!({"code": code})).await;
    let mut nodes = data["federation"]["auditTrail"]["nodes"]
        .as_array()
        .unwrap()
        .clone();
    nodes.reverse();
    nodes
}

/// `operation code field` of each.
fn told(entries: &[Value]) -> Vec<String> {
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    let field = |entry: &Value| entry["details"][0]["after"].as_str().unwrap_or("-").to_owned();
    let tell = |entry: &Value| {
        format!(
            "{} {} {}",
            word(entry, "operation"),
            word(entry, "code"),
            field(entry)
        )
    };
    entries.iter().map(tell).collect()
}

async fn log_in(app: &App, username: &str, password: &str) -> Value {
    let input = json!({"input": {"username": username, "password": password}});
    app.anonymous().gql(LOGIN, input).await
}

/// Rows of events, and whether a text stands in one.
async fn events(app: &App) -> String {
    let db = &app.process.db;
    let sql = "SELECT kind || ' ' || body || ' ' || COALESCE(operation, '') AS line FROM event";
    let rows = db
        .reader()
        .query_all_raw(Statement::from_string(db.backend(), sql))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get::<String>("", "line").unwrap() + "\n")
        .collect()
}

both! {
    async fn whoever_fails_to_sign_in_is_written_down_where_the_account_is_at_home(app: App) {
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        let beside = app.person("AUDITOR", SHAOSHAN).await;
        let root = app.person("SYSTEM_ADMINISTRATOR", HUNAN).await;
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        app.add_account("gone", "CADRE", app.federation(XIANGXIANG)).await;
        app.add_account("bureau", "TAX_BUREAU", app.federation(XIANGXIANG)).await;
        let accounts = "query { federation(code: \"430381000000\") { accounts(first: 100) { nodes { id username } } } }";
        let found = root.data(accounts, json!({})).await;
        let id = |name: &str| found["federation"]["accounts"]["nodes"].as_array().unwrap().iter().find(|node| node["username"] == name).unwrap()["id"].clone();
        root.done(DISABLE, json!({"accountId": id("gone"), "reason": "已离职"})).await;
        let pair = Pair::ed25519();
        let key = json!({"accountId": id("bureau"), "publicKey": pair.jwk.to_string()});
        root.done(ADD_CREDENTIAL, key).await;
        let device = app.sign_in("office").await.set_up_otp(SECRET).await;
        let before = refused(&auditor, XIANGXIANG).await.len();
        let elsewhere = app.from("198.51.100.7");

        log_in(&elsewhere, "office", "not the password").await;
        elsewhere.log_in(json!({"username": "office", "password": SECRET, "otp": "000000"})).await;
        // That a code is asked for is no refusal.
        elsewhere.log_in(json!({"username": "office", "password": SECRET})).await;
        log_in(&elsewhere, "gone", SECRET).await;
        elsewhere.anonymous().refused(CHANGE_PASSWORD, json!({"username": "office", "password": "x", "newPassword": "y"})).await;
        elsewhere.ask_for_token(&[("client_id", "bureau"), ("client_secret", "x")]).await;
        let assertion = pair.sign(None, &app.claims("bureau", "1"));
        assert_eq!(elsewhere.assert_client(&assertion).await.status, 200);
        elsewhere.assert_client(&assertion).await;
        elsewhere.assert_client(&Pair::ed25519().sign(None, &app.claims("bureau", "2"))).await;

        app.advance(TimeDelta::seconds(30));
        let recovered = elsewhere.log_in(json!({"username": "office", "password": SECRET, "otp": device.code()})).await;
        assert!(recovered["accessToken"].is_string(), "{recovered:#}");
        let entries = refused(&auditor, XIANGXIANG).await.split_off(before);
        assert_eq!(told(&entries), [
            "login INVALID password", "login INVALID otp", "login INVALID password", "changePassword INVALID password",
            "POST /oauth/token INVALID client", "POST /oauth/token INVALID client", "POST /oauth/token INVALID client",
        ]);
        for entry in &entries {
            assert_eq!((&entry["actorId"], &entry["origin"], &entry["kind"]), (&Value::Null, &json!("198.51.100.7"), &json!("REFUSED")));
            assert_eq!((&entry["at"], &entry["federation"]["name"]), (&json!("2026-06-20T02:00:00Z"), &json!("湘乡市总工会")));
        }
        let whose: Vec<_> = entries.iter().map(|entry| entry["subjectId"].clone()).collect();
        assert_eq!([&whose[1], &whose[3]], [&whose[0], &whose[0]]);
        assert!(whose[2] != whose[0] && whose[4] != whose[0] && whose[4..].iter().all(|id| *id == whose[4]), "{whose:?}");
        assert!(refused(&beside, SHAOSHAN).await.is_empty());
    }

    async fn a_name_that_nobody_has_leaves_no_trace(app: App) {
        let before = events(&app).await;

        for name in ["nobody", "MyPassword2026", "", &"x".repeat(65), "王小明"] {
            log_in(&app, name, "secret words").await;
            app.ask_for_token(&[("client_id", name), ("client_secret", "secret words")]).await;
        }
        app.settle().await;

        assert_eq!(events(&app).await, before);
        let counted = app.send("GET", "/metrics", &[], "").await.text();
        assert!(counted.contains("gonghui_logins_refused_total 10"), "{counted}");
    }

    async fn a_name_that_nobody_has_takes_as_many_statements(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        app.add_account("bureau", "TAX_BUREAU", app.federation(XIANGXIANG)).await;
        let pair = Pair::ed25519();
        let during = async |work: &mut (dyn Future<Output = ()> + Unpin)| {
            let before = app.statements();
            work.await;
            app.statements() - before
        };
        for (known, unknown) in [("office", "nobody"), ("bureau", "nobodys")] {
            let mut costs = Vec::new();
            for name in [known, unknown] {
                costs.push([
                    during(&mut Box::pin(async { drop(log_in(&app, name, "wrong").await) })).await,
                    during(&mut Box::pin(async { drop(app.ask_for_token(&[("client_id", name), ("client_secret", "x")]).await) })).await,
                    during(&mut Box::pin(async { drop(app.assert_client(&pair.sign(None, &app.claims(name, "1"))).await) })).await,
                ]);
            }
            assert_eq!(costs[0], costs[1], "{known}");
        }
    }

    async fn what_comes_too_early_is_told_once_a_minute(app: App) {
        let auditor = app.person("AUDITOR", XIANGXIANG).await;
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let before = refused(&auditor, XIANGXIANG).await.len();

        for _ in 0..30 {
            log_in(&app, "office", "wrong").await;
        }
        let first = told(&refused(&auditor, XIANGXIANG).await.split_off(before));
        app.advance(TimeDelta::minutes(1));
        for _ in 0..5 {
            log_in(&app, "office", "wrong").await;
        }

        let late = "login RATE_LIMITED -";
        assert_eq!(first, [vec!["login INVALID password"; 10], vec![late]].concat());
        let both = told(&refused(&auditor, XIANGXIANG).await.split_off(before));
        assert_eq!(both[11..], ["login INVALID password", late]);
    }

    async fn one_account_does_not_fill_the_trail(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        // Known everywhere, so that only the trail's own limit is left.
        for last in 0..10 {
            let address = app.from(&format!("192.0.2.{last}"));
            address.log_in(json!({"username": "office", "password": SECRET})).await;
            for _ in 0..9 {
                log_in(&address, "office", "wrong").await;
            }
        }
        app.settle().await;

        assert_eq!(events(&app).await.matches("REFUSED {").count(), 60);
    }

    async fn what_could_not_be_written_is_written_later(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        log_in(&app, "office", "wrong").await;
        app.write("ALTER TABLE event RENAME TO kept").await;
        let _ = api::worker::settle(&app.process).await;
        app.write("ALTER TABLE kept RENAME TO event").await;

        app.settle().await;

        assert_eq!(events(&app).await.matches("REFUSED {").count(), 1);
    }
}
