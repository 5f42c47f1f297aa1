//! Roles with dates, and who sees accounts.

use crate::support::accounts::*;
use crate::support::tree::*;
use crate::support::{App, Caller};
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

const NAME: &str = "{ federation(code: \"430381001000\") { name } }";

async fn invited(app: &App, username: &str, code: &str) -> (Caller, Value) {
    let administrator = app.person("SYSTEM_ADMINISTRATOR", HUNAN).await;
    let input = json!({"federationId": app.gid(code), "username": username, "name": "办公室"});
    let invited = administrator.done(INVITE, input).await;
    let accept = json!({"code": invited["invitationCode"], "password": crate::support::app::SECRET});
    app.anonymous().done(ACCEPT, accept).await;
    (app.sign_in(username).await, invited["account"]["id"].clone())
}

fn cadre(app: &App, id: &Value, from: Option<&str>, to: Option<&str>) -> Value {
    json!({"accountId": id, "role": "CADRE", "federationId": app.gid(WANGCHUNMEN), "from": from, "to": to, "reason": "新任工会干部"})
}

both! {
    async fn a_role_is_given_with_dates_and_reaches_from_its_first_day_to_its_last(app: App) {
        let (office, id) = invited(&app, "office", WANGCHUNMEN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await;

        let given = security.done(GRANT, cadre(&app, &id, Some("2026-06-21"), Some("2026-06-22"))).await["grant"].take();

        let mut shown = given.clone();
        shown.as_object_mut().unwrap().remove("id");
        assert_eq!(
            shown,
            json!({"role": "CADRE", "from": "2026-06-21", "to": "2026-06-22", "expiresAt": null, "reason": "新任工会干部",
                "givenBy": format!("security_administrator.{}", app.federation(XIANGXIANG)), "federation": {"name": "望春门街道总工会"}})
        );
        assert_eq!(office.codes(NAME, json!({})).await, ["FORBIDDEN"]);
        app.clock.set("2026-06-20T16:00:00Z");
        let office = app.sign_in("office").await;
        assert_eq!(office.data(NAME, json!({})).await["federation"]["name"], "望春门街道总工会");
        app.clock.set("2026-06-21T16:00:00Z");
        let office = app.sign_in("office").await;
        assert_eq!(office.codes(NAME, json!({})).await, ["FORBIDDEN"]);
    }

    async fn a_grant_that_names_no_end_holds_for_a_year(app: App) {
        let (_, id) = invited(&app, "office", WANGCHUNMEN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await;
        for (from, to, refused) in [
            (None, Some("2027-06-22"), "INVALID to"),
            (None, Some("2026-06-20"), "INVALID to"),
            (Some("2026-06-19"), None, "INVALID from"),
        ] {
            assert_eq!(security.refused(GRANT, cadre(&app, &id, from, to)).await, [refused], "{from:?} {to:?}");
        }
        let mut silent = cadre(&app, &id, None, None);
        silent["reason"] = json!("");
        assert_eq!(security.refused(GRANT, silent).await, ["INVALID reason"]);

        let given = security.done(GRANT, cadre(&app, &id, None, None)).await["grant"].take();
        let twice = security.refused(GRANT, cadre(&app, &id, Some("2027-01-01"), None)).await;

        assert_eq!([&given["from"], &given["to"]], ["2026-06-20", "2027-06-21"]);
        assert_eq!(twice, ["CONFLICT role"]);
    }

    async fn of_two_who_give_the_same_at_once_one_does(app: App) {
        let (_, id) = invited(&app, "office", WANGCHUNMEN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await;
        let input = json!({"input": cadre(&app, &id, None, None)});

        let (first, second) = tokio::join!(security.data(GRANT, input.clone()), security.data(GRANT, input));

        let given = [&first, &second].into_iter().filter(|data| data["grantRole"]["userErrors"] == json!([]));
        assert_eq!(given.count(), 1, "{first} {second}");
    }

    async fn roles_are_given_by_security_administrators_in_reach_and_to_nobody_out_of_it(app: App) {
        let (_, id) = invited(&app, "office", WANGCHUNMEN).await;
        let (_, neighbour) = invited(&app, "neighbour", SHAOSHAN).await;
        app.add_account("bureau", "TAX_BUREAU", app.federation(WANGCHUNMEN)).await;
        let bureau = app.sign_in_client("bureau").await.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
        let county = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await;
        let own = county.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
        for (role, code, refused) in [
            ("SECURITY_ADMINISTRATOR", SHAOSHAN, "NOT_FOUND accountId"),
            ("SECURITY_ADMINISTRATOR", XINXIANGLU, "NOT_FOUND accountId"),
            ("SYSTEM_ADMINISTRATOR", XIANGXIANG, "FORBIDDEN"),
            ("AUDIT_ADMINISTRATOR", XIANGXIANG, "FORBIDDEN"),
            ("CADRE", XIANGXIANG, "NOT_FOUND accountId"),
            ("LEADER", HUNAN, "NOT_FOUND accountId"),
        ] {
            let caller = app.person(role, code).await;
            assert_eq!(caller.refused(GRANT, cadre(&app, &id, None, None)).await, [refused], "{role} {code}");
        }
        let role_at = |id: &Value, role: &str, code: &str| {
            json!({"accountId": id, "role": role, "federationId": app.gid(code), "reason": "新任工会干部"})
        };
        for (input, refused) in [
            (role_at(&neighbour, "CADRE", WANGCHUNMEN), "NOT_FOUND accountId"),
            (role_at(&id, "CADRE", SHAOSHAN), "NOT_FOUND federationId"),
            (role_at(&id, "CADRE", XIANGTAN), "FORBIDDEN"),
            (role_at(&own, "AUDITOR", WANGCHUNMEN), "FORBIDDEN"),
            (role_at(&id, "TAX_BUREAU", WANGCHUNMEN), "INVALID role"),
            (role_at(&bureau, "CADRE", WANGCHUNMEN), "INVALID role"),
        ] {
            assert_eq!(county.refused(GRANT, input.clone()).await, [refused], "{input}");
        }
        county.done(GRANT, role_at(&bureau, "REPORTING", WANGCHUNMEN)).await;
    }

    async fn a_grant_is_ended_at_once_or_on_a_day_and_never_prolonged(app: App) {
        let (office, id) = invited(&app, "office", WANGCHUNMEN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await;
        let grant = security.done(GRANT, cadre(&app, &id, None, Some("2026-08-01"))).await["grant"]["id"].take();
        let end = |to: Option<&str>| json!({"id": grant, "to": to, "reason": "岗位调动"});
        for (role, code, refused) in [
            ("SECURITY_ADMINISTRATOR", SHAOSHAN, "NOT_FOUND id"),
            ("SYSTEM_ADMINISTRATOR", XIANGXIANG, "FORBIDDEN"),
            ("CADRE", XIANGXIANG, "NOT_FOUND id"),
        ] {
            assert_eq!(app.person(role, code).await.refused(END_GRANT, end(None)).await, [refused], "{role} {code}");
        }
        assert_eq!(office.refused(END_GRANT, end(None)).await, ["FORBIDDEN"]);
        assert_eq!(security.refused(END_GRANT, end(Some("2026-09-01"))).await, ["INVALID to"]);
        assert_eq!(security.refused(END_GRANT, end(Some("2026-06-19"))).await, ["INVALID to"]);

        let later = security.done(END_GRANT, end(Some("2026-07-01"))).await;
        assert_eq!(later["grant"]["to"], "2026-07-01");
        assert_eq!(office.data(NAME, json!({})).await["federation"]["name"], "望春门街道总工会");
        let now = security.done(END_GRANT, end(None)).await;
        security.done(END_GRANT, end(None)).await;

        assert_eq!(now["grant"]["to"], "2026-06-20");
        assert_eq!(office.codes(NAME, json!({})).await, ["FORBIDDEN"]);
    }

    async fn what_was_done_stands_in_the_trail_with_its_reason(app: App) {
        let (_, id) = invited(&app, "office", WANGCHUNMEN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGXIANG).await;
        let grant = security.done(GRANT, cadre(&app, &id, None, Some("2026-08-01"))).await["grant"]["id"].take();
        security.done(END_GRANT, json!({"id": grant, "reason": "岗位调动"})).await;
        let db = &app.process.db;
        let sql = "SELECT kind, body FROM event WHERE kind IN ('ROLE_GRANTED', 'GRANT_ENDED') ORDER BY id";
        let rows = db.reader().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
        let told = rows.iter().map(|row| {
            let kind: String = row.try_get_by_index(0).unwrap();
            let body: Value = serde_json::from_str(&row.try_get_by_index::<String>(1).unwrap()).unwrap();
            (kind, body["reason"].clone(), body["before"]["to"].clone(), body["after"]["to"].clone())
        });
        let told: Vec<_> = told.collect();

        assert_eq!(told[0], ("ROLE_GRANTED".to_owned(), json!("新任工会干部"), Value::Null, json!("2026-08-01")));
        assert_eq!(told[1], ("GRANT_ENDED".to_owned(), json!("岗位调动"), json!("2026-08-01"), json!("2026-06-20")));
    }

    async fn accounts_are_listed_page_by_page_where_one_administrates_them(app: App) {
        for number in 1..=5 {
            app.add_account(&format!("office{number}"), "CADRE", app.federation(WANGCHUNMEN)).await;
        }
        app.add_account("finance", "FINANCE", app.federation(XINXIANGLU)).await;
        app.add_account("bureau", "TAX_BUREAU", app.federation(XIANGXIANG)).await;
        app.add_account("neighbour", "CADRE", app.federation(SHAOSHAN)).await;
        let system = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        let query = "query($code: DivisionCode, $filter: AccountFilter, $order: AccountOrder = USERNAME_ASC, $first: Int, $after: String) {
            federation(code: $code) { accounts(filter: $filter, order: $order, first: $first, after: $after) {
                totalCount nodes { username } pageInfo { hasNextPage endCursor } } } }";
        let names = async |code: &str, filter: Value| {
            let data = system.data(query, json!({"code": code, "filter": filter})).await;
            let nodes = data["federation"]["accounts"]["nodes"].as_array().unwrap().clone();
            nodes.iter().map(|node| node["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };

        for (code, filter, expected) in [
            (WANGCHUNMEN, json!({}), vec!["office1", "office2", "office3", "office4", "office5"]),
            (XIANGXIANG, json!({"isMachine": true}), vec!["bureau"]),
            (XIANGXIANG, json!({"role": "FINANCE"}), vec!["finance"]),
            (XINXIANGLU, json!({"role": "CADRE"}), vec![]),
            (XINXIANGLU, json!({"state": "ACTIVE", "hasOtp": false}), vec!["finance"]),
            (XIANGXIANG, json!({"state": "INVITED"}), vec![]),
            (XIANGXIANG, json!({"isElevated": true}), vec![]),
        ] {
            assert_eq!(names(code, filter.clone()).await, expected, "{code} {filter}");
        }
        let own = format!("system_administrator.{}", app.federation(XIANGXIANG));
        assert_eq!(names(XIANGXIANG, json!({"hasOtp": true})).await, [own]);
        let mut seen = Vec::new();
        let mut after = Value::Null;
        loop {
            let input = json!({"code": WANGCHUNMEN, "order": "CREATED_DESC", "first": 2, "after": after});
            let page = system.data(query, input).await["federation"]["accounts"].take();
            assert_eq!(page["totalCount"], 5);
            seen.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["username"].as_str().unwrap().to_owned()));
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(seen, ["office5", "office4", "office3", "office2", "office1"]);
        assert_eq!(system.data(query, json!({"code": SHAOSHAN})).await["federation"], Value::Null);
    }

    async fn one_sees_ones_own_account_and_nobody_elses(app: App) {
        let (office, id) = invited(&app, "office", WANGCHUNMEN).await;
        let query = "query($id: ID!) { node(id: $id) { id ... on Account { username sessions { kind } grants { role } } } }";
        let look = async |caller: &Caller| caller.data(query, json!({"id": id})).await["node"]["username"].clone();

        assert_eq!(look(&office).await, "office");
        for (role, code, sees) in [
            ("CADRE", WANGCHUNMEN, false),
            ("LEADER", HUNAN, false),
            ("SYSTEM_ADMINISTRATOR", SHAOSHAN, false),
            ("SECURITY_ADMINISTRATOR", XINXIANGLU, false),
            ("SECURITY_ADMINISTRATOR", WANGCHUNMEN, true),
            ("SYSTEM_ADMINISTRATOR", XIANGTAN, true),
            ("AUDIT_ADMINISTRATOR", HUNAN, true),
        ] {
            let found = look(&app.person(role, code).await).await;
            assert_eq!(found == "office", sees, "{role} {code}");
        }
        assert_eq!(app.anonymous().gql(query, json!({"id": id})).await["data"]["node"], Value::Null);
    }

    async fn a_page_of_accounts_takes_few_statements_however_long_it_is(app: App) {
        let system = app.person("SYSTEM_ADMINISTRATOR", XIANGXIANG).await;
        let query = "query($code: DivisionCode) { federation(code: $code) { accounts(first: 20) { totalCount nodes {
            username federation { name } grants { role givenBy federation { name } } sessions { address } } } } }";
        let security = app.person("SECURITY_ADMINISTRATOR", HUNAN).await;
        let statements = async || {
            let answer = system.gql(query, json!({"code": XIANGXIANG})).await;
            answer["extensions"]["cost"]["statements"].clone()
        };
        for number in 0..2 {
            app.advance(TimeDelta::seconds(10));
            let (_, id) = invited(&app, &format!("office{number}"), WANGCHUNMEN).await;
            security.done(GRANT, cadre(&app, &id, None, None)).await;
        }
        let few = statements().await;
        for number in 2..12 {
            // What nobody in particular may spend comes back with time.
            app.advance(TimeDelta::seconds(10));
            let (_, id) = invited(&app, &format!("office{number}"), WANGCHUNMEN).await;
            security.done(GRANT, cadre(&app, &id, None, None)).await;
        }

        assert_eq!(statements().await, few);
        assert!(few.as_u64().is_some_and(|few| few <= 6), "{few}");
    }
}
