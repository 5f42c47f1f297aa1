//! The second factor: set up, asked for, replaced and taken away.

use super::signing_in::is_shut_out;
use crate::support::accounts::*;
use crate::support::app::SECRET;
use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

const COUNTY: &str = "{ federation(code: \"430381000000\") { accounts { totalCount } } }";

/// What came of signing in: `in`, or `CODE field`.
async fn log_in(app: &App, username: &str, otp: &str) -> String {
    let input = json!({"username": username, "password": SECRET, "otp": otp});
    let payload = app.log_in(input).await;
    match &payload["userErrors"][0] {
        Value::Null => "in".to_owned(),
        error => format!(
            "{} {}",
            error["code"].as_str().unwrap(),
            error["field"][0].as_str().unwrap()
        ),
    }
}

async fn administrator(app: &App, username: &str) -> Caller {
    app.add_account(username, "SYSTEM_ADMINISTRATOR", app.federation(XIANGXIANG))
        .await;
    app.sign_in(username).await
}

both! {
    async fn an_administrators_role_sleeps_until_the_session_has_proved_a_second_factor(app: App) {
        let root = administrator(&app, "root").await;
        let missing = "{ viewer { isOtpMissing grants { role } } }";
        let asleep = root.data(missing, json!({})).await["viewer"].take();
        assert_eq!(asleep, json!({"isOtpMissing": true, "grants": [{"role": "SYSTEM_ADMINISTRATOR"}]}));
        assert_eq!(root.codes(COUNTY, json!({})).await, ["FORBIDDEN"]);
        let before = app.sign_in("root").await;

        let device = root.set_up_otp(SECRET).await;

        assert_eq!(root.data(missing, json!({})).await["viewer"]["isOtpMissing"], false);
        assert_eq!(root.data(COUNTY, json!({})).await["federation"]["accounts"]["totalCount"], 1);
        // The session beside it has proved nothing.
        assert_eq!(before.codes(COUNTY, json!({})).await, ["FORBIDDEN"]);
        app.advance(TimeDelta::seconds(30));
        let login = app.log_in(json!({"username": "root", "password": SECRET, "otp": device.code()})).await;
        assert_eq!(login["viewer"], json!({"isOtpMissing": false, "grants": [{"role": "SYSTEM_ADMINISTRATOR"}]}));
        assert_eq!(app.caller(&login).data(COUNTY, json!({})).await["federation"]["accounts"]["totalCount"], 1);
    }

    async fn codes_are_not_guessed_by_who_knows_the_password_or_has_the_session(app: App) {
        let root = administrator(&app, "root").await;
        root.done(ENROLL_OTP, json!({"password": SECRET})).await;
        let confirm = async |code: &str| root.gql(CONFIRM_OTP, json!({"input": {"code": code}})).await;
        for _ in 0..10 {
            assert_eq!(confirm("000000").await["data"]["confirmOtp"]["userErrors"][0]["code"], "INVALID");
        }
        assert_eq!(confirm("000000").await["errors"][0]["extensions"]["retryAfter"], 30);
        app.advance(TimeDelta::seconds(30));
        let device = root.set_up_otp(SECRET).await;

        // From as many addresses as they like.
        let guess = async |last: u32| {
            let input = json!({"username": "root", "password": SECRET, "otp": "000000"});
            app.from(&format!("198.51.{last}.7")).anonymous().gql(LOGIN, json!({"input": input})).await
        };
        for last in 0..10 {
            assert_eq!(guess(last).await["data"]["login"]["userErrors"][0]["code"], "INVALID");
        }
        app.advance(TimeDelta::seconds(29));
        assert_eq!(guess(99).await["errors"][0]["extensions"]["retryAfter"], 1);
        app.advance(TimeDelta::seconds(1));
        assert_eq!(log_in(&app, "root", &device.code()).await, "in");
        assert_eq!(guess(99).await["data"]["login"]["userErrors"][0]["code"], "INVALID");
    }

    async fn which_roles_need_a_second_factor_is_a_setting(app: App) {
        let strict = app.another_with(|rules| rules.access.otp_roles.0.push(api::policy::Role::Cadre)).await;
        let none = app.another_with(|rules| rules.access.otp_roles.0.clear()).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let root = administrator(&app, "root").await;
        let name = "{ federation(code: \"430381000000\") { name } }";

        assert_eq!(cadre.at(&strict).codes(name, json!({})).await, ["FORBIDDEN"]);
        assert_eq!(cadre.data(name, json!({})).await["federation"]["name"], "湘乡市总工会");
        assert_eq!(root.at(&none).data(name, json!({})).await["federation"]["name"], "湘乡市总工会");
    }

    async fn a_code_is_asked_for_once_the_password_was_right_and_is_good_once(app: App) {
        let root = administrator(&app, "root").await;
        let device = root.set_up_otp(SECRET).await;
        let missing = app.log_in(json!({"username": "root", "password": SECRET})).await;
        assert_eq!(missing["userErrors"][0]["message"], "Give `otp` too: the six digits of your authenticator, or a recovery code.");
        let wrong_password = app.log_in(json!({"username": "root", "password": "wrong", "otp": device.code()})).await;
        assert_eq!(wrong_password["userErrors"][0]["field"], json!(["password"]));

        // The code that confirmed it was used with that.
        assert_eq!(log_in(&app, "root", &device.code()).await, "INVALID otp");
        app.advance(TimeDelta::seconds(30));
        let code = device.code();
        assert_eq!(log_in(&app, "root", &code).await, "in");
        assert_eq!(log_in(&app, "root", &code).await, "INVALID otp");
        assert_eq!(log_in(&app, "root", "000000").await, "INVALID otp");
        assert_eq!(log_in(&app, "root", "").await, "INVALID otp");
        app.advance(TimeDelta::seconds(90));
        assert_eq!(log_in(&app, "root", &code_at(&device.secret, "2026-06-20T02:00:30Z".parse().unwrap())).await, "INVALID otp");
        // A device may be half a minute late or early.
        assert_eq!(log_in(&app, "root", &code_at(&device.secret, "2026-06-20T02:01:30Z".parse().unwrap())).await, "in");
        assert_eq!(log_in(&app, "root", &code_at(&device.secret, "2026-06-20T02:02:30Z".parse().unwrap())).await, "in");
        assert_eq!(log_in(&app, "root", &device.code()).await, "INVALID otp");
    }

    async fn of_two_who_use_one_code_at_once_one_gets_in(app: App) {
        let device = administrator(&app, "root").await.set_up_otp(SECRET).await;
        app.advance(TimeDelta::seconds(30));
        let code = device.code();

        let (first, second) = tokio::join!(log_in(&app, "root", &code), log_in(&app, "root", &code));

        let mut both = [first, second];
        both.sort();
        assert_eq!(both, ["INVALID otp", "in"]);
    }

    async fn guessing_codes_is_slowed_down_though_the_password_is_known(app: App) {
        administrator(&app, "root").await.set_up_otp(SECRET).await;
        let guess = async |otp: &str| {
            let input = json!({"input": {"username": "root", "password": SECRET, "otp": otp}});
            app.anonymous().gql(LOGIN, input).await["errors"][0]["extensions"]["retryAfter"].clone()
        };
        for number in 0..10 {
            // Asking without a code in between forgives nothing.
            assert_eq!(guess("").await, Value::Null);
            assert_eq!(guess(&format!("00000{number}")).await, Value::Null);
        }

        assert_eq!(guess("000010").await, 6);
    }

    async fn each_recovery_code_replaces_the_device_once(app: App) {
        let device = administrator(&app, "root").await.set_up_otp(SECRET).await;
        let neighbour = administrator(&app, "neighbour").await.set_up_otp(SECRET).await;
        assert_eq!(device.recovery_codes.len(), 10);

        assert_eq!(log_in(&app, "root", &neighbour.recovery_codes[0]).await, "INVALID otp");
        for code in &device.recovery_codes {
            assert_eq!(log_in(&app, "root", &code.to_lowercase()).await, "in");
            assert_eq!(log_in(&app, "root", code).await, "INVALID otp");
        }
    }

    async fn to_set_up_another_device_takes_the_password_and_the_one_in_force(app: App) {
        let root = administrator(&app, "root").await;
        assert_eq!(root.refused(ENROLL_OTP, json!({"password": "wrong"})).await, ["INVALID password"]);
        assert_eq!(root.refused(CONFIRM_OTP, json!({"code": "000000"})).await, ["CONFLICT"]);
        let first = root.set_up_otp(SECRET).await;
        app.advance(TimeDelta::seconds(30));

        assert_eq!(root.refused(ENROLL_OTP, json!({"password": SECRET})).await, ["INVALID otp"]);
        let input = json!({"password": SECRET, "otp": first.code()});
        let second = root.done(ENROLL_OTP, input).await["secret"].take();
        let second = second.as_str().unwrap();
        assert_eq!(root.refused(CONFIRM_OTP, json!({"code": "abcdef"})).await, ["INVALID code"]);
        // Until the new one is confirmed, the one before it holds.
        app.advance(TimeDelta::seconds(30));
        assert_eq!(log_in(&app, "root", &code_at(second, app.process.clock.now())).await, "INVALID otp");
        assert_eq!(log_in(&app, "root", &first.code()).await, "in");
        root.done(CONFIRM_OTP, json!({"code": code_at(second, app.process.clock.now())})).await;
        app.advance(TimeDelta::seconds(30));

        assert_eq!(log_in(&app, "root", &first.code()).await, "INVALID otp");
        assert_eq!(log_in(&app, "root", &first.recovery_codes[0]).await, "INVALID otp");
        assert_eq!(log_in(&app, "root", &code_at(second, app.process.clock.now())).await, "in");
    }

    async fn a_security_administrator_takes_a_lost_device_away_and_a_system_administrator_does_not(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        let office = app.sign_in("office").await;
        office.set_up_otp(SECRET).await;
        let id = office.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
        let input = json!({"accountId": id, "reason": "手机遗失"});
        for (role, code, refused) in [
            ("SYSTEM_ADMINISTRATOR", XIANGXIANG, "FORBIDDEN"),
            ("AUDIT_ADMINISTRATOR", XIANGXIANG, "FORBIDDEN"),
            ("SECURITY_ADMINISTRATOR", SHAOSHAN, "NOT_FOUND accountId"),
            ("CADRE", WANGCHUNMEN, "NOT_FOUND accountId"),
        ] {
            assert_eq!(app.person(role, code).await.refused(RESET_OTP, input.clone()).await, [refused], "{role}");
        }
        assert_eq!(log_in(&app, "office", "").await, "INVALID otp");

        let reset = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await.done(RESET_OTP, input).await;

        assert_eq!(reset["account"]["hasOtp"], false);
        assert!(is_shut_out(&office).await);
        assert_eq!(log_in(&app, "office", "").await, "in");
    }

    async fn no_secret_of_a_second_factor_stands_in_the_database(app: App) {
        let device = administrator(&app, "root").await.set_up_otp(SECRET).await;
        let db = &app.process.db;
        let sql = "SELECT otp_secret FROM credential WHERE otp_secret IS NOT NULL";
        let row = db.reader().query_one_raw(Statement::from_string(db.backend(), sql)).await;
        let kept: String = row.unwrap().unwrap().try_get_by_index(0).unwrap();

        assert!(!kept.contains(&device.secret), "{kept}");
        assert!(kept.starts_with("1."), "{kept}");
    }
}
