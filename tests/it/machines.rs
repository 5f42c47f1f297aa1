//! Machine clients: credentials that take over from one another, signed assertions, scopes, published keys, and tokens
//! that somebody else made.

use crate::support::accounts::*;
use crate::support::app::{Answer, SECRET};
use crate::support::machines::*;
use crate::support::tree::*;
use crate::support::{App, Caller};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde_json::{Value, json};

const VIEWER: &str = "{ viewer { name isMachine grants { role } } }";
const COUNTY: &str = "{ federation(code: \"430381000000\") { name } }";
const CREDENTIALS: &str =
    "query($id: ID!) { node(id: $id) { ... on Account { credentials { id kind isInForce } } } }";

async fn is_shut_out(caller: &Caller) -> bool {
    let answer = caller.post(VIEWER, json!({})).await;
    answer.status == 401 && answer.code() == "UNAUTHENTICATED"
}

/// Status and error of the token endpoint.
fn said(answer: &Answer) -> (u16, String) {
    let error = answer.json()["error"].as_str().unwrap_or("none").to_owned();
    (answer.status.as_u16(), error)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// A client of 湘乡市 that reads figures, and who administrates it.
struct Client {
    admin: Caller,
    id: String,
}

impl Client {
    async fn register(app: &App, client_id: &str) -> Client {
        let admin = app.person("SYSTEM_ADMINISTRATOR", XIANGTAN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGTAN).await;
        let input = json!({"federationId": app.gid(XIANGXIANG), "username": client_id, "name": "统计平台"});
        let registered = admin.done(REGISTER_CLIENT, input).await;
        let id = text(&registered["account"]["id"]);
        let role = json!({"accountId": id, "role": "REPORTING", "federationId": app.gid(XIANGXIANG), "reason": "年度统计"});
        security.done(GRANT, role).await;
        Client { admin, id }
    }

    async fn add(&self, more: Value) -> Value {
        let mut input = json!({"accountId": self.id});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.admin.done(ADD_CREDENTIAL, input).await
    }

    async fn add_key(&self, pair: &Pair) -> String {
        text(&self.add(json!({"publicKey": pair.jwk.to_string()})).await["credential"]["id"])
    }

    async fn revoke(&self, id: &str) {
        self.admin
            .done(REVOKE_CREDENTIAL, json!({"id": id, "reason": "轮换"}))
            .await;
    }
}

both! {
    async fn a_registered_client_signs_in_with_a_secret_that_was_made_and_acts_by_its_role(app: App) {
        let admin = app.person("SYSTEM_ADMINISTRATOR", XIANGTAN).await;
        let input = json!({"federationId": app.gid(XIANGXIANG), "username": "stats", "name": "统计平台"});
        let registered = admin.done(REGISTER_CLIENT, input.clone()).await;
        let taken = admin.refused(REGISTER_CLIENT, input).await;

        let id = text(&registered["account"]["id"]);
        let added = admin.done(ADD_CREDENTIAL, json!({"accountId": id, "expiresOn": "2026-12-31"})).await;
        let secret = text(&added["secret"]);
        let answer = app.ask_for_token(&[("client_id", "stats"), ("client_secret", &secret)]).await;
        let client = app.bearer(&answer);

        assert_eq!(registered["account"], json!({"id": id, "username": "stats", "name": "统计平台", "isMachine": true,
            "state": "ACTIVE", "federation": {"name": "湘乡市总工会"}, "grants": [], "credentials": []}));
        assert_eq!(taken, ["CONFLICT username"]);
        assert_eq!(added["credential"]["kind"], "SECRET");
        assert_eq!(added["credential"]["expiresOn"], "2026-12-31");
        assert_eq!(answer.json()["scope"], "");
        assert_eq!(client.codes(COUNTY, json!({})).await, ["FORBIDDEN"]);
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGTAN).await;
        let role = json!({"accountId": id, "role": "REPORTING", "federationId": app.gid(XIANGXIANG), "reason": "年度统计"});
        security.done(GRANT, role).await;
        assert_eq!(client.data(COUNTY, json!({})).await["federation"]["name"], "湘乡市总工会");
        app.advance(TimeDelta::days(194));
        assert_eq!(said(&app.ask_for_token(&[("client_id", "stats"), ("client_secret", &secret)]).await), (401, "invalid_client".into()));
    }

    async fn a_secret_takes_over_from_another_without_a_gap(app: App) {
        let client = Client::register(&app, "stats").await;
        let first = client.add(json!({})).await;
        let second = client.add(json!({})).await;
        let third = client.admin.refused(ADD_CREDENTIAL, json!({"accountId": client.id})).await;
        let ask = async |added: &Value| {
            app.ask_for_token(&[("client_id", "stats"), ("client_secret", &text(&added["secret"]))]).await
        };
        let (by_first, by_second) = (app.bearer(&ask(&first).await), app.bearer(&ask(&second).await));

        client.revoke(&text(&first["credential"]["id"])).await;

        assert_eq!(third, ["CONFLICT accountId"]);
        assert!(is_shut_out(&by_first).await);
        assert!(!is_shut_out(&by_second).await);
        assert_eq!(said(&ask(&first).await), (401, "invalid_client".into()));
        assert_eq!(ask(&second).await.status, 200);
        let shown = client.admin.data(CREDENTIALS, json!({"id": client.id})).await;
        assert_eq!(shown["node"]["credentials"], json!([
            {"id": second["credential"]["id"], "kind": "SECRET", "isInForce": true},
            {"id": first["credential"]["id"], "kind": "SECRET", "isInForce": false}]));
        client.add(json!({})).await;
    }

    async fn what_a_client_may_get_is_refused_where_it_does_not_fit(app: App) {
        let client = Client::register(&app, "stats").await;
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let person = cadre.data("{ viewer { id } }", json!({})).await["viewer"]["id"].clone();
        let private = json!({"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}).to_string();
        for (input, refusal) in [
            (json!({"accountId": person}), "INVALID accountId"),
            (json!({"accountId": client.id, "expiresOn": "2026-06-20"}), "INVALID expiresOn"),
            (json!({"accountId": client.id, "publicKey": "x"}), "INVALID publicKey"),
            (json!({"accountId": client.id, "publicKey": private}), "INVALID publicKey"),
        ] {
            assert_eq!(client.admin.refused(ADD_CREDENTIAL, input.clone()).await, [refusal], "{input}");
        }
        let one = client.add(json!({})).await["credential"]["id"].clone();
        let elsewhere = app.person("SYSTEM_ADMINISTRATOR", SHAOSHAN).await;
        let security = app.person("SECURITY_ADMINISTRATOR", XIANGTAN).await;
        let of = json!({"accountId": client.id});
        let revoke = json!({"id": one, "reason": "轮换"});
        assert_eq!(elsewhere.refused(ADD_CREDENTIAL, of.clone()).await, ["NOT_FOUND accountId"]);
        assert_eq!(elsewhere.refused(REVOKE_CREDENTIAL, revoke.clone()).await, ["NOT_FOUND id"]);
        // A security administrator sees the account.
        for (caller, refusal) in [(&security, "FORBIDDEN"), (&cadre, "NOT_FOUND id")] {
            assert_eq!(caller.refused(ADD_CREDENTIAL, of.clone()).await, ["FORBIDDEN"]);
            assert_eq!(caller.refused(REVOKE_CREDENTIAL, revoke.clone()).await, [refusal]);
        }
        assert_eq!(app.anonymous().codes(REVOKE_CREDENTIAL, json!({"input": revoke})).await, ["UNAUTHENTICATED"]);
    }

    async fn a_client_signs_in_with_its_key_and_says_for_whom(app: App) {
        let client = Client::register(&app, "stats").await;
        let (ed, ec) = (Pair::ed25519(), Pair::p256());
        let added = client.add(json!({"publicKey": ed.jwk.to_string()})).await;
        client.add_key(&ec).await;
        let kid = text(&added["credential"]["kid"]);
        assert_eq!(added["secret"], json!(null));
        let with = |jti: &str, name: &str, value: Value| {
            let mut claims = app.claims("stats", jti);
            claims[name] = value;
            claims
        };
        let now = app.process.clock.now().timestamp();
        for assertion in [
            ed.sign(None, &app.claims("stats", "1")),
            ed.sign(Some(&kid), &app.claims("stats", "2")),
            ec.sign(None, &app.claims("stats", "3")),
            ed.sign(None, &with("4", "aud", json!("http://127.0.0.1:8000"))),
            ed.sign(None, &with("5", "aud", json!(["elsewhere", "http://127.0.0.1:8000"]))),
            ed.sign(None, &with("6", "exp", json!(now + 300))),
        ] {
            let client = app.bearer(&app.assert_client(&assertion).await);
            assert_eq!(client.data(VIEWER, json!({})).await["viewer"]["name"], "统计平台", "{assertion}");
        }
        let mut without_id = app.claims("stats", "");
        without_id.as_object_mut().unwrap().remove("jti");
        for assertion in [
            ed.sign(None, &app.claims("stats", "1")),
            ec.sign(Some(&kid), &app.claims("stats", "10")),
            ed.sign(Some("other"), &app.claims("stats", "11")),
            ed.sign(None, &with("12", "aud", json!("https://elsewhere.example"))),
            ed.sign(None, &with("13", "exp", json!(now))),
            ed.sign(None, &with("14", "exp", json!(now + 301))),
            ed.sign(None, &with("15", "nbf", json!(now + 60))),
            ed.sign(None, &with("16", "iss", json!("other"))),
            ed.sign(None, &with("17", "sub", json!("nobody"))),
            ed.sign(None, &app.claims("stats", "")),
            ed.sign(None, &without_id),
            Pair::ed25519().sign(None, &app.claims("stats", "18")),
            "no assertion".to_owned(),
        ] {
            let answer = app.assert_client(&assertion).await;
            assert_eq!(said(&answer), (401, "invalid_client".into()), "{assertion}");
        }
    }

    async fn one_assertion_that_is_sent_twice_at_once_opens_one_session(app: App) {
        let client = Client::register(&app, "stats").await;
        let pair = Pair::ed25519();
        client.add_key(&pair).await;
        let other = app.another().await;
        let assertion = pair.sign(None, &app.claims("stats", "1"));

        let (here, there) = tokio::join!(app.assert_client(&assertion), other.assert_client(&assertion));

        let mut statuses = [here.status.as_u16(), there.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }

    async fn another_clients_key_and_a_disabled_client_get_no_token(app: App) {
        let (stats, other) = (Client::register(&app, "stats").await, Client::register(&app, "other").await);
        let (own, theirs) = (Pair::ed25519(), Pair::ed25519());
        stats.add_key(&own).await;
        other.add_key(&theirs).await;

        let by_theirs = app.assert_client(&theirs.sign(None, &app.claims("stats", "1"))).await;
        let before = app.bearer(&app.assert_client(&own.sign(None, &app.claims("stats", "2"))).await);
        stats.admin.done(DISABLE, json!({"accountId": stats.id, "reason": "停用"})).await;
        let after = app.assert_client(&own.sign(None, &app.claims("stats", "3"))).await;

        assert_eq!(said(&by_theirs), (401, "invalid_client".into()));
        assert_eq!(said(&after), (401, "invalid_client".into()));
        assert!(is_shut_out(&before).await);
    }

    async fn a_revoked_key_and_a_removed_user_are_out_at_once_in_every_process(app: App) {
        let client = Client::register(&app, "stats").await;
        let pair = Pair::ed25519();
        let key = client.add_key(&pair).await;
        let other = app.another().await;
        let machine = app.bearer(&app.assert_client(&pair.sign(None, &app.claims("stats", "1"))).await).at(&other);
        let cadre = app.person("CADRE", XIANGXIANG).await.at(&other);
        assert!(!is_shut_out(&machine).await && !is_shut_out(&cadre).await);

        client.revoke(&key).await;
        let person = cadre.data("{ viewer { id } }", json!({})).await["viewer"]["id"].clone();
        client.admin.done(DISABLE, json!({"accountId": person, "reason": "离职"})).await;

        assert!(is_shut_out(&machine).await);
        assert!(is_shut_out(&cadre).await);
        let again = other.assert_client(&pair.sign(None, &app.claims("stats", "2"))).await;
        assert_eq!(said(&again), (401, "invalid_client".into()));
    }

    async fn a_session_is_out_even_if_it_was_opened_while_its_key_was_taken_back(app: App) {
        let client = Client::register(&app, "stats").await;
        let pair = Pair::ed25519();
        client.add_key(&pair).await;
        let machine = app.bearer(&app.assert_client(&pair.sign(None, &app.claims("stats", "1"))).await);

        // The session itself stands.
        app.write("UPDATE client_credential SET revoked_at = created_at").await;

        assert!(is_shut_out(&machine).await);
    }

    async fn a_token_is_good_for_what_it_was_asked_for(app: App) {
        app.add_account("stats", "REPORTING", app.federation(XIANGXIANG)).await;
        let ask = async |scope: &str| {
            app.ask_for_token(&[("client_id", "stats"), ("client_secret", SECRET), ("scope", scope)]).await
        };
        let of = |client: Caller| async move {
            let id = client.app.gid(XIANGXIANG);
            let query = "query($id: ID!) { viewer { viewerCan(actions: [READ_TREE, READ_FIGURES, READ_VISITS], id: $id) { reason } } \
                federation(code: \"430381000000\") { enterprises { totalCount } } }";
            let body = client.gql(query, json!({"id": id})).await;
            let reasons = body["data"]["viewer"]["viewerCan"].as_array().unwrap().iter();
            let reasons: Vec<_> = reasons.map(|permission| text(&permission["reason"])).collect();
            let code = body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").to_owned();
            (reasons.join(" "), code)
        };

        let all = app.ask_for_token(&[("client_id", "stats"), ("client_secret", SECRET)]).await;
        let some = ask("read_tree  read_visits read_tree").await;
        let more = ask("read_tree read_enterprises read_figures").await;

        assert_eq!(all.json()["scope"], "read_tree read_enterprises read_trade_unions read_figures read_returns read_targets");
        assert_eq!(some.json()["scope"], "read_tree");
        assert_eq!(of(app.bearer(&all)).await, ("GRANTED GRANTED NO_ROLE".into(), "none".into()));
        assert_eq!(of(app.bearer(&some)).await, ("GRANTED OUT_OF_SCOPE NO_ROLE".into(), "FORBIDDEN".into()));
        assert_eq!(of(app.bearer(&more)).await, ("GRANTED GRANTED NO_ROLE".into(), "none".into()));
        for unknown in ["READ_TREE", "read_tree openid", " ", ""] {
            assert_eq!(said(&ask(unknown).await), (400, "invalid_scope".into()), "{unknown}");
        }
    }

    async fn a_client_proves_itself_in_one_way_only(app: App) {
        app.add_account("stats", "REPORTING", app.federation(XIANGXIANG)).await;
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("stats:{}", SECRET.replace(' ', "+"))));
        let jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let grant = ("grant_type", "client_credentials");
        for (in_header, fields, wanted) in [
            (true, vec![grant], (200, "none")),
            (true, vec![grant, ("client_id", "stats")], (200, "none")),
            (true, vec![grant, ("client_id", "stats"), ("client_secret", SECRET)], (400, "invalid_request")),
            (true, vec![grant, ("client_assertion_type", jwt), ("client_assertion", "x")], (400, "invalid_request")),
            (false, vec![grant, ("client_assertion", "x")], (400, "invalid_request")),
            (false, vec![grant, ("client_assertion_type", jwt), ("client_assertion", "x"), ("client_secret", SECRET)], (400, "invalid_request")),
            (false, vec![grant, ("client_id", "stats")], (401, "invalid_client")),
            (false, vec![grant], (401, "invalid_client")),
        ] {
            let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
            headers.extend(in_header.then_some(("authorization", basic.as_str())));
            let answer = app.send("POST", "/oauth/token", &headers, form(&fields)).await;
            assert_eq!(said(&answer), (wanted.0, wanted.1.to_owned()), "{fields:?}");
        }
    }

    async fn the_keys_that_check_tokens_are_published(app: App) {
        let keys = app.send("GET", "/.well-known/jwks.json", &[], "").await;
        let how = app.send("GET", "/.well-known/oauth-authorization-server", &[], "").await;
        let cadre = app.person("CADRE", XIANGXIANG).await;

        let token = cadre.token.as_deref().unwrap();
        let header = jsonwebtoken::decode_header(token).unwrap();
        let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_slice(&keys.body).unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(jwks.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.set_audience(&["gonghui"]);
        validation.set_issuer(&["http://127.0.0.1:8000"]);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;

        assert_eq!(claims["iat"].as_i64(), Some(app.process.clock.now().timestamp()));
        assert!(claims["jti"].is_string() && claims["sid"].is_string());
        assert_eq!(jwks.keys.len(), 1);
        let how_said = how.json();
        assert_eq!(how_said["issuer"], "http://127.0.0.1:8000");
        assert_eq!(how_said["token_endpoint"], "http://127.0.0.1:8000/oauth/token");
        assert_eq!(how_said["jwks_uri"], "http://127.0.0.1:8000/.well-known/jwks.json");
        assert!(how_said["scopes_supported"].as_array().unwrap().contains(&json!("read_figures")));
        for answer in [&keys, &how] {
            assert_eq!(answer.headers["cache-control"], "public, max-age=300");
        }
    }

    async fn a_token_that_somebody_else_made_is_refused(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let token = cadre.token.clone().unwrap();
        let keys = app.send("GET", "/.well-known/jwks.json", &[], "").await.json();
        let (kid, public) = (text(&keys["keys"][0]["kid"]), text(&keys["keys"][0]["x"]));
        let public = BASE64_URL_SAFE_NO_PAD.decode(public).unwrap();
        let part = |place: usize| -> Value {
            let part = token.split('.').nth(place).unwrap();
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let (header, claims) = (part(0), part(1));
        assert_eq!((&header["alg"], &header["kid"]), (&json!("EdDSA"), &json!(kid)));
        let with = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            claims
        };
        let nothing = |_: &[u8]| Vec::new();
        let by_public = |said: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), said).as_ref().to_vec();
        let ours = |said: &[u8]| app.process.keys.sign(said, app.process.clock.now()).map_err(|error| error.report()).unwrap().1;
        let thief = Pair::ed25519();
        let head = |algorithm: &str, kid: &str| json!({"typ": "JWT", "alg": algorithm, "kid": kid});
        // What the rest is measured against: this one is as good as ours.
        let good = forged(&head("EdDSA", &kid), &claims, ours);
        assert!(!is_shut_out(&Caller { token: Some(good), ..cadre.clone() }).await);
        for (name, forged) in [
            ("none", forged(&head("none", &kid), &claims, nothing)),
            ("None", forged(&head("None", &kid), &claims, nothing)),
            ("HS256 by the public key", forged(&head("HS256", &kid), &claims, by_public)),
            ("RS256", forged(&head("RS256", &kid), &claims, ours)),
            ("ES256", forged(&head("ES256", &kid), &claims, ours)),
            ("no signature", forged(&head("EdDSA", &kid), &claims, nothing)),
            ("another key under our name", thief.sign(Some(&kid), &claims)),
            ("another key", thief.sign(Some("0123456789abcdef"), &claims)),
            ("no key", thief.sign(None, &claims)),
            ("its own key", forged(&json!({"alg": "EdDSA", "jwk": thief.jwk}), &claims, ours)),
            ("another audience", forged(&head("EdDSA", &kid), &with("aud", json!("elsewhere")), ours)),
            ("no audience", forged(&head("EdDSA", &kid), &with("aud", json!(null)), ours)),
            ("another issuer", forged(&head("EdDSA", &kid), &with("iss", json!("https://elsewhere.example")), ours)),
            ("over", forged(&head("EdDSA", &kid), &with("exp", json!(app.process.clock.now().timestamp())), ours)),
        ] {
            assert!(is_shut_out(&Caller { token: Some(forged), ..cadre.clone() }).await, "{name}");
        }
    }

    async fn a_service_of_another_address_takes_no_token_of_this_one(app: App) {
        let cadre = app.person("CADRE", XIANGXIANG).await;
        let elsewhere = app.another_with(|rules| rules.access.issuer = "https://other.example".to_owned()).await;

        assert!(is_shut_out(&cadre.at(&elsewhere)).await);
        assert!(!is_shut_out(&cadre).await);
    }

    async fn a_stolen_refresh_token_of_an_older_generation_ends_the_session(app: App) {
        let refresh = "mutation($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken refreshToken userErrors { code field } } }";
        let owner = app.person("CADRE", XIANGXIANG).await;
        let mut tokens = vec![owner.refresh_token.clone().unwrap()];
        for _ in 0..2 {
            app.advance(TimeDelta::minutes(1));
            let next = app.anonymous().done(refresh, json!({"refreshToken": tokens.last()})).await;
            tokens.push(text(&next["refreshToken"]));
        }
        app.advance(TimeDelta::minutes(1));

        let thief = app.another().await;
        let stolen = thief.anonymous().refused(refresh, json!({"refreshToken": tokens[0]})).await;

        assert_eq!(stolen, ["INVALID refreshToken"]);
        assert_eq!(app.anonymous().refused(refresh, json!({"refreshToken": tokens[2]})).await, ["INVALID refreshToken"]);
        assert!(is_shut_out(&owner).await);
    }

    async fn the_trail_says_which_credential_and_holds_no_secret(app: App) {
        let client = Client::register(&app, "stats").await;
        let added = client.add(json!({})).await;
        let secret = text(&added["secret"]);
        app.bearer(&app.ask_for_token(&[("client_id", "stats"), ("client_secret", &secret)]).await);
        client.revoke(&text(&added["credential"]["id"])).await;
        app.settle().await;

        let auditor = app.person("AUDIT_ADMINISTRATOR", XIANGTAN).await;
        let query = "{ federation(code: \"430381000000\") { auditTrail(first: 100) { nodes { kind reason details { name before after } } } } }";
        let trail = auditor.data(query, json!({})).await.to_string();

        for kind in ["CLIENT_REGISTERED", "CLIENT_CREDENTIAL_ADDED", "CLIENT_CREDENTIAL_REVOKED", "SIGNED_IN"] {
            assert!(trail.contains(kind), "{kind} in {trail}");
        }
        assert!(trail.contains("轮换"));
        assert!(!trail.contains(&secret) && !trail.contains("argon2"));
    }
}
