//! Asking for personal data in bulk, and deciding about it.

use super::types::{ApproveExport, RefuseExport, RequestExport};
use super::{Event, rules, store};
use crate::jobs::task::{self, About};
use crate::kernel::error::{Error, Faults, invalid, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::kernel::tx::Tx;
use crate::people::person::rules::reason;
use crate::policy::Action;
use chrono::TimeDelta;
use entity::id::{AccountId, ExportId};
use entity::jobs::job::JobKind;
use entity::privacy::export::{Entity, ExportState, Model};

/// Within which all exports of an account count together.
const MONTH: TimeDelta = TimeDelta::days(30);

/// Refuses an export of so many people, of whom so many more than are written already: one may hold only so many, and so
/// may all that an account asked for within 30 days.
pub(super) async fn check_size(tx: &Tx, asker: AccountId, people: u64, more: u64) -> Result<(), Error> {
    let rules = &tx.op().app().rules.privacy;
    let (most, in_a_month) = (rules.export_rows_max, rules.export_rows_per_month);
    let field = "federationId";
    if people > u64::from(most) {
        let en = format!("An export holds at most {most} people: name a smaller federation.");
        return Err(invalid(
            field,
            text(en, format!("单次导出最多 {most} 人，请缩小范围。")),
        ));
    }
    let written = task::done_for(tx, JobKind::PeopleExport, asker, tx.op().now() - MONTH).await?;
    if written.saturating_add(more) > u64::from(in_a_month) {
        let en = format!("An account exports at most {in_a_month} people within 30 days.");
        let zh = format!("同一账号 30 天内最多导出 {in_a_month} 人。");
        return Err(invalid(field, text(en, zh)));
    }
    Ok(())
}

/// Asks for the people of a federation and all below it.
pub(super) async fn request(op: &Op, input: &RequestExport) -> Result<ExportId, Error> {
    let digest = op.app().digest("requestExport", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let federation_id = Gid::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::RequestExports, federation_id, "federationId")?;
        let mut faults = Faults::default();
        let reason = faults.take("reason", reason(&input.reason));
        faults.refuse()?;
        let purpose = input.purpose.into();
        let covered = store::Covered {
            scope: &op.scope_within(Action::RequestExports, &at)?,
            purpose,
            day: op.today(),
            after: None,
        };
        let people = store::count(tx.db(), &covered).await?;
        let asker = op.account_id().ok_or(Error::Unauthenticated)?;
        check_size(&tx, asker, people, people).await?;
        if people == 0 {
            return Err(invalid(
                "federationId",
                text(
                    "Nobody there has a basis in force for this purpose.",
                    "该范围内没有人员具有该目的的生效依据。",
                ),
            ));
        }
        let export = Model {
            id: ExportId(op.id()),
            kind: input.kind.into(),
            state: ExportState::Requested,
            purpose,
            reason: reason.unwrap_or_default(),
            requested_by: asker,
            requested_at: op.now(),
            decided_by: None,
            decided_at: None,
            refusal: None,
            failure: None,
            file_id: None,
            federation_id: at.id,
            path: at.path.to_string(),
            county_id: at.county_id,
        };
        tx.insert(export.clone()).await?;
        let id = export.id;
        tx.commit(Event::Requested(export, people), id).await
    })
    .await
}

/// An export that the caller may decide about: nobody decides about what they asked for.
async fn undecided(tx: &Tx, id: ExportId) -> Result<(Model, AccountId), Error> {
    let export = tx
        .authorize_row::<Entity>(Action::ApproveExports, id, "id")
        .await?
        .into_inner();
    let account_id = tx.op().account_id().ok_or(Error::Unauthenticated)?;
    if export.requested_by == account_id {
        return Err(Error::Forbidden);
    }
    rules::check_open(&export)?;
    Ok((export, account_id))
}

/// Allows an export; its file is then written as a job.
pub(super) async fn approve(op: &Op, input: &ApproveExport) -> Result<ExportId, Error> {
    op.write(|tx| async move {
        let (mut export, account_id) = undecided(&tx, ExportId::parse(&input.id, "id")?).await?;
        let id = export.id;
        export.state = ExportState::Approved;
        export.decided_by = Some(account_id);
        export.decided_at = Some(op.now());
        tx.update(export.clone()).await?;
        let asked = (export.requested_by, About::One(id.0));
        task::queue(&tx, JobKind::PeopleExport, asked, &export.place()).await?;
        tx.commit(Event::Approved(export), id).await
    })
    .await
}

/// Refuses an export, with a reason.
pub(super) async fn refuse(op: &Op, input: &RefuseExport) -> Result<ExportId, Error> {
    op.write(|tx| async move {
        let (mut export, account_id) = undecided(&tx, ExportId::parse(&input.id, "id")?).await?;
        let id = export.id;
        let refusal = reason(&input.reason).map_err(|text| invalid("reason", text))?;
        export.state = ExportState::Refused;
        export.decided_by = Some(account_id);
        export.decided_at = Some(op.now());
        export.refusal = Some(refusal);
        tx.update(export.clone()).await?;
        tx.commit(Event::Refused(export), id).await
    })
    .await
}
