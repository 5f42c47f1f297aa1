//! Entering, correcting, looking at and erasing people.

use super::plain::{Plain, number_index, phone_index};
use super::store::{self, Wanted};
use super::types::{CorrectPerson, PersonCorrection, RegisterPerson, RevealPerson};
use super::{Corrected, Event, Recounted, rules};
use crate::kernel::bucket::Rate;
use crate::kernel::clock::seconds_of_day_left;
use crate::kernel::error::{Error, Fault, Faults, conflict, invalid, text};
use crate::kernel::event::Place;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tree::Node;
use crate::kernel::tx::Tx;
use crate::people::{basis, id_number};
use crate::policy::Action;
use entity::id::PersonId;
use entity::members::membership;
use entity::people::basis::Purpose;
use entity::people::person::{EmploymentGroup, Entity, IdType, Model, Sex};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Numbers of others that an account may hit upon: each tells that somebody is registered.
const GUESSES: Rate = Rate {
    capacity: 20,
    refill: 20,
    every_seconds: 3_600,
};
/// People that an account may look for by a number or a phone: a mask leaves few enough numbers to try them all.
const LOOKUPS: Rate = Rate {
    capacity: 200,
    refill: 200,
    every_seconds: 86_400,
};

/// A person whose data is still there; GONE otherwise.
pub(crate) fn living(person: Model, field: &'static str) -> Result<Model, Error> {
    match person.erased_at {
        None => Ok(person),
        Some(_) => Err(Error::Gone(Fault {
            field: field.into(),
            text: text("The data of this person was erased.", "该人员信息已删除。"),
        })),
    }
}

fn attempt(op: &Op, what: &str, rate: Rate) -> Result<Option<String>, Error> {
    let Some(account_id) = op.account_id() else {
        return Ok(None);
    };
    let key = format!("{what} {account_id}");
    let tried = op.app().attempts.take(key.clone(), rate, 1, op.now());
    tried.map(|_| Some(key)).map_err(Error::TooOften)
}

/// Counts what may turn out to be the number of somebody else. Counted before it is known, so that who has none left
/// learns nothing more.
pub(crate) async fn guessing<T>(op: &Op, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let taken = attempt(op, "number", GUESSES)?;
    let done = work.await;
    let hit = matches!(&done, Err(Error::Conflict(fault)) if fault.field.ends_with("idNumber"));
    if let Some(key) = taken.filter(|_| !hit) {
        op.app().attempts.put_back(&key, 1);
    }
    done
}

/// By which blind indexes people are looked for at a place. Who looks for somebody is counted, and it is told.
pub(super) async fn wanted(
    op: &Op,
    at: &Node,
    number: Option<&str>,
    phone: Option<&str>,
) -> Result<Wanted, Error> {
    let asked = [("ID_NUMBER", number), ("PHONE", phone)].into_iter();
    let by: Vec<&str> = asked.filter_map(|(name, value)| value.map(|_| name)).collect();
    if by.is_empty() {
        return Ok(Wanted::default());
    }
    attempt(op, "lookup", LOOKUPS)?;
    let wanted = indexes(op, number, phone)?;
    let (place, by) = (&Place::from(at), &by);
    op.write(|tx| async move { tx.commit(Event::LookedFor(place.clone(), by.clone()), ()).await })
        .await?;
    Ok(wanted)
}

fn indexes(op: &Op, number: Option<&str>, phone: Option<&str>) -> Result<Wanted, Error> {
    let vault = &op.app().vault;
    let numbers = number.map(|raw| {
        let forms = id_number::DOCUMENTS
            .into_iter()
            .map(|id_type| (id_type, id_number::normalise(id_type, raw, op.today())));
        let forms: Vec<_> = forms
            .filter_map(|(id_type, form)| Some((id_type, form.ok()?)))
            .collect();
        if forms.is_empty() {
            let none = text("Not a number of any document.", "不是有效的证件号码。");
            return Err(invalid("idNumber", none));
        }
        forms
            .iter()
            .map(|(id_type, form)| number_index(vault, *id_type, form))
            .collect()
    });
    let phone = phone.map(|raw| {
        let phone = rules::phone(raw).map_err(|text| invalid("phone", text))?;
        phone_index(vault, &phone)
    });
    Ok(Wanted {
        numbers: numbers.transpose()?,
        phone: phone.transpose()?,
    })
}

async fn refuse_known(tx: &Tx, person: &Model, field: &str) -> Result<(), Error> {
    let Some(index) = &person.number_index else {
        return Ok(());
    };
    if store::is_known(tx, index, person.id).await? {
        return Err(conflict(
            format!("{field}idNumber"),
            text("This document is registered already.", "该证件已登记。"),
        ));
    }
    Ok(())
}

/// Enters a person with the first basis; a conflict if the document is registered anywhere.
pub(super) async fn register(op: &Op, input: &RegisterPerson) -> Result<PersonId, Error> {
    let digest = op.app().digest("registerPerson", input)?;
    let registered = op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let federation_id = Gid::parse(&input.federation_id, "federationId")?;
        let place = tx.authorize(Action::RegisterPeople, federation_id, "federationId")?;
        let id = PersonId(op.id());
        let id_type = IdType::from(input.id_type);
        let mut faults = Faults::default();
        let name = faults.take("name", rules::name(&input.name.0));
        let number = faults.take(
            "idNumber",
            id_number::normalise(id_type, &input.id_number.0, op.today()),
        );
        let phone = input
            .phone
            .as_ref()
            .map(|phone| faults.take("phone", rules::phone(&phone.0)));
        let told = number
            .as_deref()
            .and_then(|number| id_number::told(id_type, number));
        let said = (
            input.birth_date.as_ref().map(|day| day.0),
            input.sex.map(Sex::from),
        );
        let (birth_date, sex) = rules::born(&mut faults, "", (told, said), op.today());
        let basis = basis::service::read(op, id, &input.basis, (&mut faults, "basis."));
        faults.refuse()?;
        let plain = Plain {
            name: name.unwrap_or_default(),
            id_number: number.unwrap_or_default(),
            phone: phone.flatten(),
            birth_date,
        };
        let mut person = Model {
            id,
            id_type,
            name: None,
            id_number: None,
            phone: None,
            birth_date: None,
            sex,
            is_migrant_worker: input.is_migrant_worker,
            employment_group: input
                .employment_group
                .map_or(EmploymentGroup::None, EmploymentGroup::from),
            number_index: None,
            phone_index: None,
            keep_until: basis::rules::keep_until([&basis]),
            version: 1,
            registered_at: op.now(),
            updated_at: op.now(),
            erased_at: None,
            federation_id: place.id,
            path: place.path.to_string(),
            county_id: place.county_id,
        };
        plain.seal_into(&op.app().vault, &mut person)?;
        refuse_known(&tx, &person, "").await?;
        tx.insert(person.clone()).await?;
        tx.insert(basis.clone()).await?;
        tx.commit(Event::Registered(person, basis), id).await
    });
    guessing(op, registered).await
}

/// Whether a number names a county that the division list does not have.
pub(super) fn has_unknown_region(op: &Op, id_type: IdType, raw: &str) -> bool {
    let number = id_number::normalise(id_type, raw, op.today()).unwrap_or_default();
    let region = id_number::region(id_type, &number);
    region.is_some_and(|region| op.tree().by_code(&format!("{region}000000"), None).is_none())
}

/// Corrects a person; a conflict if somebody did since `expectedVersion`, or the document is registered anywhere.
pub(super) async fn correct(op: &Op, id: PersonId, input: &CorrectPerson) -> Result<PersonId, Error> {
    let digest = op.app().digest("correctPerson", input)?;
    let corrected = op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let person = tx
            .authorize_row::<Entity>(Action::RegisterPeople, id, "id")
            .await?;
        let person = living(person.into_inner(), "id")?;
        if person.version != input.expected_version {
            let stale = text("Somebody corrected it meanwhile.", "该人员信息已被他人更正。");
            return Err(conflict("expectedVersion", stale));
        }
        match apply(&tx, person, (&input.correction, "")).await? {
            Some(corrected) => tx.commit(Event::Corrected(corrected), id).await,
            None => Ok(tx.unchanged(id)),
        }
    });
    guessing(op, corrected).await
}

/// Writes what a correction says; what was changed, or none if nothing was.
pub(crate) async fn apply(
    tx: &Tx,
    mut person: Model,
    (input, field): (&PersonCorrection, &str),
) -> Result<Option<Corrected>, Error> {
    let (op, vault) = (tx.op(), &tx.op().app().vault);
    let before =
        Plain::open(vault, &person)?.ok_or_else(|| anyhow::anyhow!("an erased person was corrected"))?;
    let (mut after, old) = (before.clone(), person.clone());
    let mut faults = Faults::default();
    if let Some(name) = &input.name {
        after.name = faults
            .take(format!("{field}name"), rules::name(&name.0))
            .unwrap_or_default();
    }
    person.id_type = input.id_type.map_or(old.id_type, IdType::from);
    let number = input
        .id_number
        .as_ref()
        .map_or(&*before.id_number, |number| &*number.0);
    let number = id_number::normalise(person.id_type, number, op.today());
    after.id_number = faults
        .take(format!("{field}idNumber"), number)
        .unwrap_or_default();
    if let Some(phone) = &input.phone {
        let phone = Some(&*phone.0).filter(|phone| !phone.trim().is_empty());
        after.phone = phone.and_then(|phone| faults.take(format!("{field}phone"), rules::phone(phone)));
    }
    let told = id_number::told(person.id_type, &after.id_number);
    let said = (
        input.birth_date.as_ref().map(|day| day.0),
        input.sex.map(Sex::from),
    );
    let (birth_date, sex) = rules::born(&mut faults, field, (told, said), op.today());
    faults.refuse()?;
    after.birth_date = birth_date.or(before.birth_date);
    person.sex = sex.or(old.sex);
    person.is_migrant_worker = input.is_migrant_worker.unwrap_or(old.is_migrant_worker);
    person.employment_group = input
        .employment_group
        .map_or(old.employment_group, EmploymentGroup::from);
    let changed = changes((&old, &before), (&person, &after));
    if changed.is_empty() {
        return Ok(None);
    }
    after.seal_into(vault, &mut person)?;
    refuse_known(tx, &person, field).await?;
    person.version += 1;
    person.updated_at = op.now();
    tx.update(person.clone()).await?;
    let recounted = recount(tx, &person).await?;
    Ok(Some(Corrected {
        person,
        changed,
        recounted,
    }))
}

/// The names of what differs between a person before and after.
fn changes((old, before): (&Model, &Plain), (person, after): (&Model, &Plain)) -> Vec<&'static str> {
    let changes = [
        ("NAME", before.name != after.name),
        ("ID_TYPE", old.id_type != person.id_type),
        ("ID_NUMBER", before.id_number != after.id_number),
        ("PHONE", before.phone != after.phone),
        ("BIRTH_DATE", before.birth_date != after.birth_date),
        ("SEX", old.sex != person.sex),
        (
            "IS_MIGRANT_WORKER",
            old.is_migrant_worker != person.is_migrant_worker,
        ),
        (
            "EMPLOYMENT_GROUP",
            old.employment_group != person.employment_group,
        ),
    ];
    let changed = changes.iter().filter(|(_, is)| *is);
    changed.map(|(name, _)| *name).collect()
}

/// Makes the memberships of a person count as the person is now; those that counted otherwise, before and after.
async fn recount(tx: &Tx, person: &Model) -> Result<Vec<Recounted>, Error> {
    let mut recounted = Vec::new();
    for (before, union) in store::memberships(tx, person.id).await? {
        let after = membership::Model {
            sex: person.sex.unwrap_or(Sex::Unknown),
            is_migrant_worker: person.is_migrant_worker,
            employment_group: person.employment_group,
            ..before.clone()
        };
        if after != before {
            tx.update(after.clone()).await?;
            recounted.push((before, after, union));
        }
    }
    Ok(recounted)
}

/// Counts a look at plain values; refused to an account that has none left today.
pub(crate) async fn count_look(tx: &Tx) -> Result<(), Error> {
    let op = tx.op();
    let account_id = op.account_id().ok_or(Error::Unauthenticated)?;
    let looks = store::count_access(tx, account_id, "REVEAL").await?;
    if looks > i64::from(op.app().rules.privacy.reveals_per_day) {
        return Err(Error::TooOften(seconds_of_day_left(op.now())));
    }
    Ok(())
}

/// Gives the plain values that were asked for. Refused without a basis for the purpose, and to an account that looked too
/// often today.
pub(super) async fn reveal(op: &Op, input: &RevealPerson) -> Result<Plain, Error> {
    op.write(|tx| async move {
        let id = PersonId::parse(&input.id, "id")?;
        let person = tx.authorize_row::<Entity>(Action::RevealPeople, id, "id").await?;
        let person = living(person.into_inner(), "id")?;
        let opened = Plain::open(&op.app().vault, &person)?;
        let plain = opened.ok_or_else(|| anyhow::anyhow!("person {id} has no values"))?;
        let purpose = Purpose::from(input.purpose);
        let bases = basis::store::of_person(&tx, id).await?;
        let is_covered = |known: &entity::people::basis::Model| {
            known.purpose == purpose && basis::rules::is_in_force(known, op.today())
        };
        let fields: BTreeSet<&'static str> = input.fields.iter().map(|field| field.name()).collect();
        let mut faults = Faults::default();
        let once = text("At least one, each once.", "至少一项，且不得重复。");
        faults.unless(
            !fields.is_empty() && fields.len() == input.fields.len(),
            "fields",
            once,
        );
        let uncovered = text(
            "No basis for this purpose is in force.",
            "该目的没有生效中的合法性基础。",
        );
        faults.unless(bases.iter().any(is_covered), "purpose", uncovered);
        let reason = faults.take("reason", rules::reason(&input.reason));
        faults.refuse()?;
        let reason = rules::unnamed(&reason.unwrap_or_default(), &plain.name);
        count_look(&tx).await?;
        let fields = fields.into_iter().collect();
        tx.commit(
            Event::Revealed {
                person,
                fields,
                purpose,
                reason,
            },
            plain,
        )
        .await
    })
    .await
}

/// Takes away all that is personal, and ends what allowed keeping it; the row stays as a tombstone.
pub(crate) async fn erase(
    tx: &Tx,
    person: Model,
    (cause, request): (&'static str, Option<Uuid>),
) -> Result<Event, Error> {
    let op = tx.op();
    let person = Model {
        name: None,
        id_number: None,
        phone: None,
        birth_date: None,
        sex: None,
        is_migrant_worker: false,
        employment_group: EmploymentGroup::None,
        number_index: None,
        phone_index: None,
        keep_until: None,
        version: person.version + 1,
        updated_at: op.now(),
        erased_at: Some(op.now()),
        ..person
    };
    let ended = basis::store::end_all(tx, person.id, op.today()).await?;
    tx.update(person.clone()).await?;
    Ok(Event::Erased {
        person,
        ended,
        cause,
        request,
    })
}
