//! What may stand in a return.

use crate::figures::parts::rules::check_part;
use crate::kernel::error::{Faults, Text, text};
use crate::metrics::{Entry, MetricId, Origin, Unit};
use crate::scalars::fixed_point;
use std::collections::BTreeSet;

/// Lines of one return, in force and waiting.
const LINES_MAX: usize = 200;
/// Characters of a note.
const NOTE_MAX: usize = 500;
/// The most that a line may say, in the metric's unit or in fen: thousands of them still add up.
const VALUE_MAX: i64 = 1_000_000_000_000_000;

/// A line as somebody wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Code of the metric.
    pub metric: &'a str,
    /// `AXIS:VALUE`; none for the whole.
    pub dimension: Option<&'a str>,
    /// A decimal; none takes back what was reported.
    pub value: Option<&'a str>,
    /// Free text.
    pub note: &'a str,
}

/// What a line says, once it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// What is counted.
    pub metric: MetricId,
    /// In the unit of the metric, or fen.
    pub value: Option<i64>,
}

/// A metric that has no register.
fn metric(code: &str) -> Result<&'static Entry, Text> {
    let unknown = || {
        text(
            format!("No metric has the code {code}."),
            format!("没有代码为 {code} 的指标。"),
        )
    };
    let entry = MetricId::coded(code).ok_or_else(unknown)?.entry();
    match entry.origin {
        Origin::Returns => Ok(entry),
        Origin::Records => Err(text(
            format!("{code} comes from records: nobody types it in."),
            format!("“{}”由业务记录生成，不得填报。", entry.name_zh),
        )),
    }
}

/// An amount as the ledger counts it: fen for yuan, whole numbers for anything else.
fn amount(entry: &Entry, written: &str) -> Result<i64, Text> {
    let places = if entry.unit == Unit::Yuan { 2 } else { 0 };
    let amount = fixed_point(written, places, false);
    let wanted = || {
        text(
            "A whole number not below zero; of yuan with at most two decimals.",
            "应为非负整数；金额最多两位小数。",
        )
    };
    amount
        .filter(|amount| (0..=VALUE_MAX).contains(amount))
        .ok_or_else(wanted)
}

/// Metric and part of a line; the part is empty for the whole.
pub type Of<'a> = (&'a str, &'a str);

/// The lines: each of a metric that has no register, at most one a part, and at most 200 with those in force. Only a correction
/// takes a line back.
pub fn read_lines(faults: &mut Faults, lines: &[Written<'_>], in_force: &[Of<'_>]) -> Vec<Read> {
    let is_correction = !in_force.is_empty();
    let is_added =
        |line: &&Written<'_>| !in_force.contains(&(line.metric, line.dimension.unwrap_or_default()));
    let total = in_force.len() + lines.iter().filter(is_added).count();
    let few = text("A return has at most 200 lines.", "一份报表最多 200 行。");
    faults.unless(total <= LINES_MAX, "lines", few);
    let mut seen = BTreeSet::new();
    let mut read = Vec::new();
    for (index, line) in lines.iter().enumerate().take(LINES_MAX) {
        let at = |field: &str| format!("lines.{index}.{field}");
        let short = text("At most 500 characters.", "说明最多 500 个字符。");
        faults.unless(line.note.chars().count() <= NOTE_MAX, at("note"), short);
        let once = text("It is reported twice.", "同一指标同一维度重复填报。");
        let is_first = seen.insert((line.metric, line.dimension));
        faults.unless(is_first, at("metric"), once);
        let value = text("Only a correction takes a line back.", "仅更正时可撤回数值。");
        faults.unless(line.value.is_some() || is_correction, at("value"), value);
        let Some(entry) = faults.take(at("metric"), metric(line.metric)) else {
            continue;
        };
        if let Some(dimension) = line.dimension {
            faults.take(at("dimension"), check_part(entry, dimension));
        }
        let value = line.value.map(|value| amount(entry, value)).transpose();
        if let Some(value) = faults.take(at("value"), value) {
            read.push(Read {
                metric: entry.id,
                value,
            });
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_of_a_metric_without_a_register_and_of_a_part_that_it_has() {
        for (metric, dimension, value, good) in [
            ("publicity_banners", None, "158", true),
            ("publicity_banners", Some("CAMPAIGN:工人阶级宣传月"), "158", true),
            (
                "publicity_materials",
                Some("CAMPAIGN,ITEM:RIGHTS_MONTH,手册"),
                "1000",
                true,
            ),
            ("aid_disbursed", None, "5000.5", true),
            ("members_net_added", None, "3", false),
            ("visits", None, "1", false),
            ("smiles", None, "1", false),
            ("publicity_banners", Some("TOPIC:X"), "1", false),
            ("publicity_banners", None, "-1", false),
            ("publicity_banners", None, "1.5", false),
            ("aid_disbursed", None, "5000.555", false),
            ("publicity_banners", None, "1000000000000001", false),
        ] {
            let mut faults = Faults::default();
            let line = Written {
                metric,
                dimension,
                value: Some(value),
                note: "",
            };
            read_lines(&mut faults, &[line], &[]);
            assert_eq!(faults.refuse().is_ok(), good, "{metric} {dimension:?} {value}");
        }
    }

    fn line<'a>(dimension: Option<&'a str>, value: Option<&'a str>) -> Written<'a> {
        Written {
            metric: "publicity_banners",
            dimension,
            value,
            note: "",
        }
    }

    #[test]
    fn a_part_is_reported_once_and_taken_back_by_a_correction_only() {
        let (one, back) = (line(None, Some("1")), line(None, None));
        for (lines, in_force, good) in [
            (vec![one], &[][..], true),
            (vec![one, one], &[], false),
            (vec![back], &[], false),
            (vec![back], &[("publicity_banners", "")], true),
            (vec![one; LINES_MAX + 1], &[], false),
        ] {
            let mut faults = Faults::default();
            read_lines(&mut faults, &lines, in_force);
            assert_eq!(faults.refuse().is_ok(), good, "{} {in_force:?}", lines.len());
        }
    }

    #[test]
    fn what_is_in_force_and_what_waits_are_200_lines_at_most() {
        let parts: Vec<String> = (0..=LINES_MAX)
            .map(|number| format!("CAMPAIGN:{number}"))
            .collect();
        let (in_force, added) = parts.split_at(LINES_MAX - 1);
        let in_force: Vec<Of<'_>> = in_force
            .iter()
            .map(|part| ("publicity_banners", &**part))
            .collect();
        let other = |index: usize| line(Some(&added[index]), Some("1"));
        let changed = line(Some(in_force[0].1), Some("1"));
        for (lines, good) in [
            (vec![other(0)], true),
            (vec![other(0), changed], true),
            (vec![other(0), other(1)], false),
        ] {
            let mut faults = Faults::default();
            read_lines(&mut faults, &lines, &in_force);
            assert_eq!(faults.refuse().is_ok(), good, "{lines:?}");
        }
    }
}
