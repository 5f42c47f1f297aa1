//! How long sessions last, who sees them, and who ends them.

use super::signing_in::{REFRESH, is_shut_out};
use crate::support::accounts::END_SESSION;
use crate::support::app::SECRET;
use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use serde_json::{Value, json};

const SESSIONS: &str =
    "{ viewer { sessions { id kind address openedAt seenAt expiresAt isStrong isCurrent } } }";

async fn sign_in_on(app: &App, front_end: &str) -> Caller {
    let login = json!({"username": "office", "password": SECRET, "frontEnd": front_end});
    app.caller(&app.log_in(login).await)
}

async fn refresh(caller: &Caller) -> Value {
    let input = json!({"input": {"refreshToken": caller.refresh_token}});
    caller.app.anonymous().data(REFRESH, input).await["refreshSession"].take()
}

both! {
    async fn a_person_sees_all_sessions_of_the_account_and_no_other(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        app.person("CADRE", SHAOSHAN).await;
        let phone = sign_in_on(&app.from("192.0.2.10"), "PHONE").await;
        app.advance(TimeDelta::minutes(10));
        let desk = sign_in_on(&app.from("2001:db8:1:2:3:4:5:6"), "DASHBOARD").await;

        let sessions = desk.data(SESSIONS, json!({})).await["viewer"]["sessions"].take();
        let mut of_phone = sessions[1].clone();
        let id = of_phone.as_object_mut().unwrap().remove("id").unwrap();

        assert_eq!(sessions.as_array().unwrap().len(), 2);
        assert_eq!(sessions[0]["kind"], "DASHBOARD");
        assert_eq!(sessions[0]["address"], "2001:db8:1:2::");
        assert_eq!(sessions[0]["isCurrent"], true);
        assert_eq!(sessions[0]["expiresAt"], "2026-06-20T02:40:00Z");
        assert_eq!(
            of_phone,
            json!({"kind": "PHONE", "address": "192.0.2.10", "openedAt": "2026-06-20T02:00:00Z", "isStrong": false,
                "seenAt": "2026-06-20T02:00:00Z", "expiresAt": "2026-06-27T02:00:00Z", "isCurrent": false})
        );
        desk.done(END_SESSION, json!({"id": id})).await;
        desk.done(END_SESSION, json!({"id": id})).await;
        assert!(is_shut_out(&phone).await);
        assert!(!is_shut_out(&desk).await);
        assert_eq!(app.anonymous().data(SESSIONS, json!({})).await["viewer"]["sessions"], json!([]));
    }

    async fn a_session_of_the_dashboard_ends_after_half_an_hour_idle_and_twelve_hours_in_all(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let mut desk = sign_in_on(&app, "DASHBOARD").await;
        for _ in 0..24 {
            app.advance(TimeDelta::minutes(29));
            desk = app.caller(&refresh(&desk).await);
        }

        // 11 hours and 36 minutes are over.
        app.advance(TimeDelta::minutes(14));
        let last = refresh(&desk).await;
        assert_eq!(last["expiresAt"], "2026-06-20T14:00:00Z");
        app.advance(TimeDelta::minutes(10));
        let over = refresh(&app.caller(&last)).await;

        assert_eq!(over["userErrors"][0]["code"], "INVALID");
        assert!(is_shut_out(&app.caller(&last)).await);
    }

    async fn a_session_of_the_phone_goes_on_for_a_week_and_ninety_days_in_all(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let mut phone = sign_in_on(&app, "PHONE").await;
        for _ in 0..14 {
            app.advance(TimeDelta::days(6));
            phone = app.caller(&refresh(&phone).await);
        }

        app.advance(TimeDelta::days(6) - TimeDelta::seconds(1));
        let last = refresh(&phone).await;
        app.advance(TimeDelta::seconds(1));

        assert_eq!(last["expiresAt"], "2026-09-18T02:00:00Z");
        assert_eq!(refresh(&app.caller(&last)).await["userErrors"][0]["code"], "INVALID");
    }

    async fn every_earlier_refresh_token_that_comes_again_ends_the_session(app: App) {
        for age in 1..=3 {
            let username = format!("office{age}");
            app.add_account(&username, "CADRE", app.federation(XIANGXIANG)).await;
            let mut generations = vec![app.sign_in(&username).await];
            for _ in 0..3 {
                let next = refresh(generations.last().unwrap()).await;
                generations.push(app.caller(&next));
            }
            app.advance(TimeDelta::seconds(1));
            assert!(!is_shut_out(&generations[3]).await);

            let stolen = refresh(&generations[3 - age]).await;

            assert_eq!(stolen["userErrors"][0]["code"], "INVALID");
            assert!(is_shut_out(&generations[3]).await, "{age} generations ago");
        }
    }

    async fn a_refresh_token_that_nobody_made_is_refused_and_ends_nothing(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let good = cadre.refresh_token.clone().unwrap();
        let parts: Vec<&str> = good.split('.').collect();
        let neighbour = app.person("CADRE", SHAOSHAN).await.refresh_token.unwrap();
        let theirs = neighbour.split('.').next().unwrap();
        app.advance(TimeDelta::seconds(1));
        for forged in [
            String::new(),
            "nonsense".to_owned(),
            good.to_uppercase(),
            format!("{}.{}.{}", parts[0], 0, parts[2]),
            format!("{}.{}.{}", parts[0], 2, parts[2]),
            format!("{}.{}.{}", theirs, parts[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{good}00"),
        ] {
            let refused = app.anonymous().refused(REFRESH, json!({"refreshToken": forged})).await;
            assert_eq!(refused, ["INVALID refreshToken"], "{forged}");
        }
        assert!(refresh(&cadre).await["accessToken"].is_string());
    }

    async fn a_security_administrator_ends_the_sessions_of_those_below_and_of_no_neighbour(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let id = cadre.data(SESSIONS, json!({})).await["viewer"]["sessions"][0]["id"].clone();
        for (role, code, refused) in [
            ("CADRE", XIANGXIANG, "NOT_FOUND id"),
            ("CADRE", WANGCHUNMEN, "NOT_FOUND id"),
            ("LEADER", HUNAN, "NOT_FOUND id"),
            ("SECURITY_ADMINISTRATOR", SHAOSHAN, "NOT_FOUND id"),
            ("SECURITY_ADMINISTRATOR", GUANGDONG, "NOT_FOUND id"),
            ("SYSTEM_ADMINISTRATOR", XIANGXIANG, "FORBIDDEN"),
            ("AUDIT_ADMINISTRATOR", HUNAN, "FORBIDDEN"),
        ] {
            let caller = app.person(role, code).await;
            let other = json!({"id": id});
            if caller.token != cadre.token {
                assert_eq!(caller.refused(END_SESSION, other).await, [refused], "{role} {code}");
            }
        }
        assert!(!is_shut_out(&cadre).await);

        app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await.done(END_SESSION, json!({"id": id})).await;

        assert!(is_shut_out(&cadre).await);
    }
}
