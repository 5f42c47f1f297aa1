//! Elevations ("break the glass"): one's own role at the superior, for hours, with a reason.

use super::signing_in::REFRESH;
use crate::support::accounts::*;
use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use serde_json::{Value, json};

const COUNTY: &str = "{ federation(code: \"430381002000\") { name enterprises { nodes { id } } } }";
const REASON: &str = "防汛期间须查看全市企业台账";

fn at(app: &App, role: &str, code: &str) -> Value {
    json!({"role": role, "federationId": app.gid(code), "reason": REASON})
}

async fn sees(caller: &Caller) -> bool {
    let answer = caller.gql(COUNTY, json!({})).await;
    !answer["data"]["federation"].is_null()
}

both! {
    async fn a_cadre_takes_the_role_at_the_superior_for_three_hours(app: App) {
        app.add_account("phone", "CADRE", app.federation(WANGCHUNMEN)).await;
        let login = json!({"username": "phone", "password": crate::support::app::SECRET, "frontEnd": "PHONE"});
        let mut cadre = app.caller(&app.log_in(login).await);
        assert!(!sees(&cadre).await);

        let elevated = cadre.done(ELEVATE, at(&app, "CADRE", XIANGXIANG)).await["grant"].take();

        assert!(sees(&cadre).await);
        assert_eq!(elevated["expiresAt"], "2026-06-20T05:00:00Z");
        assert_eq!(elevated["reason"], REASON);
        for (by, is_open) in [(TimeDelta::hours(3) - TimeDelta::seconds(1), true), (TimeDelta::seconds(1), false)] {
            app.advance(by);
            let next = json!({"input": {"refreshToken": cadre.refresh_token}});
            let next = app.anonymous().data(REFRESH, next).await["refreshSession"].take();
            cadre = app.caller(&next);
            assert_eq!(sees(&cadre).await, is_open);
        }
        // And again, another time.
        cadre.done(ELEVATE, at(&app, "CADRE", XIANGXIANG)).await;
    }

    async fn only_what_one_holds_for_good_is_taken_and_only_one_step_up(app: App) {
        app.add_account("leader", "LEADER", app.federation(WANGCHUNMEN)).await;
        let cases = [
            ("LEADER", XIANGXIANG, "leader", None),
            ("CADRE", XIANGXIANG, "leader", Some("FORBIDDEN")),
            ("LEADER", WANGCHUNMEN, "leader", Some("FORBIDDEN")),
            ("LEADER", XIANGTAN, "leader", Some("FORBIDDEN")),
            ("LEADER", SHAOSHAN, "leader", Some("NOT_FOUND federationId")),
            ("FINANCE", XIANGXIANG, "finance", Some("FORBIDDEN")),
            ("SECURITY_ADMINISTRATOR", XIANGXIANG, "security", Some("FORBIDDEN")),
        ];
        app.add_account("finance", "FINANCE", app.federation(WANGCHUNMEN)).await;
        let security = app.person("SECURITY_ADMINISTRATOR", WANGCHUNMEN).await;
        for (role, code, username, refused) in cases {
            let caller = if username == "security" { security.clone() } else { app.sign_in(username).await };
            match refused {
                Some(refused) => assert_eq!(caller.refused(ELEVATE, at(&app, role, code)).await, [refused], "{role} {code}"),
                None => drop(caller.done(ELEVATE, at(&app, role, code)).await),
            }
        }
        // What was taken is not a step for the next one.
        let leader = app.sign_in("leader").await;
        assert_eq!(leader.refused(ELEVATE, at(&app, "LEADER", XIANGTAN)).await, ["FORBIDDEN"]);
        assert_eq!(app.anonymous().codes(ELEVATE, json!({"input": at(&app, "LEADER", XIANGXIANG)})).await, ["UNAUTHENTICATED"]);
    }

    async fn it_takes_a_reason_and_one_at_a_time(app: App) {
        let cadre = app.person("CADRE", WANGCHUNMEN).await;
        let mut short = at(&app, "CADRE", XIANGXIANG);
        short["reason"] = json!("防汛");
        assert_eq!(cadre.refused(ELEVATE, short).await, ["INVALID reason"]);
        let input = json!({"input": at(&app, "CADRE", XIANGXIANG)});

        let (first, second) = tokio::join!(cadre.data(ELEVATE, input.clone()), cadre.data(ELEVATE, input));

        let taken = [&first, &second].into_iter().filter(|data| data["elevate"]["userErrors"] == json!([]));
        assert_eq!(taken.count(), 1, "{first} {second}");
        assert_eq!(cadre.refused(ELEVATE, at(&app, "CADRE", XIANGXIANG)).await, ["CONFLICT"]);
    }

    async fn security_administrators_see_it_and_they_and_its_owner_end_it(app: App) {
        let cadre = app.person("CADRE", WANGCHUNMEN).await;
        let query = "query($id: ID!) { federation(id: $id) { accounts(filter: {isElevated: true}) { nodes {
            grants { id role reason expiresAt federation { name } } } } } }";
        for (role, code, ends) in [
            ("CADRE", WANGCHUNMEN, true),
            ("SECURITY_ADMINISTRATOR", XIANGTAN, true),
            ("SECURITY_ADMINISTRATOR", XIANGXIANG, true),
            ("SECURITY_ADMINISTRATOR", WANGCHUNMEN, true),
            ("SECURITY_ADMINISTRATOR", SHAOSHAN, false),
            ("SYSTEM_ADMINISTRATOR", XIANGXIANG, false),
            ("LEADER", XIANGXIANG, false),
        ] {
            let id = cadre.done(ELEVATE, at(&app, "CADRE", XIANGXIANG)).await["grant"]["id"].take();
            let caller = app.person(role, code).await;
            if role == "SECURITY_ADMINISTRATOR" && ends {
                let seen = caller.data(query, json!({"id": app.gid(WANGCHUNMEN)})).await;
                let grants = seen["federation"]["accounts"]["nodes"][0]["grants"].as_array().unwrap().clone();
                assert_eq!(grants.len(), 2, "{code}");
                assert_eq!([&grants[1]["reason"], &grants[1]["expiresAt"]], [REASON, "2026-06-20T05:00:00Z"]);
            }
            let end = json!({"id": id, "reason": "已处理完毕"});
            let was_ended = caller.data(END_GRANT, json!({"input": end})).await["endGrant"]["userErrors"] == json!([]);

            assert_eq!(was_ended, ends, "{role} {code}");
            assert_eq!(sees(&cadre).await, !ends, "{role} {code}");
            cadre.done(END_GRANT, json!({"id": id, "reason": "已处理完毕"})).await;
        }
    }

    async fn it_ends_with_what_it_stands_on(app: App) {
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGTAN).await;
        let office = |username: &'static str| {
            let (app, security) = (&app, &security);
            async move {
                app.add_account(username, "LEADER", app.federation(WANGCHUNMEN)).await;
                let caller = app.sign_in(username).await;
                let id = caller.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
                // Until midnight in China: 16:00 in UTC.
                let role = json!({"accountId": id, "role": "CADRE", "federationId": app.gid(WANGCHUNMEN), "to": "2026-06-21", "reason": "借调"});
                let grant = security.done(GRANT, role).await["grant"]["id"].take();
                (caller, id, grant)
            }
        };
        let (ended, id, grant) = office("ended").await;
        ended.done(ELEVATE, at(&app, "CADRE", XIANGXIANG)).await;
        assert!(sees(&ended).await);

        security.done(END_GRANT, json!({"id": grant, "reason": "借调结束"})).await;

        assert!(!sees(&ended).await);
        let long = app.another_with(|rules| rules.access.elevation_minutes = 1_440).await;
        let (late, ..) = office("late").await;
        let elevated = late.at(&long).done(ELEVATE, at(&app, "CADRE", XIANGXIANG)).await["grant"]["expiresAt"].take();
        assert_eq!(elevated, "2026-06-20T16:00:00Z");
        // Who was elevated once may become an administrator later.
        app.advance(TimeDelta::days(366));
        let role = json!({"accountId": id, "role": "SYSTEM_ADMINISTRATOR", "federationId": app.gid(WANGCHUNMEN), "reason": "转岗"});
        let lenient = app.another_with(|rules| rules.access.password_days = 0).await;
        lenient.sign_in("ended").await.set_up_otp(crate::support::app::SECRET).await;
        let security = app.person("SECURITY_ADMINISTRATOR", HUNAN).await;
        app.write("UPDATE role_grant SET valid_to = '2026-06-21' WHERE role = 'LEADER' AND valid_to IS NULL").await;
        security.done(GRANT, role).await;
        let checks = api::verify::run(&app.process.db, &app.process.keys, &[], app.process.clock.now()).await.map_err(|error| error.report()).unwrap();
        assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
    }

    async fn it_ends_with_a_reset_and_binds_no_administrator(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        let office = app.sign_in("office").await;
        let id = office.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
        office.done(ELEVATE, at(&app, "CADRE", XIANGXIANG)).await;
        let system = app.person("SYSTEM_ADMINISTRATOR", WANGCHUNMEN).await;

        let code = system.done(RESET_PASSWORD, json!({"accountId": id, "reason": "忘记密码"})).await["invitationCode"].take();
        app.anonymous().done(ACCEPT, json!({"code": code, "password": "Another.Horse.7"})).await;

        let login = app.log_in(json!({"username": "office", "password": "Another.Horse.7"})).await;
        assert_eq!(login["viewer"]["grants"], json!([{"role": "CADRE"}]));
        assert!(!sees(&app.caller(&login)).await);
    }
}
