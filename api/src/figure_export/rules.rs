//! Which federations stand in a file of figures, and what its rows hold.

use crate::figures::rules::{axis, metrics, ratios, share};
use crate::figures::types::{decimal, percent};
use crate::kernel::clock::clock_time;
use crate::kernel::error::{Error, invalid, text};
use crate::kernel::ledger::{Amount, Period, Qualifier, Sums, Wanted};
use crate::kernel::sheet::Cell;
use crate::kernel::tree::{Node, Tree};
use crate::metrics::{MetricId, Nature, Ratio};
use crate::org::federation::rules::full_name;
use crate::org::federation::types::FederationLevel;
use chrono::{DateTime, NaiveDate, Utc};
use entity::org::federation::Level;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most rows of a file, without its head.
pub const ROWS_MAX: usize = 50_000;
/// What the file is called in its first row, and its sheet.
pub const TITLE: &str = "统计数字";
/// The rows of the head.
pub const HEAD: u32 = 3;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Text.
    Csv,
    /// A book.
    Xlsx,
}

/// What a file was asked to hold: the input of its job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// Codes of metrics.
    pub metrics: Vec<String>,
    /// Codes of ratios.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratios: Vec<String>,
    /// First day of a flow.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The axis that splits them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The level of the federations; none for the federation itself and those directly below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<FederationLevel>,
    /// What the file is.
    pub format: Format,
    /// The number under which it was asked for.
    pub number: String,
}

/// The columns of a file.
pub struct Columns {
    /// In the order of asking.
    metrics: Vec<MetricId>,
    /// In the order of asking, behind the metrics.
    ratios: Vec<&'static Ratio>,
    /// The axis that splits all of them.
    pub axis: Option<&'static str>,
    from: NaiveDate,
    to: NaiveDate,
}

impl Asked {
    /// What it is called.
    pub fn file_name(&self) -> String {
        let ending = match self.format {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
        };
        format!("{}.{ending}", self.number)
    }

    /// Its columns, if there are any and the axis splits all of them.
    pub fn columns(&self) -> Result<Columns, Error> {
        if self.metrics.is_empty() && self.ratios.is_empty() {
            let none = text("Give at least one metric.", "请至少选择一个指标。");
            return Err(invalid("metrics", none));
        }
        let codes: Vec<&str> = self.metrics.iter().map(String::as_str).collect();
        let metrics = metrics(&codes)?;
        let codes: Vec<&str> = self.ratios.iter().map(String::as_str).collect();
        let ratios = ratios(&codes)?;
        let of_metrics = metrics.iter().map(|metric| (metric.code(), metric.entry().axes));
        let of_ratios = ratios.iter().map(|ratio| (ratio.code, ratio.axes));
        let mut split = None;
        for (code, axes) in of_metrics.chain(of_ratios) {
            let by = self.by.as_deref();
            split = by.map(|by| axis(code, axes, by)).transpose()?;
        }
        Ok(Columns {
            metrics,
            ratios,
            axis: split,
            from: self.from,
            to: self.to,
        })
    }
}

/// A file has a row, and not too many.
pub fn check_federations(federations: usize) -> Result<(), Error> {
    if federations == 0 {
        let none = text("There is no such federation below.", "下级没有该层级的工会。");
        return Err(invalid("level", none));
    }
    if federations > ROWS_MAX {
        let many = text(
            "A file holds at most 50,000 federations: ask for a higher level.",
            "单次导出最多 50000 个工会，请选择更高的层级。",
        );
        return Err(invalid("level", many));
    }
    Ok(())
}

/// Parts do not make the file too long.
pub fn check_rows(rows: usize) -> Result<(), Error> {
    if rows > ROWS_MAX {
        let many = text(
            "Split by this axis a file would hold more than 50,000 rows.",
            "按该维度拆分后超过 50000 行。",
        );
        return Err(invalid("by", many));
    }
    Ok(())
}

/// The federations of a file behind a path, in the order of paths: who was written stays before who was not.
pub fn standing<'a>(tree: &'a Tree, at: &'a Node, level: Option<Level>, after: &str) -> Vec<&'a Node> {
    let mut nodes: Vec<&Node> = match level {
        Some(level) => tree.below(at).iter().filter(|node| node.level == level).collect(),
        None => [vec![at], tree.children_through_stand_ins(at)].concat(),
    };
    nodes.retain(|node| &*node.path > after);
    nodes.sort_by(|one, other| one.path.cmp(&other.path));
    nodes
}

fn level_zh(level: Level) -> &'static str {
    match level {
        Level::Province => "省级",
        Level::City => "市级",
        Level::County => "县级",
        Level::Township => "乡镇级",
    }
}

impl Columns {
    /// The metrics whose figures are read for a federation: those that are asked for, then both of each ratio.
    fn counted(&self) -> impl Iterator<Item = MetricId> {
        let of_ratios = self.ratios.iter();
        let of_ratios = of_ratios.flat_map(|ratio| [ratio.numerator, ratio.denominator]);
        self.metrics.iter().copied().chain(of_ratios)
    }

    /// How many figures are read for a federation.
    pub fn width(&self) -> usize {
        self.metrics.len() + 2 * self.ratios.len()
    }

    /// The figures of a federation.
    pub fn wanted(&self, node: &Node) -> impl Iterator<Item = Wanted> {
        let federation_id = node.id;
        self.counted().map(move |metric| Wanted {
            federation_id,
            metric,
            axis: self.axis,
            period: Period {
                from: (metric.entry().nature == Nature::Flow).then_some(self.from),
                to: self.to,
            },
        })
    }

    /// What stands above the rows: what it is, then names, then codes.
    pub fn head(&self, at: &Node, number: &str, made_at: DateTime<Utc>) -> Vec<Vec<Cell>> {
        let is_flow = |metric: MetricId| metric.entry().nature == Nature::Flow;
        let days = if self.counted().any(is_flow) {
            format!("{} 至 {}", self.from, self.to)
        } else {
            format!("截至 {}", self.to)
        };
        let made = format!("制表时间 {}", clock_time(made_at));
        let title = [TITLE.to_owned(), full_name(at), days, made, number.to_owned()];
        let mut names = ["代码", "名称", "层级"].map(str::to_owned).to_vec();
        let mut codes = ["code", "name", "level"].map(str::to_owned).to_vec();
        if let Some(axis) = self.axis {
            names.push("分项".to_owned());
            codes.push(axis.to_owned());
        }
        for entry in self.metrics.iter().map(|metric| metric.entry()) {
            names.push(format!("{}（{}）", entry.name_zh, entry.unit.name_zh()));
            codes.push(entry.code.to_owned());
        }
        for ratio in &self.ratios {
            for (metric, of) in [(ratio.numerator, "numerator"), (ratio.denominator, "denominator")] {
                let entry = metric.entry();
                names.push(format!(
                    "{}：{}（{}）",
                    ratio.name_zh,
                    entry.name_zh,
                    entry.unit.name_zh()
                ));
                codes.push(format!("{}.{of}", ratio.code));
            }
            names.push(format!("{}（%）", ratio.name_zh));
            codes.push(format!("{}.percent", ratio.code));
        }
        names.push("口径".to_owned());
        codes.push("qualifier".to_owned());
        let row = |cells: Vec<String>| cells.into_iter().map(Cell::Text).collect();
        vec![row(title.to_vec()), row(names), row(codes)]
    }

    /// The rows of a federation with its figures, in the order of `wanted`: one row, or one a part that any of them has.
    pub fn rows(&self, node: &Node, sums: &[Sums]) -> Vec<Vec<Cell>> {
        let none = || vec![Amount::default(); self.width()];
        let mut parts: BTreeMap<&str, Vec<Amount>> = BTreeMap::new();
        if self.axis.is_none() {
            parts.insert("", none());
        }
        for (place, sums) in sums.iter().enumerate() {
            for (part, amount) in sums {
                if let Some(sum) = parts.entry(part).or_insert_with(none).get_mut(place) {
                    *sum += *amount;
                }
            }
        }
        let parts = parts.into_iter();
        parts
            .map(|(part, amounts)| self.row(node, part, &amounts))
            .collect()
    }

    fn row(&self, node: &Node, part: &str, amounts: &[Amount]) -> Vec<Cell> {
        let code = node.code.as_deref().unwrap_or_default().to_owned();
        let mut texts = vec![code, full_name(node), level_zh(node.level).to_owned()];
        texts.extend(part.split_once(':').map(|(_, value)| value.to_owned()));
        let mut cells: Vec<Cell> = texts.into_iter().map(Cell::Text).collect();
        let amounts: Vec<_> = self.counted().zip(amounts.iter().copied()).collect();
        let number = |(metric, amount): &(MetricId, Amount)| Cell::Number(decimal(*metric, amount.total()).0);
        let (of_metrics, of_ratios) = amounts.split_at(self.metrics.len().min(amounts.len()));
        cells.extend(of_metrics.iter().map(number));
        for both in of_ratios.chunks(2) {
            cells.extend(both.iter().map(number));
            let share = match both {
                [(_, above), (_, below)] => share(above.total(), below.total()),
                _ => None,
            };
            cells.push(share.map_or(Cell::Text(String::new()), |share| Cell::Number(percent(share).0)));
        }
        cells.push(Cell::Text(inexact(&amounts)));
        cells
    }
}

/// Which figures of a row are not exact: `trainees 余`.
fn inexact(amounts: &[(MetricId, Amount)]) -> String {
    let told = |(metric, amount): &(MetricId, Amount)| {
        let mark = match amount.qualifier() {
            Qualifier::Exact => return None,
            Qualifier::AtLeast => "余",
            Qualifier::About => "近",
        };
        Some(format!("{} {mark}", metric.code()))
    };
    let mut each: Vec<String> = Vec::new();
    for told in amounts.iter().filter_map(told) {
        if !each.contains(&told) {
            each.push(told);
        }
    }
    each.join("；")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_row_and_at_most_fifty_thousand() {
        for (rows, fits) in [(0, false), (1, true), (ROWS_MAX, true), (ROWS_MAX + 1, false)] {
            assert_eq!(check_federations(rows).is_ok(), fits, "{rows}");
        }
        // There may be no part anywhere.
        for (rows, fits) in [(0, true), (ROWS_MAX, true), (ROWS_MAX + 1, false)] {
            assert_eq!(check_rows(rows).is_ok(), fits, "{rows}");
        }
    }

    #[test]
    fn a_row_tells_which_of_its_figures_are_not_exact() {
        let told = |amounts: &[(MetricId, Qualifier)]| {
            let amounts: Vec<_> = amounts
                .iter()
                .map(|(metric, of)| (*metric, Amount::of(5, *of)))
                .collect();
            inexact(&amounts)
        };
        let (visits, employees) = (MetricId::VISITS, MetricId::EMPLOYEES);
        for (amounts, expected) in [
            (
                vec![(visits, Qualifier::Exact), (employees, Qualifier::Exact)],
                "",
            ),
            (
                vec![(visits, Qualifier::Exact), (employees, Qualifier::AtLeast)],
                "employees 余",
            ),
            (
                vec![(visits, Qualifier::About), (employees, Qualifier::AtLeast)],
                "visits 近；employees 余",
            ),
            // A metric that a ratio holds too.
            (
                vec![(visits, Qualifier::About), (visits, Qualifier::About)],
                "visits 近",
            ),
        ] {
            assert_eq!(told(&amounts), expected);
        }
    }
}
