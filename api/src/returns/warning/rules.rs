//! What of a return cannot be so.

use crate::kernel::error::{Text, text};
use crate::kernel::ledger::Qualifier;
use crate::metrics::{Entry, MetricId, NEVER_MORE};
use std::collections::BTreeMap;

/// Why somebody should look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 分项之和大于总数.
    PartsExceedWhole,
    /// 有分项而无总数.
    WholeMissing,
    /// 不应大于.
    MoreThanPossible,
}

/// A line, as far as it is weighed.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// What is counted.
    pub metric: MetricId,
    /// Empty for the whole, `AXIS:VALUE` for a part.
    pub dimension: &'a str,
    /// How many, or fen.
    pub value: i64,
    /// How exact.
    pub qualifier: Qualifier,
}

impl Line<'_> {
    /// What it is at least, if that is certain.
    fn least(&self) -> Option<i64> {
        (self.qualifier != Qualifier::About).then_some(self.value)
    }

    /// What it is at most, if that is certain.
    fn most(&self) -> Option<i64> {
        (self.qualifier == Qualifier::Exact).then_some(self.value)
    }
}

/// What should be looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Why.
    pub kind: Kind,
    /// Of which metric.
    pub metric: MetricId,
    /// The axis, or the part; empty for the whole.
    pub dimension: String,
    /// In words.
    pub text: Text,
}

/// Everything about a return that cannot be so, metric by metric.
pub fn warnings(lines: &[Line<'_>]) -> Vec<Warning> {
    let mut metrics: BTreeMap<MetricId, Vec<Line<'_>>> = BTreeMap::new();
    for line in lines {
        metrics.entry(line.metric).or_default().push(*line);
    }
    let mut warnings: Vec<Warning> = metrics.values().flat_map(|lines| parts(lines)).collect();
    let lines_of = |metric| metrics.get(metric).map(Vec::as_slice).unwrap_or_default();
    for (less, more) in NEVER_MORE {
        let lines = lines_of(less).iter();
        warnings.extend(lines.filter_map(|line| beyond(line, lines_of(more))));
    }
    warnings
}

/// Of the lines of one metric.
fn parts(lines: &[Line<'_>]) -> Vec<Warning> {
    let Some(metric) = lines.first().map(|line| line.metric) else {
        return Vec::new();
    };
    let Entry { name_zh, code, .. } = metric.entry();
    let Some(whole) = lines.iter().find(|line| line.dimension.is_empty()) else {
        let missing = text(
            format!("{code} has parts and no whole: as a whole it reads as nothing."),
            format!("“{name_zh}”有分项而无总数，汇总时总数为零。"),
        );
        return vec![Warning {
            kind: Kind::WholeMissing,
            metric,
            dimension: String::new(),
            text: missing,
        }];
    };
    let Some(most) = whole.most() else {
        return Vec::new();
    };
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for line in lines {
        if let (Some((axis, _)), Some(least)) = (line.dimension.split_once(':'), line.least()) {
            let sum = sums.entry(axis).or_default();
            *sum = sum.saturating_add(least);
        }
    }
    let exceed = |axis: &str| Warning {
        kind: Kind::PartsExceedWhole,
        metric,
        dimension: axis.to_owned(),
        text: text(
            format!("The parts of {code} by {axis} come to more than the whole."),
            format!("“{name_zh}”按 {axis} 的分项之和大于总数。"),
        ),
    };
    let beyond = sums.into_iter().filter(|(_, sum)| *sum > most);
    beyond.map(|(axis, _)| exceed(axis)).collect()
}

/// Of a line that is never more than another one.
fn beyond(line: &Line<'_>, others: &[Line<'_>]) -> Option<Warning> {
    let other = others.iter().find(|other| other.dimension == line.dimension)?;
    let (less, more) = (line.metric.entry(), other.metric.entry());
    (line.least()? > other.most()?).then(|| Warning {
        kind: Kind::MoreThanPossible,
        metric: line.metric,
        dimension: line.dimension.to_owned(),
        text: text(
            format!("{} is more than {}.", less.code, more.code),
            format!("“{}”大于“{}”。", less.name_zh, more.name_zh),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Qualifier = Qualifier::Exact;
    const AT_LEAST: Qualifier = Qualifier::AtLeast;
    const ABOUT: Qualifier = Qualifier::About;

    fn kinds(lines: &[(&str, &'static str, i64, Qualifier)]) -> Vec<Kind> {
        let line = |(metric, dimension, value, qualifier): &(&str, &'static str, i64, Qualifier)| Line {
            metric: MetricId::coded(metric).unwrap(),
            dimension,
            value: *value,
            qualifier: *qualifier,
        };
        let lines: Vec<Line<'_>> = lines.iter().map(line).collect();
        warnings(&lines).into_iter().map(|warning| warning.kind).collect()
    }

    #[test]
    fn parts_are_not_more_than_the_whole_as_far_as_that_is_certain() {
        let opinions = |whole: (i64, Qualifier), parts: [(i64, Qualifier); 2]| {
            kinds(&[
                ("opinions_collected", "", whole.0, whole.1),
                ("opinions_collected", "CHANNEL:WEBSITE", parts[0].0, parts[0].1),
                ("opinions_collected", "CHANNEL:LETTER", parts[1].0, parts[1].1),
            ])
        };
        for (whole, parts, is_warned) in [
            ((158, EXACT), [(132, EXACT), (26, EXACT)], false),
            ((158, EXACT), [(100, EXACT), (26, EXACT)], false),
            ((158, EXACT), [(133, EXACT), (26, EXACT)], true),
            ((158, EXACT), [(133, AT_LEAST), (26, EXACT)], true),
            ((158, EXACT), [(159, AT_LEAST), (0, EXACT)], true),
            ((158, EXACT), [(160, ABOUT), (26, EXACT)], false),
            ((158, AT_LEAST), [(160, EXACT), (26, EXACT)], false),
            ((158, ABOUT), [(160, EXACT), (26, EXACT)], false),
        ] {
            assert_eq!(
                opinions(whole, parts).len(),
                usize::from(is_warned),
                "{whole:?} {parts:?}"
            );
        }
    }

    #[test]
    fn parts_without_a_whole_read_as_nothing() {
        assert_eq!(
            kinds(&[("publicity_banners", "CAMPAIGN:X", 8, EXACT)]),
            [Kind::WholeMissing]
        );
        assert_eq!(kinds(&[("publicity_banners", "", 8, EXACT)]), []);
    }

    #[test]
    fn some_are_never_more_than_others() {
        for (paid, standard, is_warned) in [
            ((100_000, EXACT), (50_000, EXACT), true),
            ((50_000, EXACT), (50_000, EXACT), false),
            ((100_000, AT_LEAST), (50_000, EXACT), true),
            ((100_000, ABOUT), (50_000, EXACT), false),
            ((100_000, EXACT), (50_000, AT_LEAST), false),
        ] {
            let found = kinds(&[
                ("paired_aid_paid", "", paid.0, paid.1),
                ("paired_aid_standard", "", standard.0, standard.1),
            ]);
            assert_eq!(
                found.contains(&Kind::MoreThanPossible),
                is_warned,
                "{paid:?} {standard:?}"
            );
        }
        let in_good_order = |topic| {
            [
                ("units_in_good_order", topic, 5, EXACT),
                ("units_inspected", "TOPIC:A", 4, EXACT),
            ]
        };
        assert!(kinds(&in_good_order("TOPIC:A")).contains(&Kind::MoreThanPossible));
        assert!(!kinds(&in_good_order("TOPIC:B")).contains(&Kind::MoreThanPossible));
    }
}
