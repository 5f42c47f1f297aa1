//! Asking for a file of the audit trail.

use super::rules::Asked;
use super::types::ExportAuditTrail;
use super::{Event, store};
use crate::jobs::task::{self, About};
use crate::kernel::error::{Error, Faults, invalid, text};
use crate::kernel::event::Place;
use crate::kernel::feed;
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::people::person::rules::reason;
use crate::policy::Action;
use crate::privacy::file::rules::number;
use entity::id::JobId;
use entity::jobs::job::JobKind;

/// Files that an account may ask for in a day.
const EXPORTS: u64 = 20;

/// What is asked for, checked and counted; the reason, and how many entries there are.
async fn check(op: &Op, input: &ExportAuditTrail) -> Result<(Asked, String, i64), Error> {
    let federation_id = Gid::parse(&input.federation_id, "federationId")?;
    let at = op.authorize(Action::ReadAudit, federation_id, "federationId")?;
    let mut faults = Faults::default();
    let reason = faults.take("reason", reason(&input.reason));
    let wanted = input.filter.clone().unwrap_or_default().wanted(&mut faults);
    faults.refuse()?;
    let asked = Asked {
        wanted,
        through: feed::position(&op.app().db).await?,
        number: number("AUD", op.now(), op.id()),
    };
    let rows = store::rows(&op.scope_within(Action::ReadAudit, &at)?, asked.wanted.clone());
    let most = op.app().rules.privacy.audit_rows_max;
    let count = store::count(op, store::between(rows, (0, asked.through)), u64::from(most) + 1).await?;
    if count > i64::from(most) {
        let en =
            format!("A file holds at most {most} entries: ask for a shorter time or a smaller federation.");
        let zh = format!("单次导出最多 {most} 条，请缩短时间或缩小范围。");
        return Err(invalid("filter", text(en, zh)));
    }
    if count == 0 {
        let none = text("There are no such entries.", "没有符合条件的记录。");
        return Err(invalid("filter", none));
    }
    Ok((asked, reason.unwrap_or_default(), count))
}

/// Asks for entries of a federation and all below it as a file; those that are numbered by now.
pub(super) async fn export(op: &Op, input: &ExportAuditTrail) -> Result<JobId, Error> {
    let digest = op.app().digest("exportAuditTrail", input)?;
    let checked = &check(op, input).await;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let (asked, reason, rows) = checked.clone()?;
        let federation_id = Gid::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::ReadAudit, federation_id, "federationId")?;
        let account_id = op.account_id().ok_or(Error::Unauthenticated)?;
        task::check_day(&tx, JobKind::AuditExport, account_id, EXPORTS).await?;
        let place = Place::from(&*at);
        let about = About::Input(serde_json::to_string(&asked)?);
        let id = task::queue(&tx, JobKind::AuditExport, (account_id, about), &place).await?;
        let event = Event::ExportRequested {
            id,
            place,
            asked,
            reason,
            rows,
        };
        tx.commit(event, id).await
    })
    .await
}
