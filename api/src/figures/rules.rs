//! Decisions about figures: which period a question means.

use crate::kernel::error::{Error, invalid, text};
use crate::kernel::ledger::Period;
use crate::metrics::{Entry, MetricId, Nature};
use chrono::{Datelike, NaiveDate};

/// The most metrics in one question.
pub const METRICS_MAX: usize = 50;

/// The metrics of a question.
pub fn metrics(codes: &[&str]) -> Result<Vec<MetricId>, Error> {
    if codes.len() > METRICS_MAX {
        return Err(invalid(
            "metrics",
            text("At most 50 metrics.", "最多 50 个指标。"),
        ));
    }
    let metric = |(index, code): (usize, &&str)| {
        let unknown = || {
            text(
                format!("No metric has the code {code}."),
                format!("没有代码为 {code} 的指标。"),
            )
        };
        MetricId::coded(code).ok_or_else(|| invalid(format!("metrics.{index}"), unknown()))
    };
    codes.iter().enumerate().map(metric).collect()
}

/// The period a metric is summed over. A stock is what there is on the day; a flow begins on 1 January unless `from`
/// says otherwise (今年以来).
pub fn period(
    nature: Nature,
    as_of: Option<NaiveDate>,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    today: NaiveDate,
) -> Result<Period, Error> {
    if as_of.is_some() && to.is_some() {
        return Err(invalid(
            "asOf",
            text("Give asOf or to, not both.", "asOf 与 to 不能同时使用。"),
        ));
    }
    let to = as_of.or(to).unwrap_or(today);
    if from.is_some_and(|from| from > to) {
        return Err(invalid(
            "from",
            text("Not after the end.", "开始日期不能晚于结束日期。"),
        ));
    }
    Ok(match nature {
        Nature::Stock => Period { from: None, to },
        Nature::Flow => Period {
            from: Some(from.unwrap_or(to.with_ordinal(1).unwrap_or(to))),
            to,
        },
    })
}

/// The axis by which a metric is split.
pub fn axis(entry: &'static Entry, wanted: &str) -> Result<&'static str, Error> {
    let offered = entry.axes.iter().copied().find(|axis| *axis == wanted);
    offered.ok_or_else(|| {
        let axes = entry.axes.join(", ");
        invalid(
            "by",
            text(
                format!("{} is split by: {axes}", entry.code),
                format!("{} 可按以下维度拆分：{axes}", entry.code),
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_stock_is_as_of_a_day_and_a_flow_since_new_year() {
        let today = day("2026-06-20");
        let year = Period {
            from: Some(day("2026-01-01")),
            to: today,
        };
        assert_eq!(period(Nature::Flow, None, (None, None), today).unwrap(), year);
        let last = period(Nature::Flow, None, (None, Some(day("2025-12-31"))), today).unwrap();
        assert_eq!(last.from, Some(day("2025-01-01")));
        assert_eq!(
            period(Nature::Stock, Some(today), (None, None), today)
                .unwrap()
                .from,
            None
        );
        assert!(period(Nature::Flow, None, (Some(today), Some(day("2026-06-19"))), today).is_err());
        assert!(period(Nature::Flow, Some(today), (None, Some(today)), today).is_err());
    }

    #[test]
    fn an_unknown_metric_is_named() {
        assert!(metrics(&["visits", "enterprises"]).is_ok());
        assert!(metrics(&["visits", "smiles"]).is_err());
        assert!(metrics(&["visits"; METRICS_MAX + 1]).is_err());
    }
}
