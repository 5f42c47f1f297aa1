//! Decisions about schemes: what one may hold, where it is, and what its items and blocks earn.

use crate::figures::rules::share_of;
use crate::kernel::error::{Error, Faults, conflict, text};
use chrono::{Datelike, NaiveDate};
use entity::assessments::scheme::Model;
use serde::{Deserialize, Serialize};

/// Blocks of a scheme.
const BLOCKS_MAX: usize = 12;
/// Items of a scheme.
pub const ITEMS_MAX: usize = 100;
/// Federations that a scheme assesses.
pub const ASSESSED_MAX: usize = 300;
/// Points of an item, in hundredths.
const POINTS_MAX: i64 = 100_000;

/// How an item counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// 基本分.
    Base,
    /// 加分.
    Reward,
    /// 扣分.
    Penalty,
}

/// The figure that scores an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Code of the metric.
    pub metric: String,
    /// `AXIS:VALUE`; none for the whole.
    pub dimension: Option<String>,
    /// The figure that earns all points, as the ledger counts: money in fen; none for the target of whoever is assessed.
    pub full: Option<i64>,
}

/// An item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// From 1, in order of the scheme.
    pub number: i32,
    /// How it counts.
    pub kind: Kind,
    /// What it is about.
    pub title: String,
    /// The most it earns, in hundredths.
    pub points: i64,
    /// What earns the points.
    pub standard: String,
    /// Who scores it, if not the issuer.
    pub assessor: Option<String>,
    /// The figure that scores it.
    pub measure: Option<Measure>,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is about.
    pub title: String,
    /// Percent.
    pub weight: i32,
    /// What it consists of.
    pub items: Vec<Item>,
}

impl Block {
    /// What its items can earn, rewards left out.
    pub fn points(&self) -> i64 {
        let base = self.items.iter().filter(|item| item.kind == Kind::Base);
        base.map(|item| item.points).sum()
    }
}

/// Where a scheme is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// 草案.
    Draft,
    /// 已印发.
    Issued,
    /// 已截止.
    Closed,
    /// 已通报.
    Published,
}

/// Where a scheme is on a day.
pub fn state(scheme: &Model, today: NaiveDate) -> State {
    match scheme {
        scheme if scheme.published_at.is_some() => State::Published,
        scheme if scheme.issued_at.is_none() => State::Draft,
        scheme if today > scheme.closes_on => State::Closed,
        _ => State::Issued,
    }
}

fn is_short(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.trim().chars().count())
}

/// The last day of what figures count if nothing is said: that of the year, or the closing day if it is earlier.
pub fn figures_as_of(year: i32, closes_on: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 12, 31).map_or(closes_on, |last| last.min(closes_on))
}

/// What a draft says beside its blocks: 1 to 100 characters of title, a closing day in its year or up to the end of March
/// after it, and figures of a day of the year up to that one.
pub fn check_head(
    faults: &mut Faults,
    title: &str,
    year: i32,
    (closes_on, figures_as_of): (NaiveDate, NaiveDate),
) {
    let rule = text("From 1 to 100 characters.", "应为 1 至 100 个字符。");
    faults.unless(is_short(title, 100), "title", rule);
    let rule = text(
        "A day of the scheme's year, or up to 31 March after it.",
        "截止日期应在考评年度内，最迟为次年 3 月 31 日。",
    );
    let is_soon = closes_on.year() == year || closes_on.year() == year + 1 && closes_on.month() <= 3;
    faults.unless(is_soon, "closesOn", rule);
    let rule = text(
        "A day of the scheme's year, not after its closing day.",
        "指标统计日应在考评年度内，且不晚于截止日期。",
    );
    let is_over = figures_as_of.year() == year && figures_as_of <= closes_on;
    faults.unless(!is_soon || is_over, "figuresAsOf", rule);
}

/// The blocks of a draft: their weights make 100, and each has something to earn.
pub fn check_blocks(faults: &mut Faults, blocks: &[Block]) {
    let items: usize = blocks.iter().map(|block| block.items.len()).sum();
    let rule = text(
        "From 1 to 12 blocks and at most 100 items.",
        "应有 1 至 12 个板块，项目合计不超过 100 个。",
    );
    let few = (1..=BLOCKS_MAX).contains(&blocks.len()) && items <= ITEMS_MAX;
    faults.unless(few, "blocks", rule);
    let is_whole = blocks.iter().map(|block| i64::from(block.weight)).sum::<i64>() == 100
        && blocks.iter().all(|block| block.weight > 0);
    let rule = text("Weights are above 0 and make 100.", "权重须大于 0 且合计为 100。");
    faults.unless(is_whole, "blocks", rule);
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("blocks.{index}");
        let rule = text("From 1 to 100 characters.", "应为 1 至 100 个字符。");
        faults.unless(is_short(&block.title, 100), format!("{at}.title"), rule);
        let rule = text("It has an item of kind BASE.", "至少有一个基本分项目。");
        faults.unless(block.points() > 0, format!("{at}.items"), rule);
        for (index, item) in block.items.iter().enumerate() {
            check_item(faults, &format!("{at}.items.{index}"), item);
        }
    }
}

fn check_item(faults: &mut Faults, at: &str, item: &Item) {
    let rule = text("From 1 to 100 characters.", "应为 1 至 100 个字符。");
    faults.unless(is_short(&item.title, 100), format!("{at}.title"), rule.clone());
    let has_assessor = item
        .assessor
        .as_deref()
        .is_none_or(|assessor| is_short(assessor, 100));
    faults.unless(has_assessor, format!("{at}.assessor"), rule);
    let rule = text("From 1 to 1,000 characters.", "应为 1 至 1000 个字符。");
    faults.unless(is_short(&item.standard, 1_000), format!("{at}.standard"), rule);
    let rule = text(
        "Above 0, at most 1,000, with two decimals at most.",
        "应大于 0 且不超过 1000，最多两位小数。",
    );
    let is_fair = (1..=POINTS_MAX).contains(&item.points);
    faults.unless(is_fair, format!("{at}.points"), rule);
    let full = item.measure.as_ref().and_then(|measure| measure.full);
    faults.unless(
        full.is_none_or(|full| full > 0),
        format!("{at}.full"),
        text("Above 0.", "应大于 0。"),
    );
}

/// A draft may be written anew.
pub fn check_draft(scheme: &Model, expected_version: i32) -> Result<(), Error> {
    if scheme.issued_at.is_some() {
        let issued = text(
            "It was issued: nothing of it changes any more.",
            "考评办法已印发，不能再修改。",
        );
        return Err(conflict("id", issued));
    }
    check_version(scheme.version, expected_version)
}

/// Somebody who writes has seen what there is.
pub fn check_version(version: i32, expected: i32) -> Result<(), Error> {
    if version == expected {
        return Ok(());
    }
    let text = text("Somebody changed it meanwhile.", "内容已被他人修改。");
    Err(conflict("expectedVersion", text))
}

/// What a figure earns of an item's points, in hundredths.
pub fn earned(points: i64, figure: i64, full: i64) -> i64 {
    share_of(points, figure.max(0).min(full), full).unwrap_or_default()
}

/// What all items earned, in hundredths of a point out of 100; what nobody scored earns nothing.
pub fn total(blocks: &[Block], scored: impl Fn(&Item) -> Option<i64>) -> i64 {
    let block = |block: &Block| {
        let earned = block.items.iter().map(|item| {
            let points = scored(item).unwrap_or_default();
            if item.kind == Kind::Penalty {
                -points
            } else {
                points
            }
        });
        let earned: i64 = earned.sum();
        share_of(i64::from(block.weight) * 100, earned.max(0), block.points()).unwrap_or_default()
    };
    blocks.iter().map(block).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: i32, kind: Kind, points: i64) -> Item {
        Item {
            number,
            kind,
            title: "工会组建".to_owned(),
            points,
            standard: "按时建会".to_owned(),
            assessor: None,
            measure: None,
        }
    }

    fn block(weight: i32, items: Vec<Item>) -> Block {
        Block {
            title: "组织建设".to_owned(),
            weight,
            items,
        }
    }

    #[test]
    fn a_figure_earns_its_share_and_never_more_than_all() {
        for (points, figure, full, expected) in [
            (1_000, 0, 3, 0),
            (1_000, 1, 3, 333),
            (1_000, 2, 3, 667),
            (1_000, 3, 3, 1_000),
            (1_000, 9, 3, 1_000),
            (1_000, -5, 3, 0),
            (1, 1, 2, 1),
            (1, 49, 100, 0),
            (100_000, i64::MAX - 1, i64::MAX, 100_000),
        ] {
            assert_eq!(earned(points, figure, full), expected, "{points} {figure} {full}");
        }
    }

    #[test]
    fn blocks_count_by_their_weights() {
        let blocks = [
            block(
                60,
                vec![
                    item(1, Kind::Base, 1_000),
                    item(2, Kind::Base, 500),
                    item(3, Kind::Reward, 200),
                ],
            ),
            block(40, vec![item(4, Kind::Base, 300), item(5, Kind::Penalty, 500)]),
        ];
        for (points, expected) in [
            ([0, 0, 0, 0, 0], 0),
            ([1_000, 500, 0, 300, 0], 10_000),
            ([1_000, 500, 200, 300, 0], 10_800),
            ([500, 0, 0, 100, 0], 2_000 + 1_333),
            ([1_000, 500, 0, 300, 100], 6_000 + 2_667),
            ([1_000, 500, 0, 300, 500], 6_000),
        ] {
            let scored = |item: &Item| points.get(usize::try_from(item.number - 1).unwrap()).copied();
            assert_eq!(total(&blocks, scored), expected, "{points:?}");
        }
        assert_eq!(total(&blocks, |_| None), 0);
    }

    #[test]
    fn a_scheme_may_close_in_the_spring_after_its_year() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        for (closes_on, as_of, fine) in [
            ("2026-06-25", "2026-06-25", true),
            ("2026-06-25", "2026-06-20", true),
            ("2026-06-25", "2026-06-26", false),
            ("2027-01-31", "2026-12-31", true),
            ("2027-03-31", "2026-12-31", true),
            ("2027-03-31", "2027-01-01", false),
            ("2027-04-01", "2026-12-31", false),
            ("2025-12-31", "2025-12-31", false),
        ] {
            let mut faults = Faults::default();
            check_head(&mut faults, "办法", 2026, (day(closes_on), day(as_of)));
            assert_eq!(faults.refuse().is_ok(), fine, "{closes_on} {as_of}");
        }
        assert_eq!(figures_as_of(2026, day("2026-06-25")), day("2026-06-25"));
        assert_eq!(figures_as_of(2026, day("2027-01-25")), day("2026-12-31"));
    }

    #[test]
    fn a_scheme_is_whole() {
        let good = || vec![block(100, vec![item(1, Kind::Base, 1_000)])];
        let refused = |change: fn(&mut Vec<Block>)| {
            let (mut blocks, mut faults) = (good(), Faults::default());
            change(&mut blocks);
            check_blocks(&mut faults, &blocks);
            faults.refuse().is_err()
        };
        assert!(!refused(|_| ()));
        for change in [
            |blocks: &mut Vec<Block>| blocks.clear(),
            |blocks: &mut Vec<Block>| blocks[0].weight = 99,
            |blocks: &mut Vec<Block>| blocks.push(block(0, vec![item(2, Kind::Base, 1)])),
            |blocks: &mut Vec<Block>| blocks[0].title.clear(),
            |blocks: &mut Vec<Block>| blocks[0].items.clear(),
            |blocks: &mut Vec<Block>| blocks[0].items[0].kind = Kind::Reward,
            |blocks: &mut Vec<Block>| blocks[0].items[0].points = 100_001,
            |blocks: &mut Vec<Block>| blocks[0].items[0].standard.clear(),
            |blocks: &mut Vec<Block>| blocks[0].items = vec![item(1, Kind::Base, 1); 101],
        ] {
            assert!(refused(change));
        }
    }
}
