//! Entering what people ask for about their own data, and answering it.

use super::store::Happened;
use super::types::{FileSubjectRequest, FulfilSubjectRequest, RefuseSubjectRequest};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Faults, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tx::{Committed, Tx};
use crate::people::person::plain::Plain;
use crate::people::person::service::{apply, count_look, erase, guessing, living};
use crate::people::{basis, person};
use crate::policy::Action;
use crate::privacy::file::service::{append, begin, end, seal};
use chrono::Days;
use entity::id::{AccountId, PersonId, SealedFileId, SubjectRequestId};
use entity::people::person::{Entity as PersonEntity, Model as Person};
use entity::privacy::sealed_file::Holding;
use entity::privacy::subject_request::{Entity, Model, RequestKind, RequestState};
use sea_orm::ActiveEnum;
use serde_json::{Value, json};
use uuid::Uuid;

/// Enters a request, with the last day for its answer.
pub(super) async fn file(op: &Op, input: &FileSubjectRequest) -> Result<SubjectRequestId, Error> {
    let digest = op.app().digest("fileSubjectRequest", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let person_id = PersonId::parse(&input.person_id, "personId")?;
        let person = tx
            .authorize_row::<PersonEntity>(Action::HandleSubjectRequests, person_id, "personId")
            .await?;
        let received_on = input.received_on.map_or(op.today(), |date| date.0);
        let mut faults = Faults::default();
        faults.unless(
            received_on <= op.today(),
            "receivedOn",
            text("Not in the future.", "日期不能晚于今天。"),
        );
        faults.refuse()?;
        let days = Days::new(op.app().rules.privacy.subject_request_days.into());
        let request = Model {
            id: SubjectRequestId(op.id()),
            person_id,
            kind: input.kind.into(),
            state: RequestState::Received,
            received_on,
            due_on: received_on.checked_add_days(days).unwrap_or(received_on),
            filed_by: op.account_id().ok_or(Error::Unauthenticated)?,
            filed_at: op.now(),
            answered_by: None,
            answered_at: None,
            refusal: None,
            file_id: None,
            federation_id: person.federation_id,
            path: person.path.clone(),
            county_id: person.county_id,
        };
        tx.insert(request.clone()).await?;
        let id = request.id;
        tx.commit(Event::Filed(request), id).await
    })
    .await
}

/// A request without an answer, its person, and whether a statutory duty keeps the data. The answer stands in the request.
async fn open(tx: &Tx, id: SubjectRequestId, state: RequestState) -> Result<(Model, Person, bool), Error> {
    let request = tx
        .authorize_row::<Entity>(Action::HandleSubjectRequests, id, "id")
        .await?
        .into_inner();
    let op = tx.op();
    let account_id = op.account_id().ok_or(Error::Unauthenticated)?;
    rules::check_open(&request, account_id)?;
    let (action, person_id) = (Action::HandleSubjectRequests, request.person_id);
    let person = tx
        .authorize_row::<PersonEntity>(action, person_id, "id")
        .await?
        .into_inner();
    let bases = basis::store::of_person(tx, person_id).await?;
    let answered = Model {
        state,
        answered_by: Some(account_id),
        answered_at: Some(op.now()),
        ..request
    };
    Ok((answered, person, rules::has_duty(&bases, op.today())))
}

/// Does what a request asks for: writes the copy, corrects, or erases.
pub(super) async fn fulfil(op: &Op, input: &FulfilSubjectRequest) -> Result<SubjectRequestId, Error> {
    let fulfilled = op.write(|tx| async move {
        let id = SubjectRequestId::parse(&input.id, "id")?;
        let (request, person, has_duty) = open(&tx, id, RequestState::Fulfilled).await?;
        rules::may_fulfil(request.kind, has_duty)?;
        if input.correction.is_some() != (request.kind == RequestKind::Correct) {
            let only = text(
                "It goes with a request to correct, and with no other.",
                "仅更正请求须提供更正内容。",
            );
            return Err(invalid("correction", only));
        }
        match request.kind {
            RequestKind::Copy => copy(tx, request, living(person, "id")?).await,
            RequestKind::Correct => correct(tx, request, living(person, "id")?, input).await,
            RequestKind::Delete => delete(tx, request, person).await,
        }
    });
    guessing(op, fulfilled).await
}

async fn copy(tx: Tx, request: Model, person: Person) -> Result<Committed<SubjectRequestId>, Error> {
    let account_id = tx.op().account_id().ok_or(Error::Unauthenticated)?;
    count_look(&tx).await?;
    let file_id = write_copy(&tx, &person, account_id).await?;
    let (id, request) = (
        request.id,
        Model {
            file_id: Some(file_id),
            ..request
        },
    );
    tx.update(request.clone()).await?;
    tx.commit(Event::Fulfilled(request), id).await
}

async fn correct(
    tx: Tx,
    request: Model,
    person: Person,
    input: &FulfilSubjectRequest,
) -> Result<Committed<SubjectRequestId>, Error> {
    let correction = input.correction.clone().unwrap_or_default();
    let corrected = apply(&tx, person, (&correction, "correction.")).await?;
    let same = || {
        invalid(
            "correction",
            text("Nothing differs from what is held.", "与已有信息一致。"),
        )
    };
    let corrected = corrected.ok_or_else(same)?;
    let id = request.id;
    tx.update(request.clone()).await?;
    tx.commit(Event::Corrected(request, Box::new(corrected)), id)
        .await
}

async fn delete(tx: Tx, request: Model, person: Person) -> Result<Committed<SubjectRequestId>, Error> {
    let id = request.id;
    tx.update(request.clone()).await?;
    if person.erased_at.is_some() {
        return tx.commit(Event::Fulfilled(request), id).await;
    }
    let erased = take_away(&tx, person, ("SUBJECT_REQUEST", Some(id.0))).await?;
    tx.commit(erased, id).await
}

/// Takes away all that is personal of a person, with the copies that were made for them.
pub(crate) async fn take_away(
    tx: &Tx,
    person: Person,
    because: (&'static str, Option<Uuid>),
) -> Result<person::Event, Error> {
    for request in store::of_person(tx, person.id).await? {
        if let Some(file_id) = request.file_id {
            end(tx, file_id).await?;
        }
    }
    erase(tx, person, because).await
}

fn happened(happened: &Happened) -> Value {
    let body: Value = serde_json::from_str(&happened.body).unwrap_or_default();
    json!({"at": happened.at, "kind": happened.kind, "particulars": body})
}

/// Writes all that is held of a person into a file: the values, why they may be kept, what was asked for, what was done.
async fn write_copy(tx: &Tx, person: &Person, account_id: AccountId) -> Result<SealedFileId, Error> {
    let op = tx.op();
    let opened = Plain::open(&op.app().vault, person)?;
    let plain = opened.ok_or_else(|| anyhow::anyhow!("person {} has no values", person.id))?;
    let bases = basis::store::of_person(tx, person.id).await?;
    let requests = store::of_person(tx, person.id).await?;
    let history = store::history(tx, person.id).await?;
    let tree = op.tree();
    let copy = json!({
        "name": plain.name, "idType": person.id_type.to_value(), "idNumber": plain.id_number, "phone": plain.phone,
        "birthDate": plain.birth_date, "sex": person.sex.map(|sex| sex.to_value()),
        "isMigrantWorker": person.is_migrant_worker, "employmentGroup": person.employment_group.to_value(),
        "federation": tree.get(person.federation_id).map(|node| node.name.to_string()),
        "registeredAt": person.registered_at, "updatedAt": person.updated_at,
        "bases": bases.iter().map(basis::particulars).collect::<Vec<_>>(),
        "requests": requests.iter().map(super::particulars).collect::<Vec<_>>(),
        "history": history.iter().map(happened).collect::<Vec<_>>(),
    });
    let name = format!("copy-{}.json", op.today());
    let file = begin(tx, account_id, (Holding::People, name), &person.place()).await?;
    let piece = seal(tx.op(), &serde_json::to_string_pretty(&copy)?)?;
    append(tx, file.id, 0, &piece).await?;
    Ok(file.id)
}

/// Refuses a request for a reason that the law knows.
pub(super) async fn refuse(op: &Op, input: &RefuseSubjectRequest) -> Result<SubjectRequestId, Error> {
    op.write(|tx| async move {
        let id = SubjectRequestId::parse(&input.id, "id")?;
        let (request, _, has_duty) = open(&tx, id, RequestState::Refused).await?;
        let reason = input.reason.into();
        rules::may_refuse(request.kind, reason, has_duty)?;
        let request = Model {
            refusal: Some(reason),
            ..request
        };
        tx.update(request.clone()).await?;
        tx.commit(Event::Refused(request), id).await
    })
    .await
}
