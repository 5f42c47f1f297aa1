//! Signing in and out: people by password, machines by client credentials, and what ends a session.

use crate::support::app::SECRET;
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::kernel::keys::Keys;
use api::kernel::suite::International;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use entity::accounts::{account, grant};
use entity::id::GrantId;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, Statement,
};
use serde_json::{Value, json};

const LOGIN: &str = "mutation($input: LoginInput!) { login(input: $input) {
    accessToken refreshToken expiresAt viewer { name isMachine grants { role from to federation { name } } }
    userErrors { code field message } } }";
pub const REFRESH: &str = "mutation($input: RefreshSessionInput!) { refreshSession(input: $input) {
    accessToken refreshToken expiresAt userErrors { code field message } } }";
pub const LOGOUT: &str = "mutation { logout { userErrors { code field } } }";
const VIEWER: &str = "{ viewer { id name isMachine grants { role } } }";
const COUNTY: &str = "{ federation(code: \"430381000000\") { name } }";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The token is refused before any field runs.
pub async fn is_shut_out(caller: &Caller) -> bool {
    let answer = caller.post(VIEWER, json!({})).await;
    let code = answer.json()["errors"][0]["extensions"]["code"].clone();
    answer.status == StatusCode::UNAUTHORIZED && code == "UNAUTHENTICATED"
}

async fn account(app: &App, username: &str) -> account::Model {
    let found = account::Entity::find().filter(account::Column::Username.eq(username));
    found.one(app.process.db.reader()).await.unwrap().unwrap()
}

/// Gives an account another grant, and sets the days of the one it has.
async fn change_grant(app: &App, username: &str, change: impl FnOnce(&mut grant::ActiveModel)) {
    let id = account(app, username).await.id;
    let found = grant::Entity::find().filter(grant::Column::AccountId.eq(id));
    let mut grant = found
        .one(app.process.db.reader())
        .await
        .unwrap()
        .unwrap()
        .into_active_model();
    change(&mut grant);
    grant.update(app.process.db.reader()).await.unwrap();
}

/// How many rows there are: `session`, or `event WHERE …`.
async fn count(app: &App, of: &str) -> i64 {
    let db = &app.process.db;
    let sql = format!("SELECT COUNT(*) FROM {of}");
    let row = db
        .reader()
        .query_one_raw(Statement::from_string(db.backend(), sql));
    row.await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

both! {
    async fn a_cadre_signs_in_with_a_password(app: App) {
        app.add_account("xiangxiang.office", "CADRE", app.federation(XIANGXIANG)).await;

        let login = app.anonymous().done(LOGIN, json!({"username": "xiangxiang.office", "password": SECRET})).await;

        assert_eq!(login["expiresAt"], "2026-06-20T02:15:00Z");
        assert_eq!(
            login["viewer"],
            json!({"name": "xiangxiang.office", "isMachine": false, "grants": [
                {"role": "CADRE", "from": "2026-06-20", "to": null, "federation": {"name": "湘乡市总工会"}}]})
        );
        let caller = Caller { token: login["accessToken"].as_str().map(str::to_owned), ..app.anonymous() };
        assert_eq!(caller.data(COUNTY, json!({})).await["federation"]["name"], "湘乡市总工会");
    }

    async fn a_wrong_password_and_an_unknown_name_get_the_same_answer(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        app.add_account("bureau", "TAX_BUREAU", app.federation(XIANGXIANG)).await;
        let try_in = async |username: &str, password: &str| {
            app.anonymous().data(LOGIN, json!({"input": {"username": username, "password": password}})).await
        };

        let wrong = try_in("office", "not the password").await;
        let unknown = try_in("nobody", SECRET).await;
        let machine = try_in("bureau", SECRET).await;
        let nothing = try_in("", "").await;

        assert_eq!(
            wrong["login"],
            json!({"accessToken": null, "refreshToken": null, "expiresAt": null, "viewer": null, "userErrors": [
                {"code": "INVALID", "field": ["password"], "message": "Wrong user name or password."}]})
        );
        assert_eq!(unknown, wrong);
        assert_eq!(machine, wrong);
        assert_eq!(nothing, wrong);
    }

    async fn a_refresh_token_is_good_once(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let first = json!({"refreshToken": cadre.refresh_token});
        app.advance(TimeDelta::minutes(20));
        assert!(is_shut_out(&cadre).await);

        let next = app.anonymous().done(REFRESH, first.clone()).await;
        let again = app.anonymous().refused(REFRESH, first).await;
        let after = app.anonymous().done(REFRESH, json!({"refreshToken": next["refreshToken"]})).await;

        assert_eq!(again, ["INVALID refreshToken"]);
        assert_eq!(after["expiresAt"], "2026-06-20T02:35:00Z");
        let caller = Caller { token: after["accessToken"].as_str().map(str::to_owned), ..cadre };
        assert!(!is_shut_out(&caller).await);
    }

    async fn a_used_refresh_token_that_comes_again_ends_the_session(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let neighbour = app.person("CADRE", SHAOSHAN).await;
        let stolen = json!({"refreshToken": cadre.refresh_token});
        let next = app.anonymous().done(REFRESH, stolen.clone()).await;
        let owner = Caller { token: next["accessToken"].as_str().map(str::to_owned), ..cadre };
        app.advance(TimeDelta::seconds(1));

        let reused = app.anonymous().refused(REFRESH, stolen.clone()).await;

        assert_eq!(reused, ["INVALID refreshToken"]);
        assert!(is_shut_out(&owner).await);
        let newest = app.anonymous().refused(REFRESH, json!({"refreshToken": next["refreshToken"]})).await;
        assert_eq!(newest, ["INVALID refreshToken"]);
        assert!(!is_shut_out(&neighbour).await);
        app.anonymous().refused(REFRESH, stolen).await;
        assert_eq!(count(&app, "event WHERE kind = 'REFRESH_TOKEN_REUSED'").await, 1);
    }

    async fn sessions_are_forgotten_a_month_after_their_end(app: App) {
        app.add_account("phone", "CADRE", app.federation(XIANGXIANG)).await;
        let login = app.log_in(json!({"username": "phone", "password": SECRET, "frontEnd": "PHONE"})).await;
        let cadre = app.caller(&login);
        let bureau = app.person("TAX_BUREAU", XIANGXIANG).await;
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        app.sign_in("office").await.data(LOGOUT, json!({})).await;
        let clean = async || {
            api::worker::clean(&app.process).await.map_err(|error| error.report()).unwrap();
            count(&app, "session").await
        };

        app.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
        let before = clean().await;
        app.advance(TimeDelta::minutes(16));
        let without_signed_out_and_machine = clean().await;
        app.advance(TimeDelta::days(7));

        assert_eq!((before, without_signed_out_and_machine, clean().await), (3, 1, 0));
        assert!(is_shut_out(&cadre).await);
        assert!(is_shut_out(&bureau).await);
    }

    async fn a_password_that_nobody_can_have_is_refused_as_a_wrong_one(app: App) {
        let long = "x".repeat(1 << 18);

        let refused = app.anonymous().refused(LOGIN, json!({"username": "office", "password": long})).await;

        assert_eq!(refused, ["INVALID password"]);
    }

    async fn two_who_use_one_refresh_token_at_once_do_not_both_go_on(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let input = json!({"input": {"refreshToken": cadre.refresh_token}});
        let (first, second) = (app.anonymous(), app.anonymous());

        let (first, second) = tokio::join!(first.data(REFRESH, input.clone()), second.data(REFRESH, input));

        let went_on = [&first, &second].into_iter().filter(|data| !data["refreshSession"]["refreshToken"].is_null());
        assert_eq!(went_on.count(), 1, "{first} {second}");
        // They were one owner with two windows: the session goes on.
        let winner = [&first, &second].into_iter().find_map(|data| data["refreshSession"]["refreshToken"].as_str());
        app.anonymous().done(REFRESH, json!({"refreshToken": winner})).await;
    }

    async fn a_refresh_token_ends_when_nobody_uses_it_and_with_its_account(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let other = app.person("CADRE", SHAOSHAN).await;
        let refresh = async |caller: &Caller| app.anonymous().refused(REFRESH, json!({"refreshToken": caller.refresh_token})).await;

        let username = format!("cadre.{}", app.federation(SHAOSHAN));
        let mut disabled = account(&app, &username).await.into_active_model();
        disabled.disabled_at = Set(Some("2026-06-20T02:00:00Z".parse().unwrap()));
        disabled.update(app.process.db.reader()).await.unwrap();
        let of_disabled = refresh(&other).await;
        app.advance(TimeDelta::minutes(30));
        let of_half_an_hour_ago = refresh(&cadre).await;
        let of_nobody = app.anonymous().refused(REFRESH, json!({"refreshToken": ""})).await;

        assert_eq!(of_disabled, ["INVALID refreshToken"]);
        assert_eq!(of_half_an_hour_ago, ["INVALID refreshToken"]);
        assert_eq!(of_nobody, ["INVALID refreshToken"]);
    }

    async fn signing_out_ends_the_session_at_once_and_no_other(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let (phone, desk) = (app.sign_in("office").await, app.sign_in("office").await);

        let signed_out = phone.data(LOGOUT, json!({})).await;
        let by_nobody = app.anonymous().codes(LOGOUT, json!({})).await;

        assert_eq!(signed_out["logout"]["userErrors"], json!([]));
        assert!(is_shut_out(&phone).await);
        assert!(!is_shut_out(&desk).await);
        assert_eq!(
            app.anonymous().refused(REFRESH, json!({"refreshToken": phone.refresh_token})).await,
            ["INVALID refreshToken"]
        );
        assert_eq!(by_nobody, ["UNAUTHENTICATED"]);
    }

    async fn an_access_token_ends_after_a_quarter_of_an_hour(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;

        app.advance(TimeDelta::minutes(15) - TimeDelta::seconds(1));
        let just_before = is_shut_out(&cadre).await;
        app.advance(TimeDelta::seconds(1));

        assert!(!just_before);
        assert!(is_shut_out(&cadre).await);
    }

    async fn a_disabled_account_is_shut_out_at_once(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let office = app.sign_in("office").await;

        let mut disabled = account(&app, "office").await.into_active_model();
        disabled.disabled_at = Set(Some("2026-06-20T02:00:00Z".parse().unwrap()));
        disabled.update(app.process.db.reader()).await.unwrap();

        assert!(is_shut_out(&office).await);
        let login = app.anonymous().refused(LOGIN, json!({"username": "office", "password": SECRET})).await;
        assert_eq!(login, ["INVALID password"]);
    }

    async fn a_grant_holds_from_its_first_day_up_to_its_last(app: App) {
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let office = app.sign_in("office").await;
        let day = |text: &str| text.parse().unwrap();
        let grants = async || office.data(VIEWER, json!({})).await["viewer"]["grants"].as_array().unwrap().len();

        change_grant(&app, "office", |grant| grant.valid_from = Set(day("2026-06-21"))).await;
        let before = (grants().await, office.codes(COUNTY, json!({})).await);
        // Midnight in China is 16:00 UTC.
        app.clock.set("2026-06-20T15:59:59Z");
        let office = app.sign_in("office").await;
        let grants = async || office.data(VIEWER, json!({})).await["viewer"]["grants"].as_array().unwrap().len();
        let last_second = grants().await;
        app.clock.set("2026-06-20T16:00:00Z");
        let first_day = (grants().await, office.data(COUNTY, json!({})).await);
        change_grant(&app, "office", |grant| {
            grant.valid_from = Set(day("2026-06-01"));
            grant.valid_to = Set(Some(day("2026-06-21")));
        })
        .await;
        let over = (grants().await, office.codes(COUNTY, json!({})).await);

        assert_eq!(before, (0, vec!["FORBIDDEN".to_owned()]));
        assert_eq!(last_second, 0);
        assert_eq!(first_day.0, 1);
        assert_eq!(first_day.1["federation"]["name"], "湘乡市总工会");
        assert_eq!(over, (0, vec!["FORBIDDEN".to_owned()]));
    }

    async fn two_grants_reach_two_places_and_nothing_between(app: App) {
        app.add_account("office", "CADRE", app.federation(WANGCHUNMEN)).await;
        let office = app.sign_in("office").await;
        let second = grant::Model {
            id: GrantId(app.operator().id()),
            account_id: account(&app, "office").await.id,
            role: "LEADER".to_owned(),
            federation_id: app.federation(SHAOSHAN),
            valid_from: "2026-01-01".parse().unwrap(),
            valid_to: None,
            until: None,
            given_by: None,
            reason: String::new(),
        };
        second.into_active_model().insert(app.process.db.reader()).await.unwrap();

        let query = "query($code: DivisionCode) { federation(code: $code) { children(first: 100) { totalCount } } }";
        let children = async |code: &str| {
            let data = office.data(query, json!({"code": code})).await;
            data["federation"]["children"]["totalCount"].clone()
        };

        assert_eq!(children(SHAOSHAN).await, 4);
        assert_eq!(children(XIANGXIANG).await, 1);
        assert_eq!(children(XIANGTAN).await, 2);
        assert_eq!(children(XINXIANGLU).await, Value::Null);
        assert_eq!(children(CHANGSHA).await, Value::Null);
    }

    async fn a_machine_gets_its_token_by_form_or_by_basic(app: App) {
        app.add_account("bureau@430381", "TAX_BUREAU", app.federation(XIANGXIANG)).await;
        let by_form = app
            .send("POST", "/oauth/token", &[FORM], format!("grant_type=client_credentials&other=x&client_id=bureau%40430381&client_secret={}", SECRET.replace(' ', "%20")))
            .await;
        // Both are form-encoded inside: RFC 6749 §2.3.1.
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("bureau%40430381:{}", SECRET.replace(' ', "+"))));
        let by_basic = app
            .send("POST", "/oauth/token", &[FORM, ("authorization", &basic)], "grant_type=client_credentials")
            .await;

        for answer in [by_form, by_basic] {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
            assert_eq!(answer.headers["cache-control"], "no-store");
            let token = answer.json();
            assert_eq!(token["token_type"], "Bearer");
            assert_eq!(token["expires_in"], 900);
            assert!(token.get("refresh_token").is_none());
            let machine = Caller { token: token["access_token"].as_str().map(str::to_owned), ..app.anonymous() };
            let viewer = machine.data(VIEWER, json!({})).await;
            assert_eq!(viewer["viewer"]["isMachine"], true);
            assert_eq!(viewer["viewer"]["grants"], json!([{"role": "TAX_BUREAU"}]));
        }
    }

    async fn the_token_endpoint_refuses_in_the_words_of_its_standard(app: App) {
        app.add_account("bureau", "TAX_BUREAU", app.federation(XIANGXIANG)).await;
        app.add_account("office", "CADRE", app.federation(XIANGXIANG)).await;
        let good = format!("client_secret={}", SECRET.replace(' ', "+"));
        for (body, status, error) in [
            ("grant_type=client_credentials&client_id=bureau&client_secret=wrong".to_owned(), 401, "invalid_client"),
            (format!("grant_type=client_credentials&client_id=nobody&{good}"), 401, "invalid_client"),
            (format!("grant_type=client_credentials&client_id=office&{good}"), 401, "invalid_client"),
            ("grant_type=client_credentials".to_owned(), 401, "invalid_client"),
            (format!("grant_type=password&client_id=bureau&{good}"), 400, "unsupported_grant_type"),
            (format!("client_id=bureau&{good}"), 400, "invalid_request"),
        ] {
            let answer = app.send("POST", "/oauth/token", &[FORM], body.clone()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text());
            assert_eq!(answer.json(), json!({"error": error}), "{body}");
            assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{body}");
        }
    }

    async fn a_bad_token_is_refused_before_any_field_runs(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let good = cadre.token.clone().unwrap();
        let (signed, _) = good.rsplit_once('.').unwrap();
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIwIn0.";
        for value in [
            "Bearer nonsense".to_owned(),
            "Bearer ".to_owned(),
            "Bearer".to_owned(),
            format!("Basic {good}"),
            format!("Bearer {signed}.AAAA"),
            format!("Bearer {unsigned}"),
            good.clone(),
        ] {
            let headers = [("content-type", "application/json"), ("authorization", value.as_str())];
            let answer = app.send("POST", "/graphql", &headers, json!({"query": "{ __typename }"}).to_string()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{value}");
            assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{value}");
            assert_eq!(answer.json()["errors"][0]["message"], "Sign in first.");
        }
        // The scheme's name knows no case: RFC 9110 §11.1.
        let headers = [("content-type", "application/json"), ("authorization", &format!("bearer {good}"))];
        let answer = app.send("POST", "/graphql", &headers, json!({"query": VIEWER}).to_string()).await;
        assert_eq!(answer.status, StatusCode::OK);
    }

    async fn a_token_of_another_service_is_refused(app: App) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        crate::support::db::done(Keys::write_new(&file, &*app.clock, &International));
        let elsewhere = crate::support::db::done(Keys::read(&file));
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let claims = json!({"sub": uuid::Uuid::nil(), "sid": uuid::Uuid::nil(), "exp": 4_000_000_000_u64});
        // It even says that our key has signed it.
        let kid = app.process.keys.with(|ring| ring.signer(app.process.clock.now()).unwrap().id.clone());
        let header = jsonwebtoken::Header { kid: Some(kid), ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA) };
        let forged = elsewhere.with(|ring| {
            let theirs = ring.signer(app.process.clock.now()).unwrap();
            jsonwebtoken::encode(&header, &claims, theirs.encoding().unwrap()).unwrap()
        });

        assert!(is_shut_out(&Caller { token: Some(forged), ..cadre }).await);
    }

    async fn whoever_has_not_signed_in_is_nobody(app: App) {
        let nobody = app.anonymous();

        let viewer = nobody.data(VIEWER, json!({})).await["viewer"].take();
        let county = nobody.gql(COUNTY, json!({})).await;

        assert_eq!(viewer, json!({"id": null, "name": null, "isMachine": false, "grants": []}));
        assert_eq!(county["data"], json!({"federation": null}));
        assert_eq!(county["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
        assert_eq!(county["errors"][0]["path"], json!(["federation"]));
    }

    async fn messages_come_in_the_language_that_is_asked_for(app: App) {
        let wrong = json!({"input": {"username": "nobody", "password": "wrong"}});
        let message = async |language: Option<&'static str>| {
            let caller = Caller { language, ..app.anonymous() };
            let data = caller.data(LOGIN, wrong.clone()).await;
            data["login"]["userErrors"][0]["message"].as_str().unwrap().to_owned()
        };

        assert_eq!(message(Some("zh-CN,zh;q=0.9,en;q=0.8")).await, "用户名或密码错误。");
        assert_eq!(message(Some("fr-FR, ZH-hans;q=0.5")).await, "用户名或密码错误。");
        assert_eq!(message(Some("en-GB, zh")).await, "Wrong user name or password.");
        assert_eq!(message(Some("fr")).await, "Wrong user name or password.");
        assert_eq!(message(None).await, "Wrong user name or password.");
        let nobody = app.anonymous().in_chinese();
        assert_eq!(nobody.errors(COUNTY, json!({})).await[0]["message"], "请先登录。");
        let bad = Caller { token: Some("nonsense".to_owned()), ..nobody };
        assert_eq!(bad.post(VIEWER, json!({})).await.json()["errors"][0]["message"], "请先登录。");
    }

    async fn a_name_is_given_once_and_secrets_are_long(app: App) {
        use api::accounts::account::service::{NewAccount, add};
        let new = |username: &str, secret: &str| NewAccount {
            username: username.to_owned(),
            display_name: "办公室".to_owned(),
            secret: secret.to_owned(),
            role: api::policy::Role::Cadre,
            federation_id: app.federation(XIANGXIANG),
        };

        add(&app.operator(), new("office", SECRET)).await.map(drop).map_err(|error| error.report()).unwrap();
        let taken = add(&app.operator(), new("office", SECRET)).await.map_err(|error| error.report());
        let short = add(&app.operator(), new("a b", "short")).await.map_err(|error| error.report());

        assert_eq!(taken.unwrap_err(), "username: This name is taken.");
        assert_eq!(
            short.unwrap_err(),
            "username: From 3 to 64 letters, digits, - _ . or @.\npassword: From 10 to 128 characters, without the user name; \
             with fewer than 16 of them, 3 kinds of: small letters, capitals, digits, others."
        );
    }
}
