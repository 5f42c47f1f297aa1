//! Setting up a second factor, and taking one away.

use super::{Event, rules, store};
use crate::accounts::account::rules::check_reason;
use crate::accounts::account::store::{administrated, home, own};
use crate::accounts::proof::rules::CODE_FAILURES;
use crate::accounts::{code, proof, session};
use crate::kernel::error::{Error, Faults, conflict, invalid, text};
use crate::kernel::op::{Actor, Op};
use crate::kernel::vault::Cell;
use crate::policy::Action;
use entity::id::{AccountId, SessionId};

/// Where the secret of an account stands sealed, also while it is being set up.
pub(in crate::accounts) fn cell(id: AccountId) -> Cell {
    Cell {
        column: "credential.otp_secret",
        row: id.0,
    }
}

/// The person who acts, and by which session.
fn person(op: &Op) -> Result<(AccountId, SessionId), Error> {
    match op.actor() {
        Actor::Account {
            id,
            session_id,
            is_machine: false,
            ..
        } => Ok((*id, *session_id)),
        Actor::Account { .. } => Err(Error::Forbidden),
        Actor::Anonymous | Actor::System => Err(Error::Unauthenticated),
    }
}

/// What an authenticator takes.
pub(super) struct Enrolment {
    /// In base32.
    pub(super) secret: String,
    /// `otpauth://…`.
    pub(super) uri: String,
}

/// Begins to set up the caller's second factor. The password is asked again, and the code of the one in force: a
/// session left open or stolen is not enough to lock its owner out.
pub(super) async fn enroll(op: &Op, password: String, otp: Option<&str>) -> Result<Enrolment, Error> {
    let (id, _) = person(op)?;
    let username = own(op, id).await?.username;
    let proved = &proof::service::by_factors(op, &username, password, otp).await?;
    let secret = rules::secret(op.app().clock.random());
    let uri = rules::uri(&secret, &username)?;
    let sealed = &op.app().vault.seal(cell(id), &secret)?;
    op.write(|tx| async move {
        proved.spend(&tx).await?;
        store::set_pending(&tx, id, sealed).await?;
        tx.commit(Event::Enrolled(id, proved.account.place()), ()).await
    })
    .await?;
    proved.forgive(op);
    Ok(Enrolment { secret, uri })
}

/// Ends the setting up with a first code: from now on signing in asks for one, and this session has proved it. The new
/// recovery codes.
pub(super) async fn confirm(op: &Op, said: &str) -> Result<Vec<String>, Error> {
    let (id, session_id) = person(op)?;
    let pending = store::own(op, id).await?.and_then(|own| own.otp_pending);
    let sealed = &pending.ok_or_else(|| {
        conflict(
            "",
            text(
                "Nothing is being set up: begin with enrollOtp.",
                "请先调用 enrollOtp。",
            ),
        )
    })?;
    let tried = format!("confirming {id}");
    let failures = &op.app().failures;
    failures
        .count(tried.clone(), CODE_FAILURES, op.now())
        .map_err(Error::TooOften)?;
    let secret = op.app().vault.open(cell(id), sealed)?;
    let step = rules::step(&secret, said.trim(), 0, op.now());
    let wrong = || text("The code is wrong.", "动态口令错误。");
    let step = step.ok_or_else(|| invalid("code", wrong()))?;
    let random = |_| code::write(op.app().clock.random());
    let codes: Vec<String> = (0..rules::RECOVERY_CODES).map(random).collect();
    let hashes: &Vec<_> = &codes.iter().filter_map(|code| code::hash(code)).collect();
    op.write(|tx| async move {
        if !store::confirm(&tx, id, sealed, step).await? {
            return Err(invalid("code", wrong()));
        }
        store::set_recovery(&tx, id, hashes.clone()).await?;
        store::strengthen(&tx, session_id).await?;
        let home = home(&tx, id).await?;
        tx.commit(Event::Confirmed(id, home), ()).await
    })
    .await?;
    failures.forgive(&tried);
    Ok(codes)
}

/// Takes a second factor away where the device is lost, and ends all sessions.
pub(in crate::accounts) async fn reset(op: &Op, id: AccountId, reason: &str) -> Result<AccountId, Error> {
    op.write(|tx| async move {
        let account = administrated(&tx, Action::GrantRoles, id, "accountId").await?;
        let mut faults = Faults::default();
        check_reason(&mut faults, reason);
        faults.refuse()?;
        if account.otp_set_at.is_none() {
            return Ok(tx.unchanged(id));
        }
        store::clear(&tx, id).await?;
        session::store::end_all(&tx, id, None).await?;
        let event = Event::Reset(id, account.place(), reason.trim().to_owned());
        tx.commit(event, id).await
    })
    .await
}
