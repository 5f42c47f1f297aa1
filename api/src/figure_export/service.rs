//! Asking for a file of figures.

use super::Event;
use super::rules::{self, Asked};
use super::types::ExportFigures;
use crate::jobs::task::{self, About};
use crate::kernel::error::Error;
use crate::kernel::event::Place;
use crate::kernel::gid::Gid;
use crate::kernel::op::{Actor, Op};
use crate::metrics::Nature;
use crate::policy::Action;
use crate::privacy::file::rules::number;
use entity::id::JobId;
use entity::jobs::job::JobKind;

/// Files that a person may ask for in a day.
const BY_PEOPLE: u64 = 20;
/// Files that a client may ask for in a day.
const BY_CLIENTS: u64 = 200;

/// What is asked for, checked; and of how many federations.
fn check(op: &Op, input: &ExportFigures) -> Result<(Asked, usize), Error> {
    let federation_id = Gid::parse(&input.federation_id, "federationId")?;
    let at = op.authorize(Action::ReadFigures, federation_id, "federationId")?;
    let flow = input.when().asked().period(Nature::Flow, op.today())?;
    let asked = Asked {
        metrics: input.metrics.iter().map(|code| code.0.clone()).collect(),
        ratios: input.ratios.iter().flatten().map(|code| code.0.clone()).collect(),
        from: flow.from.unwrap_or(flow.to),
        to: flow.to,
        by: input.by.as_ref().map(|by| by.0.clone()),
        level: input.level,
        format: input.format.into(),
        number: number("FIG", op.now(), op.id()),
    };
    asked.columns()?;
    let federations = rules::standing(&op.tree(), &at, input.level.map(Into::into), "").len();
    rules::check_federations(federations)?;
    Ok((asked, federations))
}

/// Asks for figures of federations as a file.
pub(super) async fn export(op: &Op, input: &ExportFigures) -> Result<JobId, Error> {
    let digest = op.app().digest("exportFigures", input)?;
    let checked = &check(op, input);
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let (asked, federations) = checked.clone()?;
        let federation_id = Gid::parse(&input.federation_id, "federationId")?;
        let at = tx.authorize(Action::ReadFigures, federation_id, "federationId")?;
        let account_id = op.account_id().ok_or(Error::Unauthenticated)?;
        let most = match op.actor() {
            Actor::Account { is_machine: true, .. } => BY_CLIENTS,
            _ => BY_PEOPLE,
        };
        task::check_day(&tx, JobKind::FigureExport, account_id, most).await?;
        let place = Place::from(&*at);
        let about = About::Input(serde_json::to_string(&asked)?);
        let id = task::queue(&tx, JobKind::FigureExport, (account_id, about), &place).await?;
        let event = Event::Asked {
            id,
            place,
            asked,
            federations,
        };
        tx.commit(event, id).await
    })
    .await
}
