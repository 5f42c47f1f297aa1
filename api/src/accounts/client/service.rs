//! Registering machine clients, giving them credentials and taking those back, and signing them in.

use super::types::{AddClientCredential, RegisterClient};
use super::{Event, proof, rules, store};
use crate::accounts::account::rules as accounts;
use crate::accounts::account::service::{blank, name_taken};
use crate::accounts::account::store::{administrated, insert, is_taken};
use crate::accounts::session::service::{Opening, Tokens, open};
use crate::accounts::session::store as sessions;
use crate::accounts::token;
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::policy::Action;
use entity::accounts::client_credential::{Kind, Model};
use entity::accounts::session::Kind as SessionKind;
use entity::id::{AccountId, CredentialId};

/// What a client brings to the token endpoint.
pub enum Brought {
    /// Id and secret.
    Secret(String, String),
    /// A signed assertion, and the client id if it is said beside it.
    Assertion(Option<String>, String),
}

/// A client that has signed in.
pub struct SignedIn {
    /// What it acts with.
    pub tokens: Tokens,
    /// The actions that it may do somewhere, as a scope.
    pub scope: String,
}

/// Signs a client in for some of what it may do, or for all of it.
pub async fn sign_in(op: &Op, brought: Brought, only: Option<Vec<Action>>) -> Result<SignedIn, Error> {
    let proved = match brought {
        Brought::Secret(client_id, secret) => proof::by_secret(op, &client_id, secret).await?,
        Brought::Assertion(client_id, assertion) => {
            proof::by_assertion(op, client_id.as_deref(), &assertion).await?
        }
    };
    let opening = Opening {
        kind: SessionKind::Machine,
        scope: only.as_deref().map(rules::scope_text),
    };
    let tokens = open(op, proved, opening).await?;
    let actor = sessions::actor(op.app(), tokens.session_id).await?;
    let may: Vec<Action> = Action::all()
        .filter(|action| actor.may_somewhere(*action))
        .collect();
    let scope = rules::scope_text(&may);
    Ok(SignedIn { tokens, scope })
}

/// Makes an account for a machine. It may do nothing until a security administrator gives it a role.
pub(super) async fn register(op: &Op, input: &RegisterClient) -> Result<AccountId, Error> {
    op.write(|tx| async move {
        let at = Gid::parse(&input.federation_id, "federationId")?;
        let home = tx.authorize(Action::ManageAccounts, at, "federationId")?;
        let mut faults = Faults::default();
        accounts::check_username(&mut faults, "username", &input.username);
        accounts::check_name(&mut faults, "name", &input.name);
        faults.refuse()?;
        if is_taken(&tx, &input.username).await? {
            return Err(name_taken("username"));
        }
        let id = AccountId(op.id());
        let (mut account, credential) = blank(op, id, &home);
        account.username.clone_from(&input.username);
        account.display_name = input.name.trim().to_owned();
        account.is_machine = true;
        insert(&tx, account, credential).await?;
        tx.commit(Event::Registered(id, (&*home).into()), id).await
    })
    .await
}

/// A new credential without anything in it.
fn empty(op: &Op, account_id: AccountId, kind: Kind) -> Model {
    Model {
        id: CredentialId(op.id()),
        account_id,
        kind,
        secret_hash: None,
        public_key: None,
        key_id: None,
        created_at: op.now(),
        expires_on: None,
        revoked_at: None,
    }
}

/// A secret as a credential.
pub(in crate::accounts) fn secret(op: &Op, account_id: AccountId, hash: String) -> Model {
    Model {
        secret_hash: Some(hash),
        ..empty(op, account_id, Kind::Secret)
    }
}

/// Gives a client another credential: the public key that is said, or a new secret. Its id, and the secret.
pub(super) async fn add(
    op: &Op,
    input: &AddClientCredential,
) -> Result<(CredentialId, Option<String>), Error> {
    // Before a secret is hashed for nobody.
    op.scope(Action::ManageAccounts)?;
    let id: AccountId = Gid::parse(&input.account_id, "accountId")?;
    let expires_on = input.expires_on.map(|day| day.0);
    let made = input.public_key.is_none().then(|| token::secret(op.app()));
    let key = match (&made, &input.public_key) {
        (Some(made), _) => Ok(secret(op, id, token::hash(op.app(), made.clone()).await?)),
        (None, said) => rules::public_key(said.as_deref().unwrap_or_default()).map(|key| Model {
            public_key: Some(key.jwk),
            key_id: Some(key.id),
            ..empty(op, id, Kind::PublicKey)
        }),
    };
    let credential = &key.map(|key| Model { expires_on, ..key });
    let id = op
        .write(|tx| async move {
            let account = administrated(&tx, Action::ManageAccounts, id, "accountId").await?;
            let mut faults = Faults::default();
            let is_machine = text("A person has no client credentials.", "人员账号没有客户端凭据。");
            faults.unless(account.is_machine, "accountId", is_machine);
            rules::check_expiry(&mut faults, expires_on, op.today());
            let credential = faults.take("publicKey", credential.clone());
            faults.refuse()?;
            let credential = credential.ok_or(Error::Forbidden)?;
            if store::count(&tx, id, credential.kind).await? >= rules::IN_FORCE_MAX {
                let text = text(
                    "It has two of this kind: revoke one first.",
                    "该账号已有两项同类凭据，请先撤销一项。",
                );
                return Err(conflict("accountId", text));
            }
            store::insert(&tx, credential.clone()).await?;
            let id = credential.id;
            tx.commit(Event::CredentialAdded(credential, account.place()), id)
                .await
        })
        .await?;
    Ok((id, made))
}

/// Takes a credential back, and ends every session that it opened. Asked again, it stays so.
pub(super) async fn revoke(op: &Op, id: CredentialId, reason: &str) -> Result<CredentialId, Error> {
    op.account_id().ok_or(Error::Unauthenticated)?;
    op.write(|tx| async move {
        let found = store::find(&tx, id).await?;
        let found = found.ok_or(Error::NotFound("id".into()))?;
        let account = administrated(&tx, Action::ManageAccounts, found.account_id, "id").await?;
        let mut faults = Faults::default();
        accounts::check_reason(&mut faults, reason);
        faults.refuse()?;
        if found.revoked_at.is_some() {
            return Ok(tx.unchanged(id));
        }
        store::revoke(&tx, id).await?;
        sessions::end_opened_with(&tx, id).await?;
        let event = Event::CredentialRevoked(found, account.place(), reason.trim().to_owned());
        tx.commit(event, id).await
    })
    .await
}
