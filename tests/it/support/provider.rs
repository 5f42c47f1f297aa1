//! An identity provider (OpenID Connect) on a port of its own. Nobody signs in at it: the test says who it was.

use super::App;
use super::app::Caller;
use super::machines::{Pair, base64url};
use aws_lc_rs::digest;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

pub const BEGIN: &str = "mutation($input: BeginProviderLogin!) { beginProviderLogin(input: $input) { \
    authorizationUrl state secret userErrors { code field message } } }";
pub const LOGIN_WITH_PROVIDER: &str = "mutation($input: LoginWithProvider!) { loginWithProvider(input: $input) { \
    accessToken refreshToken expiresAt viewer { name isOtpMissing grants { role } } userErrors { code field message } } }";
pub const LINK_PROVIDER: &str = "mutation($input: LinkProvider!) { linkProvider(input: $input) { \
    account { hasProvider } userErrors { code field message } } }";
pub const BIND_PROVIDER: &str = "mutation($input: BindProvider!) { bindProvider(input: $input) { \
    account { hasProvider state } userErrors { code field message } } }";

const CLIENT: (&str, &str) = ("gonghui", "provider secret");

#[derive(Default)]
struct Known {
    /// What a code is good for: the challenge that it was given for, and the ID token.
    codes: HashMap<String, (String, String)>,
    keys: Vec<Value>,
    /// How often its keys were asked for.
    reads: u32,
}

type Shared = Arc<(String, Mutex<Known>)>;

/// The provider.
pub struct Provider {
    known: Shared,
    /// What it signs with.
    pub pair: Pair,
}

/// A login that has begun, as the front end and the provider see it.
pub struct Begun {
    pub state: String,
    pub secret: String,
    pub nonce: String,
    pub query: HashMap<String, String>,
}

async fn discovery(State(known): State<Shared>) -> Json<Value> {
    let issuer = &known.0;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
    }))
}

async fn keys(State(known): State<Shared>) -> Json<Value> {
    let mut known = known.1.lock().unwrap();
    known.reads += 1;
    Json(json!({"keys": known.keys}))
}

async fn token(
    State(known): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let refused = |error| (StatusCode::BAD_REQUEST, Json(json!({"error": error})));
    let (id, secret) = CLIENT;
    let basic = format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{id}:{}", secret.replace(' ', "+")))
    );
    if headers["authorization"] != basic.as_str() {
        return refused("invalid_client");
    }
    let Some((challenge, token)) = known.1.lock().unwrap().codes.remove(&form["code"]) else {
        return refused("invalid_grant");
    };
    let hash = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
    if base64url(hash.as_ref()) != challenge {
        return refused("invalid_grant");
    }
    let body = json!({"access_token": "x", "token_type": "Bearer", "id_token": token});
    (StatusCode::OK, Json(body))
}

impl Provider {
    /// Starts one, and a process that knows it.
    pub async fn start(app: &App) -> (Provider, App) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let known: Shared = Arc::new((issuer.clone(), Mutex::default()));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(Arc::clone(&known));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let provider = Provider {
            known,
            pair: Pair::p256(),
        };
        provider.publish("first", &provider.pair);
        let app = app.another_with(|rules| {
            rules.access.oidc.oidc_issuer = Some(issuer);
            rules.access.oidc.oidc_client_id = Some(CLIENT.0.to_owned());
            rules.access.oidc.oidc_client_secret = Some(CLIENT.1.to_owned());
            rules.access.oidc.oidc_redirect_uri = Some("https://app.example.cn/back".to_owned());
        });
        (provider, app.await)
    }

    /// Publishes one key, and no other.
    pub fn publish(&self, key_id: &str, pair: &Pair) {
        let mut key = pair.jwk.clone();
        key["kid"] = json!(key_id);
        key["use"] = json!("sig");
        self.known.1.lock().unwrap().keys = vec![key];
    }

    /// How often its keys were asked for.
    pub fn reads(&self) -> u32 {
        self.known.1.lock().unwrap().reads
    }

    /// Its address.
    pub fn issuer(&self) -> &str {
        &self.known.0
    }

    /// What an ID token says of somebody.
    pub fn claims(&self, app: &App, begun: &Begun, subject: &str) -> Value {
        let now = app.process.clock.now().timestamp();
        json!({"iss": self.issuer(), "aud": CLIENT.0, "sub": subject, "nonce": begun.nonce, "iat": now, "exp": now + 300})
    }

    /// Gives a code for an ID token.
    pub fn code(&self, begun: &Begun, id_token: String) -> String {
        let code = format!("code for {}", begun.state);
        let challenge = begun.query["code_challenge"].clone();
        let mut known = self.known.1.lock().unwrap();
        known.codes.insert(code.clone(), (challenge, id_token));
        code
    }

    /// Somebody signs in at the provider; what the front end brings back.
    pub fn approve(&self, app: &App, begun: &Begun, subject: &str) -> Value {
        let token = self.pair.sign(Some("first"), &self.claims(app, begun, subject));
        self.back(begun, token)
    }

    /// What the front end brings back with an ID token.
    pub fn back(&self, begun: &Begun, id_token: String) -> Value {
        json!({"state": begun.state, "secret": begun.secret, "code": self.code(begun, id_token)})
    }
}

impl Caller {
    /// Begins to sign in by the provider.
    pub async fn begin_provider_login(&self, input: Value) -> Begun {
        let begun = self.done(BEGIN, input).await;
        let url = begun["authorizationUrl"].as_str().unwrap();
        let (_, query) = url.split_once('?').unwrap();
        let query: HashMap<_, _> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Begun {
            state: begun["state"].as_str().unwrap().to_owned(),
            secret: begun["secret"].as_str().unwrap().to_owned(),
            nonce: query["nonce"].clone(),
            query,
        }
    }
}
