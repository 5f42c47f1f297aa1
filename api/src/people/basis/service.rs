//! Recording bases, and ending them.

use super::types::{ProcessingBasisInput, RecordConsent, WithdrawConsent};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Faults, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::people::person;
use crate::policy::Action;
use entity::id::{BasisId, PersonId};
use entity::people::basis::{LegalBasis, Model, Purpose};

/// The basis of an input; what is wrong with it is noted, with `field` before the name.
pub(crate) fn read(
    op: &Op,
    person_id: PersonId,
    input: &ProcessingBasisInput,
    (faults, field): (&mut Faults, &str),
) -> Model {
    let (purpose, basis) = (Purpose::from(input.purpose), LegalBasis::from(input.basis));
    faults.take(format!("{field}basis"), rules::is_enough(purpose, basis));
    let notice_version = rules::notice_version(&input.notice_version);
    let notice_version = faults.take(format!("{field}noticeVersion"), notice_version);
    let valid_from = input.from.map_or(op.today(), |date| date.0);
    let valid_to = input.to.map(|date| date.0);
    rules::check_period(faults, field, valid_from, valid_to, op.today());
    Model {
        id: BasisId(op.id()),
        person_id,
        purpose,
        basis,
        notice_version: notice_version.unwrap_or_default(),
        valid_from,
        valid_to,
        recorded_at: op.now(),
    }
}

/// Records a basis; the same one in force already is left as it is.
pub(super) async fn record(op: &Op, input: &RecordConsent) -> Result<PersonId, Error> {
    let digest = op.app().digest("recordConsent", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let person = of(&tx, PersonId::parse(&input.person_id, "personId")?).await?;
        let id = person.id;
        let mut faults = Faults::default();
        let basis = read(op, id, &input.basis, (&mut faults, "basis."));
        faults.refuse()?;
        let mut bases = store::of_person(&tx, id).await?;
        let is_same = |known: &Model| {
            Model {
                id: basis.id,
                recorded_at: basis.recorded_at,
                ..known.clone()
            } == basis
        };
        if bases.iter().any(is_same) {
            return Ok(tx.unchanged(id));
        }
        if bases.len() >= rules::BASES_MAX {
            let full = text("A person has at most 100 bases.", "每人最多记录 100 条依据。");
            return Err(invalid("basis", full));
        }
        bases.push(basis.clone());
        tx.insert(basis.clone()).await?;
        person::store::keep_until(&tx, id, rules::keep_until(&bases)).await?;
        tx.commit(Event::Recorded(person, basis), id).await
    })
    .await
}

async fn of(tx: &Tx, id: PersonId) -> Result<entity::people::person::Model, Error> {
    let person = tx
        .authorize_row::<entity::people::person::Entity>(Action::RegisterPeople, id, "personId")
        .await?;
    person::service::living(person.into_inner(), "personId")
}

/// Ends what is in force for a purpose, from today; refused if nothing is.
pub(super) async fn withdraw(op: &Op, input: &WithdrawConsent) -> Result<PersonId, Error> {
    op.write(|tx| async move {
        let person = of(&tx, PersonId::parse(&input.person_id, "personId")?).await?;
        let (id, today) = (person.id, op.today());
        let (purpose, asked) = (Purpose::from(input.purpose), input.basis.map(LegalBasis::from));
        let mut bases = store::of_person(&tx, id).await?;
        let mut ended = Vec::new();
        for basis in &mut bases {
            let is_meant = asked.map_or(rules::is_consent(basis.basis), |asked| basis.basis == asked);
            if basis.purpose == purpose && is_meant && rules::is_in_force(basis, today) {
                basis.valid_to = Some(today);
                tx.update(basis.clone()).await?;
                ended.push(basis.clone());
            }
        }
        if ended.is_empty() {
            let none = text("Nothing of this kind is in force.", "没有生效中的此类依据。");
            return Err(invalid("purpose", none));
        }
        person::store::keep_until(&tx, id, rules::keep_until(&bases)).await?;
        tx.commit(Event::Ended(person, ended), id).await
    })
    .await
}
