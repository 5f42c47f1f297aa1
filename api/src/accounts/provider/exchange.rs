//! What is said with the identity provider.

use super::rules;
use super::service::Back;
use crate::config::Provider;
use crate::kernel::error::Error;
use crate::kernel::op::Op;
use moka::sync::Cache;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdToken, CoreIdTokenClaims,
    CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, SignatureVerificationError, StandardErrorResponse,
    TokenResponse,
};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// How long the provider gets to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer of it that is read, in bytes.
const ANSWER_MAX: usize = 1 << 20;
/// How long its addresses and keys are kept. An unknown key has them read again at once.
const KEPT: Duration = Duration::from_secs(3_600);

/// Addresses and keys by issuer.
static KNOWN: LazyLock<Cache<String, Arc<CoreProviderMetadata>>> =
    LazyLock::new(|| Cache::builder().max_capacity(16).time_to_live(KEPT).build());

/// It follows no redirect: whoever answers is whom the operator named. Each request has a connection of its own, for
/// they are few.
static HTTP: LazyLock<Result<reqwest::Client, reqwest::Error>> = LazyLock::new(|| {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .pool_max_idle_per_host(0)
        .build()
});

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Somebody at the provider.
pub struct Somebody {
    /// Its name of them; never given to anybody else there.
    pub subject: String,
    /// Whether they proved a second factor there.
    pub is_strong: bool,
}

async fn send(request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
    use std::io::Error;
    let client = HTTP.as_ref().map_err(Error::other)?;
    let request = reqwest::Request::try_from(request).map_err(Error::other)?;
    let mut answer = client.execute(request).await.map_err(Error::other)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Error::other)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX {
            return Err(Error::other("the answer is too long"));
        }
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    Ok(response)
}

/// The provider does not answer as it should: not the person's fault.
fn unavailable(cause: &dyn std::fmt::Display) -> Error {
    tracing::warn!(%cause, "the identity provider cannot be asked");
    Error::Unavailable
}

fn wrong_setting(cause: impl Into<anyhow::Error>) -> Error {
    Error::from(cause.into().context("the settings of the identity provider"))
}

/// Reads the provider's addresses and keys.
async fn discover(provider: &Provider) -> Result<Arc<CoreProviderMetadata>, Error> {
    let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(wrong_setting)?;
    let found = CoreProviderMetadata::discover_async(issuer, &send).await;
    let found = Arc::new(found.map_err(|error| unavailable(&error))?);
    KNOWN.insert(provider.issuer.clone(), Arc::clone(&found));
    Ok(found)
}

async fn known(provider: &Provider) -> Result<Arc<CoreProviderMetadata>, Error> {
    match KNOWN.get(&provider.issuer) {
        Some(known) => Ok(known),
        None => discover(provider).await,
    }
}

fn client(provider: &Provider, metadata: &CoreProviderMetadata) -> Result<Client, Error> {
    let id = ClientId::new(provider.client_id.clone());
    let secret = provider.client_secret.clone().map(ClientSecret::new);
    let redirect = RedirectUrl::new(provider.redirect_uri.clone()).map_err(wrong_setting)?;
    Ok(CoreClient::from_provider_metadata(metadata.clone(), id, secret).set_redirect_uri(redirect))
}

/// What names a login to the provider. Everything about a login follows from its secret, which the provider never gets.
pub(super) fn state(op: &Op, secret: &str) -> String {
    op.app().keys.mac(format!("provider state {secret}").as_bytes())
}

fn nonce(op: &Op, secret: &str) -> Nonce {
    Nonce::new(op.app().keys.mac(format!("provider nonce {secret}").as_bytes()))
}

fn verifier(op: &Op, secret: &str) -> PkceCodeVerifier {
    PkceCodeVerifier::new(
        op.app()
            .keys
            .mac(format!("provider verifier {secret}").as_bytes()),
    )
}

/// Where a person goes to sign in.
pub(super) async fn address(op: &Op, provider: &Provider, secret: &str) -> Result<String, Error> {
    let client = client(provider, &*known(provider).await?)?;
    let (csrf, nonce) = (CsrfToken::new(state(op, secret)), nonce(op, secret));
    let (url, _, _) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || csrf, || nonce)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier(
            op, secret,
        )))
        .url();
    Ok(url.into())
}

/// Who came back with a code.
///
/// # Errors
/// Refused unless the provider says it to us, now, and about this login.
pub(super) async fn who(op: &Op, provider: &Provider, back: Back) -> Result<Somebody, Error> {
    let metadata = known(provider).await?;
    let client = client(provider, &metadata)?;
    let request = client
        .exchange_code(AuthorizationCode::new(back.code))
        .map_err(wrong_setting)?
        .set_pkce_verifier(verifier(op, &back.secret));
    let answer = request.request_async(&send).await.map_err(failed)?;
    let token = answer.id_token().ok_or_else(rules::refused)?;
    let nonce = nonce(op, &back.secret);
    let claims = match verified(op, &client, token, &nonce) {
        Err(error) if is_unknown_key(&error) => {
            let client = self::client(provider, &*discover(provider).await?)?;
            verified(op, &client, token, &nonce)
        }
        done => done,
    };
    let claims = claims.map_err(|error| {
        tracing::warn!(%error, "an ID token was refused");
        rules::refused()
    })?;
    let ways = claims.auth_method_refs().into_iter().flatten();
    Ok(Somebody {
        subject: claims.subject().to_string(),
        is_strong: rules::is_strong(ways.map(|way| way.as_str())),
    })
}

fn failed(error: RequestTokenError<std::io::Error, StandardErrorResponse<CoreErrorResponseType>>) -> Error {
    match error {
        RequestTokenError::ServerResponse(_) => rules::refused(),
        error => unavailable(&error),
    }
}

/// Checks signature, issuer, audience, time and nonce. Only signatures that no shared secret makes are taken.
fn verified(
    op: &Op,
    client: &Client,
    token: &CoreIdToken,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let now = op.now();
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs([
            Algorithm::RsaSsaPkcs1V15Sha256,
            Algorithm::EcdsaP256Sha256,
            Algorithm::EdDsa,
        ])
        .set_time_fn(move || now);
    token.claims(&verifier, nonce).cloned()
}

fn is_unknown_key(error: &ClaimsVerificationError) -> bool {
    matches!(
        error,
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)
    )
}
