//! Decisions about grassroots unions.

use crate::kernel::error::{Text, text};
use chrono::NaiveDate;
use entity::org::coverage;
use entity::org::trade_union::{Form, Model, TradeUnionState};

/// A name from 4 to 100 characters that says that it is a union's (中国工会章程 第二十六条: it bears 工会).
pub fn name(raw: &str) -> Result<String, Text> {
    let name = raw.trim();
    if !(4..=100).contains(&name.chars().count()) {
        Err(text(
            "From 4 to 100 characters.",
            "名称长度应为 4 至 100 个字符。",
        ))
    } else if !name.contains("工会") {
        Err(text("The name of a union holds 工会.", "工会名称应包含“工会”。"))
    } else {
        Ok(name.to_owned())
    }
}

/// Whether two half-open periods share a day.
fn overlap(a: (NaiveDate, Option<NaiveDate>), b: (NaiveDate, Option<NaiveDate>)) -> bool {
    a.1.is_none_or(|end| b.0 < end) && b.1.is_none_or(|end| a.0 < end)
}

/// Whether a union may begin to cover an enterprise on a day: it stands by then.
pub fn may_cover(union: &Model, from: NaiveDate) -> Result<(), Text> {
    if union.state == TradeUnionState::Dissolved {
        Err(text("The trade union is dissolved.", "该工会已撤销。"))
    } else if from < union.founded_on {
        Err(text(
            "The trade union was founded later.",
            "不能早于工会成立日期。",
        ))
    } else {
        Ok(())
    }
}

/// Whether a new coverage leaves every enterprise with one union at a time, and a single-enterprise union with one
/// enterprise. `others` are the coverages of the enterprise and of the union.
pub fn is_free(new: &coverage::Model, form: Form, others: &[coverage::Model]) -> Result<(), Text> {
    let period = (new.valid_from, new.valid_to);
    for other in others
        .iter()
        .filter(|other| overlap(period, (other.valid_from, other.valid_to)))
    {
        if other.enterprise_id == new.enterprise_id {
            return Err(text(
                "Another trade union covers the enterprise then.",
                "该期间企业已由其他工会覆盖。",
            ));
        }
        if form == Form::Single && other.trade_union_id == new.trade_union_id {
            return Err(text(
                "A single-enterprise union covers one enterprise.",
                "单独基层工会只能覆盖一家企业。",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::{CoverageId, EnterpriseId, FederationId, TradeUnionId};
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn coverage(union: u128, enterprise: u128, from: &str, to: Option<&str>) -> coverage::Model {
        coverage::Model {
            id: CoverageId(Uuid::nil()),
            trade_union_id: TradeUnionId(Uuid::from_u128(union)),
            enterprise_id: EnterpriseId(Uuid::from_u128(enterprise)),
            valid_from: day(from),
            valid_to: to.map(day),
            moved_on: None,
            federation_id: FederationId(Uuid::nil()),
            path: String::new(),
            county_id: FederationId(Uuid::nil()),
        }
    }

    #[test]
    fn one_union_at_a_time_covers_an_enterprise_and_hands_over_on_a_day() {
        let new = coverage(2, 1, "2026-03-01", None);
        for (others, free) in [
            (vec![], true),
            (vec![coverage(1, 1, "2025-01-01", None)], false),
            (vec![coverage(1, 1, "2025-01-01", Some("2026-03-01"))], true),
            (vec![coverage(1, 1, "2025-01-01", Some("2026-03-02"))], false),
            (vec![coverage(1, 1, "2027-01-01", None)], false),
            (vec![coverage(2, 9, "2025-01-01", None)], true),
        ] {
            assert_eq!(is_free(&new, Form::Joint, &others).is_ok(), free, "{others:?}");
        }
        assert!(is_free(&new, Form::Single, &[coverage(2, 9, "2025-01-01", None)]).is_err());
    }

    #[test]
    fn a_union_bears_the_word() {
        assert!(name("湘乡市月山镇联合工会委员会").is_ok());
        assert!(name("湘乡市月山镇委员会").is_err());
        assert!(name("工会").is_err());
    }
}
