//! People and machines: how they come to be, sign in, and handle invitations, second factors and roles.

use super::app::{App, Caller, SECRET};
use super::db::done;
use api::accounts::account::service::{self, NewAccount};
use api::policy::Role;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use entity::id::FederationId;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

pub const LOGIN: &str = "mutation($input: LoginInput!) { login(input: $input) { \
    accessToken refreshToken expiresAt viewer { isOtpMissing grants { role } } userErrors { code field message } } }";
pub const ENROLL_OTP: &str = "mutation($input: EnrollOtp!) { enrollOtp(input: $input) { \
    secret uri userErrors { code field message } } }";
pub const CONFIRM_OTP: &str = "mutation($input: ConfirmOtp!) { confirmOtp(input: $input) { \
    recoveryCodes userErrors { code field message } } }";
pub const RESET_OTP: &str = "mutation($input: ResetOtp!) { resetOtp(input: $input) { \
    account { hasOtp } userErrors { code field message } } }";
pub const INVITE: &str = "mutation($input: InviteAccount!) { inviteAccount(input: $input) { \
    account { id username name state isMachine federation { name } grants { role } } invitationCode expiresAt \
    userErrors { code field message } } }";
pub const ACCEPT: &str = "mutation($input: AcceptInvitation!) { acceptInvitation(input: $input) { \
    username userErrors { code field message } } }";
pub const CHANGE_PASSWORD: &str = "mutation($input: ChangePassword!) { changePassword(input: $input) { \
    userErrors { code field message } } }";
pub const RESET_PASSWORD: &str = "mutation($input: ResetPassword!) { resetPassword(input: $input) { \
    account { state passwordSetAt } invitationCode expiresAt userErrors { code field message } } }";
pub const DISABLE: &str = "mutation($input: DisableAccount!) { disableAccount(input: $input) { \
    account { state } userErrors { code field message } } }";
pub const ENABLE: &str = "mutation($input: EnableAccount!) { enableAccount(input: $input) { \
    account { state } userErrors { code field message } } }";
pub const GRANT: &str = "mutation($input: GrantRole!) { grantRole(input: $input) { \
    grant { id role from to expiresAt givenBy reason federation { name } } userErrors { code field message } } }";
pub const END_GRANT: &str = "mutation($input: EndGrant!) { endGrant(input: $input) { \
    grant { to expiresAt } userErrors { code field message } } }";
pub const ELEVATE: &str = "mutation($input: Elevate!) { elevate(input: $input) { \
    grant { id role expiresAt reason federation { name } } userErrors { code field message } } }";
pub const END_SESSION: &str = "mutation($input: EndSession!) { endSession(input: $input) { \
    userErrors { code field message } } }";

/// The code that an authenticator shows at an instant.
pub fn code_at(secret: &str, instant: DateTime<Utc>) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let codes = Builder::new().with_secret(secret).build().unwrap();
    codes
        .generate(u64::try_from(instant.timestamp()).unwrap())
        .to_string()
}

/// What the owner of a second factor holds.
pub struct Device {
    app: App,
    /// In base32.
    pub secret: String,
    /// Each good once.
    pub recovery_codes: Vec<String>,
}

impl Device {
    /// The code that it shows now.
    pub fn code(&self) -> String {
        code_at(&self.secret, self.app.process.clock.now())
    }
}

impl Caller {
    /// Sets up a second factor: the session counts as opened with one from then on.
    pub async fn set_up_otp(&self, password: &str) -> Device {
        let enrolled = self.done(ENROLL_OTP, json!({"password": password})).await;
        let secret = enrolled["secret"].as_str().unwrap().to_owned();
        let code = code_at(&secret, self.app.process.clock.now());
        let confirmed = self.done(CONFIRM_OTP, json!({"code": code})).await;
        let codes = confirmed["recoveryCodes"].as_array().unwrap().iter();
        Device {
            app: self.app.clone(),
            secret,
            recovery_codes: codes.map(|code| code.as_str().unwrap().to_owned()).collect(),
        }
    }
}

impl App {
    /// Somebody (for machine roles: a client) with a role (`"CADRE"`) at the federation of a code, signed in.
    pub async fn person(&self, role: &str, code: &str) -> Caller {
        self.person_at(role, self.federation(code)).await
    }

    /// Somebody with a role at a federation, signed in. Asked again, the same one.
    pub async fn person_at(&self, role: &str, federation_id: FederationId) -> Caller {
        let username = format!("{}.{federation_id}", role.to_ascii_lowercase());
        let mut people = self.people.lock().await;
        if let Some(caller) = people.get(&username) {
            return caller.clone();
        }
        self.add_account(&username, role, federation_id).await;
        let role = Role::named(role).unwrap();
        let caller = if role.is_for_machines() {
            self.sign_in_client(&username).await
        } else {
            self.sign_in(&username).await
        };
        if role.is_administrator() {
            caller.set_up_otp(SECRET).await;
        }
        people.insert(username, caller.clone());
        caller
    }

    /// Makes an account, as the operator does at the command line.
    pub async fn add_account(&self, username: &str, role: &str, federation_id: FederationId) {
        let new = NewAccount {
            username: username.to_owned(),
            display_name: username.to_owned(),
            secret: SECRET.to_owned(),
            role: Role::named(role).unwrap_or_else(|| panic!("no role {role}")),
            federation_id,
        };
        done(service::add(&self.operator(), new).await);
    }

    /// Signs a person in.
    pub async fn sign_in(&self, username: &str) -> Caller {
        let query = "mutation($input: LoginInput!) { login(input: $input) { accessToken refreshToken userErrors { code } } }";
        let input = json!({"input": {"username": username, "password": SECRET}});
        let login = &self.anonymous().data(query, input).await["login"];
        Caller {
            token: Some(
                login["accessToken"]
                    .as_str()
                    .expect("the person is signed in")
                    .to_owned(),
            ),
            refresh_token: login["refreshToken"].as_str().map(str::to_owned),
            ..self.anonymous()
        }
    }

    /// Signs a machine in with its client credentials.
    pub async fn sign_in_client(&self, client_id: &str) -> Caller {
        let body = format!(
            "grant_type=client_credentials&client_id={client_id}&client_secret={}",
            SECRET.replace(' ', "+")
        );
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let answer = self.send("POST", "/oauth/token", &headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        Caller {
            token: Some(answer.json()["access_token"].as_str().unwrap().to_owned()),
            ..self.anonymous()
        }
    }

    /// Tries to sign in; the payload as it is.
    pub async fn log_in(&self, input: Value) -> Value {
        self.anonymous().data(LOGIN, json!({"input": input})).await["login"].take()
    }

    /// Whoever acts by what `log_in` gave.
    pub fn caller(&self, login: &Value) -> Caller {
        let token = |name: &str| login[name].as_str().map(str::to_owned);
        assert!(token("accessToken").is_some(), "{login:#}");
        Caller {
            token: token("accessToken"),
            refresh_token: token("refreshToken"),
            ..self.anonymous()
        }
    }
}
