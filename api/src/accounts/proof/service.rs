//! Judging what somebody brings to prove who they are.

use super::rules;
use super::store::{self, Claimed};
use crate::accounts::client::store as clients;
use crate::accounts::otp::{self, rules as codes};
use crate::accounts::session::store::actor_of;
use crate::accounts::{code, token};
use crate::kernel::app::App;
use crate::kernel::audit;
use crate::kernel::error::Error;
use crate::kernel::keys::sha256;
use crate::kernel::op::{Actor, Op};
use crate::kernel::tx::Tx;
use chrono::{DateTime, Utc};
use entity::id::{AccountId, CredentialId};

/// What is good once, and was judged and not yet used.
pub(in crate::accounts) enum Factor {
    /// A code of this step.
    Step(i64),
    /// The hash of a recovery code.
    Recovery(String),
    /// A client's signed assertion: the hash of its id, and until when it is good.
    Assertion {
        /// SHA-256 of its id.
        hash: String,
        /// It is good until.
        until: DateTime<Utc>,
    },
}

/// Somebody who proved to be an account.
pub(in crate::accounts) struct Proved {
    /// Which.
    pub(in crate::accounts) account: Claimed,
    /// What it used up.
    pub(in crate::accounts) factor: Option<Factor>,
    /// Whether it was with a second factor.
    pub(in crate::accounts) is_strong: bool,
    /// The issuer and subject by which an identity provider knows it, if that was the proof.
    pub(in crate::accounts) link: Option<(String, String)>,
    /// The client credential that it was by.
    pub(in crate::accounts) credential_id: Option<CredentialId>,
    /// The try.
    pub(in crate::accounts) attempt: Attempt,
}

/// A try, counted as a failure until it turns out right. Each counts, however many one request holds.
pub(in crate::accounts) struct Attempt {
    address: Option<String>,
    pair: String,
    account: Option<String>,
}

/// Where an operation comes from, as sessions keep it; empty if that is not known.
pub(in crate::accounts) fn address(op: &Op) -> String {
    op.address()
        .map(|address| address.to_string())
        .unwrap_or_default()
}

/// Counts a try by its address alone.
///
/// # Errors
/// If there were too many from there lately.
pub(in crate::accounts) fn count_address(op: &Op) -> Result<Option<String>, Error> {
    let Some(address) = op.address() else {
        return Ok(None);
    };
    let key = format!("address {address}");
    let tried = op
        .app()
        .attempts
        .take(key.clone(), rules::ADDRESS_ATTEMPTS, 1, op.now());
    tried.map_err(Error::TooOften)?;
    Ok(Some(key))
}

impl Attempt {
    /// Counts a try at an account.
    pub(in crate::accounts) fn begin(op: &Op, username: &str) -> Result<Attempt, Error> {
        let address = count_address(op)?;
        let pair = format!("{} {}", sha256(username.as_bytes()), self::address(op));
        let failures = &op.app().failures;
        failures
            .count(pair.clone(), rules::PAIR_FAILURES, op.now())
            .map_err(Error::TooOften)?;
        Ok(Attempt {
            address,
            pair,
            account: None,
        })
    }

    /// Counts it by the account too: nobody signed in to it from here lately.
    fn count_account(&mut self, op: &Op, username: &str) -> Result<(), Error> {
        let key = format!("account {}", sha256(username.as_bytes()));
        let tried = op
            .app()
            .attempts
            .take(key.clone(), rules::ACCOUNT_ATTEMPTS, 1, op.now());
        if let Err(seconds) = tried {
            // Not tried at all.
            self.take_back(op);
            return Err(Error::TooOften(seconds));
        }
        self.account = Some(key);
        Ok(())
    }

    fn take_back(&self, op: &Op) {
        op.app().failures.take_back(&self.pair);
        for key in [&self.address, &self.account].into_iter().flatten() {
            op.app().attempts.put_back(key, 1);
        }
    }
}

impl Proved {
    /// By what is good more than once.
    pub(in crate::accounts) fn plainly(account: Claimed, attempt: Attempt) -> Proved {
        Proved {
            account,
            factor: None,
            is_strong: false,
            link: None,
            credential_id: None,
            attempt,
        }
    }

    /// Uses what is good once. It was all judged before the transaction: what was reset meanwhile proves nothing.
    pub(in crate::accounts) async fn spend(&self, tx: &Tx) -> Result<(), Error> {
        let id = self.account.id;
        if !store::still_stands(tx, &self.account, self.link.as_ref()).await? {
            return self.account.refused(tx.op(), rules::wrong_credentials());
        }
        let is_good = match &self.factor {
            None => true,
            Some(Factor::Assertion { hash, until }) => {
                let is_new = clients::use_assertion(tx, id, (hash, *until)).await?;
                return if is_new {
                    Ok(())
                } else {
                    self.account.refused(tx.op(), rules::wrong_client())
                };
            }
            Some(Factor::Step(step)) => store::use_step(tx, id, *step).await?,
            Some(Factor::Recovery(hash)) => store::use_recovery(tx, id, hash).await?,
        };
        if is_good {
            Ok(())
        } else {
            self.account.refused(tx.op(), rules::factor_wrong())
        }
    }

    /// The try was no failure, but its second factor was not used: it does not count, and nothing is forgiven.
    pub(in crate::accounts) fn take_back(&self, op: &Op) {
        self.attempt.take_back(op);
    }

    /// The try was right: what failed before it at this account from this address is forgiven.
    pub(in crate::accounts) fn forgive(&self, op: &Op) {
        self.attempt.take_back(op);
        op.app().failures.forgive(&self.attempt.pair);
        op.app().failures.forgive(&codes_tried(self.account.id));
    }
}

/// What codes are counted by of an account whose first factor is known: from wherever they come.
fn codes_tried(id: AccountId) -> String {
    format!("codes {id}")
}

/// What came of a try, counted if it was refused.
pub(in crate::accounts) fn counted<T>(op: &Op, done: Result<T, Error>) -> Result<T, Error> {
    if let Err(Error::Invalid(_) | Error::TooOften(_)) = done {
        op.app().telemetry.metrics.logins_refused.inc();
    }
    done
}

/// The same of a try at a name, which stands in the audit trail of whoever has it.
pub(in crate::accounts) fn told<T>(
    op: &Op,
    (username, is_machine): (&str, bool),
    done: Result<T, Error>,
) -> Result<T, Error> {
    if let Err(error) = &done
        && rules::may_be_name(username)
    {
        let username = username.to_owned();
        audit::note(op, audit::Whom::Named { username, is_machine }, error);
    }
    counted(op, done)
}

impl Claimed {
    /// Notes for the audit trail that a try at it is refused.
    pub(in crate::accounts) fn note(&self, op: &Op, error: &Error) {
        audit::note(op, audit::Whom::Account(self.id, self.place()), error);
    }

    fn refused<T>(&self, op: &Op, error: Error) -> Result<T, Error> {
        self.note(op, &error);
        counted(op, Err(error))
    }
}

/// Writes into the audit trail what was refused at an account.
pub(crate) async fn write_refused(app: &App) -> Result<(), Error> {
    loop {
        let attempts = app.refused.take();
        if attempts.is_empty() {
            return Ok(());
        }
        let found = store::find_tried(app, &attempts).await;
        let written = match &found {
            Ok(found) => audit::write(app, found).await,
            Err(error) => Err(error.clone()),
        };
        if written.is_err() {
            app.refused.put_back(attempts);
            return written;
        }
    }
}

/// An account that somebody says to be, with a secret that is not judged yet.
pub(in crate::accounts) struct Claim {
    /// Which; none if nobody has the name.
    pub(in crate::accounts) account: Option<Claimed>,
    /// The try.
    pub(in crate::accounts) attempt: Attempt,
}

impl Claim {
    /// Counts a try, and finds the account.
    pub(in crate::accounts) async fn begin(
        op: &Op,
        username: &str,
        secret: &str,
        is_machine: bool,
    ) -> Result<Claim, Error> {
        // Not counted: nothing is judged, and each name that is counted takes memory.
        if secret.chars().count() > rules::SECRET_MAX {
            return Err(if is_machine {
                rules::wrong_client()
            } else {
                rules::wrong_credentials()
            });
        }
        let mut attempt = Attempt::begin(op, username)?;
        let account = store::find(op, username, is_machine).await?;
        if !account.as_ref().is_some_and(|account| account.is_known_here) {
            attempt.count_account(op, username)?;
        }
        Ok(Claim { account, attempt })
    }
}

/// Judges a person's name and password; one refusal for a wrong name and a wrong password.
async fn by_password(op: &Op, username: &str, password: String) -> Result<Proved, Error> {
    let judged = judge(op, username, password).await;
    told(op, (username, false), judged)
}

async fn judge(op: &Op, username: &str, password: String) -> Result<Proved, Error> {
    let Claim { account, attempt } = Claim::begin(op, username, &password, false).await?;
    // An account that has no password yet takes as long as one that has.
    let hash = account.as_ref().map(|account| account.secret_hash.clone());
    let is_right = token::is_right(password, hash.filter(|hash| !hash.is_empty())).await?;
    let account = account
        .filter(|_| is_right)
        .ok_or_else(rules::wrong_credentials)?;
    Ok(Proved::plainly(account, attempt))
}

/// Judges name, password and, where the account has one, the second factor. That one is missing is said only to
/// whoever knows the password.
pub(in crate::accounts) async fn by_factors(
    op: &Op,
    username: &str,
    password: String,
    otp: Option<&str>,
) -> Result<Proved, Error> {
    let proved = by_password(op, username, password).await?;
    with_second_factor(op, proved, otp).await
}

/// Judges the second factor of whoever proved the first, where the account has one.
pub(in crate::accounts) async fn with_second_factor(
    op: &Op,
    mut proved: Proved,
    otp: Option<&str>,
) -> Result<Proved, Error> {
    let Some(sealed) = &proved.account.otp_secret else {
        return Ok(proved);
    };
    let Some(said) = otp.map(str::trim).filter(|said| !said.is_empty()) else {
        // Not forgiven: else knowing the password would let codes be guessed without end.
        proved.take_back(op);
        return Err(rules::factor_missing());
    };
    let tried = op
        .app()
        .failures
        .count(codes_tried(proved.account.id), rules::CODE_FAILURES, op.now());
    tried.map_err(Error::TooOften)?;
    let cell = otp::service::cell(proved.account.id);
    let secret = op.app().vault.open(cell, sealed)?;
    let step = codes::step(&secret, said, proved.account.otp_step, op.now());
    let factor = step
        .map(Factor::Step)
        .or_else(|| code::hash(said).map(Factor::Recovery));
    proved.factor = match factor {
        Some(factor) => Some(factor),
        None => return proved.account.refused(op, rules::factor_wrong()),
    };
    proved.is_strong = true;
    Ok(proved)
}

/// Who a person acts as by password alone: for pages that a browser asks a password for, and that show no data.
pub(crate) async fn person(op: &Op, username: &str, password: String) -> Result<Actor, Error> {
    let proved = by_password(op, username, password).await?;
    proved.take_back(op);
    actor_of(op.app(), proved.account.id).await
}
