//! Entering and changing enterprises.

use super::types::{RegisterEnterprise, UpdateEnterprise};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Faults, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::org::uscc;
use crate::policy::Action;
use entity::id::EnterpriseId;
use entity::org::enterprise::{EnterpriseStatus, Entity, Model};

/// Enters an enterprise at a township or another federation; refused if its code is known anywhere.
pub(super) async fn register(op: &Op, input: &RegisterEnterprise) -> Result<EnterpriseId, Error> {
    let digest = op.app().digest("registerEnterprise", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let place = tx.authorize(
            Action::RegisterEnterprises,
            Gid::parse(&input.federation_id, "federationId")?,
            "federationId",
        )?;
        let mut faults = Faults::default();
        let uscc = uscc::normalise(&input.uscc.0);
        faults.take("uscc", uscc::check(&uscc));
        let name = faults.take("name", rules::name(&input.name));
        let industry = faults.take("industry", rules::industry(&input.industry));
        let employees = faults.take("employees", rules::employees(input.employees));
        let location = input.location.as_ref();
        let location =
            location.map(|at| faults.take("location", rules::location(&at.latitude, &at.longitude)));
        let registered_on = input.registered_on.map_or(op.today(), |date| date.0);
        rules::day(&mut faults, "registeredOn", registered_on, op.today());
        faults.refuse()?;
        if store::is_known(&tx, &uscc).await? {
            let known = text(
                "An enterprise with this code is registered.",
                "该统一社会信用代码已登记。",
            );
            return Err(conflict("uscc", known));
        }
        let (latitude_e6, longitude_e6) = location.flatten().unzip();
        let enterprise = Model {
            id: EnterpriseId(op.id()),
            federation_id: place.id,
            uscc,
            name: name.unwrap_or_default(),
            ownership: input.ownership.into(),
            industry: industry.unwrap_or_default(),
            employees: employees.unwrap_or_default(),
            status: EnterpriseStatus::Active,
            latitude_e6,
            longitude_e6,
            registered_on,
            changed_on: registered_on,
            version: 1,
            created_at: op.now(),
            updated_at: op.now(),
            moved_on: None,
            path: place.path.to_string(),
            county_id: place.county_id,
        };
        tx.insert(enterprise.clone()).await?;
        let id = enterprise.id;
        tx.commit(Event::Registered(enterprise), id).await
    })
    .await
}

fn apply(mut after: Model, input: &UpdateEnterprise) -> Result<Model, Error> {
    let mut faults = Faults::default();
    if let Some(name) = &input.name {
        after.name = faults.take("name", rules::name(name)).unwrap_or_default();
    }
    if let Some(industry) = &input.industry {
        after.industry = faults
            .take("industry", rules::industry(industry))
            .unwrap_or_default();
    }
    if let Some(employees) = input.employees {
        after.employees = faults
            .take("employees", rules::employees(employees))
            .unwrap_or_default();
    }
    if let Some(at) = &input.location {
        let point = faults.take("location", rules::location(&at.latitude, &at.longitude));
        (after.latitude_e6, after.longitude_e6) = point.unzip();
    }
    after.ownership = input.ownership.map_or(after.ownership, Into::into);
    after.status = input.status.map_or(after.status, Into::into);
    faults.refuse()?;
    Ok(after)
}

/// Changes what the input names; a conflict if somebody changed the enterprise since `expectedVersion`.
pub(super) async fn update(
    op: &Op,
    id: EnterpriseId,
    input: &UpdateEnterprise,
) -> Result<EnterpriseId, Error> {
    let digest = op.app().digest("updateEnterprise", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let before = tx
            .authorize_row::<Entity>(Action::RegisterEnterprises, id, "id")
            .await?
            .into_inner();
        if before.version != input.expected_version {
            let stale = text("Somebody changed it meanwhile.", "该记录已被他人修改。");
            return Err(conflict("expectedVersion", stale));
        }
        let day = input.from.map_or(op.today(), |date| date.0);
        let mut after = apply(before.clone(), input)?;
        if after == before {
            return Ok(tx.unchanged(id));
        }
        if rules::counts_otherwise(&before, &after) {
            rules::check_change(day, before.changed_on, op.today())?;
            after.changed_on = day;
        }
        let is_leaving = after.status == EnterpriseStatus::Deregistered && before.status != after.status;
        let ended = match is_leaving {
            true => store::end_coverage(&tx, id, day).await?,
            false => None,
        };
        after.version += 1;
        after.updated_at = op.now();
        tx.update(after.clone()).await?;
        tx.commit(
            Event::Updated {
                before: Box::new(before),
                after: Box::new(after),
                day,
                ended,
            },
            id,
        )
        .await
    })
    .await
}
