//! How a request may be answered.

use crate::kernel::error::{Error, conflict, invalid, text};
use chrono::NaiveDate;
use entity::id::AccountId;
use entity::people::basis::{LegalBasis, Model as Basis};
use entity::privacy::subject_request::{Model, Refusal, RequestKind, RequestState};

/// Whether a statutory duty to keep the data is in force on a day.
pub fn has_duty(bases: &[Basis], day: NaiveDate) -> bool {
    let is_duty = |basis: &Basis| {
        basis.basis == LegalBasis::StatutoryDuty && crate::people::basis::rules::is_in_force(basis, day)
    };
    bases.iter().any(is_duty)
}

/// A request is answered once, and not by whoever entered it: nobody gives out a copy or erases alone.
pub fn check_open(request: &Model, answerer: AccountId) -> Result<(), Error> {
    if request.filed_by == answerer {
        return Err(Error::Forbidden);
    }
    match request.state {
        RequestState::Received => Ok(()),
        RequestState::Fulfilled | RequestState::Refused => {
            Err(conflict("id", text("It was answered already.", "该请求已答复。")))
        }
    }
}

/// Whether a request may be done.
pub fn may_fulfil(kind: RequestKind, has_duty: bool) -> Result<(), Error> {
    if kind == RequestKind::Delete && has_duty {
        let kept = text(
            "A statutory duty asks for the data to be kept: refuse the request with STATUTORY_DUTY.",
            "依法定职责须保存该信息，请以 STATUTORY_DUTY 答复拒绝。",
        );
        return Err(conflict("id", kept));
    }
    Ok(())
}

/// Whether a request may be refused for this reason: deletion that a duty forbids for that one only, nothing else for it.
pub fn may_refuse(kind: RequestKind, reason: Refusal, has_duty: bool) -> Result<(), Error> {
    let is_forbidden = kind == RequestKind::Delete && has_duty;
    if is_forbidden == (reason == Refusal::StatutoryDuty) {
        Ok(())
    } else {
        let wrong = text(
            "STATUTORY_DUTY is the reason for a deletion that a duty forbids, and for nothing else.",
            "STATUTORY_DUTY 仅且必须用于依法定职责不得删除的情形。",
        );
        Err(invalid("reason", wrong))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_duty_keeps_is_not_deleted_and_refused_for_that_reason_only() {
        use RequestKind::*;
        for (kind, duty, fulfils, for_duty, for_identity) in [
            (Delete, true, false, true, false),
            (Delete, false, true, false, true),
            (Copy, true, true, false, true),
            (Correct, true, true, false, true),
            (Correct, false, true, false, true),
        ] {
            let refuses = |reason| may_refuse(kind, reason, duty).is_ok();
            assert_eq!(may_fulfil(kind, duty).is_ok(), fulfils, "{kind:?} {duty}");
            assert_eq!(refuses(Refusal::StatutoryDuty), for_duty, "{kind:?} {duty}");
            assert_eq!(
                refuses(Refusal::IdentityUnproven),
                for_identity,
                "{kind:?} {duty}"
            );
        }
    }
}
