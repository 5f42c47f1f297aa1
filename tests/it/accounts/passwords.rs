//! Invitations, and how passwords are set, changed, grow old and are reset.

use super::signing_in::is_shut_out;
use crate::support::accounts::*;
use crate::support::app::SECRET;
use crate::support::db::done;
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::accounts::password::service::reset_named;
use chrono::TimeDelta;
use serde_json::{Value, json};

const NEXT: &str = "Another.Horse.7";
const VIEWER: &str = "{ viewer { account { username state passwordSetAt hasOtp grants { role } } } }";

async fn invite(administrator: &Caller, username: &str, code: &str) -> Value {
    let input = json!({"federationId": administrator.app.gid(code), "username": username, "name": "办公室"});
    administrator.done(INVITE, input).await
}

async fn accept(app: &App, code: &Value, password: &str) -> Vec<String> {
    let input = json!({"input": {"code": code, "password": password}});
    let payload = app.anonymous().data(ACCEPT, input).await["acceptInvitation"].take();
    refusals(&payload)
}

fn refusals(payload: &Value) -> Vec<String> {
    let errors = payload["userErrors"].as_array().unwrap().iter();
    errors
        .map(|error| {
            format!(
                "{} {}",
                error["code"].as_str().unwrap(),
                error["field"][0].as_str().unwrap_or("-")
            )
        })
        .collect()
}

async fn change(caller: &Caller, username: &str, password: &str, new_password: &str) -> Vec<String> {
    let input = json!({"username": username, "password": password, "newPassword": new_password});
    let payload = caller.data(CHANGE_PASSWORD, json!({"input": input})).await["changePassword"].take();
    refusals(&payload)
}

async fn log_in(app: &App, username: &str, password: &str) -> Vec<String> {
    refusals(
        &app.log_in(json!({"username": username, "password": password}))
            .await,
    )
}

both! {
    async fn an_invited_person_sets_the_first_password_and_may_do_nothing_yet(app: App) {
        let administrator = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        let invited = invite(&administrator, "yueshan.office", WANGCHUNMEN).await;
        let code = &invited["invitationCode"];
        let mut account = invited["account"].clone();
        account.as_object_mut().unwrap().remove("id");

        assert_eq!(
            account,
            json!({"username": "yueshan.office", "name": "办公室", "state": "INVITED", "isMachine": false,
                "federation": {"name": "望春门街道总工会"}, "grants": []})
        );
        assert_eq!(invited["expiresAt"], "2026-06-27T02:00:00Z");
        assert_eq!(log_in(&app, "yueshan.office", "").await, ["INVALID password"]);
        assert_eq!(accept(&app, code, "short").await, ["INVALID password"]);
        assert_eq!(accept(&app, &json!(code.as_str().unwrap().to_lowercase().replace('-', " ")), SECRET).await, [""; 0]);
        assert_eq!(accept(&app, code, NEXT).await, ["INVALID code"]);

        let office = app.sign_in("yueshan.office").await;
        let account = office.data(VIEWER, json!({})).await["viewer"]["account"].take();
        assert_eq!(
            account,
            json!({"username": "yueshan.office", "state": "ACTIVE", "passwordSetAt": "2026-06-20T02:00:00Z", "hasOtp": false, "grants": []})
        );
        assert_eq!(office.codes("{ federation(code: \"430381001000\") { name } }", json!({})).await, ["FORBIDDEN"]);
    }

    async fn an_invitation_is_good_for_a_week_and_for_nobody_else(app: App) {
        let administrator = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        let early = invite(&administrator, "office.one", XIANGXIANG).await["invitationCode"].clone();
        let late = invite(&administrator, "office.two", XIANGXIANG).await["invitationCode"].clone();

        app.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
        let on_time = accept(&app, &early, SECRET).await;
        app.advance(TimeDelta::seconds(1));

        assert_eq!(on_time, [""; 0]);
        assert_eq!(accept(&app, &late, SECRET).await, ["INVALID code"]);
        for code in ["", "AAAA-AAAA-AAAA-AAAA", "0190c3a0-0000-7000-8000-00000000ffff"] {
            assert_eq!(accept(&app, &json!(code), SECRET).await, ["INVALID code"], "{code:?}");
        }
    }

    async fn only_a_system_administrator_of_the_place_or_above_invites(app: App) {
        let input = |username: &str| json!({"federationId": app.gid(WANGCHUNMEN), "username": username, "name": "办公室"});
        for (role, code, refused) in [
            ("SYSTEM_ADMINISTRATOR", SHAOSHAN, "NOT_FOUND federationId"),
            ("SYSTEM_ADMINISTRATOR", XINXIANGLU, "NOT_FOUND federationId"),
            ("SECURITY_ADMINISTRATOR", XIANGXIANG, "FORBIDDEN"),
            ("AUDIT_ADMINISTRATOR", XIANGXIANG, "FORBIDDEN"),
            ("LEADER", HUNAN, "FORBIDDEN"),
            ("CADRE", WANGCHUNMEN, "FORBIDDEN"),
        ] {
            let caller = app.person(role, code).await;
            assert_eq!(caller.refused(INVITE, input("new.office")).await, [refused], "{role} {code}");
        }
        let administrator = app.person("SYSTEM_ADMINISTRATOR", HUNAN).await;
        assert_eq!(administrator.refused(INVITE, input("a b")).await, ["INVALID username"]);
        administrator.done(INVITE, input("new.office")).await;
        assert_eq!(administrator.refused(INVITE, input("new.office")).await, ["CONFLICT username"]);
    }

    async fn a_password_is_changed_by_whoever_knows_it_and_none_of_the_last_five_comes_again(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let nobody = app.anonymous();
        let passwords = [SECRET, "Horse.number.1", "Horse.number.2", "Horse.number.3", "Horse.number.4", "Horse.number.5"];

        assert_eq!(change(&nobody, "office", "wrong", NEXT).await, ["INVALID password"]);
        assert_eq!(change(&nobody, "nobody", SECRET, NEXT).await, ["INVALID password"]);
        assert_eq!(change(&nobody, "office", SECRET, "too short").await, ["INVALID newPassword"]);
        assert_eq!(change(&nobody, "office", SECRET, "The.Office.2026").await, ["INVALID newPassword"]);
        for pair in passwords.windows(2) {
            assert_eq!(change(&nobody, "office", pair[0], pair[0]).await, ["INVALID newPassword"]);
            assert_eq!(change(&nobody, "office", pair[0], pair[1]).await, [""; 0]);
        }
        let last = passwords[5];
        for former in &passwords[1..] {
            assert_eq!(change(&nobody, "office", last, former).await, ["INVALID newPassword"], "{former}");
        }
        assert_eq!(change(&nobody, "office", last, SECRET).await, [""; 0]);
        assert_eq!(log_in(&app, "office", SECRET).await, [""; 0]);
        assert_eq!(log_in(&app, "office", last).await, ["INVALID password"]);
    }

    async fn a_changed_password_ends_the_other_sessions(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let neighbour = app.person("CADRE", XIANGXIANG).await;
        let (here, there) = (app.sign_in("office").await, app.sign_in("office").await);

        assert_eq!(change(&here, "office", SECRET, NEXT).await, [""; 0]);
        assert!(!is_shut_out(&here).await);
        assert!(is_shut_out(&there).await);
        // Whoever changes it without being signed in ends them all.
        assert_eq!(change(&neighbour, "office", NEXT, "Horse.number.1").await, [""; 0]);

        assert!(is_shut_out(&here).await);
        assert!(!is_shut_out(&neighbour).await);
    }

    async fn a_password_grows_old_after_ninety_days_and_is_changed_before_signing_in(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let lenient = app.another_with(|rules| rules.access.password_days = 0).await;

        app.advance(TimeDelta::days(90) - TimeDelta::seconds(1));
        assert_eq!(log_in(&app, "office", SECRET).await, [""; 0]);
        app.advance(TimeDelta::seconds(1));
        let old = app.log_in(json!({"username": "office", "password": SECRET})).await;

        assert_eq!(
            old["userErrors"],
            json!([{"code": "GONE", "field": ["password"], "message":
                "The password is older than 90 days: set a new one with `changePassword`, then sign in."}])
        );
        assert_eq!(log_in(&app, "office", "wrong").await, ["INVALID password"]);
        assert_eq!(log_in(&lenient, "office", SECRET).await, [""; 0]);
        assert_eq!(change(&app.anonymous(), "office", SECRET, NEXT).await, [""; 0]);
        assert_eq!(log_in(&app, "office", NEXT).await, [""; 0]);
    }

    async fn a_reset_ends_all_and_gives_a_code_that_says_nothing_of_the_password(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        let office = app.sign_in("office").await;
        let id = office.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
        let neighbour = app.person("CADRE", WANGCHUNMEN).await;
        let administrator = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;

        assert_eq!(administrator.refused(RESET_PASSWORD, json!({"accountId": id, "reason": " "})).await, ["INVALID reason"]);
        let reset = administrator.done(RESET_PASSWORD, json!({"accountId": id, "reason": "忘记密码"})).await;

        assert_eq!(reset["account"], json!({"state": "INVITED", "passwordSetAt": null}));
        assert!(is_shut_out(&office).await);
        assert!(!is_shut_out(&neighbour).await);
        assert_eq!(log_in(&app, "office", SECRET).await, ["INVALID password"]);
        assert_eq!(accept(&app, &reset["invitationCode"], SECRET).await, ["INVALID password"]);
        assert_eq!(accept(&app, &reset["invitationCode"], NEXT).await, [""; 0]);
        assert_eq!(log_in(&app, "office", NEXT).await, [""; 0]);
    }

    async fn what_was_proved_before_a_reset_proves_nothing_after_it(app: App) {
        let administrator = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        let queries = [LOGIN, CHANGE_PASSWORD];
        for round in 0..6 {
            let username = format!("office{round}");
            app.add_account(&username, "CADRE", app.federation(WANGCHUNMEN)).await;
            let id = app.sign_in(&username).await.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
            let mut input = json!({"username": username, "password": SECRET});
            if round % 2 == 1 {
                input["newPassword"] = json!(NEXT);
            }
            let anonymous = app.anonymous();

            // Hashing takes longer than the reset: what was judged before it is used after it.
            let (tried, reset) = tokio::join!(
                anonymous.data(queries[round % 2], json!({"input": input})),
                administrator.done(RESET_PASSWORD, json!({"accountId": id, "reason": "账号被盗"})),
            );

            if tried["login"]["accessToken"].is_string() {
                assert!(is_shut_out(&app.caller(&tried["login"])).await, "{tried}");
            }
            assert_eq!(log_in(&app, &username, NEXT).await, ["INVALID password"]);
            assert_eq!(accept(&app, &reset["invitationCode"], "Horse.number.1").await, [""; 0]);
        }
    }

    async fn another_reset_voids_the_code_before_it(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        let id = app.sign_in("office").await.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
        let administrator = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        let input = json!({"accountId": id, "reason": "忘记密码"});

        let first = administrator.done(RESET_PASSWORD, input.clone()).await["invitationCode"].take();
        let second = administrator.done(RESET_PASSWORD, input).await["invitationCode"].take();

        assert_eq!(accept(&app, &first, NEXT).await, ["INVALID code"]);
        assert_eq!(accept(&app, &second, NEXT).await, [""; 0]);
    }

    async fn the_operator_lets_somebody_back_in_from_the_command_line(app: App) {
        app.add_account("root", "SYSTEM_ADMINISTRATOR", app.federation(HUNAN)).await;
        let root = app.sign_in("root").await;
        let device = root.set_up_otp(SECRET).await;
        app.advance(TimeDelta::minutes(1));
        app.write("UPDATE account SET disabled_at = created_at WHERE username = 'root'").await;

        let with_otp = done(reset_named(&app.operator(), "root", false).await);
        assert_eq!(accept(&app, &json!(with_otp.code), NEXT).await, [""; 0]);
        let asked = log_in(&app, "root", NEXT).await;
        let with_code = app.log_in(json!({"username": "root", "password": NEXT, "otp": device.code()})).await;
        let without_otp = done(reset_named(&app.operator(), "root", true).await);
        assert_eq!(accept(&app, &json!(without_otp.code), SECRET).await, ["INVALID password"]);
        assert_eq!(accept(&app, &json!(without_otp.code), "Horse.number.1").await, [""; 0]);

        assert_eq!(asked, ["INVALID otp"]);
        assert_eq!(with_code["viewer"]["grants"], json!([{"role": "SYSTEM_ADMINISTRATOR"}]));
        assert_eq!(log_in(&app, "root", "Horse.number.1").await, [""; 0]);
        let unknown = reset_named(&app.operator(), "nobody", false).await.map(|invitation| invitation.code);
        assert_eq!(unknown.map_err(|error| error.report()).unwrap_err(), "Not found.");
    }
}
