//! What somebody signs in with, in the database.

use crate::accounts::provider::store::push_linked;
use crate::kernel::app::App;
use crate::kernel::audit::{self, Attempt};
use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::op::Op;
use crate::kernel::sql::Sql;
use crate::kernel::tx::Tx;
use chrono::{DateTime, Utc};
use entity::id::{AccountId, FederationId};
use entity::sealed::Sealed;
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::collections::BTreeSet;

/// An account that somebody says to be.
#[derive(FromQueryResult)]
pub(in crate::accounts) struct Claimed {
    pub(in crate::accounts) id: AccountId,
    pub(in crate::accounts) password_set_at: Option<DateTime<Utc>>,
    pub(super) secret_hash: String,
    pub(super) otp_secret: Option<Sealed>,
    otp_set_at: Option<DateTime<Utc>>,
    pub(super) otp_step: i64,
    /// Somebody signed in to it from this address lately.
    pub(super) is_known_here: bool,
    federation_id: FederationId,
    path: String,
    county_id: FederationId,
}

impl Claimed {
    /// Its home.
    pub(in crate::accounts) fn place(&self) -> Place {
        Place::of(self.federation_id, &self.path, self.county_id)
    }
}

/// The account of a name, unless it is disabled.
pub(in crate::accounts) async fn find(
    op: &Op,
    username: &str,
    is_machine: bool,
) -> Result<Option<Claimed>, Error> {
    let mut whose = Sql::new("username = ");
    whose.bind(username).push(" AND is_machine = ").bind(is_machine);
    find_where(op, whose).await
}

/// The account of somebody at the identity provider, unless it is disabled.
pub(in crate::accounts) async fn find_linked(
    op: &Op,
    issuer: &str,
    subject: &str,
) -> Result<Option<Claimed>, Error> {
    let mut whose = Sql::default();
    push_linked(&mut whose, issuer, subject);
    find_where(op, whose).await
}

async fn find_where(op: &Op, whose: Sql) -> Result<Option<Claimed>, Error> {
    let since = op.now() - super::rules::ADDRESS_KNOWN;
    let mut sql = Sql::new(
        "SELECT account.id, password_set_at, secret_hash, otp_secret, otp_set_at, otp_step, federation_id, path, county_id, \
         EXISTS (SELECT 1 FROM session WHERE session.account_id = account.id AND session.opened_at > ",
    );
    sql.bind(since).push(" AND session.address = ");
    sql.bind(super::service::address(op));
    sql.push(
        ") AS is_known_here FROM account JOIN credential ON credential.account_id = account.id WHERE disabled_at \
         IS NULL AND ",
    );
    sql.append(whose);
    let db = &op.app().db;
    Ok(Claimed::find_by_statement(sql.on(db.backend()))
        .one(db.reader())
        .await?)
}

/// Whether an account is as it was when it was judged: it may sign in, by the same password and second factor, and is
/// linked to the same subject.
pub(super) async fn still_stands(
    tx: &Tx,
    judged: &Claimed,
    link: Option<&(String, String)>,
) -> Result<bool, Error> {
    let mut sql = Sql::new(
        "SELECT 1 FROM account JOIN credential ON credential.account_id = account.id WHERE disabled_at IS NULL AND \
         account.id = ",
    );
    sql.bind(judged.id)
        .push(" AND secret_hash = ")
        .bind(judged.secret_hash.as_str());
    match judged.otp_set_at {
        None => sql.push(" AND otp_set_at IS NULL"),
        Some(set_at) => sql.push(" AND otp_set_at = ").bind(set_at),
    };
    if let Some((issuer, subject)) = link {
        sql.push(" AND ");
        push_linked(&mut sql, issuer, subject);
    }
    Ok(tx.db().query_one_raw(sql.on(tx.backend())).await?.is_some())
}

#[derive(FromQueryResult)]
struct Tried {
    username: String,
    is_machine: bool,
    id: AccountId,
    federation_id: FederationId,
    path: String,
    county_id: FederationId,
}

/// Those of some attempts that were at an account, disabled ones too, each with the account and its home.
pub(super) async fn find_tried(
    app: &App,
    attempts: &[Attempt],
) -> Result<Vec<(Attempt, AccountId, Place)>, Error> {
    let named = |attempt: &Attempt| match &attempt.whom {
        audit::Whom::Named { username, .. } => Some(username.clone()),
        audit::Whom::Account(..) => None,
    };
    let names: BTreeSet<String> = attempts.iter().filter_map(named).collect();
    let mut sql = Sql::new(
        "SELECT username, is_machine, id, federation_id, path, county_id FROM account WHERE username IN ",
    );
    sql.list(names);
    let rows = Tried::find_by_statement(sql.on(app.db.backend()));
    let rows = rows.all(app.db.reader()).await?;
    let at = |attempt: &Attempt| match &attempt.whom {
        audit::Whom::Account(id, place) => Some((attempt.clone(), *id, place.clone())),
        audit::Whom::Named { username, is_machine } => {
            let mut rows = rows.iter();
            let row = rows.find(|row| row.username == *username && row.is_machine == *is_machine)?;
            let place = Place::of(row.federation_id, &row.path, row.county_id);
            Some((attempt.clone(), row.id, place))
        }
    };
    Ok(attempts.iter().filter_map(at).collect())
}

/// Uses a code of the second factor: false if it, or a later one, was used before.
pub(super) async fn use_step(tx: &Tx, id: AccountId, step: i64) -> Result<bool, Error> {
    let mut sql = Sql::new("UPDATE credential SET otp_step = ");
    sql.bind(step).push(" WHERE account_id = ").bind(id);
    sql.push(" AND otp_secret IS NOT NULL AND otp_step < ").bind(step);
    let done = tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(done.rows_affected() == 1)
}

/// Uses a recovery code: false if there is none such.
pub(super) async fn use_recovery(tx: &Tx, id: AccountId, code_hash: &str) -> Result<bool, Error> {
    let mut sql = Sql::new("DELETE FROM recovery_code WHERE account_id = ");
    sql.bind(id).push(" AND code_hash = ").bind(code_hash);
    let done = tx.db().execute_raw(sql.on(tx.backend())).await?;
    Ok(done.rows_affected() == 1)
}
