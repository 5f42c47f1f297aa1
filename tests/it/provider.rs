//! Signing in by an identity provider: the provider runs on a port of its own.

use crate::support::accounts::*;
use crate::support::app::SECRET;
use crate::support::machines::{Pair, forged};
use crate::support::provider::*;
use crate::support::tree::*;
use crate::support::{App, Caller};
use api::policy::Role;
use aws_lc_rs::hmac;
use chrono::TimeDelta;
use serde_json::{Value, json};

const REFUSED: [&str; 1] = ["INVALID code"];

/// Invites somebody of 湘乡市 and binds them to a subject; the account's id.
async fn bound(app: &App, username: &str, subject: &str) -> String {
    let admin = app.person("SYSTEM_ADMINISTRATOR", XIANGTAN).await;
    let input = json!({"federationId": app.gid(XIANGXIANG), "username": username, "name": "组织部"});
    let id = admin.done(INVITE, input).await["account"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let bound = admin
        .done(
            BIND_PROVIDER,
            json!({"accountId": id, "subject": subject, "reason": "统一身份"}),
        )
        .await;
    assert_eq!(bound["account"], json!({"hasProvider": true, "state": "INVITED"}));
    id
}

async fn link(app: &App, provider: &Provider, caller: &Caller, subject: &str) {
    let begun = caller.begin_provider_login(json!({})).await;
    let mut input = provider.approve(app, &begun, subject);
    input["password"] = json!(SECRET);
    let linked = caller.done(LINK_PROVIDER, input).await;
    assert_eq!(linked["account"]["hasProvider"], true);
}

both! {
    async fn somebody_who_was_invited_signs_in_by_the_provider_without_a_password(app: App) {
        let (provider, app) = Provider::start(&app).await;
        let id = bound(&app, "xiangxiang.office", "u-1").await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGTAN).await;
        let role = json!({"accountId": id, "role": "CADRE", "federationId": app.gid(XIANGXIANG), "reason": "到岗"});
        security.done(GRANT, role).await;

        let begun = app.anonymous().begin_provider_login(json!({"frontEnd": "PHONE"})).await;
        let input = provider.approve(&app, &begun, "u-1");
        let login = app.anonymous().done(LOGIN_WITH_PROVIDER, input.clone()).await;
        let again = app.anonymous().refused(LOGIN_WITH_PROVIDER, input).await;

        for (name, value) in [("response_type", "code"), ("client_id", "gonghui"), ("code_challenge_method", "S256"), ("scope", "openid"),
            ("redirect_uri", "https%3A%2F%2Fapp.example.cn%2Fback"), ("state", &begun.state)] {
            assert_eq!(begun.query[name], value, "{name}");
        }
        assert_eq!(login["viewer"], json!({"name": "组织部", "isOtpMissing": false, "grants": [{"role": "CADRE"}]}));
        assert_eq!(again, REFUSED);
        let caller = app.caller(&login);
        let sessions = caller.data("{ viewer { sessions { kind isStrong } } }", json!({})).await;
        assert_eq!(sessions["viewer"]["sessions"], json!([{"kind": "PHONE", "isStrong": false}]));
    }

    async fn what_the_provider_did_not_say_about_this_login_is_refused(app: App) {
        let (provider, app) = Provider::start(&app).await;
        bound(&app, "office", "u-1").await;
        let now = app.process.clock.now().timestamp();
        let thief = Pair::p256();
        let head = |algorithm: &str| json!({"alg": algorithm, "kid": "first"});
        let by_secret = |said: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"provider secret"), said).as_ref().to_vec();
        for (name, value) in [
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("aud", json!("another")),
            ("aud", json!(["gonghui", "another"])),
            ("iss", json!("https://elsewhere.example")),
            ("exp", json!(now)),
            ("sub", json!("u-2")),
        ] {
            let begun = app.anonymous().begin_provider_login(json!({})).await;
            let mut claims = provider.claims(&app, &begun, "u-1");
            claims[name] = value;
            let input = provider.back(&begun, provider.pair.sign(Some("first"), &claims));
            assert_eq!(app.anonymous().refused(LOGIN_WITH_PROVIDER, input).await, REFUSED, "{claims}");
        }
        for name in ["a foreign key", "unsigned", "by the shared secret", "ours"] {
            let begun = app.anonymous().begin_provider_login(json!({})).await;
            let claims = provider.claims(&app, &begun, "u-1");
            let token = match name {
                "a foreign key" => thief.sign(Some("first"), &claims),
                "unsigned" => forged(&head("none"), &claims, |_| Vec::new()),
                "by the shared secret" => forged(&head("HS256"), &claims, by_secret),
                _ => provider.pair.sign(Some("first"), &claims),
            };
            let input = provider.back(&begun, token);
            let login = app.anonymous().data(LOGIN_WITH_PROVIDER, json!({"input": input})).await;
            let is_in = !login["loginWithProvider"]["accessToken"].is_null();
            assert_eq!(is_in, name == "ours", "{name}: {login}");
        }
    }

    async fn a_state_is_good_once_for_ten_minutes_and_for_its_own_code(app: App) {
        let (provider, app) = Provider::start(&app).await;
        bound(&app, "office", "u-1").await;
        let begin = async || app.anonymous().begin_provider_login(json!({})).await;
        let refused = async |input: Value| app.anonymous().refused(LOGIN_WITH_PROVIDER, input).await;

        let (first, second) = (begin().await, begin().await);
        let of_first = provider.approve(&app, &first, "u-1");
        // A code that was caught on its way, under the thief's own state: the verifier does not fit.
        let caught = refused(json!({"state": second.state, "secret": second.secret, "code": of_first["code"]})).await;
        // The address that the provider sends the person back to was seen by somebody: they lack the secret, and the
        // person comes in all the same.
        let third = begin().await;
        let of_third = provider.approve(&app, &third, "u-1");
        for secret in ["", "x", &*second.secret] {
            let mut seen = of_third.clone();
            seen["secret"] = json!(secret);
            assert_eq!(refused(seen).await, REFUSED, "{secret}");
        }
        app.anonymous().done(LOGIN_WITH_PROVIDER, of_third).await;
        let late = begin().await;
        let late = provider.approve(&app, &late, "u-1");
        app.advance(TimeDelta::minutes(10));

        assert_eq!(caught, REFUSED);
        assert_eq!(refused(late).await, REFUSED);
        assert_eq!(refused(json!({"state": "x", "secret": "x", "code": "x"})).await, REFUSED);
        assert_eq!(refused(json!({"state": "", "secret": "", "code": ""})).await, REFUSED);
    }

    async fn an_unknown_key_of_any_kind_has_the_keys_read_again(app: App) {
        let (mut provider, app) = Provider::start(&app).await;
        bound(&app, "office", "u-1").await;
        let sign_in = async |provider: &Provider, key_id: &str| {
            let begun = app.anonymous().begin_provider_login(json!({})).await;
            let token = provider.pair.sign(Some(key_id), &provider.claims(&app, &begun, "u-1"));
            let input = provider.back(&begun, token);
            app.anonymous().done(LOGIN_WITH_PROVIDER, input).await
        };
        sign_in(&provider, "first").await;
        sign_in(&provider, "first").await;
        let before = provider.reads();
        for (key_id, pair) in [("second", Pair::ed25519()), ("third", Pair::rsa())] {
            provider.pair = pair;
            provider.publish(key_id, &provider.pair);
            sign_in(&provider, key_id).await;
        }

        assert_eq!((before, provider.reads()), (1, 3));
    }

    async fn a_person_links_an_account_with_the_password_and_only_what_they_began(app: App) {
        let (provider, app) = Provider::start(&app).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let other = app.person("CADRE", SHAOSHAN).await;
        let strangers = app.anonymous().begin_provider_login(json!({})).await;
        let mut of_stranger = provider.approve(&app, &strangers, "u-9");
        of_stranger["password"] = json!(SECRET);
        let begun = cadre.begin_provider_login(json!({})).await;
        let as_login = provider.approve(&app, &begun, "u-1");
        let mut without = as_login.clone();
        without["password"] = json!("not the password");

        assert_eq!(cadre.refused(LINK_PROVIDER, of_stranger).await, REFUSED);
        assert_eq!(cadre.refused(LINK_PROVIDER, without).await, ["INVALID password"]);
        assert_eq!(app.anonymous().refused(LOGIN_WITH_PROVIDER, as_login).await, REFUSED);
        link(&app, &provider, &cadre, "u-1").await;
        let begun = other.begin_provider_login(json!({})).await;
        let mut taken = provider.approve(&app, &begun, "u-1");
        taken["password"] = json!(SECRET);
        assert_eq!(other.refused(LINK_PROVIDER, taken).await, ["CONFLICT subject"]);
        let begun = app.anonymous().begin_provider_login(json!({})).await;
        let login = app.anonymous().done(LOGIN_WITH_PROVIDER, provider.approve(&app, &begun, "u-1")).await;
        assert_eq!(login["viewer"]["grants"], json!([{"role": "CADRE"}]));
    }

    async fn who_has_a_second_factor_needs_it_here_too_unless_the_provider_asked_for_one(app: App) {
        let (provider, app) = Provider::start(&app).await;
        app.add_account("safe", "SYSTEM_ADMINISTRATOR", app.federation(XIANGXIANG)).await;
        let admin = app.sign_in("safe").await;
        link(&app, &provider, &admin, "u-1").await;
        let begin = async || app.anonymous().begin_provider_login(json!({})).await;
        let begun = begin().await;
        let weak = app.anonymous().done(LOGIN_WITH_PROVIDER, provider.approve(&app, &begun, "u-1")).await;
        let device = admin.set_up_otp(SECRET).await;
        app.advance(TimeDelta::seconds(30));

        let begun = begin().await;
        let without = app.anonymous().refused(LOGIN_WITH_PROVIDER, provider.approve(&app, &begun, "u-1")).await;
        let begun = begin().await;
        let mut input = provider.approve(&app, &begun, "u-1");
        input["otp"] = json!(device.code());
        let with = app.anonymous().done(LOGIN_WITH_PROVIDER, input).await;
        let begun = begin().await;
        let mut claims = provider.claims(&app, &begun, "u-1");
        claims["amr"] = json!(["pwd", "mfa"]);
        let back = provider.back(&begun, provider.pair.sign(Some("first"), &claims));
        let strong = app.anonymous().done(LOGIN_WITH_PROVIDER, back).await;

        assert_eq!((&weak["viewer"]["isOtpMissing"], &weak["viewer"]["grants"][0]["role"]), (&json!(true), &json!("SYSTEM_ADMINISTRATOR")));
        assert_eq!(without, ["INVALID otp"]);
        assert_eq!(with["viewer"]["isOtpMissing"], false);
        assert_eq!(strong["viewer"]["isOtpMissing"], false);
    }

    async fn an_administrator_binds_only_whom_nobody_has_signed_in_as(app: App) {
        let (provider, app) = Provider::start(&app).await;
        let admin = app.person("SYSTEM_ADMINISTRATOR", XIANGTAN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGTAN).await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let active = cadre.data("{ viewer { id } }", json!({})).await["viewer"]["id"].clone();
        let invited = bound(&app, "office", "u-1").await;
        bound(&app, "other", "u-2").await;
        let new = json!({"federationId": app.gid(XIANGXIANG), "username": "new", "name": "办公室"});
        let new = admin.done(INVITE, new).await["account"]["id"].take();
        let role = |role: &str| json!({"accountId": new, "role": role, "federationId": app.gid(XIANGXIANG), "reason": "到岗"});
        let bind = |id: &Value, subject: &str| json!({"accountId": id, "subject": subject, "reason": "统一身份"});

        assert_eq!(admin.refused(BIND_PROVIDER, bind(&active, "u-3")).await, ["INVALID accountId"]);
        assert_eq!(admin.refused(BIND_PROVIDER, bind(&json!(invited), "u-3")).await, ["INVALID accountId"], "bound already");
        assert_eq!(admin.refused(BIND_PROVIDER, bind(&new, "u-2")).await, ["CONFLICT subject"]);
        assert_eq!(admin.refused(BIND_PROVIDER, bind(&new, "a b")).await, ["INVALID subject"]);
        assert_eq!(security.refused(BIND_PROVIDER, bind(&new, "u-3")).await, ["FORBIDDEN"]);
        // Whoever gave out the code could open a role that a second factor guards.
        assert_eq!(security.refused(GRANT, role("SYSTEM_ADMINISTRATOR")).await, ["INVALID accountId"]);
        security.done(GRANT, role("CADRE")).await;
        let strict = app.another_with(|rules| rules.access.otp_roles.0.push(Role::Cadre)).await;
        assert_eq!(admin.at(&strict).refused(BIND_PROVIDER, bind(&new, "u-3")).await, ["INVALID accountId"]);
        // A subject that was wrong goes with a reset, and so does one that was right.
        admin.done(RESET_PASSWORD, json!({"accountId": invited, "reason": "身份有误"})).await;
        admin.done(BIND_PROVIDER, bind(&json!(invited), "u-3")).await;
        for (subject, is_in) in [("u-1", false), ("u-3", true)] {
            let begun = app.anonymous().begin_provider_login(json!({})).await;
            let input = json!({"input": provider.approve(&app, &begun, subject)});
            let login = app.anonymous().data(LOGIN_WITH_PROVIDER, input).await;
            assert_eq!(!login["loginWithProvider"]["accessToken"].is_null(), is_in, "{subject}: {login}");
        }
        admin.done(RESET_PASSWORD, json!({"accountId": invited, "reason": "离职交接"})).await;
        let begun = app.anonymous().begin_provider_login(json!({})).await;
        assert_eq!(app.anonymous().refused(LOGIN_WITH_PROVIDER, provider.approve(&app, &begun, "u-3")).await, REFUSED);
        // Who has a second factor is not had by binding and a provider that asks for one.
        let office = app.person("SYSTEM_ADMINISTRATOR", WANGCHUNMEN).await.data("{ viewer { id } }", json!({})).await["viewer"]["id"].take();
        admin.done(RESET_PASSWORD, json!({"accountId": office, "reason": "忘记密码"})).await;
        assert_eq!(admin.refused(BIND_PROVIDER, bind(&office, "u-4")).await, ["INVALID accountId"; 2]);
    }

    async fn a_disabled_account_does_not_come_in_by_the_provider(app: App) {
        let (provider, app) = Provider::start(&app).await;
        let id = bound(&app, "office", "u-1").await;
        let admin = app.person("SYSTEM_ADMINISTRATOR", XIANGTAN).await;
        admin.done(DISABLE, json!({"accountId": id, "reason": "离职"})).await;

        let begun = app.anonymous().begin_provider_login(json!({})).await;

        assert_eq!(app.anonymous().refused(LOGIN_WITH_PROVIDER, provider.approve(&app, &begun, "u-1")).await, REFUSED);
    }

    async fn without_a_provider_and_with_one_that_is_silent_people_hear_so(app: App) {
        let none = app.anonymous().refused(BEGIN, json!({})).await;
        let silent = app.another_with(|rules| {
            // Nobody listens on the port of discarded things.
            rules.access.oidc.oidc_issuer = Some("http://127.0.0.1:9".to_owned());
            rules.access.oidc.oidc_client_id = Some("gonghui".to_owned());
            rules.access.oidc.oidc_redirect_uri = Some("https://app.example.cn/back".to_owned());
        }).await;

        assert_eq!(none, ["CONFLICT"]);
        assert_eq!(silent.anonymous().codes(BEGIN, json!({"input": {}})).await, ["UNAVAILABLE"]);
    }
}
