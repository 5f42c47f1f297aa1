//! Invitations, second factors and roles, as people handle them.

use super::App;
use super::app::Caller;
use chrono::{DateTime, Utc};
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
