//! Founding grassroots unions and saying whom they cover.

use super::types::{CoverEnterprise, EndCoverage, FoundTradeUnion};
use super::{Event, rules, store};
use crate::kernel::error::{Error, Fault, Faults, conflict, text};
use crate::kernel::gid::Gid;
use crate::kernel::op::Op;
use crate::policy::Action;
use entity::id::{CoverageId, EnterpriseId, TradeUnionId};
use entity::org::trade_union::TradeUnionState;
use entity::org::{coverage, enterprise, trade_union};

/// Founds a union under a federation.
pub(super) async fn found(op: &Op, input: &FoundTradeUnion) -> Result<TradeUnionId, Error> {
    let digest = op.app().digest("foundTradeUnion", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let superior = tx.authorize(
            Action::FoundTradeUnions,
            Gid::parse(&input.federation_id, "federationId")?,
            "federationId",
        )?;
        let mut faults = Faults::default();
        let name = faults.take("name", rules::name(&input.name));
        let founded_on = input.founded_on.0;
        faults.unless(
            founded_on <= op.today(),
            "foundedOn",
            text("Not in the future.", "日期不能晚于今天。"),
        );
        faults.refuse()?;
        if store::is_there(&tx, &superior, name.as_deref().unwrap_or_default()).await? {
            let there = text(
                "This federation leads a trade union of this name.",
                "该工会下已有同名基层工会。",
            );
            return Err(conflict("name", there));
        }
        let union = trade_union::Model {
            id: TradeUnionId(op.id()),
            federation_id: superior.id,
            name: name.unwrap_or_default(),
            form: input.form.into(),
            position: input.position.into(),
            host_kind: input.host_kind.into(),
            worker_group: input.worker_group.into(),
            founded_on,
            state: TradeUnionState::Active,
            version: 1,
            created_at: op.now(),
            updated_at: op.now(),
            moved_on: None,
            path: superior.path.to_string(),
            county_id: superior.county_id,
        };
        store::insert(&tx, union.clone()).await?;
        let id = union.id;
        tx.commit(Event::Founded(union), id).await
    })
    .await
}

/// Lets a union cover an enterprise from a day; a conflict while another one covers it.
pub(super) async fn cover(op: &Op, input: &CoverEnterprise) -> Result<CoverageId, Error> {
    let digest = op.app().digest("coverEnterprise", input)?;
    op.write_once(input.idempotency_key.as_deref(), digest, |tx| async move {
        let action = Action::FoundTradeUnions;
        let union: TradeUnionId = Gid::parse(&input.trade_union_id, "tradeUnionId")?;
        let union = tx
            .authorize_row::<trade_union::Entity>(action, union, "tradeUnionId")
            .await?;
        let covered: EnterpriseId = Gid::parse(&input.enterprise_id, "enterpriseId")?;
        let covered = tx
            .authorize_row::<enterprise::Entity>(action, covered, "enterpriseId")
            .await?;
        let mut faults = Faults::default();
        faults.take("from", rules::may_cover(&union, input.from.0));
        faults.unless(
            input.from.0 <= op.today(),
            "from",
            text("Not in the future.", "日期不能晚于今天。"),
        );
        faults.unless(
            input.from.0 >= covered.registered_on,
            "from",
            text("The enterprise was registered later.", "不能早于企业登记日期。"),
        );
        let gone = covered.status == enterprise::EnterpriseStatus::Deregistered;
        faults.unless(
            !gone,
            "enterpriseId",
            text("The enterprise is deregistered.", "该企业已注销。"),
        );
        faults.refuse()?;
        let coverage = coverage::Model {
            id: CoverageId(op.id()),
            trade_union_id: union.id,
            enterprise_id: covered.id,
            valid_from: input.from.0,
            valid_to: None,
            moved_on: covered.moved_on,
            federation_id: covered.federation_id,
            path: covered.path.clone(),
            county_id: covered.county_id,
        };
        let others = store::touching(&tx, covered.id, union.id).await?;
        rules::is_free(&coverage, union.form, &others).map_err(|text| conflict("enterpriseId", text))?;
        store::insert_coverage(&tx, coverage.clone()).await?;
        let id = coverage.id;
        tx.commit(Event::CoverageBegun(coverage), id).await
    })
    .await
}

/// Ends a coverage on a day; the same day again changes nothing, another day is refused as over.
pub(super) async fn end_coverage(op: &Op, input: &EndCoverage) -> Result<CoverageId, Error> {
    op.write(|tx| async move {
        let id: CoverageId = Gid::parse(&input.id, "id")?;
        let coverage = tx
            .authorize_row::<coverage::Entity>(Action::FoundTradeUnions, id, "id")
            .await?
            .into_inner();
        let to = input.to.0;
        match coverage.valid_to {
            Some(ended) if ended == to => return Ok(tx.unchanged(id)),
            Some(ended) => {
                let over = text(format!("It ended on {ended}."), format!("已于 {ended} 结束。"));
                return Err(Error::Gone(Fault {
                    field: "to".into(),
                    text: over,
                }));
            }
            None => {}
        }
        let mut faults = Faults::default();
        let later = text(
            "The end must be after the beginning.",
            "结束日期必须晚于开始日期。",
        );
        faults.unless(to > coverage.valid_from, "to", later);
        faults.unless(
            to <= op.today(),
            "to",
            text("Not in the future.", "日期不能晚于今天。"),
        );
        faults.refuse()?;
        store::end_coverage(&tx, id, to).await?;
        tx.commit(Event::CoverageEnded(coverage, to), id).await
    })
    .await
}
