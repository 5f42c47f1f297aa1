//! Recording, correcting and voiding visits.

use super::types::{CorrectVisit, FindingInput, RecordVisit, VoidVisit};
use super::{Event, Told, rules, store};
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::org::enterprise::rules::location;
use crate::people::person::rules::reason;
use crate::policy::Action;
use entity::id::{EnterpriseId, FindingId, VisitId};
use entity::org::enterprise;
use entity::visits::{finding, visit};

fn findings_of(op: &Op, visit_id: VisitId, inputs: &[FindingInput]) -> Vec<finding::Model> {
    let finding = |(position, input): (i32, &FindingInput)| finding::Model {
        id: FindingId(op.id()),
        visit_id,
        position,
        severity: input.severity.into(),
        description: input.description.trim().to_owned(),
        due_on: input.due_on.map(|date| date.0),
    };
    (1..).zip(inputs).map(finding).collect()
}

fn told(visit: &visit::Model, findings: &[finding::Model]) -> Told {
    Told {
        visit: visit.clone(),
        severities: findings.iter().map(|finding| finding.severity).collect(),
    }
}

/// Records a visit under the phone's own id. The same again is the same visit; another under the id is a conflict.
pub(super) async fn record(op: &Op, input: &RecordVisit) -> Result<VisitId, Error> {
    let id = VisitId(input.id);
    let digest = op.app().digest("recordVisit", input)?;
    let digest = &digest;
    op.write(|tx| async move {
        let at: EnterpriseId = Gid::parse(&input.enterprise_id, "enterpriseId")?;
        let at = tx
            .authorize_row::<enterprise::Entity>(Action::RecordVisits, at, "enterpriseId")
            .await?;
        let visitor_id = op.account_id().ok_or(Error::Unauthenticated)?;
        if let Some(known) = store::find_anywhere(&tx, id).await? {
            if known.digest == *digest && known.visitor_id == visitor_id {
                return Ok(tx.unchanged(id));
            }
            let other = text(
                "Another visit has this id; use correctVisit.",
                "该编号已用于其他走访；如需更正请用 correctVisit。",
            );
            return Err(conflict("id", other));
        }
        let mut faults = Faults::default();
        let (started_at, ended_at) = (input.started_at.0, input.ended_at.map(|instant| instant.0));
        rules::check_time(&mut faults, started_at, ended_at, op.now());
        rules::check_notes(&mut faults, &input.notes);
        rules::check_findings(
            &mut faults,
            input.findings.iter().map(|finding| &*finding.description),
        );
        let position = input.position.as_ref();
        let position = position.map(|at| faults.take("position", location(&at.latitude, &at.longitude)));
        faults.refuse()?;
        let (latitude_e6, longitude_e6) = position.flatten().unzip();
        let visit = visit::Model {
            id,
            enterprise_id: at.id,
            visitor_id,
            purpose: input.purpose.into(),
            started_at,
            ended_at,
            latitude_e6,
            longitude_e6,
            notes: input.notes.clone(),
            digest: digest.clone(),
            version: 1,
            recorded_at: op.now(),
            voided_at: None,
            void_reason: None,
            moved_on: at.moved_on,
            federation_id: at.federation_id,
            path: at.path.clone(),
            county_id: at.county_id,
        };
        let findings = findings_of(op, id, &input.findings);
        let told = told(&visit, &findings);
        store::insert(&tx, visit, findings).await?;
        tx.commit(Event::Recorded(Box::new(told)), id).await
    })
    .await
}

/// Changes what the input names; a conflict if somebody corrected the visit since `expectedVersion`.
pub(super) async fn correct(op: &Op, id: VisitId, input: &CorrectVisit) -> Result<VisitId, Error> {
    let digest = op.app().digest("correctVisit", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let before = tx
            .authorize_row::<visit::Entity>(Action::RecordVisits, id, "id")
            .await?
            .into_inner();
        rules::check_version(&before, input.expected_version)?;
        rules::check_stands(&before)?;
        let mut after = before.clone();
        let mut faults = Faults::default();
        after.purpose = input.purpose.map_or(after.purpose, Into::into);
        after.started_at = input.started_at.map_or(after.started_at, |instant| instant.0);
        after.ended_at = input.ended_at.map(|instant| instant.0).or(after.ended_at);
        rules::check_time(&mut faults, after.started_at, after.ended_at, op.now());
        if let Some(notes) = &input.notes {
            rules::check_notes(&mut faults, notes);
            after.notes.clone_from(notes);
        }
        if let Some(at) = &input.position {
            let point = faults.take("position", location(&at.latitude, &at.longitude));
            (after.latitude_e6, after.longitude_e6) = point.unzip();
        }
        let inputs = input.findings.as_deref();
        rules::check_findings(
            &mut faults,
            inputs
                .unwrap_or_default()
                .iter()
                .map(|finding| &*finding.description),
        );
        faults.refuse()?;
        if after == before && inputs.is_none() {
            return Ok(tx.unchanged(id));
        }
        after.version += 1;
        let old_findings = store::findings(&tx, id).await?;
        let new_findings = inputs.map(|inputs| findings_of(op, id, inputs));
        let event = Event::Corrected {
            before: Box::new(told(&before, &old_findings)),
            after: Box::new(told(&after, new_findings.as_deref().unwrap_or(&old_findings))),
        };
        store::update(&tx, after, new_findings).await?;
        tx.commit(event, id).await
    })
    .await
}

/// Takes a visit that never was, or was recorded twice, out of the figures; it stays, with the reason.
pub(super) async fn void(op: &Op, id: VisitId, input: &VoidVisit) -> Result<VisitId, Error> {
    let digest = op.app().digest("voidVisit", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let before = tx
            .authorize_row::<visit::Entity>(Action::RecordVisits, id, "id")
            .await?
            .into_inner();
        rules::check_version(&before, input.expected_version)?;
        rules::check_stands(&before)?;
        let mut faults = Faults::default();
        let reason = faults.take("reason", reason(&input.reason));
        faults.refuse()?;
        let findings = store::findings(&tx, id).await?;
        let after = visit::Model {
            voided_at: Some(op.now()),
            void_reason: reason,
            version: before.version + 1,
            ..before.clone()
        };
        let event = Event::Voided(Box::new(told(&after, &findings)));
        store::update(&tx, after, None).await?;
        tx.commit(event, id).await
    })
    .await
}
