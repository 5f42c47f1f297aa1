//! Reporting, and what the superior says to it.

use super::rules::{self, Step, Value as Amount, Written};
use super::types::{CorrectReturn, DraftReturn, ReturnLineInput, ReturnSeen, ReviseReturn};
use super::{Event, Happened, store};
use crate::accounts::account::rules::check_reason;
use crate::kernel::error::{Error, Faults, conflict, invalid, text};
use crate::kernel::event::{Delta, net};
use crate::kernel::gid::Gid;
use crate::kernel::ledger::Qualifier;
use crate::kernel::op::Op;
use crate::kernel::tx::{Committed, Tx};
use crate::metrics::MetricId;
use crate::policy::Action;
use entity::id::{FederationId, ReturnLineId, StatisticalReturnId};
use entity::returns::return_line::{LineState, Model as Line};
use entity::returns::statistical_return::{Entity, Model, ReturnState};
use serde_json::{Value, json};

/// A return that the caller may take a step with, as they saw it; where it is afterwards. What is done from above takes a
/// right at the superior, and at the top at the federation itself.
async fn open(
    tx: &Tx,
    id: StatisticalReturnId,
    (step, expected_version): (Step, i32),
) -> Result<Model, Error> {
    let action = if step.is_from_above() {
        Action::ReadReturns
    } else {
        Action::FileReturns
    };
    let report = tx.authorize_row::<Entity>(action, id, "id").await?.into_inner();
    if step.is_from_above() {
        let own = tx.tree().get(report.federation_id);
        let superior = own.and_then(|own| own.parent_id);
        tx.authorize(
            Action::AcceptReturns,
            superior.unwrap_or(report.federation_id),
            "id",
        )?;
    }
    if report.version != expected_version {
        let meanwhile = text("Somebody changed it meanwhile.", "该报表已被他人修改。");
        return Err(conflict("expectedVersion", meanwhile));
    }
    Ok(Model {
        state: step.check(report.state, report.accepted_at.is_some())?,
        version: report.version + 1,
        ..report
    })
}

async fn end(tx: Tx, event: Event) -> Result<Committed<StatisticalReturnId>, Error> {
    let id = event.report.id;
    tx.update(event.report.clone()).await?;
    tx.commit(event, id).await
}

/// The lines that wait, as the trail tells them, each with what it is to take the place of.
fn told(lines: &[Line]) -> Vec<Value> {
    let in_state = |state| lines.iter().filter(move |line| line.state == state);
    let told = |line: &Line| {
        let old = in_state(LineState::InForce).find(|old| is_of_the_same(old, line));
        json!({
            "metric": line.metric, "dimension": line.dimension, "qualifier": line.qualifier, "value": line.value,
            "before": old.and_then(|old| old.value),
        })
    };
    in_state(LineState::Pending).map(told).collect()
}

/// The lines of an input, waiting for acceptance. With the lines in force it is a correction: each says something else.
fn read(
    op: &Op,
    faults: &mut Faults,
    (id, inputs): (StatisticalReturnId, &[ReturnLineInput]),
    (in_force, reason): (&[Line], Option<&str>),
) -> Result<Vec<Line>, Error> {
    let written: Vec<Written<'_>> = inputs.iter().map(ReturnLineInput::written).collect();
    let kept = in_force.iter().map(|line| (&*line.metric, &*line.dimension));
    let kept: Vec<rules::Of<'_>> = kept.collect();
    let read = rules::read_lines(faults, &written, &kept);
    let entered_by = op.account_id().ok_or(Error::Unauthenticated)?;
    let line = |(input, read): (&ReturnLineInput, rules::Read)| Line {
        id: ReturnLineId(op.id()),
        return_id: id,
        metric: read.metric.code().to_owned(),
        dimension: input.dimension.clone().unwrap_or_default(),
        value: read.value,
        qualifier: Qualifier::from(input.qualifier).mark().to_owned(),
        note: input.note.trim().to_owned(),
        state: LineState::Pending,
        reason: reason.map(|reason| reason.trim().to_owned()),
        entered_by,
        entered_at: op.now(),
    };
    let lines: Vec<Line> = inputs.iter().zip(read).map(line).collect();
    // With fewer lines than were written, something is wrong with one of them.
    let checked = (lines.len() == inputs.len() && !in_force.is_empty()).then_some(&lines);
    for (index, line) in checked.into_iter().flatten().enumerate() {
        let old = in_force.iter().find(|old| is_of_the_same(old, line));
        let is_like =
            |old: &Line| (old.value, &old.qualifier, &old.note) == (line.value, &line.qualifier, &line.note);
        let is_new = old.map_or(line.value.is_some(), |old| !is_like(old));
        let same = text("It says nothing new.", "与已审核数值一致，无需更正。");
        faults.unless(is_new, format!("lines.{index}.value"), same);
    }
    Ok(lines)
}

fn is_of_the_same(one: &Line, other: &Line) -> bool {
    one.metric == other.metric && one.dimension == other.dimension
}

fn of_state(lines: Vec<Line>, state: LineState) -> Vec<Line> {
    lines.into_iter().filter(|line| line.state == state).collect()
}

/// Begins a return; a conflict if the federation has one of the period.
pub(super) async fn draft(op: &Op, input: &DraftReturn) -> Result<StatisticalReturnId, Error> {
    let digest = op.app().digest("draftReturn", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let at = FederationId::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::FileReturns, at, "federationId")?;
        let id = StatisticalReturnId(op.id());
        let mut faults = Faults::default();
        rules::check_title(&mut faults, &input.title);
        rules::check_period(&mut faults, (input.from.0, input.to.0), op.today());
        let lines = read(op, &mut faults, (id, &input.lines), (&[], None))?;
        faults.refuse()?;
        let report = Model {
            id,
            title: input.title.trim().to_owned(),
            opens_on: input.from.0,
            closes_on: input.to.0,
            state: ReturnState::Draft,
            reason: None,
            drafted_at: op.now(),
            submitted_by: None,
            submitted_at: None,
            accepted_by: None,
            accepted_at: None,
            version: 1,
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        if store::is_taken(&tx, &report).await? {
            let taken = text(
                "There is a return of this period: revise or correct it.",
                "该报告期已有报表，请修改或更正。",
            );
            return Err(conflict("to", taken));
        }
        tx.insert(report.clone()).await?;
        store::replace_pending(&tx, id, lines).await?;
        tx.commit(Event::of(report, Happened::Drafted), id).await
    })
    .await
}

/// Writes the lines anew that wait for acceptance.
pub(super) async fn revise(op: &Op, input: &ReviseReturn) -> Result<StatisticalReturnId, Error> {
    op.write(|tx| async move {
        let id = StatisticalReturnId::parse(&input.id, "id")?;
        let mut report = open(&tx, id, (Step::Revise, input.expected_version)).await?;
        let mut faults = Faults::default();
        if let Some(title) = &input.title {
            rules::check_title(&mut faults, title);
            report.title = title.trim().to_owned();
        }
        let lines = read(op, &mut faults, (id, &input.lines), (&[], None))?;
        faults.refuse()?;
        store::replace_pending(&tx, id, lines).await?;
        end(tx, Event::of(report, Happened::Revised)).await
    })
    .await
}

/// Takes away a return of which nothing is in force: the period is free again.
pub(super) async fn discard(op: &Op, input: &ReturnSeen) -> Result<StatisticalReturnId, Error> {
    op.write(|tx| async move {
        let id = StatisticalReturnId::parse(&input.id, "id")?;
        let report = open(&tx, id, (Step::Discard, input.expected_version)).await?;
        if store::has_files(&tx, id).await? {
            let files = text("It has files: remove them first.", "报表尚有附件，请先移除附件。");
            return Err(conflict("id", files));
        }
        let lines = told(&store::lines(&tx, id).await?);
        store::delete(&tx, id).await?;
        let event = Event {
            lines,
            ..Event::of(report, Happened::Discarded)
        };
        tx.commit(event, id).await
    })
    .await
}

/// Sends a return to the superior.
pub(super) async fn submit(op: &Op, input: &ReturnSeen) -> Result<StatisticalReturnId, Error> {
    op.write(|tx| async move {
        let id = StatisticalReturnId::parse(&input.id, "id")?;
        let report = open(&tx, id, (Step::Submit, input.expected_version)).await?;
        rules::check_over(&report, op.today())?;
        let lines = store::lines(&tx, id).await?;
        if lines.iter().all(|line| line.state != LineState::Pending) {
            return Err(invalid("id", text("It has no lines.", "报表没有数据。")));
        }
        weigh(&tx, &report, &lines).await?;
        let event = Event {
            lines: told(&lines),
            ..Event::of(submitted(op, report)?, Happened::Submitted)
        };
        end(tx, event).await
    })
    .await
}

fn submitted(op: &Op, report: Model) -> Result<Model, Error> {
    Ok(Model {
        reason: None,
        submitted_by: Some(op.account_id().ok_or(Error::Unauthenticated)?),
        submitted_at: Some(op.now()),
        ..report
    })
}

/// Reports something else than what was accepted; until the superior accepts it, that stays in force.
pub(super) async fn correct(op: &Op, input: &CorrectReturn) -> Result<StatisticalReturnId, Error> {
    op.write(|tx| async move {
        let id = StatisticalReturnId::parse(&input.id, "id")?;
        let report = open(&tx, id, (Step::Correct, input.expected_version)).await?;
        let in_force = of_state(store::lines(&tx, id).await?, LineState::InForce);
        let mut faults = Faults::default();
        check_reason(&mut faults, &input.reason);
        let none = text("Say what is right instead.", "请填写更正内容。");
        faults.unless(!input.lines.is_empty(), "lines", none);
        let reason = Some(&*input.reason);
        let lines = read(op, &mut faults, (id, &input.lines), (&in_force, reason))?;
        faults.refuse()?;
        store::replace_pending(&tx, id, lines.clone()).await?;
        let lines = [in_force, lines].concat();
        weigh(&tx, &report, &lines).await?;
        let event = Event {
            lines: told(&lines),
            ..Event::of(submitted(op, report)?, Happened::Corrected)
        };
        end(tx, event).await
    })
    .await
}

/// What a line says, with how exact it is.
fn said(line: &Line) -> Option<Amount> {
    Some((line.value?, Qualifier::marked(&line.qualifier)))
}

/// What the lines that wait would add to the figures; a conflict if something would be counted twice.
async fn weigh(tx: &Tx, report: &Model, lines: &[Line]) -> Result<Vec<Delta>, Error> {
    let in_state = |state| lines.iter().filter(move |line| line.state == state);
    let pending = || in_state(LineState::Pending);
    let mut others = store::others(tx, report, pending().map(|line| &*line.metric)).await?;
    let mut deltas = Vec::new();
    for line in pending() {
        let Some(metric) = MetricId::coded(&line.metric) else {
            continue;
        };
        let nature = metric.entry().nature;
        let key = (line.metric.clone(), line.dimension.clone());
        let others = others.remove(&key).unwrap_or_default();
        let is_twice = |other: &&rules::Reported| rules::is_counted_twice(nature, report, other);
        if let (Some(other), true) = (others.iter().find(is_twice), line.value.is_some()) {
            let (code, name, from, to) = (
                &line.metric,
                metric.entry().name_zh,
                other.opens_on,
                other.closes_on,
            );
            let twice = text(
                format!(
                    "{code} {} is in the return of {from} to {to}: it would be counted twice.",
                    line.dimension
                ),
                format!(
                    "“{name}”{}已在 {from} 至 {to} 的报表中填报，将重复计算。",
                    line.dimension
                ),
            );
            return Err(conflict("id", twice));
        }
        let old = in_state(LineState::InForce).find(|old| is_of_the_same(old, line));
        let change = (old.and_then(said), said(line));
        let postings = rules::postings(nature, report, &others, change);
        deltas.extend(postings.into_iter().map(|posting| Delta {
            metric,
            dimension: line.dimension.clone(),
            place: report.place(),
            day: posting.day,
            amount: posting.value.0,
            qualifier: posting.value.1,
            source_id: posting.return_id,
            moved: None,
        }));
    }
    Ok(net(deltas))
}

/// Lets the lines that wait count. FORBIDDEN to whoever submitted them.
pub(super) async fn accept(op: &Op, input: &ReturnSeen) -> Result<StatisticalReturnId, Error> {
    op.write(|tx| async move {
        let id = StatisticalReturnId::parse(&input.id, "id")?;
        let report = open(&tx, id, (Step::Accept, input.expected_version)).await?;
        if report.submitted_by == op.account_id() {
            return Err(Error::Forbidden);
        }
        let lines = store::lines(&tx, id).await?;
        let deltas = weigh(&tx, &report, &lines).await?;
        store::put_in_force(&tx, id).await?;
        let report = Model {
            accepted_by: op.account_id(),
            accepted_at: Some(op.now()),
            ..report
        };
        let event = Event {
            report,
            happened: Happened::Accepted,
            lines: told(&lines),
            deltas,
        };
        end(tx, event).await
    })
    .await
}

/// Gives up the correction that a return comes back with: its lines, for the trail. A first return keeps them.
async fn give_up(tx: &Tx, report: &Model) -> Result<Vec<Value>, Error> {
    if report.state != ReturnState::Accepted {
        return Ok(Vec::new());
    }
    let lines = told(&store::lines(tx, report.id).await?);
    store::replace_pending(tx, report.id, Vec::new()).await?;
    Ok(lines)
}

/// Sends back, takes back, locks or unlocks; sends back and unlocks for a reason.
pub(super) async fn decide(
    op: &Op,
    id: StatisticalReturnId,
    (step, expected_version): (Step, i32),
    reason: Option<&str>,
) -> Result<StatisticalReturnId, Error> {
    op.write(|tx| async move {
        let report = open(&tx, id, (step, expected_version)).await?;
        if let Some(reason) = reason {
            let mut faults = Faults::default();
            check_reason(&mut faults, reason);
            faults.refuse()?;
        }
        let lines = match step {
            Step::SendBack | Step::Recall => give_up(&tx, &report).await?,
            _ => Vec::new(),
        };
        let happened = match step {
            Step::SendBack => Happened::SentBack,
            Step::Recall => Happened::Recalled,
            Step::Unlock => Happened::Unlocked,
            _ => Happened::Locked,
        };
        let report = Model {
            reason: reason.map(|reason| reason.trim().to_owned()),
            ..report
        };
        let event = Event {
            lines,
            ..Event::of(report, happened)
        };
        end(tx, event).await
    })
    .await
}
