//! The three administrators (三员分立): none does another's work alone, nobody administrates themselves or those who
//! stand level with them.

use super::signing_in::is_shut_out;
use crate::support::accounts::*;
use crate::support::app::SECRET;
use crate::support::tree::*;
use crate::support::{App, Caller};
use serde_json::{Value, json};

const ROLES: [&str; 3] = [
    "SYSTEM_ADMINISTRATOR",
    "SECURITY_ADMINISTRATOR",
    "AUDIT_ADMINISTRATOR",
];

async fn id_of(caller: &Caller) -> Value {
    caller.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take()
}

fn because(id: &Value) -> Value {
    json!({"accountId": id, "reason": "岗位调动"})
}

fn role_at(app: &App, id: &Value, role: &str, code: &str) -> Value {
    json!({"accountId": id, "role": role, "federationId": app.gid(code), "reason": "岗位调动"})
}

both! {
    async fn each_of_the_three_does_only_its_own_work(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        let id = id_of(&app.sign_in("office").await).await;
        for role in ROLES {
            let administrator = app.person(role, XIANGXIANG).await;
            let (is_system, is_security) = (role.starts_with("SYSTEM"), role.starts_with("SECURITY"));
            for (mutation, input, is_theirs) in [
                (DISABLE, because(&id), is_system),
                (ENABLE, because(&id), is_system),
                (RESET_PASSWORD, because(&id), is_system),
                (RESET_OTP, because(&id), is_security),
                (GRANT, role_at(&app, &id, "FINANCE", WANGCHUNMEN), is_security),
            ] {
                if is_theirs {
                    administrator.done(mutation, input).await;
                } else {
                    assert_eq!(administrator.refused(mutation, input).await, ["FORBIDDEN"], "{role} {mutation}");
                }
            }
            let business = "{ federation(code: \"430381000000\") { visits { totalCount } } }";
            assert_eq!(administrator.codes(business, json!({})).await, ["FORBIDDEN"], "{role}");
        }
    }

    async fn nobody_administrates_themselves_or_who_stands_level(app: App) {
        for role in ROLES {
            let level = id_of(&app.person(role, XIANGXIANG).await).await;
            for (by, mutation) in [
                ("SYSTEM_ADMINISTRATOR", DISABLE),
                ("SYSTEM_ADMINISTRATOR", ENABLE),
                ("SYSTEM_ADMINISTRATOR", RESET_PASSWORD),
                ("SECURITY_ADMINISTRATOR", RESET_OTP),
            ] {
                // Also themselves, where the role is the same.
                let level_one = app.person(by, XIANGXIANG).await;
                assert_eq!(level_one.refused(mutation, because(&level)).await, ["FORBIDDEN"], "{by} {mutation}");
                let from_above = app.person(by, XIANGTAN).await;
                let neighbour = app.person(by, SHAOSHAN).await;
                assert_eq!(neighbour.refused(mutation, because(&level)).await, ["NOT_FOUND accountId"], "{by} {mutation}");
                if mutation == ENABLE {
                    from_above.done(mutation, because(&level)).await;
                }
            }
        }
    }

    async fn an_administrators_role_comes_only_from_above_its_place(app: App) {
        app.add_account("new", "CADRE", app.federation(XIANGXIANG)).await;
        let new = app.sign_in("new").await;
        let id = id_of(&new).await;
        new.set_up_otp(SECRET).await;
        app.write("UPDATE role_grant SET valid_to = valid_from WHERE role = 'CADRE'").await;
        let level = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await;
        let above = app.person("SECURITY_ADMINISTRATOR", XIANGTAN).await;
        for role in ROLES {
            assert_eq!(level.refused(GRANT, role_at(&app, &id, role, XIANGXIANG)).await, ["FORBIDDEN"], "{role}");
        }

        let grant = above.done(GRANT, role_at(&app, &id, "AUDIT_ADMINISTRATOR", XIANGXIANG)).await["grant"]["id"].take();

        let end = json!({"id": grant, "reason": "岗位调动"});
        assert_eq!(level.refused(END_GRANT, end.clone()).await, ["FORBIDDEN"]);
        assert_eq!(new.refused(END_GRANT, end.clone()).await, ["FORBIDDEN"]);
        above.done(END_GRANT, end).await;
    }

    async fn no_account_ever_holds_two_of_the_three_nor_one_beside_business(app: App) {
        let security = app.person("SECURITY_ADMINISTRATOR", HUNAN).await;
        for held in ROLES.into_iter().chain(["CADRE", "LEADER"]) {
            let username = format!("held.{held}");
            app.add_account(&username, held, app.federation(WANGCHUNMEN)).await;
            let caller = app.sign_in(&username).await;
            caller.set_up_otp(SECRET).await;
            let id = id_of(&caller).await;
            for role in ROLES.into_iter().chain(["FINANCE", "AUDITOR"]) {
                let input = role_at(&app, &id, role, XINXIANGLU);
                if held == role || !ROLES.contains(&held) && !ROLES.contains(&role) {
                    security.done(GRANT, input).await;
                } else {
                    assert_eq!(security.refused(GRANT, input).await, ["CONFLICT role"], "{role} beside {held}");
                }
            }
        }
    }

    async fn no_one_administrator_takes_over_another(app: App) {
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await;
        let id = id_of(&security).await;
        let system = app.person("SYSTEM_ADMINISTRATOR", XIANGTAN).await;

        let code = system.done(RESET_PASSWORD, because(&id)).await["invitationCode"].take();
        assert!(is_shut_out(&security).await);
        let accepted = json!({"code": code, "password": "Another.Horse.7"});
        let username = app.anonymous().done(ACCEPT, accepted).await["username"].take();
        let login = json!({"username": username, "password": "Another.Horse.7"});

        // The password is not enough, and the second factor is another administrator's to take away.
        assert_eq!(app.log_in(login).await["userErrors"][0]["field"], json!(["otp"]));
        assert_eq!(system.refused(RESET_OTP, because(&id)).await, ["FORBIDDEN"]);
    }

    async fn who_holds_a_guarded_role_without_a_second_factor_gets_no_code(app: App) {
        let system = app.person("SYSTEM_ADMINISTRATOR", HUNAN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", HUNAN).await;
        app.add_account("new.audit", "AUDIT_ADMINISTRATOR", app.federation(XIANGXIANG)).await;
        let viewer = app.sign_in("new.audit").await.data("{ viewer { id grants { id } } }", json!({})).await["viewer"].take();
        let (id, grant) = (viewer["id"].clone(), viewer["grants"][0]["id"].clone());

        assert_eq!(system.refused(RESET_PASSWORD, because(&id)).await, ["INVALID accountId"]);
        security.done(END_GRANT, json!({"id": grant, "reason": "岗位调动"})).await;
        system.done(RESET_PASSWORD, because(&id)).await;
        // Nor is one given before its holder has one: whoever made the account has seen its code.
        let again = role_at(&app, &id, "AUDIT_ADMINISTRATOR", XIANGXIANG);
        assert_eq!(security.refused(GRANT, again).await, ["INVALID accountId"]);
    }

    async fn who_may_do_more_elsewhere_is_administrated_from_there(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let id = id_of(&app.sign_in("office").await).await;
        let city = app.person("SECURITY_ADMINISTRATOR", XIANGTAN).await;
        city.done(GRANT, role_at(&app, &id, "LEADER", SHAOSHAN)).await;

        for (by, mutation) in [("SYSTEM_ADMINISTRATOR", RESET_PASSWORD), ("SYSTEM_ADMINISTRATOR", DISABLE), ("SECURITY_ADMINISTRATOR", RESET_OTP)] {
            let county = app.person(by, XIANGXIANG).await;
            assert_eq!(county.refused(mutation, because(&id)).await, ["FORBIDDEN"], "{mutation}");
        }
        app.person("SYSTEM_ADMINISTRATOR", XIANGTAN).await.done(RESET_PASSWORD, because(&id)).await;
    }

    async fn a_disabled_account_is_shut_out_until_it_is_enabled(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        app.add_account("bureau", "TAX_BUREAU", app.federation(WANGCHUNMEN)).await;
        let (office, bureau) = (app.sign_in("office").await, app.sign_in_client("bureau").await);
        let system = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        let login = json!({"username": "office", "password": SECRET});
        for caller in [&office, &bureau] {
            let id = id_of(caller).await;
            let disabled = system.done(DISABLE, because(&id)).await;
            assert_eq!(disabled["account"]["state"], "DISABLED");
            assert!(is_shut_out(caller).await);
            system.done(DISABLE, because(&id)).await;
        }
        assert_eq!(app.log_in(login.clone()).await["userErrors"][0]["code"], "INVALID");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("grant_type=client_credentials&client_id=bureau&client_secret={}", SECRET.replace(' ', "+"));
        assert_eq!(app.send("POST", "/oauth/token", &form, body).await.status, 401);

        let filter = "query($id: ID!) { federation(id: $id) { accounts(filter: {state: DISABLED}) { nodes { id username } } } }";
        let listed = system.data(filter, json!({"id": app.gid(WANGCHUNMEN)})).await;
        let listed = listed["federation"]["accounts"]["nodes"].as_array().unwrap().clone();
        assert_eq!(listed.len(), 2);
        for account in &listed {
            system.done(ENABLE, because(&account["id"])).await;
        }

        assert!(app.log_in(login).await["accessToken"].is_string());
        // What was ended stays so.
        assert!(is_shut_out(&office).await);
    }
}
