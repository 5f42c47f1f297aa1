//! Applying, joining, retaining, leaving.

use super::types::{AdmitMember, ApplyForMembership, ChangeMembership, RetainMembership, StrikeOffMember};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Faults, Text, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::members::{card, transfer};
use crate::people::id_number;
use crate::people::person::plain::Plain;
use crate::people::person::service::living;
use crate::policy::Action;
use chrono::NaiveDate;
use entity::id::{EnterpriseId, MembershipChangeId, MembershipId, PersonId, TradeUnionId};
use entity::members::membership::{CameBy, Entity, Model, State};
use entity::members::membership_change::{ChangeKind, ChangeReason, Model as Change};
use entity::org::{enterprise, trade_union};
use entity::people::person::{self, Sex};

/// What happens to a membership, and what it rests on.
pub(crate) struct Happened {
    /// What.
    pub(crate) kind: ChangeKind,
    /// Why.
    pub(crate) reason: Option<ChangeReason>,
    /// From which day on.
    pub(crate) on: NaiveDate,
    /// By which document.
    pub(crate) document: Option<String>,
}

/// Writes a membership as it is after a change, with the change. Whoever leaves gives back the card.
pub(crate) async fn write(
    tx: &Tx,
    (before, after): (Option<Model>, Model),
    union: trade_union::Model,
    happened: Happened,
) -> Result<Event, Error> {
    let op = tx.op();
    let change = Change {
        id: MembershipChangeId(op.id()),
        membership_id: after.id,
        version: after.version,
        kind: happened.kind,
        reason: happened.reason,
        effective_on: happened.on,
        document: happened.document,
        operator_id: op.account_id(),
        recorded_at: op.now(),
    };
    match before {
        Some(_) => tx.update(after.clone()).await?,
        None => tx.insert(after.clone()).await?,
    }
    tx.insert(change.clone()).await?;
    if rules::is_leaving(change.kind) {
        card::store::take_back(tx, after.id, change.effective_on).await?;
    }
    Ok(Event {
        change,
        before,
        after,
        union,
    })
}

/// A membership after a change that leads to a state.
pub(crate) fn stepped(op: &Op, before: &Model, state: State, happened: &Happened) -> Model {
    let is_over = rules::is_leaving(happened.kind);
    Model {
        state,
        left_on: is_over.then_some(happened.on),
        changed_on: happened.on,
        version: before.version + 1,
        updated_at: op.now(),
        ..before.clone()
    }
}

/// A membership that begins, counted as the person is now.
pub(crate) fn fresh(
    op: &Op,
    (person, union): (&person::Model, &trade_union::Model),
    employer_id: Option<EnterpriseId>,
    (state, came_by, on): (State, CameBy, NaiveDate),
) -> Result<Model, Error> {
    let plain = Plain::open(&op.app().vault, person)?;
    let told = plain.and_then(|plain| id_number::told(person.id_type, &plain.id_number));
    Ok(Model {
        id: MembershipId(op.id()),
        person_id: person.id,
        trade_union_id: union.id,
        employer_id,
        state,
        came_by,
        began_on: on,
        left_on: None,
        changed_on: on,
        sex: person.sex.or(told.map(|(_, sex)| sex)).unwrap_or(Sex::Unknown),
        is_migrant_worker: person.is_migrant_worker,
        employment_group: person.employment_group,
        version: 1,
        created_at: op.now(),
        updated_at: op.now(),
        moved_on: union.moved_on,
        federation_id: union.federation_id,
        path: union.path.clone(),
        county_id: union.county_id,
    })
}

/// Who joins what, as far as the input says it.
struct Asked<'a> {
    person_id: &'a str,
    trade_union_id: &'a str,
    employer_id: Option<&'a str>,
    document: Option<&'a String>,
    on: (&'static str, NaiveDate),
}

/// Who joins what, after all checks.
struct Newcomer {
    person: person::Model,
    union: trade_union::Model,
    employer_id: Option<EnterpriseId>,
    document: Option<String>,
    /// The open application to this union.
    application: Option<Model>,
}

/// An employer that the caller sees.
pub(crate) async fn employer(tx: &Tx, id: Option<&str>) -> Result<Option<EnterpriseId>, Error> {
    let Some(id) = id else { return Ok(None) };
    let id = EnterpriseId::parse(&id.into(), "employerId")?;
    let found = tx.authorize_row::<enterprise::Entity>(Action::ReadEnterprises, id, "employerId");
    Ok(Some(found.await?.id))
}

/// Loads and checks a newcomer. That somebody is a member elsewhere cannot be hidden; where is not told.
async fn newcomer(tx: &Tx, asked: Asked<'_>) -> Result<Newcomer, Error> {
    let id = TradeUnionId::parse(&asked.trade_union_id.into(), "tradeUnionId")?;
    let union = tx
        .authorize_row::<trade_union::Entity>(Action::AdmitMembers, id, "tradeUnionId")
        .await?
        .into_inner();
    let id = PersonId::parse(&asked.person_id.into(), "personId")?;
    let person = tx.authorize_row::<person::Entity>(Action::ReadPeople, id, "personId");
    let person = living(person.await?.into_inner(), "personId")?;
    let employer_id = employer(tx, asked.employer_id).await?;
    let known = store::of_person(tx, id).await?;
    let application = known
        .iter()
        .find(|known| known.trade_union_id == union.id && known.state == State::Applied);
    let born = Plain::open(&tx.op().app().vault, &person)?.and_then(|plain| plain.birth_date);
    let (field, on) = asked.on;
    let mut faults = Faults::default();
    let future = text("Not in the future.", "日期不能晚于今天。");
    faults.unless(on <= tx.op().today(), field, future);
    faults.take(field, rules::takes_in(&union, on));
    faults.take(field, rules::is_old_enough(born, on));
    let applied_on = application.map(|application| application.began_on);
    let last = known
        .iter()
        .filter_map(|known| known.left_on)
        .chain(applied_on)
        .max();
    let early = text(
        "Not before an earlier membership ended, or the application.",
        "不能早于原会籍终止日期或入会申请日期。",
    );
    faults.unless(last.is_none_or(|last| on >= last), field, early);
    let document = asked
        .document
        .map(|raw| faults.take("document", rules::document(raw)));
    faults.refuse()?;
    if known.iter().any(store::is_open) {
        let there = text("A member of a union already.", "该人员已有会籍。");
        return Err(conflict("personId", there));
    }
    if known.iter().any(|known| known.state == State::Deceased) {
        let dead = text("The person has died.", "该人员已去世。");
        return Err(conflict("personId", dead));
    }
    Ok(Newcomer {
        application: application.cloned(),
        person,
        union,
        employer_id,
        document: document.flatten(),
    })
}

/// Enters an application; a conflict for a member of any union, and where an application waits.
pub(super) async fn apply(op: &Op, input: &ApplyForMembership) -> Result<MembershipId, Error> {
    let digest = op.app().digest("applyForMembership", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let on = input.applied_on.0;
        let asked = Asked {
            person_id: &input.person_id,
            trade_union_id: &input.trade_union_id,
            employer_id: input.employer_id.as_ref().map(|id| id.as_str()),
            document: input.document.as_ref(),
            on: ("appliedOn", on),
        };
        let newcomer = newcomer(&tx, asked).await?;
        if newcomer.application.is_some() {
            return Err(conflict("personId", rules::why_not(State::Applied)));
        }
        let who = (&newcomer.person, &newcomer.union);
        let after = fresh(
            op,
            who,
            newcomer.employer_id,
            (State::Applied, CameBy::Joining, on),
        )?;
        let happened = Happened {
            kind: ChangeKind::Applied,
            reason: None,
            on,
            document: newcomer.document,
        };
        let id = after.id;
        let event = write(&tx, (None, after), newcomer.union, happened).await?;
        tx.commit(event, id).await
    })
    .await
}

/// Admits somebody, with an application to this union or without one; a conflict for a member of any union.
pub(super) async fn admit(op: &Op, input: &AdmitMember) -> Result<MembershipId, Error> {
    let digest = op.app().digest("admitMember", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let on = input.joined_on.0;
        let asked = Asked {
            person_id: &input.person_id,
            trade_union_id: &input.trade_union_id,
            employer_id: input.employer_id.as_ref().map(|id| id.as_str()),
            document: input.document.as_ref(),
            on: ("joinedOn", on),
        };
        let newcomer = newcomer(&tx, asked).await?;
        let happened = Happened {
            kind: ChangeKind::Joined,
            reason: None,
            on,
            document: newcomer.document,
        };
        let who = (&newcomer.person, &newcomer.union);
        let begun = fresh(
            op,
            who,
            newcomer.employer_id,
            (State::Active, CameBy::Joining, on),
        )?;
        let after = match &newcomer.application {
            None => begun,
            Some(application) => Model {
                id: application.id,
                employer_id: begun.employer_id.or(application.employer_id),
                version: application.version + 1,
                created_at: application.created_at,
                ..begun
            },
        };
        let id = after.id;
        let event = write(&tx, (newcomer.application, after), newcomer.union, happened).await?;
        tx.commit(event, id).await
    })
    .await
}

/// A membership that the caller may change, as the caller saw it.
pub(crate) async fn open(
    tx: &Tx,
    (id, field): (&str, &'static str),
    expected_version: i32,
) -> Result<Model, Error> {
    let id = MembershipId::parse(&id.into(), field)?;
    let membership = tx.authorize_row::<Entity>(Action::AdmitMembers, id, field);
    let membership = membership.await?.into_inner();
    if membership.version != expected_version {
        let stale = text("Somebody changed it meanwhile.", "该会籍已被他人变更。");
        return Err(conflict("expectedVersion", stale));
    }
    Ok(membership)
}

/// The state after a change; a conflict where the change makes no sense.
pub(crate) fn next(before: &Model, kind: ChangeKind, field: &'static str) -> Result<State, Error> {
    rules::has_room(before.version, kind).map_err(|text| conflict(field, text))?;
    rules::next(before.state, kind).ok_or_else(|| conflict(field, rules::why_not(before.state)))
}

/// One change of a membership: what, why, and what else has to hold.
pub(super) struct Step<'a> {
    /// What was sent.
    pub(super) input: &'a ChangeMembership,
    /// Its digest.
    pub(super) digest: String,
    /// What happens.
    pub(super) kind: ChangeKind,
    /// Why.
    pub(super) reason: Option<ChangeReason>,
    /// What else has to hold, with the field that it is about.
    pub(super) rule: (&'static str, Result<(), Text>),
}

/// Changes a membership by itself: everything but joining and going elsewhere.
pub(super) async fn change(op: &Op, step: Step<'_>) -> Result<MembershipId, Error> {
    let (input, kind, reason, rule) = (step.input, step.kind, step.reason, &step.rule);
    op.write_once(input.idempotency_key.as_deref(), step.digest, |tx| async move {
        let before = open(&tx, (&input.id, "id"), input.expected_version).await?;
        let state = next(&before, kind, "id")?;
        let mut faults = Faults::default();
        rules::check_day(&mut faults, "on", input.on.0, (before.changed_on, op.today()));
        faults.take(rule.0, rule.1.clone());
        let document = input.document.as_ref();
        let document = document.map(|raw| faults.take("document", rules::document(raw)));
        faults.refuse()?;
        let happened = Happened {
            kind,
            reason,
            on: input.on.0,
            document: document.flatten(),
        };
        if before.state == State::Transferring {
            transfer::store::cancel(&tx, before.id, op.today()).await?;
        }
        let union = store::union_of(&tx, before.trade_union_id).await?;
        let (id, after) = (before.id, stepped(op, &before, state, &happened));
        let event = write(&tx, (Some(before), after), union, happened).await?;
        tx.commit(event, id).await
    })
    .await
}

/// Retains a membership for a reason.
pub(super) async fn retain(op: &Op, input: &RetainMembership) -> Result<MembershipId, Error> {
    let reason = input.reason.into();
    let step = Step {
        digest: op.app().digest("retainMembership", input)?,
        input: &input.change,
        kind: ChangeKind::Retained,
        reason: Some(reason),
        rule: ("reason", rules::is_retained_for(reason)),
    };
    change(op, step).await
}

/// Strikes a member off who was absent for six months.
pub(super) async fn strike_off(op: &Op, input: &StrikeOffMember) -> Result<MembershipId, Error> {
    let step = Step {
        digest: op.app().digest("strikeOffMember", input)?,
        rule: (
            "lastActiveOn",
            rules::is_absent(input.last_active_on.0, input.change.on.0),
        ),
        input: &input.change,
        kind: ChangeKind::StruckOff,
        reason: Some(ChangeReason::SixMonthsAbsent),
    };
    change(op, step).await
}

/// Expels a member by a decision, which the document names.
pub(super) async fn expel(op: &Op, input: &ChangeMembership) -> Result<MembershipId, Error> {
    let decided = input.document.as_ref().map(|_| ());
    let missing = text(
        "Say by which decision the member is expelled.",
        "请填写开除会籍的决定文号。",
    );
    let step = Step {
        digest: op.app().digest("expelMember", input)?,
        input,
        kind: ChangeKind::Expelled,
        reason: Some(ChangeReason::Crime),
        rule: ("document", decided.ok_or(missing)),
    };
    change(op, step).await
}

/// A change that needs nothing but its day.
pub(super) async fn plainly(
    op: &Op,
    (operation, kind, reason): (&str, ChangeKind, Option<ChangeReason>),
    input: &ChangeMembership,
) -> Result<MembershipId, Error> {
    let step = Step {
        digest: op.app().digest(operation, input)?,
        input,
        kind,
        reason,
        rule: ("", Ok(())),
    };
    change(op, step).await
}
