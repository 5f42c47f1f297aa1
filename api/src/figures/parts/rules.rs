//! What names a part of a metric.

use crate::kernel::error::{Text, text};
use crate::metrics::Entry;
use crate::scalars::is_digit;

/// Characters of a value on an axis.
const VALUE_MAX: usize = 40;
/// Digits in a row: a value stands in the ledger and the trail, where no number of anybody may be.
const DIGITS_MAX: usize = 6;

/// Digits in a row; a `_` between them does not end a row.
fn longest_run(value: &str) -> usize {
    let plain = value.chars().filter(|c| *c != '_').collect::<String>();
    let runs = plain.split(|c| !is_digit(c));
    runs.map(|run| run.chars().count()).max().unwrap_or_default()
}

fn is_value(value: &str) -> bool {
    (1..=VALUE_MAX).contains(&value.chars().count())
        && value.chars().all(|c| c.is_alphanumeric() || c == '_')
        && longest_run(value) <= DIGITS_MAX
}

/// A part of a metric, on one of its axes; on two at a time it has as many values.
pub fn check_part(entry: &Entry, part: &str) -> Result<(), Text> {
    let is_good = part.split_once(':').is_some_and(|(axis, values)| {
        entry.axes.contains(&axis)
            && values.split(',').count() == axis.split(',').count()
            && values.split(',').all(is_value)
    });
    if is_good {
        return Ok(());
    }
    let axes = entry.axes.join(" ");
    Err(text(
        format!(
            "AXIS:VALUE is wanted, with as many values of 1 to 40 letters, digits (at most 6 in a row) or _ as axes; {} \
             has: {axes}",
            entry.code
        ),
        format!(
            "应为“维度:取值”，取值为 1 至 40 个文字、数字（连续不超过 6 位）或 _，与维度一一对应；{} 的维度：{axes}",
            entry.code
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricId;

    #[test]
    fn a_part_is_of_an_axis_that_the_metric_has_and_holds_no_number_of_anybody() {
        for (metric, part, good) in [
            ("visits", "PURPOSE:SAFETY", true),
            ("visits", "SEVERITY:MAJOR", false),
            ("publicity_banners", "CAMPAIGN:工人阶级宣传月", true),
            ("publicity_banners", "CAMPAIGN:2026_05", true),
            ("publicity_banners", "CAMPAIGN:2026年05月01日", true),
            ("publicity_banners", "CAMPAIGN:2026_05_01", false),
            ("publicity_banners", "CAMPAIGN:13800000000", false),
            ("publicity_banners", "CAMPAIGN:１３８００００", false),
            ("publicity_banners", "CAMPAIGN:一三八零零零零", false),
            ("publicity_banners", "CAMPAIGN", false),
            ("publicity_banners", "CAMPAIGN:", false),
            ("publicity_banners", "CAMPAIGN:A;B", false),
            ("publicity_banners", "CAMPAIGN:A:B", false),
            ("publicity_banners", "CAMPAIGN:A,B", false),
            ("publicity_banners", "", false),
            ("publicity_materials", "CAMPAIGN,ITEM:RIGHTS_MONTH,手册", true),
            ("publicity_materials", "CAMPAIGN,ITEM:RIGHTS_MONTH,1234567", false),
            ("publicity_materials", "CAMPAIGN,ITEM:RIGHTS_MONTH", false),
        ] {
            let entry = MetricId::coded(metric).unwrap().entry();
            assert_eq!(check_part(entry, part).is_ok(), good, "{metric} {part}");
        }
        let entry = MetricId::coded("publicity_banners").unwrap().entry();
        let long = |letters: usize| format!("CAMPAIGN:{}", "月".repeat(letters));
        assert!(check_part(entry, &long(VALUE_MAX)).is_ok());
        assert!(check_part(entry, &long(VALUE_MAX + 1)).is_err());
    }
}
