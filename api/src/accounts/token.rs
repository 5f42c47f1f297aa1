//! Secrets and tokens: Argon2id for what people and machines know, Ed25519 JWTs for who they are.

use crate::kernel::app::App;
use crate::kernel::error::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use entity::id::{AccountId, SessionId};
use jsonwebtoken::{Algorithm, Header, Validation};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use uuid::Uuid;

/// Hashing takes 19 MiB and a core for some 20 ms: no more at a time than leaves the service alive.
static HASHERS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));

/// Whoever waits longer for a turn is told to come again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whom access tokens are for.
const AUDIENCE: &str = "gonghui";

/// Where clients get their tokens.
pub fn endpoint(issuer: &str) -> String {
    format!("{issuer}/oauth/token")
}

/// What an access token says.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Claims {
    /// Who signed it: the address of the service.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// Signed at, seconds since 1970.
    pub iat: i64,
    /// Names it.
    pub jti: Uuid,
    /// The account.
    pub sub: AccountId,
    /// The session.
    pub sid: SessionId,
    /// Good until, seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// Whether the token is no longer good at an instant.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.exp <= now.timestamp()
    }
}

/// Does work away from the async threads. The work itself holds its turn: it goes on when whoever asked has gone.
async fn off_thread<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let turn = timeout(PATIENCE, Arc::clone(turns).acquire_owned()).await;
    let turn = turn
        .map_err(|_| Error::Unavailable)?
        .map_err(anyhow::Error::from)?;
    let work = move || {
        let _turn = turn;
        work()
    };
    Ok(tokio::task::spawn_blocking(work)
        .await
        .map_err(anyhow::Error::from)?)
}

/// Hashes a secret, away from the async threads.
pub async fn hash(app: &App, secret: String) -> Result<String, Error> {
    let salt = app.clock.random();
    let hashed = off_thread(&HASHERS, move || {
        let hashed = Argon2::default().hash_password_with_salt(secret.as_bytes(), &salt[..16]);
        hashed.map(|hash| hash.to_string())
    });
    hashed
        .await?
        .map_err(|error| anyhow::anyhow!("a secret could not be hashed: {error}").into())
}

/// A hash that no secret has: checked for an unknown name, so that it takes as long as a known one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether a secret is the one that was hashed.
pub async fn is_right(secret: String, hash: Option<String>) -> Result<bool, Error> {
    let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
    off_thread(&HASHERS, move || {
        let parsed = PasswordHash::new(&hash);
        parsed.is_ok_and(|parsed| {
            Argon2::default()
                .verify_password(secret.as_bytes(), &parsed)
                .is_ok()
        })
    })
    .await
}

/// A secret that nobody can guess: 43 characters.
pub fn secret(app: &App) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(app.clock.random())
}

/// What a refresh token says, and what it is sealed with.
fn refresh_parts(app: &App, id: SessionId, generation: i32) -> (String, String) {
    let said = format!("{}.{generation}", id.0.simple());
    let seal = app.keys.mac(format!("refresh token {said}").as_bytes());
    (said, seal)
}

/// The refresh token of a generation of a session.
pub fn refresh_token(app: &App, id: SessionId, generation: i32) -> String {
    let (said, seal) = refresh_parts(app, id, generation);
    format!("{said}.{seal}")
}

/// Session and generation of a refresh token; none unless we made it.
pub fn read_refresh(app: &App, token: &str) -> Option<(SessionId, i32)> {
    let (said, seal) = token.rsplit_once('.')?;
    let (id, generation) = said.split_once('.')?;
    let (id, generation) = (SessionId(id.parse().ok()?), generation.parse().ok()?);
    let (_, ours) = refresh_parts(app, id, generation);
    let is_ours = constant_time::verify_slices_are_equal(seal.as_bytes(), ours.as_bytes()).is_ok();
    is_ours.then_some((id, generation))
}

/// Signs an access token.
pub fn sign(app: &App, sub: AccountId, sid: SessionId, until: DateTime<Utc>) -> Result<String, Error> {
    let claims = Claims {
        iss: app.rules.access.issuer.clone(),
        aud: AUDIENCE.to_owned(),
        iat: app.clock.now().timestamp(),
        jti: app.clock.id(),
        sub,
        sid,
        exp: until.timestamp(),
    };
    app.keys.with(|ring| {
        let signer = ring.signer(app.clock.now());
        let key = signer.and_then(|key| Some((key, key.encoding()?)));
        let (key, encoding) = key.ok_or_else(|| anyhow::anyhow!("no key signs"))?;
        let header = Header {
            kid: Some(key.id.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        let signed = jsonwebtoken::encode(&header, &claims, encoding);
        Ok(signed.map_err(anyhow::Error::from)?)
    })
}

/// Reads an access token; Unauthenticated unless we signed it and it is still good.
pub fn read(app: &App, token: &str) -> Result<Claims, Error> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    // The clock is ours, so that tests control it.
    validation.validate_exp = false;
    validation.set_issuer(&[&app.rules.access.issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    let now = app.clock.now();
    let header = jsonwebtoken::decode_header(token).map_err(|_| Error::Unauthenticated)?;
    let claims = app.keys.with(|ring| {
        let key = ring.published_key(&header.kid?, now)?;
        let data = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation);
        data.ok().map(|data| data.claims)
    });
    let claims = claims.ok_or(Error::Unauthenticated)?;
    if claims.is_over(now) {
        Err(Error::Unauthenticated)
    } else {
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::off_thread;
    use std::sync::{Arc, mpsc};
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn work_keeps_its_turn_when_whoever_asked_has_gone() {
        let turns = Arc::new(Semaphore::new(1));
        let (end, may_end) = mpsc::channel::<()>();
        let (begin, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let of_request = Arc::clone(&turns);
        let request = tokio::spawn(async move {
            let work = move || {
                begin.send(()).unwrap();
                may_end.recv().unwrap();
            };
            off_thread(&of_request, work).await.is_ok()
        });
        has_begun.recv().await.unwrap();

        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        let while_working = turns.available_permits();
        end.send(()).unwrap();
        let _next = turns.acquire().await.unwrap();

        assert_eq!(while_working, 0);
    }
}
